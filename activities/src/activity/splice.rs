//! Activities: one replaced text, remembered in a way that gives back every byte and keeps no secret.
//!
//! Of a text only the stretch that changed is kept, which is the spelling of the identity's name; what
//! stands around it may be anything, and stays where it is.

use crate::references::rewrite::{Pair, rewrite};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What changed in one text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Splice {
    /// Bytes before the stretch.
    head: usize,
    /// Bytes after it.
    tail: usize,
    /// The stretch as it was.
    was: String,
    /// The digest of the whole text as it became.
    became: String,
}

fn digest(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Splice {
    /// What changed between two texts.
    pub(crate) fn of(before: &str, after: &str) -> Self {
        let head = before.bytes().zip(after.bytes()).take_while(|(b, a)| b == a).count();
        let most = before.len().min(after.len()) - head;
        let same = before.bytes().rev().zip(after.bytes().rev()).take_while(|(b, a)| b == a).count();
        let (mut head, mut tail) = (head, same.min(most));
        while !before.is_char_boundary(head) || !after.is_char_boundary(head) {
            head -= 1;
        }
        while !before.is_char_boundary(before.len() - tail) || !after.is_char_boundary(after.len() - tail) {
            tail -= 1;
        }
        let was = before[head..before.len() - tail].to_owned();
        Self { head, tail, was, became: digest(after) }
    }

    /// What changes, or has changed, in a text that names either side of the pairs: of one that names the old
    /// side what is going to change, of one that names only the new side what must have changed. `None` where the
    /// text names neither, or where the way back does not lead here again.
    pub(crate) fn reconstruct_before(text: &str, pairs: &[Pair]) -> Option<Self> {
        let turn = |text: &str, pairs: &[Pair]| match rewrite(&Value::from(text), pairs) {
            (Value::String(turned), changes) => (!changes.is_empty()).then_some(turned),
            (_, _) => None,
        };
        if let Some(after) = turn(text, pairs) {
            return Some(Self::of(text, &after));
        }
        let back: Vec<Pair> = pairs.iter().map(Pair::back).collect();
        let before = turn(text, &back)?;
        (turn(&before, pairs).as_deref() == Some(text)).then(|| Self::of(&before, text))
    }

    /// The text as it was, if this is the text as it became.
    pub(crate) fn back(&self, now: &str) -> Option<String> {
        if digest(now) != self.became {
            return None;
        }
        // What stands in a log is not believed: the stretch may lie anywhere.
        let end = now.len().checked_sub(self.tail).filter(|end| *end >= self.head)?;
        let (head, tail) = (now.get(..self.head)?, now.get(end..)?);
        Some(format!("{head}{}{tail}", self.was))
    }

    /// Whether this is the text as it became.
    pub(crate) fn is_now(&self, now: &str) -> bool {
        digest(now) == self.became
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_before_is_worked_out_from_either_side_and_never_guessed() {
        let pairs = [Pair { from: "old-id".to_owned(), to: "new-id".into() }];
        let ahead = Splice::reconstruct_before("use old-id;", &pairs).expect("it names the old one");
        assert!(ahead.is_now("use new-id;"));
        let behind = Splice::reconstruct_before("use new-id;", &pairs).expect("it names the new one");
        assert_eq!(behind.back("use new-id;").as_deref(), Some("use old-id;"));
        assert!(Splice::reconstruct_before("use another;", &pairs).is_none());
        assert!(
            Splice::reconstruct_before("use NEW-ID;", &pairs).is_none(),
            "this program would have spelt it as planned"
        );
    }

    #[test]
    fn every_byte_comes_back_and_a_strangers_text_does_not() {
        for (before, after) in [
            ("OLD-1", "new-1"),
            ("User Id=Old;Password=secret", "User Id=newer;Password=secret"),
            ("aé", "aè"),
            ("same", "same"),
            ("", "x"),
            ("aaa", "aa"),
        ] {
            let splice = Splice::of(before, after);
            assert_eq!(splice.back(after).as_deref(), Some(before), "{before}");
            assert!(splice.back(&format!("{after}!")).is_none());
            assert!(!splice.was.contains("secret"));
        }
    }
}
