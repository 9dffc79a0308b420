//! Store: the root over a log that only grows, from the roots of the whole trees in it. Pure.

use super::proven::unhex;
use super::tree::{Root, leaf, node, root};
use crate::record::Digest;
use serde::{Deserialize, Serialize};

/// A tree that takes events and keeps none: one root for each power of two that its size is made of, so 64 at most.
#[derive(Clone, Debug, Default)]
pub struct Frontier {
    size: u64,
    /// The greatest tree first.
    peaks: Vec<Root>,
}

impl Frontier {
    /// Takes the next event, by its hash.
    pub fn push(&mut self, event: Digest) {
        let mut grown = leaf(event);
        // Each whole tree of the same size before it becomes its left side.
        for _ in 0..self.size.trailing_ones() {
            grown = self.peaks.pop().map_or(grown, |left| node(left, grown));
        }
        self.peaks.push(grown);
        self.size += 1;
    }

    /// What of it is kept, to go on from: with the log and the hash of the last event that it took.
    pub fn kept(&self, log: &str, last: Digest) -> KeptTree {
        let peaks = self.peaks.iter().map(|peak| Digest(*peak).to_string()).collect();
        KeptTree { log: log.to_owned(), size: self.size, last: last.to_string(), peaks }
    }

    /// How many events it is over.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root over all of them.
    pub fn root(&self) -> Root {
        let mut peaks = self.peaks.iter().rev().copied();
        peaks.next().map_or_else(|| root(&[]), |last| peaks.fold(last, |right, left| node(left, right)))
    }
}

/// A tree over the first events of a log, as it is kept beside it so that nobody reads these again to sign an end. Nobody has to believe it:
/// its root is in the signed end that is kept with it. As JSON it is
/// `{"log": text, "size": number, "last": 64 hex digits, "peaks": [64 hex digits, …]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptTree {
    /// The name of the log; see [`crate::Backend::id`].
    pub log: String,
    /// Over how many events it is.
    pub size: u64,
    /// The hash of the last one of these.
    pub last: String,
    /// The roots of the whole trees that it is made of, the greatest first.
    pub peaks: Vec<String>,
}

impl KeptTree {
    /// The tree, where that can be one.
    pub fn frontier(&self) -> Option<Frontier> {
        let peaks: Vec<Root> = self.peaks.iter().map(|peak| unhex(peak)).collect::<Option<_>>()?;
        (peaks.len() as u64 == u64::from(self.size.count_ones()))
            .then_some(Frontier { size: self.size, peaks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Tree;

    #[test]
    fn a_root_that_grew_is_the_root_of_the_whole_tree() {
        let (mut tree, mut frontier) = (Tree::default(), Frontier::default());
        for nth in 0..300_u64 {
            assert_eq!((Some(frontier.root()), frontier.size()), (tree.root(nth), nth));
            assert!(frontier.peaks.len() as u32 == nth.count_ones());
            let mut event = Digest::ZERO;
            event.0[..8].copy_from_slice(&nth.to_be_bytes());
            tree.push(event);
            frontier.push(event);
            let kept = frontier.kept("a log", event);
            let again = kept.frontier().expect("what was kept is one");
            assert_eq!((again.root(), again.size()), (frontier.root(), nth + 1));
            let doctored = KeptTree { size: kept.size * 2 + 1, ..kept };
            assert!(doctored.frontier().is_none(), "there are too few whole trees in it");
        }
    }
}
