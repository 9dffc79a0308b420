//! CLI: a number with its noun, as people write it. Pure.

use std::fmt::Display;

/// `1 move`, `2 moves`, `0 identities`; the noun is in the singular.
pub(crate) fn counted(count: impl Display, noun: &str) -> String {
    let count = count.to_string();
    match (count.as_str(), noun.strip_suffix('y')) {
        ("1", _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_singular_and_every_other_number_plural() {
        assert_eq!([0, 1, 2].map(|n| counted(n, "identity")), ["0 identities", "1 identity", "2 identities"]);
        assert_eq!([1, 11].map(|n| counted(n, "move")), ["1 move", "11 moves"]);
    }
}
