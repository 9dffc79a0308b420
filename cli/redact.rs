//! CLI: finds texts that are to stay out of what is handed out, however they are spelt or escaped. Pure.

use crate::error::{CliError, Exit};
use icu_normalizer::ComposingNormalizerBorrowed;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// How often escapes are undone: a text in JSON in a text in JSON, in a link.
const LAYERS: usize = 4;

/// Texts that nobody outside may read.
#[derive(Debug)]
pub(crate) struct Redact {
    texts: Vec<Sought>,
}

#[derive(Debug)]
struct Sought {
    given: String,
    lower: String,
    events: u64,
}

impl Redact {
    /// What a person gave.
    pub(crate) fn new(texts: &[String]) -> Result<Self, CliError> {
        if texts.iter().any(|text| text.trim().is_empty()) {
            return Err(CliError::new(Exit::Usage, "an empty text is in everything")
                .next("name a text to withhold: --redact TEXT"));
        }
        let sought = |text: &String| Sought { given: text.clone(), lower: folded(text.trim()), events: 0 };
        Ok(Self { texts: texts.iter().map(sought).collect() })
    }

    /// The first of the texts that is in here.
    pub(crate) fn first_in(&self, text: &str) -> Option<&str> {
        if self.texts.is_empty() {
            return None;
        }
        let layers = layers(text);
        let there = |sought: &&Sought| layers.iter().any(|layer| layer.contains(&sought.lower));
        self.texts.iter().find(there).map(|sought| sought.given.as_str())
    }

    /// Whether one of the texts is in what an event says; remembers which were.
    pub(crate) fn takes(&mut self, body: &[u8]) -> bool {
        if self.texts.is_empty() {
            return false;
        }
        let layers = layers(&String::from_utf8_lossy(body));
        let mut any = false;
        for sought in &mut self.texts {
            let there = layers.iter().any(|layer| layer.contains(&sought.lower));
            sought.events += u64::from(there);
            any |= there;
        }
        any
    }

    /// Each text, and how many events have it.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&str, u64)> {
        self.texts.iter().map(|sought| (sought.given.as_str(), sought.events))
    }
}

/// The text as it is compared: in lower case, and an accent is part of its letter however that was written.
fn folded(text: &str) -> String {
    let nfc = ComposingNormalizerBorrowed::new_nfc();
    nfc.normalize(&nfc.normalize(text).to_lowercase()).into_owned()
}

/// The text as it is compared, as it is and with one layer of escapes after the other undone.
fn layers(text: &str) -> Vec<String> {
    let mut layers = vec![text.to_owned()];
    for _ in 0..LAYERS {
        let current = layers.last().map_or("", String::as_str);
        let plain = unescaped(current).into_owned();
        let next = percent_decode_str(&plain).decode_utf8_lossy().into_owned();
        if next == *current {
            break;
        }
        layers.extend([plain, next]);
    }
    // A form writes a space so; whoever looks for a plus finds it in the layers as they are.
    let forms: Vec<String> = layers.iter().filter(|l| l.contains('+')).map(|l| l.replace('+', " ")).collect();
    layers.iter().chain(&forms).map(|layer| folded(layer)).collect()
}

/// Undoes the escapes of JSON texts, wherever they stand.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (meant, length) = escape(&rest[at..]);
        out.push(meant);
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// What an escape stands for, and how long it is; one that JSON does not have stands for itself.
fn escape(text: &str) -> (char, usize) {
    let unit = |text: &str| {
        let digits = text.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let second = text.chars().nth(1);
    match second {
        Some('n') => ('\n', 2),
        Some('t') => ('\t', 2),
        Some('r') => ('\r', 2),
        Some(c @ ('"' | '\\' | '/')) => (c, 2),
        Some('u') => {
            let units: Vec<u16> =
                [unit(text), text.get(6..).and_then(unit)].into_iter().map_while(|u| u).collect();
            match char::decode_utf16(units).next() {
                Some(Ok(c)) => (c, 6 * c.len_utf16()),
                Some(Err(_)) => (char::REPLACEMENT_CHARACTER, 6),
                None => ('\\', 1),
            }
        }
        _ => ('\\', 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redact(text: &str) -> Redact {
        Redact::new(&[text.to_owned()]).expect("a text")
    }

    #[test]
    fn a_name_is_found_in_any_case_and_behind_the_escapes_of_json_and_of_links() {
        for body in [
            r#"{"note":"told by J\u00FCrgen O'Hara"}"#,
            r#"{"note":"told by jürgen o\u0027hara"}"#,
            r#"{"a":"{\"note\":\"J\\u00fcrgen O'HARA\"}"}"#,
            r#"{"link":"https://x/?who=J%C3%BCrgen%20O%27Hara"}"#,
            r#"{"link":"https:\/\/x\/?who=J%25C3%25BCrgen%2520O%2527Hara"}"#,
            "JÜRGEN O'HARA",
        ] {
            assert!(redact("Jürgen O'Hara").takes(body.as_bytes()), "{body}");
            assert!(redact("Jürgen O'Hara").first_in(body).is_some(), "{body}");
            assert!(!redact("Jürgen Ohara").takes(body.as_bytes()), "{body}");
        }
        assert!(redact("\u{1f600}").takes(br#"{"x":"\ud83d\ude00"}"#));
        assert!(redact("a\"b").takes(br#"{"x":"a\"b"}"#));
    }

    #[test]
    fn a_name_is_found_as_a_form_writes_it_and_with_its_accents_apart() {
        for body in [
            r#"{"link":"https://x/?who=Jonas+B%C3%A9rg"}"#,
            r#"{"link":"who=jonas+be%CC%81rg"}"#,
            "{\"note\":\"told by Jonas Be\u{301}rg\"}",
            r#"{"note":"told by JONAS BE\u0301RG"}"#,
            r#"{"a":"{\"q\":\"Jonas%2BB%25C3%25A9rg\"}"}"#,
        ] {
            for name in ["Jonas B\u{e9}rg", "jonas be\u{301}rg"] {
                assert!(redact(name).takes(body.as_bytes()), "{name} in {body}");
                assert!(redact(name).first_in(body).is_some(), "{name} in {body}");
            }
            assert!(!redact("Jonas Berg").takes(body.as_bytes()), "{body}");
        }
        assert!(redact("a+b").takes(b"a+b") && redact("a+b").takes(b"a%2Bb") && !redact("a+b").takes(b"a b"));
    }

    #[test]
    fn what_only_looks_like_an_escape_is_left_as_it_is() {
        for text in ["100%", "%", "%zz", "\\", "\\x", "\\u12", "\\ud800", "\\ud800\\u0041", "a%2", "\\u"] {
            assert!(!redact("never there").takes(text.as_bytes()), "{text}");
        }
        assert!(redact("\\x").takes(b"a\\xb"));
        assert!(redact("100%").takes(b"by 100%!"));
    }

    #[test]
    fn an_empty_text_is_refused_and_each_text_is_counted() {
        assert_eq!(Redact::new(&[" ".to_owned()]).expect_err("empty").exit, Exit::Usage);
        let mut both = Redact::new(&["ada".to_owned(), "bob".to_owned()]).expect("texts");
        assert!(both.takes(b"Ada and Bob") && both.takes(b"ada") && !both.takes(b"carl"));
        assert_eq!(both.counts().collect::<Vec<_>>(), [("ada", 2), ("bob", 1)]);
    }
}
