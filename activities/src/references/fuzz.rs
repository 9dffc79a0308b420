//! Activities: what must hold for every text in which an identity may be named; `tests/fuzz` looks for one
//! where it does not. Pure.

use super::scan::Identifiers;
use super::text::{Piece, mentions, pieces, replace};
use super::words::Words;
use std::collections::BTreeSet;

/// The identity that moves.
pub const OLD: &str = "/subscriptions/s1/resourceGroups/rg-weu/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-pay";
/// What it becomes.
pub(crate) const NEW: &str = "/subscriptions/s1/resourceGroups/rg-sdc/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-pay2";
/// Its client id, before and after.
pub(crate) const CLIENTS: (&str, &str) =
    ("1c0e0000-0000-4000-8000-0000000000a4", "2c0e0000-0000-4000-8000-0000000000a5");
/// Its principal id, before and after.
pub(crate) const PRINCIPALS: (&str, &str) =
    ("9b2f0000-0000-4000-8000-000000000017", "8b2f0000-0000-4000-8000-000000000018");

/// Bytes as a text in which the first few control characters stand for identifiers, in their spellings.
pub(crate) fn expand(data: &[u8]) -> String {
    let mut out = String::new();
    for letter in String::from_utf8_lossy(data).chars() {
        match letter {
            '\u{1}' => out.push_str(OLD),
            '\u{2}' => out.push_str(NEW),
            '\u{3}' => out.push_str(&OLD.replace('/', "%2f")),
            '\u{4}' => out.push_str(&OLD.replace('/', "%252F")),
            '\u{5}' => out.push_str(&OLD.replace('/', "\\/")),
            '\u{6}' => out.push_str(CLIENTS.0),
            '\u{7}' => out.push_str(CLIENTS.1),
            '\u{8}' => out.push_str(&OLD.to_uppercase()),
            '\u{b}' => out.push_str(PRINCIPALS.0),
            '\u{c}' => out.push_str(&CLIENTS.0.to_uppercase()),
            other => out.push(other),
        }
    }
    out
}

/// Names are found whole or not at all, each mention becomes the new name, and the way back gives the text.
pub fn references(data: &[u8]) {
    let text = expand(data);
    let pairs = [(OLD, NEW), CLIENTS, PRINCIPALS];
    let back: Vec<(&str, &str)> = pairs.iter().map(|(from, to)| (*to, *from)).collect();
    let named = pairs.iter().any(|(from, _)| mentions(&text, from));
    if named {
        let [(resource_id, _), (client_id, _), (principal_id, _)] = pairs;
        let (client_id, principal_id) = (client_id.into(), principal_id.into());
        let who = Identifiers { resource_id: resource_id.into(), client_id, principal_id };
        let mut among = BTreeSet::new();
        Words::of([&who]).in_text(&text, &mut among);
        assert!(!among.is_empty(), "whoever is named in {text:?} is not among those that may be");
    }
    let replaced = replace(&text, &pairs);
    assert_eq!(named, replaced.is_some());
    if let Some(replaced) = replaced {
        for (from, _) in pairs {
            assert!(!mentions(&replaced, from), "{from} is left in {replaced:?}");
        }
        if !pairs.iter().any(|(_, to)| mentions(&text, to)) {
            let again = replace(&replaced, &back).unwrap_or_default();
            assert!(again.eq_ignore_ascii_case(&text), "{text:?} came back as {again:?}");
        }
    }
    let names = [OLD, CLIENTS.0];
    let joined: String = pieces(&text, &names)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Mention(index) => names[index].to_owned(),
        })
        .collect();
    assert!(joined.eq_ignore_ascii_case(&text), "{text:?} was cut into {joined:?}");
    if let Some(next) = text.chars().next().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')) {
        assert!(!mentions(&format!("{OLD}{next}"), OLD), "{next:?} goes on with the name");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_fuzzing_found_are_found_whole_and_come_back() {
        for data in [
            "\u{1}0,\u{1};\u{8}",
            "\u{3}%2f\u{4}\u{5}",
            "\u{6}\u{6}",
            "%2\u{6}",
            "%\u{6}%",
            "é\u{1}é",
            "\u{c}\u{1}",
        ] {
            references(data.as_bytes());
        }
    }
}
