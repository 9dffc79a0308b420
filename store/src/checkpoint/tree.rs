//! Store: a Merkle tree over the hashes of events, in their order, as certificate transparency builds it. Pure.
//!
//! A leaf is SHA-256(0x00, the hash of an event); a node is SHA-256(0x01, left, right). A tree of n leaves is split at the greatest power of
//! two below n. Source: RFC 6962, section 2.1 (<https://www.rfc-editor.org/rfc/rfc6962#section-2.1>).

use crate::record::Digest;
use sha2::{Digest as _, Sha256};

/// A leaf, a node or the root of a tree.
pub type Root = [u8; 32];

/// A tree over the events of a log, from the first on. It holds 32 bytes for each event.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    leaves: Vec<Root>,
}

impl Tree {
    /// Takes the next event, by its hash.
    pub fn push(&mut self, event: Digest) {
        self.leaves.push(leaf(event));
    }

    /// How many events it is over.
    pub fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// The root over the first `size` events; nothing where there are not so many.
    pub fn root(&self, size: u64) -> Option<Root> {
        Some(root(self.first(size)?))
    }

    /// What proves that the event at `index`, counted from 0, is in the tree over the first `size` events: the roots beside its way up, the
    /// lowest first.
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Root>> {
        let leaves = self.first(size)?;
        let index = usize::try_from(index).ok().filter(|index| *index < leaves.len())?;
        let mut proof = Vec::new();
        path(index, leaves, &mut proof);
        Some(proof)
    }

    /// What proves that the tree over the first `size` events only adds to that over the first `before`, which is at least 1.
    pub fn consistency(&self, before: u64, size: u64) -> Option<Vec<Root>> {
        let leaves = self.first(size)?;
        let before = usize::try_from(before).ok().filter(|before| (1..=leaves.len()).contains(before))?;
        let mut proof = Vec::new();
        added(before, leaves, true, &mut proof);
        Some(proof)
    }

    fn first(&self, size: u64) -> Option<&[Root]> {
        self.leaves.get(..usize::try_from(size).ok()?)
    }
}

pub(super) fn leaf(event: Digest) -> Root {
    Sha256::new().chain_update([0]).chain_update(event.0).finalize().into()
}

pub(super) fn node(left: Root, right: Root) -> Root {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The greatest power of two below `size`, which is at least 2.
fn split(size: usize) -> usize {
    (size - 1).checked_ilog2().map_or(1, |log| 1 << log)
}

pub(super) fn root(leaves: &[Root]) -> Root {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(root(left), root(right))
        }
    }
}

fn path(index: usize, leaves: &[Root], proof: &mut Vec<Root>) {
    if leaves.len() < 2 {
        return;
    }
    let at = split(leaves.len());
    let (left, right) = leaves.split_at(at);
    if index < at {
        path(index, left, proof);
        proof.push(root(right));
    } else {
        path(index - at, right, proof);
        proof.push(root(left));
    }
}

/// `known`: whoever checks the proof has the root of these leaves.
fn added(before: usize, leaves: &[Root], known: bool, proof: &mut Vec<Root>) {
    if before == leaves.len() {
        if !known {
            proof.push(root(leaves));
        }
        return;
    }
    let at = split(leaves.len());
    let (left, right) = leaves.split_at(at);
    if before <= at {
        added(before, left, known, proof);
        proof.push(root(right));
    } else {
        added(before - at, right, false, proof);
        proof.push(root(left));
    }
}

/// Whether `proof` shows that this event is the one at `index`, counted from 0, of the `size` events that `root` is over.
pub fn verify_inclusion(event: Digest, index: u64, size: u64, proof: &[Root], root: Root) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf(event));
    for beside in proof {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            hash = node(*beside, hash);
            while at.is_multiple_of(2) && at != 0 {
                (at, last) = (at / 2, last / 2);
            }
        } else {
            hash = node(hash, *beside);
        }
        (at, last) = (at / 2, last / 2);
    }
    last == 0 && hash == root
}

/// Whether `proof` shows that the `size` events that `root` is over begin with the `before` events that `old` is over.
pub fn verify_consistency(before: u64, old: Root, size: u64, root: Root, proof: &[Root]) -> bool {
    if before == 0 || before > size {
        return false;
    }
    if before == size {
        return proof.is_empty() && old == root;
    }
    let mut proof = proof.iter().copied();
    let first = if before.is_power_of_two() { Some(old) } else { proof.next() };
    let Some(first) = first else { return false };
    let (mut at, mut last) = (before - 1, size - 1);
    while at % 2 == 1 {
        (at, last) = (at / 2, last / 2);
    }
    let (mut was, mut is) = (first, first);
    for beside in proof {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            (was, is) = (node(beside, was), node(beside, is));
            while at.is_multiple_of(2) && at != 0 {
                (at, last) = (at / 2, last / 2);
            }
        } else {
            is = node(is, beside);
        }
        (at, last) = (at / 2, last / 2);
    }
    last == 0 && was == old && is == root
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(nth: u64) -> Digest {
        Digest(Sha256::digest(nth.to_be_bytes()).into())
    }

    fn tree(size: u64) -> Tree {
        let mut tree = Tree::default();
        (0..size).for_each(|nth| tree.push(event(nth)));
        tree
    }

    #[test]
    fn a_tree_of_seven_is_built_as_the_standard_draws_it() {
        let tree = tree(7);
        let l: Vec<Root> = (0..7).map(|nth| leaf(event(nth))).collect();
        let left = node(node(l[0], l[1]), node(l[2], l[3]));
        assert_eq!(tree.root(7), Some(node(left, node(node(l[4], l[5]), l[6]))));
        assert_eq!(tree.root(0), Some(Sha256::digest([]).into()));
        assert_eq!(tree.root(8), None);
    }

    #[test]
    fn every_event_of_every_size_is_proven_and_no_other_event_place_or_root_is() {
        let tree = tree(33);
        for size in 1..=33 {
            let root = tree.root(size).expect("so many");
            for index in 0..size {
                let proof = tree.inclusion(index, size).expect("it is in it");
                assert!(verify_inclusion(event(index), index, size, &proof, root), "{index} of {size}");
                assert!(!verify_inclusion(event(99), index, size, &proof, root));
                assert!(!verify_inclusion(event(index), index + 1, size, &proof, root));
                assert!(!verify_inclusion(event(index), index, size, &proof, [7; 32]));
                let longer = [&proof[..], &[[0; 32]]].concat();
                assert!(!verify_inclusion(event(index), index, size, &longer, root));
            }
            assert_eq!(tree.inclusion(size, size), None);
        }
    }

    #[test]
    fn every_older_size_is_proven_to_be_the_beginning_of_a_newer_one_and_a_fork_never_is() {
        let (tree, mut fork) = (tree(33), tree(20));
        (20..33).for_each(|nth| fork.push(event(nth + 100)));
        for size in 1..=33 {
            let root = tree.root(size).expect("so many");
            for before in 1..=size {
                let old = tree.root(before).expect("so many");
                let proof = tree.consistency(before, size).expect("it is older");
                assert!(verify_consistency(before, old, size, root, &proof), "{before} of {size}");
                assert!(!verify_consistency(before, [7; 32], size, root, &proof));
                if before > 20 {
                    let forked = fork.root(before).expect("so many");
                    assert!(!verify_consistency(before, forked, size, root, &proof), "{before} of {size}");
                }
            }
        }
        assert_eq!(tree.consistency(0, 5), None);
        assert!(!verify_consistency(0, [0; 32], 5, tree.root(5).expect("so many"), &[]));
    }
}
