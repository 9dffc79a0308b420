//! Activities: words of a POSIX shell. Pure.
//! Source: <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html>, 2.2 Quoting

use super::{UNFIT, fit};

/// A text as one word of a shell command, on one line, and never an option: no name in Azure begins with a hyphen.
pub(crate) fn quoted(text: &str) -> String {
    let text = fit(text);
    let text = match text.strip_prefix('-') {
        Some(rest) => format!("{UNFIT}{rest}"),
        None => text,
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A name as a part of a path or of a query.
pub(crate) fn url_part(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    name.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_one_word_on_one_line_and_no_option() {
        assert_eq!(quoted("a; rm -rf /'x"), r"'a; rm -rf /'\''x'");
        assert_eq!(quoted("o/r"), "o/r");
        assert_eq!(url_part("a b/../c?d#e'f"), "a%20b%2F..%2Fc%3Fd%23e%27f");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("$(id)`id`"), "'$(id)`id`'");
        assert_eq!(quoted("--all"), "'\u{fffd}-all'");
        assert_eq!(quoted("a\ncurl x\r\u{2028}"), "'a\u{fffd}curl x\u{fffd}\u{fffd}'");
    }
}
