//! Local Azure, Resource Graph: texts of which one is looked for in a row, all in one pass. Pure.

use aho_corasick::AhoCorasick;

/// Texts in lower case. A query of a client may have hundreds, and each row is as long as its properties.
#[derive(Clone, Debug)]
pub(super) struct Needles {
    texts: Vec<String>,
    /// Nothing where there are too many for it.
    together: Option<AhoCorasick>,
}

impl PartialEq for Needles {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl Needles {
    pub(super) fn new(texts: Vec<String>) -> Self {
        let together = AhoCorasick::new(&texts).ok();
        Self { texts, together }
    }

    pub(super) fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Whether one of them is in a text, which is in lower case too.
    pub(super) fn are_in(&self, text: &str) -> bool {
        match &self.together {
            Some(together) => together.is_match(text),
            None => self.texts.iter().any(|one| text.contains(one.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pass_finds_what_looking_for_each_finds() {
        for texts in [&["a/b", "b-c"][..], &[""], &[], &["ä", "aa", "a"]] {
            let needles = Needles::new(texts.iter().map(|text| (*text).to_owned()).collect());
            for text in ["", "xa/by", "b-d", "ä", "bab"] {
                assert_eq!(
                    needles.are_in(text),
                    texts.iter().any(|one| text.contains(one)),
                    "{texts:?} {text}"
                );
            }
        }
    }
}
