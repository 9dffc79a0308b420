//! Store: how many events are read at once, where a whole log is read. Pure.

use crate::record::Stored;

/// About so many bytes of bodies are in memory at once: plans of a thousand moves are fifty megabytes.
const BYTES: usize = 4 << 20;

/// How many events fit into one page, going by those that were read last; at first, few.
pub fn page_size(read: &[Stored]) -> usize {
    let bytes: usize = read.iter().map(|event| event.record.body.len()).sum();
    (BYTES * read.len() / bytes.max(1)).clamp(64, 2_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Digest, Position, Record, Sequence, StreamId};
    use std::borrow::Cow;

    #[test]
    fn a_page_has_many_small_events_or_few_large_ones() {
        let event = |bytes: usize| Stored {
            position: Position(1),
            sequence: Sequence(1),
            record: Record {
                stream: StreamId::new("s"),
                kind: Cow::Borrowed("k"),
                version: 1,
                at_ms: 0,
                actor: "a".into(),
                body: vec![b' '; bytes],
            },
            salt: [0; 16],
            hash: Digest([0; 32]),
            withheld: None,
        };
        let fits = |sizes: &[usize]| page_size(&sizes.iter().copied().map(event).collect::<Vec<_>>());
        assert_eq!(fits(&[]), 64);
        assert_eq!(fits(&[200; 64]), 2_000);
        assert_eq!(fits(&[50_000; 64]), 83);
        assert_eq!(fits(&[0, 1 << 30]), 64);
    }
}
