//! CLI: results as text for people. Pure. The text is not an interface; `-o json` is.

/// Adds a part of a line to a `String`, which cannot fail. A line break at the beginning of the format is ours; any
/// other comes from outside and is shown.
macro_rules! put {
    ($out:expr, $format:literal $($rest:tt)*) => {
        write!($out, "{}", $crate::render::laid_out($format, &format!($format $($rest)*)))
            .expect("a String takes everything")
    };
}

/// Adds a line to a `String`, in the same way.
macro_rules! putln {
    ($out:expr, $format:literal $($rest:tt)*) => {
        writeln!($out, "{}", $crate::render::laid_out($format, &format!($format $($rest)*)))
            .expect("a String takes everything")
    };
}

pub(crate) mod bundle;
pub(crate) mod discover;
pub(crate) mod handoff;
pub(crate) mod history;
pub(crate) mod live;
pub(crate) mod page;
pub(crate) mod plan;
pub(crate) mod rehearsal;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod verify;

use crate::error::one_line;

/// What was formatted, in the lines that the format has and no others.
fn laid_out(format: &str, text: &str) -> String {
    match (format.strip_prefix('\n'), text.strip_prefix('\n')) {
        (Some(_), Some(line)) => format!("\n{}", one_line(line)),
        _ => one_line(text),
    }
}

/// A line of at most so many characters; what does not fit is shown to be missing.
pub(crate) fn fit(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    line.chars().take(width.saturating_sub(3)).chain("...".chars()).collect()
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
