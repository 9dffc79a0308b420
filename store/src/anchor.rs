//! Store: the record of a log's end that is kept outside the log, and what it says of one. Touches a log, reading.

use crate::log::{Head, Log, ReadError};
use crate::record::{Digest, Position};
use serde::{Deserialize, Serialize};

/// The end of a log as it once was. As JSON it is `{"log": text, "position": number, "hash": 64 hex digits}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The name of the log; see [`crate::Backend::id`].
    pub log: String,
    /// The place of its last event then, from 1; 0 for a log without events.
    pub position: u64,
    /// The hash of that event, as 64 lower-case hex digits.
    pub hash: String,
}

/// How a log stands to the record of its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnchorStatus {
    /// The log has the event that the anchor knows of, and maybe more.
    Confirmed(Head),
    /// The log ends before that event: an old copy, or a tail that was cut off.
    Behind(Head),
    /// The log has another event in that place: an old copy that was written to since, or a rewritten log.
    Forked(Head),
}

impl Anchor {
    /// Looks whether a log has the event that this anchor knows of. An anchor that was read before this is
    /// asked is never ahead of a log that others write to.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn judge(&self, log: &dyn Log) -> Result<AnchorStatus, ReadError> {
        let head = log.head().await?;
        if self.position > head.position.0 {
            return Ok(AnchorStatus::Behind(head));
        }
        let Some(before) = self.position.checked_sub(1) else {
            let nothing = self.hash == Digest::ZERO.to_string();
            return Ok(if nothing { AnchorStatus::Confirmed(head) } else { AnchorStatus::Forked(head) });
        };
        let there = log.read_all(Position(before), 1).await?;
        let same = there.iter().any(|e| e.position.0 == self.position && e.hash.to_string() == self.hash);
        Ok(if same { AnchorStatus::Confirmed(head) } else { AnchorStatus::Forked(head) })
    }

    /// Whether it knows of no event, so that every log has what it knows of.
    pub fn is_of_nothing(&self) -> bool {
        self.position == 0
    }

    /// An anchor for this end of this log.
    pub fn of(log: impl Into<String>, head: Head) -> Self {
        Self { log: log.into(), position: head.position.0, hash: head.hash.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::append;
    use crate::memory::MemoryLog;

    #[tokio::test(flavor = "multi_thread")]
    async fn an_old_copy_is_known_also_when_it_was_written_to_since() {
        let (newest, old) = (MemoryLog::default(), MemoryLog::default());
        for nth in 0..3 {
            newest.append(append("a", nth, &["as it was"])).await.expect("appended");
        }
        let anchor = Anchor::of("log", newest.head().await.expect("readable"));
        old.append(append("a", 0, &["as it was"])).await.expect("appended");
        let judged = anchor.judge(&old).await.expect("readable");
        assert!(matches!(judged, AnchorStatus::Behind(head) if head.position.0 == 1), "{judged:?}");
        for nth in 1..5 {
            old.append(append("a", nth, &["somebody went on"])).await.expect("appended");
        }
        let judged = anchor.judge(&old).await.expect("readable");
        assert!(matches!(judged, AnchorStatus::Forked(head) if head.position.0 == 5), "{judged:?}");
        newest.append(append("a", 3, &["more"])).await.expect("appended");
        assert!(matches!(anchor.judge(&newest).await.expect("readable"), AnchorStatus::Confirmed(_)));
        let none = Anchor::of("log", Head { position: Position(0), hash: Digest::ZERO });
        assert!(matches!(none.judge(&old).await.expect("readable"), AnchorStatus::Confirmed(_)));
        let none = Anchor { hash: "ab".repeat(32), ..none };
        assert!(
            matches!(none.judge(&old).await.expect("readable"), AnchorStatus::Forked(_)),
            "nothing has this hash"
        );
    }
}
