//! Store: single events with what proves that they are in a log that was signed, one in a line. Pure.
//!
//! The first line is a [`ProvenHeader`]. Each other one is `{"event": …, "previous": …, "proof": […]}`: the event as in a bundle (see
//! `bundle/mod.rs`), the hash of the event before it, and the roots beside its way up (RFC 6962, section 2.1.1), all in hex.

use super::tree::{Root, verify_inclusion};
use crate::bundle::Disclosure;
use crate::bundle::{read_line, write_line};
use crate::chain::{body_digest, event_hash};
use crate::record::{Digest, Stored, Why, Withheld};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::io::Write;

/// The form of such files that this program writes and reads.
pub const PROVEN_FORMAT: u32 = 1;

/// No way up is longer: a tree has at most 2 to the power of 64 leaves.
const PROOF_MAX: usize = 64;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvenHeader {
    /// The form of the file.
    pub rehome_proofs: u32,
    /// The program that wrote it, and its version.
    pub program: String,
    /// What was asked for: moves and batches.
    pub selected: String,
    /// The signed note of the checkpoint that the proofs lead to.
    pub checkpoint: String,
    /// The key that it is signed with, as whoever made the file says.
    pub key: String,
}

/// An event, and what proves that it is in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The event; what is withheld of it is not there.
    pub event: Stored,
    /// The hash of the one before it.
    pub previous: Digest,
    /// The roots beside its way up, the lowest first.
    pub proof: Vec<Root>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(borrow)]
    event: &'a RawValue,
    previous: String,
    proof: Vec<String>,
}

pub(super) fn unhex(text: &str) -> Option<Root> {
    let digit = |byte: &u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let digits: Option<Vec<u8>> = text.as_bytes().iter().map(digit).collect();
    let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    rest.is_empty().then_some(bytes)?.try_into().ok()
}

impl Proven {
    /// An event as far as it may be shown.
    pub fn of(mut event: Stored, shown: Disclosure, previous: Digest, proof: Vec<Root>) -> Self {
        if let Some(why) = shown.why() {
            let told = if let Disclosure::Masked(told) = shown { told } else { String::new() };
            event.withheld = Some(Withheld { why, digest: body_digest(&event.salt, &event.record.body) });
            (event.salt, event.record.body) = ([0; 16], told.into_bytes());
        }
        Self { event, previous, proof }
    }

    /// Whether it is the event at its place among the `size` events that `root` is over.
    pub fn is_in(&self, size: u64, root: Root) -> bool {
        let (event, position) = (&self.event, self.event.position.0);
        let bound = event_hash(self.previous, event) == event.hash;
        bound && position > 0 && verify_inclusion(event.hash, position - 1, size, &self.proof, root)
    }

    /// Why nothing is read of its body, if that is so.
    pub fn withheld(&self) -> Option<Why> {
        self.event.withheld.map(|withheld| withheld.why)
    }

    /// Writes its line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, to: &mut impl Write) -> std::io::Result<()> {
        let mut event = Vec::new();
        write_line(&self.event, &mut event)?;
        let event = serde_json::from_slice(&event)?;
        let proof = self.proof.iter().map(|root| Digest(*root).to_string()).collect();
        serde_json::to_writer(&mut *to, &Line { event, previous: self.previous.to_string(), proof })?;
        to.write_all(b"\n")
    }

    /// Reads a line.
    ///
    /// # Errors
    /// In words, when it is none.
    pub fn read(line: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(line).map_err(|e| e.to_string())?;
        let line: Line<'_> =
            serde_json::from_str(text).map_err(|e| e.to_string().chars().take(200).collect::<String>())?;
        let event = read_line(line.event.get().as_bytes())?;
        let wrong = || "its hashes are no hashes".to_owned();
        let previous = Digest(unhex(&line.previous).ok_or_else(wrong)?);
        if line.proof.len() > PROOF_MAX {
            return Err("its proof is longer than any".to_owned());
        }
        let proof =
            line.proof.iter().map(|root| unhex(root)).collect::<Option<Vec<Root>>>().ok_or_else(wrong)?;
        Ok(Self { event, previous, proof })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Tree;
    use crate::conformance::append;
    use crate::log::Log;
    use crate::memory::MemoryLog;
    use crate::record::Position;

    #[tokio::test(flavor = "multi_thread")]
    async fn each_event_is_proven_by_itself_and_no_other_is() {
        let (log, mut tree) = (MemoryLog::default(), Tree::default());
        for nth in 0..11 {
            log.append(append("a", nth, &["what it says"])).await.expect("appended");
        }
        let all = log.read_all(Position(0), 100).await.expect("readable");
        all.iter().for_each(|event| tree.push(event.hash));
        let (size, root) = (tree.size(), tree.root(tree.size()).expect("a root"));
        for (nth, event) in all.iter().enumerate() {
            let previous = nth.checked_sub(1).map_or(Digest::ZERO, |before| all[before].hash);
            let proof = || tree.inclusion(nth as u64, size).expect("it is there");
            for shown in [Disclosure::Whole, Disclosure::Redacted, Disclosure::Masked("told".to_owned())] {
                let proven = Proven::of(event.clone(), shown, previous, proof());
                let mut line = Vec::new();
                proven.write(&mut line).expect("memory takes everything");
                let read = Proven::read(&line).expect("it was written");
                assert!(read == proven && read.is_in(size, root), "{read:?}");
                let mut other = read.clone();
                other.event.record.at_ms += 1;
                assert!(!other.is_in(size, root), "another date");
                let elsewhere = Proven { previous: Digest([1; 32]), ..read.clone() };
                assert!(!elsewhere.is_in(size, root), "after another event");
                assert!(!read.is_in(nth as u64, root), "a log that ends before it");
                assert!(!read.is_in(size, [0; 32]), "another log");
            }
        }
        for line in [&b"{}"[..], b"", b"{\"event\":1,\"previous\":\"\",\"proof\":[]}", b"\xff"] {
            assert!(Proven::read(line).is_err());
        }
    }
}
