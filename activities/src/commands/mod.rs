//! Activities: text from outside inside commands and scripts for people. Each target language has one function that
//! quotes, and each kind of name a grammar; whatever a program prints to be pasted is put together with these. Pure.

#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
pub(crate) mod names;
pub(crate) mod script;
pub(crate) mod shell;

/// What stands for a character that a command cannot have: nothing in Azure has it in its name, so that the command
/// is refused, and does nothing else than it says.
const UNFIT: char = '\u{fffd}';

/// Whether a character ends a line somewhere, steers a terminal or turns the direction of a text.
pub(crate) fn is_unfit(c: char) -> bool {
    let marks =
        matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}');
    c.is_control() || marks || c == '\u{feff}'
}

/// A text as it is, in a sentence: what would end the line or hide something is written out.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unfit(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// A text in which nothing is left that no command can have.
fn fit(text: &str) -> String {
    text.chars().map(|c| if is_unfit(c) { UNFIT } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_stays_in_its_line_and_reads_in_its_direction() {
        assert_eq!(shown("a\nb\u{202e}c\u{1b}[2J é"), "a\\nb\\u{202e}c\\u{1b}[2J é");
        assert_eq!(shown("plain 'text' \\n"), "plain 'text' \\n");
    }
}
