//! CLI: patterns of names, and templates that are filled from what they captured. Pure.
//!
//! A pattern is a name in which `*` stands for anything and `{word}` for something that gets that name: `rg-{app}-weu`.
//! Where it fits in several ways, the first `{word}` is as short as it can be. Letters compare without case, as Azure
//! compares them.

use std::collections::{BTreeMap, BTreeSet};

/// No pattern is longer than so many bytes, and nothing fits that has more characters: names of Azure are shorter, and so are
/// three of them in a path.
const LENGTH_MAX: usize = 512;

/// A pattern of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Char(char),
    Anything,
    Capture(String),
}

/// What captures and the identity itself give to a template, by name.
pub(super) type Names = BTreeMap<String, String>;

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When a brace is not closed, or names nothing.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LENGTH_MAX {
            return Err("it is too long".to_owned());
        }
        let mut parts = Vec::new();
        for piece in pieces(text)? {
            match piece {
                Piece::Word(word) => parts.push(Part::Capture(word.to_owned())),
                Piece::Text(text) => parts.extend(text.chars().map(|c| match c {
                    '*' => Part::Anything,
                    c => Part::Char(c.to_ascii_lowercase()),
                })),
            }
        }
        Ok(Self(parts))
    }

    /// The names that it gives.
    pub(super) fn captures(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Capture(name) => Some(name.as_str()),
            Part::Char(_) | Part::Anything => None,
        })
    }

    /// Whether it fits a whole name; what it captured goes to `names`, spelt as in the name.
    pub(super) fn fits(&self, name: &str, names: &mut Names) -> bool {
        let text: Vec<char> = name.chars().take(LENGTH_MAX + 1).collect();
        if text.len() > LENGTH_MAX {
            return false;
        }
        let mut captured = Vec::new();
        let fits = fit(&self.0, &text, (0, 0), &mut captured, &mut BTreeSet::new());
        if fits {
            for (name, from, to) in captured {
                names.insert(name.to_owned(), text[from..to].iter().collect());
            }
        }
        fits
    }
}

/// Whether the pattern from one place on fits the text from another place on. What failed once is not tried again, so
/// that it takes no longer than the product of both lengths and the longest capture.
fn fit<'a>(
    parts: &'a [Part],
    text: &[char],
    (part, at): (usize, usize),
    captured: &mut Vec<(&'a str, usize, usize)>,
    failed: &mut BTreeSet<(usize, usize)>,
) -> bool {
    let Some(first) = parts.get(part) else { return at == text.len() };
    if failed.contains(&(part, at)) {
        return false;
    }
    let (least, name) = match first {
        Part::Char(c) => {
            let same = text.get(at).is_some_and(|is| is.to_ascii_lowercase() == *c);
            return same && fit(parts, text, (part + 1, at + 1), captured, failed);
        }
        Part::Anything => (0, None),
        Part::Capture(name) => (1, Some(name.as_str())),
    };
    for end in at + least..=text.len() {
        let known = captured.len();
        captured.extend(name.map(|name| (name, at, end)));
        if fit(parts, text, (part + 1, end), captured, failed) {
            return true;
        }
        captured.truncate(known);
    }
    failed.insert((part, at));
    false
}

/// Text with names in braces, which are given when it is filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(String);

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// When a brace is not closed, or names nothing.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        pieces(text).map(|_| Self(text.to_owned()))
    }

    /// The names that it needs.
    pub(super) fn needs(&self) -> Vec<&str> {
        let words = pieces(&self.0).into_iter().flatten().filter_map(|piece| match piece {
            Piece::Word(word) => Some(word),
            Piece::Text(_) => None,
        });
        words.collect()
    }

    /// The text with every name filled in.
    ///
    /// # Errors
    /// The name that nothing gives.
    pub(super) fn fill(&self, names: &Names) -> Result<String, String> {
        let mut out = String::new();
        for piece in pieces(&self.0)? {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Word(word) => out.push_str(names.get(word).ok_or_else(|| word.to_owned())?),
            }
        }
        Ok(out)
    }
}

enum Piece<'a> {
    Text(&'a str),
    /// What stands between braces.
    Word(&'a str),
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let (mut out, mut rest) = (Vec::new(), text);
    while let Some((before, behind)) = rest.split_once('{') {
        let (word, after) = behind.split_once('}').ok_or("a brace { is not closed")?;
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | ' ');
        if word.trim().is_empty() || !word.chars().all(plain) || before.contains('}') {
            return Err(format!("{{{word}}} names nothing"));
        }
        out.extend([Piece::Text(before), Piece::Word(word)]);
        rest = after;
    }
    if rest.contains('}') {
        return Err("a brace } is not opened".to_owned());
    }
    out.push(Piece::Text(rest));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(pattern: &str, name: &str) -> Option<Vec<(String, String)>> {
        let mut names = Names::new();
        let pattern = Pattern::parse(pattern).expect("a pattern");
        pattern.fits(name, &mut names).then(|| names.into_iter().collect())
    }

    #[test]
    fn a_pattern_fits_whole_names_without_case_and_captures_as_it_is_spelt() {
        let one = |name: &str, text: &str| Some(vec![(name.to_owned(), text.to_owned())]);
        assert_eq!(captured("rg-{app}-weu", "RG-Pay-WEU"), one("app", "Pay"));
        assert_eq!(captured("rg-{app}-weu", "rg-a-weu-weu"), one("app", "a-weu"));
        assert_eq!(captured("rg-{app}-weu", "rg--weu"), None);
        assert_eq!(captured("rg-*", "rg-"), Some(Vec::new()));
        assert_eq!(captured("*/rg-sandbox-*/*", "s/rg-sandbox-1/id"), Some(Vec::new()));
        assert_eq!(captured("rg", "rg-x"), None);
        assert_eq!(captured("", ""), Some(Vec::new()));
        let two = captured("{a}-{b}", "x-y-z").expect("it fits");
        assert_eq!(two, [("a".to_owned(), "x".to_owned()), ("b".to_owned(), "y-z".to_owned())]);
    }

    #[test]
    fn a_pattern_of_many_stars_ends_soon() {
        let pattern = Pattern::parse(&"*a".repeat(40)).expect("a pattern");
        assert!(!pattern.fits(&"a".repeat(39), &mut Names::new()));
        let captures = Pattern::parse(&"{x}".repeat(20)).expect("a pattern");
        assert!(!captures.fits("short", &mut Names::new()));
    }

    #[test]
    fn a_template_is_filled_from_names_or_says_which_is_missing() {
        let names = Names::from([("app".to_owned(), "pay".to_owned())]);
        let filled = |text: &str| Template::parse(text).and_then(|template| template.fill(&names));
        assert_eq!(filled("rg-{app}-sdc"), Ok("rg-pay-sdc".to_owned()));
        assert_eq!(filled("rg-{tag:env}"), Err("tag:env".to_owned()));
        assert_eq!(Template::parse("{a}-{b}").map(|t| t.needs().len()), Ok(2));
        for text in ["rg-{app", "rg-}app", "rg-{}", "{a{b}}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }
}
