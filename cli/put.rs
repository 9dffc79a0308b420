//! CLI: lines of a result, into which nothing from outside brings a line of its own. Pure.

use crate::error::one_line;

/// Adds a part of a line to a `String`, which cannot fail. A line break at the beginning of the format is ours; any
/// other comes from outside and is shown.
macro_rules! put {
    ($out:expr, $format:literal $($rest:tt)*) => {
        write!($out, "{}", $crate::put::laid_out($format, &format!($format $($rest)*)))
            .expect("a String takes everything")
    };
}

/// Adds a line to a `String`, in the same way.
macro_rules! putln {
    ($out:expr, $format:literal $($rest:tt)*) => {
        writeln!($out, "{}", $crate::put::laid_out($format, &format!($format $($rest)*)))
            .expect("a String takes everything")
    };
}

pub(crate) use {put, putln};

/// What was formatted, in the lines that the format has and no others.
pub(crate) fn laid_out(format: &str, text: &str) -> String {
    match (format.strip_prefix('\n'), text.strip_prefix('\n')) {
        (Some(_), Some(line)) => format!("\n{}", one_line(line)),
        _ => one_line(text),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    #[test]
    fn what_comes_from_outside_stays_in_the_line_where_it_is_put() {
        let (mut out, name) = (String::new(), "\na\nb");
        put!(out, "{name}");
        put!(out, "\n  {name}");
        putln!(out, "{}!", name);
        assert_eq!(out, "\\na\\nb\n  \\na\\nb\\na\\nb!\n");
    }
}
