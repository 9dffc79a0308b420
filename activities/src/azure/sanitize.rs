//! Azure: text from outside, made fit for a log and a terminal. Pure.

use rehome_orchestrator::{HIDDEN, without_secrets};

/// A message from outside is at most this long in a log.
const MESSAGE_MAX: usize = 600;

/// A code from outside is at most this long.
const CODE_MAX: usize = 100;

/// Text from outside: one line, cut to a length, without what steers a terminal or keeps secrets.
pub(crate) fn plain(text: &str) -> String {
    // Secrets are looked for before it is cut, so that half of one is not taken for a word.
    let one_line: String =
        text.chars().take(MESSAGE_MAX * 8).map(|c| if is_unseen(c) { ' ' } else { c }).collect();
    let clean: String = without_secrets(&one_line).chars().take(MESSAGE_MAX).collect();
    clean.trim().to_owned()
}

/// A code from outside: a word.
pub(crate) fn code(text: &str) -> String {
    let word = plain(text).chars().filter(|c| c.is_ascii_graphic()).take(CODE_MAX).collect::<String>();
    if word.contains(HIDDEN) { "Unreadable".to_owned() } else { word }
}

/// An error with everything that caused it.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Whether a character steers a terminal, turns the direction of writing or cannot be seen.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
                | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// The other side's name for an exchange, as far as it is one: the id of something, with where it is from before or
/// behind it. Anybody can write anything else into a header.
pub(crate) fn request_id(text: &str) -> String {
    const HEX: usize = 32;
    const PLACE_MAX: usize = 24;
    const ID_MAX: usize = 64;
    let is_id = |part: &str| {
        let digits = part.bytes().filter(u8::is_ascii_hexdigit).count();
        digits == HEX && part.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
    };
    let is_place = |part: &str| {
        part.len() <= PLACE_MAX && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    let parts: Vec<&str> = text.split([':', '.']).collect();
    let fits = parts.iter().all(|part| is_id(part) || is_place(part)) && parts.iter().any(|part| is_id(part));
    if fits && text.len() <= ID_MAX { text.to_owned() } else { HIDDEN.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_or_cannot_be_seen_is_taken_out() {
        let hostile = "a\u{1b}]0;x\u{7}b\nc\u{202e}d\u{2066}e\u{200b}f\u{2028}g\u{9b}31mh\u{feff}";
        assert_eq!(plain(hostile), "a ]0;x b c d e f g 31mh");
        assert_eq!(code("Bad\u{1b}[2J Code"), "Bad[2JCode");
        assert_eq!(plain(&"x".repeat(5_000)).len(), MESSAGE_MAX);
    }

    #[test]
    fn what_names_an_exchange_is_the_id_of_something_and_anything_else_is_hidden() {
        for id in [
            "5f0e6d4a-9d0b-4f6c-8a53-2b7e61c094d1",
            "5f0e6d4a9d0b4f6c8a532b7e61c094d1",
            "westeurope:5f0e6d4a-9d0b-4f6c-8a53-2b7e61c094d1",
            "5f0e6d4a-9d0b-4f6c-8a53-2b7e61c094d1:0",
        ] {
            assert_eq!(request_id(id), id);
        }
        for other in [
            "",
            "sig=planted",
            "planted",
            "c-1",
            "5f0e6d4a-9d0b-4f6c-8a53-2b7e61c094d1 planted",
            "Planted:5f0e6d4a9d0b4f6c8a532b7e61c094d1",
        ] {
            assert_eq!(request_id(other), HIDDEN, "{other}");
        }
    }

    #[test]
    fn a_secret_at_the_place_where_the_text_is_cut_does_not_get_through() {
        let said = format!("{}sig={}", "x".repeat(MESSAGE_MAX - 8), "s".repeat(500));
        assert!(!plain(&said).contains("sss"), "{}", plain(&said));
    }
}
