//! Activities: how ids are spelt in files: escapes, slashes of every kind, and whether a word is whole. Pure.

use crate::azure::ResourceId;

/// A part of a path that is longer than this is none.
const PART_MAX: usize = 200;

/// Whether a word may begin here: not behind a letter, a digit or a dash, unless that ends an escape. A name may not
/// follow an underscore either, which could be a part of it.
pub(super) fn begins(text: &[u8], at: usize, is_name: bool) -> bool {
    let before = &text[..at];
    let joined = before.last().is_some_and(|last| is_of_word(*last, is_name));
    !joined || ends_an_escape(before)
}

/// Whether a word may end here.
pub(super) fn ends(text: &[u8], at: usize, is_name: bool) -> bool {
    !text.get(at).is_some_and(|next| is_of_word(*next, is_name))
}

fn is_of_word(byte: u8, is_name: bool) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || (is_name && byte == b'_')
}

/// `%3D`, `\n`, `\u0027`: what they stand for is no part of a word.
pub(super) fn ends_an_escape(before: &[u8]) -> bool {
    let is_hex = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    match before {
        [.., b'\\', b'n' | b'r' | b't' | b'b' | b'f'] => true,
        [.., b'%', a, b] if is_hex(&[*a, *b]) => true,
        [.., b'\\', b'u', a, b, c, d] => is_hex(&[*a, *b, *c, *d]),
        _ => false,
    }
}

/// Where a slash begins that ends here: as it is, as `\/`, `%2F`, `%252F` or `\u002f`.
fn slash(text: &[u8], end: usize) -> Option<usize> {
    let before = &text[..end];
    let spelt =
        ["/", "%2f", "%252f", "%25252f", "u002f"].into_iter().find(|spelt| ends_with(before, spelt))?;
    let start = end - spelt.len();
    let backslashes = before[..start].iter().rev().take_while(|byte| **byte == b'\\').count();
    (spelt != "u002f" || backslashes > 0).then_some(start - backslashes)
}

fn ends_with(text: &[u8], word: &str) -> bool {
    text.len() >= word.len() && text[text.len() - word.len()..].eq_ignore_ascii_case(word.as_bytes())
}

/// Where this word begins, which stands before the slash that ends here.
fn word(text: &[u8], end: usize, word: &str) -> Option<usize> {
    let end = slash(text, end)?;
    ends_with(&text[..end], word).then(|| end - word.len())
}

/// The part of a path that stands before the slash that ends here, and where it begins.
fn part(text: &[u8], end: usize) -> Option<(&[u8], usize)> {
    let end = slash(text, end)?;
    let begin = (end.saturating_sub(PART_MAX)..end)
        .rev()
        .find(|at| matches!(text[*at], b'\n' | b'"' | b'\'' | b'`') || slash(text, *at).is_some())?;
    let is_part = slash(text, begin).is_some() && !matches!(text[begin], b'\n' | b'"' | b'\'' | b'`');
    is_part.then(|| (&text[begin..end], begin))
}

/// What stands before the name of an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// The whole of its id, which begins here.
    Id(usize),
    /// Its resource group, in a path whose subscription is filled in.
    Group,
    /// A path whose resource group is filled in.
    Open,
    /// The path of another identity.
    Other,
    /// No path.
    Nothing,
}

/// What stands before a name that begins here and may be that of this identity.
pub(super) fn before(text: &[u8], at: usize, id: &ResourceId) -> Before {
    let path = word(text, at, "userAssignedIdentities")
        .and_then(|at| word(text, at, "Microsoft.ManagedIdentity"))
        .and_then(|at| word(text, at, "providers"));
    let Some(at) = path else { return Before::Nothing };
    let Some((group, at)) = part(text, at) else { return Before::Nothing };
    match is_it(group, id.resource_group().unwrap_or_default()) {
        Some(false) => return Before::Other,
        None => return Before::Open,
        Some(true) => {}
    }
    let subscription = word(text, at, "resourceGroups").and_then(|at| part(text, at));
    let Some((subscription, at)) = subscription else { return Before::Group };
    let wanted = id.subscription().map(|id| id.to_string()).unwrap_or_default();
    match (is_it(subscription, &wanted), word(text, at, "subscriptions")) {
        (Some(true), Some(at)) => Before::Id(slash(text, at).unwrap_or(at)),
        (Some(false), Some(_)) => Before::Other,
        (_, _) => Before::Group,
    }
}

/// Whether a part of a path is this; nothing where it is filled in later.
fn is_it(part: &[u8], wanted: &str) -> Option<bool> {
    let is = part.eq_ignore_ascii_case(wanted.as_bytes());
    let is_open = part.is_empty() || part.iter().any(|byte| b"${}<>[@*#".contains(byte));
    if is || !is_open { Some(is) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::references::fuzz::OLD;

    /// What stands before the last word of a text.
    fn seen(text: &str) -> Before {
        let at = text.rfind("id-pay").expect("the name");
        before(text.as_bytes(), at, &OLD.into())
    }

    #[test]
    fn an_id_is_seen_in_every_spelling_of_its_slashes() {
        for text in [
            OLD.to_owned(),
            OLD.to_uppercase().replace("ID-PAY", "id-pay"),
            OLD.replace('/', "%2F"),
            OLD.replace('/', "%252f"),
            OLD.replace('/', "\\/"),
            OLD.replace('/', "\\\\/"),
            OLD.replace('/', "\\u002f"),
        ] {
            assert_eq!(seen(&text), Before::Id(0), "{text}");
            assert_eq!(seen(&format!("x={text}")), Before::Id(2), "{text}");
        }
        assert_eq!(seen(OLD.trim_start_matches('/')), Before::Id(0));
    }

    #[test]
    fn what_is_filled_in_is_told_from_another_identity() {
        let with = |from: &str, to: &str| seen(&OLD.replace(from, to));
        assert_eq!(with("/subscriptions/s1/", "/subscriptions/${var.sub}/"), Before::Group);
        assert_eq!(with("/subscriptions/s1", "${data.azurerm_subscription.this.id}"), Before::Group);
        assert_eq!(with("rg-weu", "${var.group}"), Before::Open);
        assert_eq!(with("rg-weu", "rg-other"), Before::Other);
        assert_eq!(with("/s1/", "/s2/"), Before::Other);
        assert_eq!(seen("userAssignedIdentities/id-pay"), Before::Nothing);
        assert_eq!(seen("id-pay"), Before::Nothing);
    }

    #[test]
    fn a_word_may_follow_an_escape_and_no_other_word() {
        for (text, is) in [
            ("%3Dx", true),
            ("\\nx", true),
            ("\\u0027x", true),
            ("ax", false),
            ("-x", false),
            ("\"x", true),
            ("x", true),
        ] {
            assert_eq!(begins(text.as_bytes(), text.len() - 1, false), is, "{text}");
        }
        assert!(begins(b"_x", 1, false) && !begins(b"_x", 1, true));
        assert!(
            ends(b"x.", 1, true) && !ends(b"x-", 1, true) && !ends(b"x_", 1, true) && ends(b"x_", 1, false)
        );
    }
}
