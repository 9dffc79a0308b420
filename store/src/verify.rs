//! Store: whether a log is what was once written. Touches a log, reading.

use crate::anchor::Anchor;
use crate::chain::event_hash;
use crate::log::{Head, Log, ReadError};
use crate::page_size::page_size;
use crate::record::{Digest, Position, Sequence, Stored, StreamId};
use std::collections::HashMap;
use std::future::Future;
use std::task::Poll;

/// What was found to hold: every event up to the head is what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The end of the log.
    pub head: Head,
    /// Up to which event a record from outside the log confirmed it. What comes after that event, or all
    /// of it where there is no record, can have been cut off or written anew.
    pub anchored: Option<Position>,
}

impl Verified {
    /// Whether a record from outside the log confirmed its end.
    pub fn is_anchored(&self) -> bool {
        self.anchored == Some(self.head.position)
    }
}

/// Why a log is not what was once written.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The first event at which the record is broken.
    #[error("the event at position {position} is not what was written: {what}")]
    Broken {
        /// Its place.
        position: Position,
        /// What does not fit.
        what: String,
    },
    /// The record outside the log knows of events that the log does not have.
    #[error(
        "the log ends at position {found}, but its anchor knows of position {anchored}: an old copy, or a cut-off tail"
    )]
    Shortened {
        /// Where the log ends.
        found: Position,
        /// What the anchor knows of.
        anchored: Position,
    },
    /// The anchor is of another log.
    #[error("the event at position {position} is another one than the anchor knows of")]
    Rewritten {
        /// Its place.
        position: Position,
    },
    /// Each event is what was written, and what leads to them is not.
    #[error("what leads to the events is damaged: {what}")]
    Misled {
        /// What does not fit.
        what: String,
    },
    /// The log could not be read.
    #[error("failed to read the log")]
    Read(#[from] ReadError),
}

/// Checks every event, its place, its chain and its stream, from the first to the last; then that the
/// file and its index agree with them. Reads the whole log, a page of it at a time; keeps the names of its streams.
///
/// # Errors
/// The first event that is not what was written, or a contradiction to the anchor.
pub async fn verify_chain(log: &dyn Log, anchor: Option<&Anchor>) -> Result<Verified, VerifyError> {
    let verified = walk(log, anchor, async |_| ()).await?;
    match log.check_index().await.map_err(|error| unreadable(error, verified.head.position))? {
        Some(what) => Err(VerifyError::Misled { what }),
        None => Ok(verified),
    }
}

/// Visits every event from the first to the last, some at a time, when their places, their chain and
/// their streams are checked; the next ones are read meanwhile.
///
/// # Errors
/// The first event that is not what was written, or a contradiction to the anchor.
pub async fn walk(
    log: &dyn Log,
    anchor: Option<&Anchor>,
    mut visit: impl AsyncFnMut(Vec<Stored>),
) -> Result<Verified, VerifyError> {
    let mut walker = Walker::new(anchor.cloned());
    let mut page = next_page(log, START.position, page_size(&[])).await?;
    while let Some(last) = page.last() {
        let mut ahead = std::pin::pin!(next_page(log, last.position, page_size(&page)));
        // A log that reads elsewhere begins when it is first asked.
        let early = std::future::poll_fn(|context| Poll::Ready(ahead.as_mut().poll(context))).await;
        page.iter().try_for_each(|event| walker.take(event))?;
        visit(page).await;
        page = match early {
            Poll::Ready(read) => read?,
            Poll::Pending => ahead.await?,
        };
    }
    let found = std::mem::take(&mut walker.streams);
    let verified = walker.end()?;
    listed(log, &found, verified.head).await.map_err(|error| unreadable(error, verified.head.position))?;
    Ok(verified)
}

/// Holds the list of streams, by which single ones are found, against the events; others may append meanwhile.
async fn listed(log: &dyn Log, found: &HashMap<StreamId, Sequence>, then: Head) -> Result<(), ReadError> {
    let listed = log.streams("").await?;
    let now = log.head().await?;
    let more: u64 = listed.iter().map(|(_, end)| end.0).sum();
    let known = listed.iter().filter(|(stream, end)| found.get(stream).is_some_and(|found| found <= end));
    if known.count() == found.len() && (then.position.0..=now.position.0).contains(&more) {
        return Ok(());
    }
    let what = "the streams that are listed are not those that the events are of".to_owned();
    Err(ReadError::Misled { what })
}

/// Before the first event.
const START: Head = Head { position: Position(0), hash: Digest::ZERO };

/// What is known of a log up to one of its events.
pub(crate) struct Walker {
    anchor: Option<Anchor>,
    head: Head,
    streams: HashMap<StreamId, Sequence>,
}

impl Walker {
    pub(crate) fn new(anchor: Option<Anchor>) -> Self {
        Self { anchor, head: START, streams: HashMap::new() }
    }

    /// The last event that was taken.
    pub(crate) fn head(&self) -> Head {
        self.head
    }

    /// How many streams there are so far.
    pub(crate) fn streams(&self) -> usize {
        self.streams.len()
    }

    /// Takes the next event.
    pub(crate) fn take(&mut self, event: &Stored) -> Result<(), VerifyError> {
        let position = Position(self.head.position.0 + 1);
        let sequence = match self.streams.get_mut(&event.record.stream) {
            Some(last) => last,
            None => self.streams.entry(event.record.stream.clone()).or_default(),
        };
        sequence.0 += 1;
        if let Some(what) = flaw(event, position, *sequence, self.head.hash) {
            return Err(VerifyError::Broken { position, what: what.to_owned() });
        }
        self.head = Head { position, hash: event.hash };
        match &self.anchor {
            Some(known) if known.position == position.0 && known.hash != event.hash.to_string() => {
                Err(VerifyError::Rewritten { position })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// There are no more events.
    pub(crate) fn end(self) -> Result<Verified, VerifyError> {
        match &self.anchor {
            Some(known) if known.is_of_nothing() && known.hash != Digest::ZERO.to_string() => {
                Err(VerifyError::Rewritten { position: START.position })
            }
            Some(known) if known.position > self.head.position.0 => {
                let anchored = Position(known.position);
                Err(VerifyError::Shortened { found: self.head.position, anchored })
            }
            known => {
                let known = known.as_ref().filter(|known| !known.is_of_nothing());
                Ok(Verified { head: self.head, anchored: known.map(|known| Position(known.position)) })
            }
        }
    }
}

/// The next events; of a page with one that cannot be read, those before it, which may be changed too.
async fn next_page(log: &dyn Log, after: Position, limit: usize) -> Result<Vec<Stored>, VerifyError> {
    let error = match log.read_all(after, limit).await {
        Ok(page) => return Ok(page),
        Err(error) => unreadable(error, after),
    };
    let readable = match &error {
        VerifyError::Broken { position, .. } => (position.0 - after.0 - 1) as usize,
        _ => 0,
    };
    let before = log.read_all(after, readable).await.map_err(|error| unreadable(error, after))?;
    if before.is_empty() { Err(error) } else { Ok(before) }
}

/// A row that cannot even be read is damage with a place.
fn unreadable(error: ReadError, seen: Position) -> VerifyError {
    match error {
        ReadError::Damaged { position, what } => {
            VerifyError::Broken { position: position.max(Position(seen.0 + 1)), what }
        }
        ReadError::Misled { what } => VerifyError::Misled { what },
        error @ ReadError::Storage(_) => VerifyError::Read(error),
    }
}

fn flaw(event: &Stored, position: Position, sequence: Sequence, previous: Digest) -> Option<&'static str> {
    if event.position != position {
        return Some("an event is missing before the next one");
    }
    if event.hash != event_hash(previous, event) {
        return Some("it was changed, or does not follow the event before it");
    }
    (event.sequence != sequence).then_some("its place in its stream is wrong")
}
