//! Store: ends of a log that anybody can check who holds an older one: a Merkle tree over the events, and its root in a signed note.

mod frontier;
mod note;
mod proven;
mod tree;

pub use frontier::{Frontier, KeptTree};
pub use note::{Checkpoint, NoteError, Signer, Verifier};
pub use proven::{PROVEN_FORMAT, Proven, ProvenHeader};
pub use tree::{Root, Tree, verify_consistency, verify_inclusion};
