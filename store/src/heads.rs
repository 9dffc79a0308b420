//! Store: where each stream ends, and whether an append fits that. Pure, but for what it is handed.

use crate::log::{Append, AppendError};
use crate::record::{Sequence, StreamId};
use std::collections::BTreeMap;

/// One append has at most this many events: a batch of a thousand runs fits with room to spare.
const RECORDS_MAX: usize = 100_000;

/// The ends of the streams that were looked at so far.
#[derive(Default)]
pub(crate) struct Heads(BTreeMap<StreamId, Sequence>);

impl Heads {
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
