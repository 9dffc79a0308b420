//! Store: the root over a log that only grows, from the roots of the whole trees in it. Pure.

use super::tree::{Root, leaf, node, root};
use crate::record::Digest;

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
        }
    }
}
