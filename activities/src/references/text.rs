//! Activities: where one identifier stands inside a longer text. Pure.
//!
//! Azure compares ids without regard to case, and writes them in URLs, connection strings and JSON
//! inside JSON. `…/id-pay` is also the beginning of `…/id-pay-api`, so a match needs boundaries.

use std::ops::Range;

/// One way in which an identifier may be spelt inside a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    Plain,
    /// `/` as `%2F`.
    UrlEncoded,
    /// `/` as `%252F`: a URL inside a URL.
    UrlEncodedTwice,
    /// `/` as `\/`: JSON inside a text.
    JsonEscaped,
}

impl Spelling {
    const ALL: [Self; 4] = [Self::Plain, Self::UrlEncoded, Self::UrlEncodedTwice, Self::JsonEscaped];

    fn of(self, identifier: &str) -> String {
        match self {
            Self::Plain => identifier.to_owned(),
            Self::UrlEncoded => identifier.replace('/', "%2F"),
            Self::UrlEncodedTwice => identifier.replace('/', "%252F"),
            Self::JsonEscaped => identifier.replace('/', "\\/"),
        }
    }
}

/// Replaces each mention of a `from` by its `to`, in the spelling that it was found in.
///
/// The text is read once from left to right: what was put in is never looked at again. `None` when
/// nothing was found.
pub(crate) fn replace(text: &str, pairs: &[(&str, &str)]) -> Option<String> {
    let mut hits: Vec<(Range<usize>, String)> = Vec::new();
    for (from, to) in pairs {
        for spelling in spellings(from) {
            let put = spelling.of(to);
            hits.extend(occurrences(text, &spelling.of(from)).into_iter().map(|at| (at, put.clone())));
        }
    }
    if hits.is_empty() {
        return None;
    }
    // The longest of those that begin at one place wins.
    hits.sort_by_key(|(at, _)| (at.start, usize::MAX - at.end));
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for (at, put) in hits {
        if at.start < end {
            continue;
        }
        out.push_str(&text[end..at.start]);
        out.push_str(&put);
        end = at.end;
    }
    out.push_str(&text[end..]);
    Some(out)
}

/// A text of which only its mentions of the identifiers are left, in the spelling that they had; every
/// stretch of anything else is this filler.
pub(crate) fn only_mentions(text: &str, identifiers: &[String], filler: &str) -> String {
    let mut hits: Vec<Range<usize>> = Vec::new();
    for identifier in identifiers {
        hits.extend(spellings(identifier).flat_map(|spelling| occurrences(text, &spelling.of(identifier))));
    }
    hits.sort_by_key(|at| (at.start, usize::MAX - at.end));
    let (mut out, mut end) = (String::new(), 0);
    for at in hits {
        if at.start < end {
            continue;
        }
        if at.start > end {
            out.push_str(filler);
        }
        out.push_str(&text[at.clone()]);
        end = at.end;
    }
    if end < text.len() {
        out.push_str(filler);
    }
    out
}

/// A part of a text: as it was, or a mention of the identifier with that index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text between mentions.
    Text(String),
    /// A mention of the identifier with this index.
    Mention(usize),
}

/// Cuts a text at plain mentions of the identifiers.
pub(crate) fn pieces(text: &str, identifiers: &[&str]) -> Vec<Piece> {
    let mut hits: Vec<(Range<usize>, usize)> = Vec::new();
    for (index, identifier) in identifiers.iter().enumerate() {
        hits.extend(occurrences(text, identifier).into_iter().map(|at| (at, index)));
    }
    hits.sort_by_key(|(at, _)| at.start);
    let mut out = Vec::new();
    let mut end = 0;
    for (at, index) in hits {
        if at.start < end {
            continue;
        }
        if at.start > end {
            out.push(Piece::Text(text[end..at.start].to_owned()));
        }
        out.push(Piece::Mention(index));
        end = at.end;
    }
    if end < text.len() || out.is_empty() {
        out.push(Piece::Text(text[end..].to_owned()));
    }
    out
}

/// Whether the text mentions the identifier, in any spelling.
pub fn mentions(text: &str, identifier: &str) -> bool {
    spellings(identifier).any(|spelling| !occurrences(text, &spelling.of(identifier)).is_empty())
}

fn spellings(identifier: &str) -> impl Iterator<Item = Spelling> {
    let slashes = identifier.contains('/');
    Spelling::ALL.into_iter().filter(move |s| slashes || *s == Spelling::Plain)
}

pub(crate) fn occurrences(text: &str, needle: &str) -> Vec<Range<usize>> {
    if needle.is_empty() || needle.len() > text.len() {
        return Vec::new();
    }
    // ASCII folding keeps every byte where it was.
    let (folded, wanted) = (text.to_ascii_lowercase(), needle.to_ascii_lowercase());
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = folded[from..].find(&wanted) {
        let start = from + at;
        let end = start + wanted.len();
        if begins(&folded, start) && ends(&folded, end) {
            found.push(start..end);
            from = end;
        } else {
            from = start + folded[start..].chars().next().map_or(1, char::len_utf8);
        }
    }
    found
}

/// Whether something may begin here: an id with a leading slash may follow a host name, anything else
/// may not follow a letter, a digit or a dash, unless that ends a percent escape.
fn begins(folded: &str, start: usize) -> bool {
    if folded[start..].starts_with(['/', '%', '\\']) {
        return true;
    }
    let before = &folded.as_bytes()[..start];
    let Some(last) = before.last() else { return true };
    if !(last.is_ascii_alphanumeric() || *last == b'-') {
        return true;
    }
    matches!(before, [.., b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
}

/// Whether something may end here: names of identities hold letters, digits, `-` and `_`.
fn ends(folded: &str, end: usize) -> bool {
    !folded[end..].starts_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-pay";
    const NEW: &str = "/subscriptions/s/resourceGroups/rg2/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-pay";
    const GUID: &str = "1c0e0000-0000-4000-8000-0000000000a4";

    #[test]
    fn a_longer_name_is_another_identity() {
        assert!(!mentions(&format!("{OLD}-api"), OLD));
        assert!(!mentions(&format!("{OLD}1"), OLD));
        assert!(!mentions(&format!("{OLD}_x"), OLD));
        assert!(mentions(&format!("{OLD}/federatedIdentityCredentials/x"), OLD));
        assert_eq!(replace(&format!("{OLD}-api,{OLD};"), &[(OLD, NEW)]), Some(format!("{OLD}-api,{NEW};")));
    }

    #[test]
    fn case_hosts_and_escapes_do_not_hide_an_identifier() {
        assert!(mentions(&OLD.to_uppercase(), OLD));
        assert!(mentions(&format!("https://management.azure.com{OLD}?x=1"), OLD));
        assert_eq!(replace(&OLD.replace('/', "%2f"), &[(OLD, NEW)]), Some(NEW.replace('/', "%2F")));
        assert_eq!(replace(&OLD.replace('/', "\\/"), &[(OLD, NEW)]), Some(NEW.replace('/', "\\/")));
        assert_eq!(replace(&OLD.replace('/', "%252F"), &[(OLD, NEW)]), Some(NEW.replace('/', "%252F")));
        assert!(mentions(&format!("client_id%3D{GUID}%26x"), GUID));
    }

    #[test]
    fn a_guid_is_matched_as_a_whole() {
        assert!(mentions(&format!("User Id={GUID};"), GUID));
        assert!(mentions(&format!("{{{}}}", GUID.to_uppercase()), GUID));
        assert!(!mentions(&format!("a{GUID}"), GUID));
        assert!(!mentions(&format!("{GUID}-x"), GUID));
        assert!(!mentions(&format!("dead-{GUID}"), GUID));
    }

    #[test]
    fn what_was_put_in_is_not_looked_at_again() {
        let to = format!("{GUID}/{GUID}");
        assert_eq!(replace(GUID, &[(GUID, &to)]), Some(to.clone()));
        let swap = replace("a b", &[("a", "b"), ("b", "a")]);
        assert_eq!(swap.as_deref(), Some("b a"));
    }

    #[test]
    fn text_that_is_not_ascii_is_walked_through_safely() {
        let text = format!("é{GUID}é{GUID}-é {GUID}");
        assert!(mentions(&text, GUID));
        assert_eq!(replace("ÄÖÜ", &[("ö", "x")]), None);
        assert_eq!(replace("", &[(GUID, "x")]), None);
    }
}
