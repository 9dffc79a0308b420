//! Store: where each stream ends, and whether an append fits that. Pure, but for what it is handed.

use crate::log::{Append, AppendError};
use crate::record::{Record, Sequence, StreamId};
use std::collections::HashMap;

/// One append has at most this many events: a batch of a thousand runs fits with room to spare.
const RECORDS_MAX: usize = 100_000;

/// The longest body: far more than any plan has, and small enough to be held in memory many times.
pub(crate) const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The longest name of a stream, a kind or an actor.
pub(crate) const NAME_BYTES_MAX: usize = 1_024;

/// More ends than this are not remembered: they are one look into the index away.
const REMEMBERED_MAX: usize = 50_000;

/// The ends of the streams that were looked at so far.
#[derive(Default)]
pub(crate) struct Heads(HashMap<StreamId, Sequence>);

impl Heads {
    /// Makes room, between appends.
    pub(crate) fn trim(&mut self) {
        if self.0.len() > REMEMBERED_MAX {
            self.0.clear();
        }
    }

    /// Whether the end of this stream has to be looked up.
    #[cfg(feature = "postgres")]
    pub(crate) fn lacks(&self, stream: &StreamId) -> bool {
        !self.0.contains_key(stream)
    }

    /// The end of this stream was looked up.
    #[cfg(feature = "postgres")]
    pub(crate) fn found(&mut self, stream: StreamId, end: Sequence) {
        self.0.insert(stream, end);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether the append keeps the rules and its expectations hold; `look` finds ends not known here.
    pub(crate) fn check<E: From<AppendError>>(
        &mut self,
        append: &Append,
        look: impl Fn(&StreamId) -> Result<Sequence, E>,
    ) -> Result<(), E> {
        if append.records.is_empty() || append.records.len() > RECORDS_MAX {
            let what = format!("{} events at once", append.records.len());
            return Err(AppendError::Malformed(what).into());
        }
        let expected = |stream| append.expect.iter().any(|(s, _)| s == stream);
        if let Some(record) = append.records.iter().find(|r| !expected(&r.stream)) {
            let what = format!("stream {} is written to without an expectation", record.stream);
            return Err(AppendError::Malformed(what).into());
        }
        append.records.iter().try_for_each(well_formed)?;
        for (stream, expected) in &append.expect {
            let found = match self.0.get(stream) {
                Some(found) => *found,
                None => *self.0.entry(stream.clone()).or_insert(look(stream)?),
            };
            if found != *expected {
                let (stream, expected) = (stream.clone(), *expected);
                return Err(AppendError::Conflict { stream, expected, found }.into());
            }
        }
        Ok(())
    }

    /// The next place in a stream whose end was checked.
    pub(crate) fn advance(&mut self, stream: &StreamId) -> Sequence {
        let head = self.0.entry(stream.clone()).or_default();
        head.0 += 1;
        *head
    }

    pub(crate) fn of(&self, stream: &StreamId) -> Sequence {
        self.0.get(stream).copied().unwrap_or_default()
    }
}

/// Whether one event keeps the rules, whatever was there before it.
pub(crate) fn well_formed(record: &Record) -> Result<(), AppendError> {
    let names = [("stream", record.stream.as_str()), ("kind", &record.kind), ("actor", &record.actor)];
    for (what, name) in names {
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.contains('\0') {
            let what =
                format!("the {what} has {} bytes; 1 to {NAME_BYTES_MAX}, none of them zero", name.len());
            return Err(AppendError::Malformed(what));
        }
    }
    if record.body.len() > BODY_BYTES_MAX {
        let what = format!("a body of {} bytes; {BODY_BYTES_MAX} at most", record.body.len());
        return Err(AppendError::Malformed(what));
    }
    Ok(())
}

/// The streams of the records, in the order of their first mention.
pub(crate) fn mentioned(append: &Append) -> Vec<StreamId> {
    let mut streams: Vec<StreamId> = Vec::new();
    for record in &append.records {
        if !streams.contains(&record.stream) {
            streams.push(record.stream.clone());
        }
    }
    streams
}
