//! Store: how each event is bound to all events before it. Pure.
//!
//! hash = SHA-256(domain, position, sequence, stream, kind, version, time, actor, body digest,
//! previous hash), where texts are preceded by their length and the body digest is
//! SHA-256(domain, salt, body): so a redacted copy still verifies, and nothing can slide between
//! columns.

use crate::record::{Digest, Position, Record, Sequence, Stored};
use sha2::{Digest as _, Sha256};

const EVENT: &[u8] = b"rehome event 1\0";
const BODY: &[u8] = b"rehome body 1\0";

/// The digest of a salted body.
pub(crate) fn body_digest(salt: &[u8; 16], body: &[u8]) -> Digest {
    Digest(Sha256::new().chain_update(BODY).chain_update(salt).chain_update(body).finalize().into())
}

/// The hash of an event, from everything that the log stores about it and the hash of the one before ([`Digest::ZERO`] for the first).
///
/// It is SHA-256 over `"rehome event 1\0"`, position, sequence, stream, kind, actor, version, time, the digest of the body, and the hash
/// before. Numbers are big-endian; a text has its length in eight bytes before it. The digest of the body is SHA-256 over
/// `"rehome body 1\0"`, salt and body, so a withheld body still verifies.
pub fn event_hash(previous: Digest, event: &Stored) -> Digest {
    let record = &event.record;
    let mut sha = Sha256::new().chain_update(EVENT);
    sha.update(event.position.0.to_be_bytes());
    sha.update(event.sequence.0.to_be_bytes());
    for text in [record.stream.as_str(), &record.kind, &record.actor] {
        sha.update((text.len() as u64).to_be_bytes());
        sha.update(text);
    }
    sha.update(record.version.to_be_bytes());
    sha.update(record.at_ms.to_be_bytes());
    let body = event.withheld.map_or_else(|| body_digest(&event.salt, &record.body), |w| w.digest);
    sha.update(body.0);
    sha.update(previous.0);
    Digest(sha.finalize().into())
}

/// Binds a record to the events before it.
pub(crate) fn seal(
    record: Record,
    position: Position,
    sequence: Sequence,
    salt: [u8; 16],
    previous: Digest,
) -> Stored {
    let mut event = Stored { position, sequence, record, salt, hash: Digest::ZERO, withheld: None };
    event.hash = event_hash(previous, &event);
    event
}
