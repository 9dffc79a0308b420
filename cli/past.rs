//! CLI: a log as it was after one of its events. Reads the log that it is of.

use crate::batch_file::moment;
use crate::error::{CliError, Exit, causes};
use crate::store;
use crate::time::date;
use chrono::{DateTime, Utc};
use rehome_orchestrator::{Clock, SystemClock};
use rehome_store::{
    Append, AppendError, Appended, BoxFuture, Digest, Head, Log, Position, ReadError, Sequence, Stored,
    StreamId,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Events read at once.
const PAGE: usize = 1_000;

/// A log without what came after a moment. Nothing is appended to it.
pub(crate) struct Past {
    of: Arc<dyn Log>,
    until: Head,
    /// When its last event was decided.
    pub(crate) at_ms: i64,
    heads: BTreeMap<StreamId, Sequence>,
}

/// Which moment.
enum Moment {
    Position(u64),
    Time(i64),
}

impl Moment {
    fn read(text: &str) -> Result<Self, CliError> {
        if let Ok(position) = text.parse() {
            return Ok(Self::Position(position));
        }
        let now = SystemClock.now_ms();
        // Times as this program writes them have milliseconds.
        let written = text.parse::<DateTime<Utc>>().ok().map(|at| at.timestamp_millis());
        match written.or_else(|| moment(text, now)) {
            Some(at) if at <= now => Ok(Self::Time(at)),
            Some(at) => Err(CliError::new(Exit::Usage, format!("{} is not over yet", date(at)))),
            None => {
                let what =
                    format!("{text:?} is neither the position of an event nor a date like 2026-12-11T06:00Z");
                Err(CliError::new(Exit::Usage, what).next("rehome history      # shows both"))
            }
        }
    }

    /// Whether an event was there by then.
    fn has(&self, event: &Stored) -> bool {
        match self {
            Self::Position(position) => event.position.0 <= *position,
            Self::Time(at) => event.record.at_ms <= *at,
        }
    }
}

impl Past {
    /// What a log was at the moment that a person names: the position of an event, or a time. Of a time it is everything
    /// before the first event that is later.
    pub(crate) async fn of(of: Arc<dyn Log>, text: &str) -> Result<Self, CliError> {
        let moment = Moment::read(text)?;
        let mut until = Head { position: Position(0), hash: Digest::ZERO };
        let (mut at_ms, mut heads) = (0, BTreeMap::new());
        'read: loop {
            let page = of.read_all(until.position, PAGE).await;
            let page = page.map_err(|e| store::damaged(&causes(&e)))?;
            for event in &page {
                if !moment.has(event) {
                    break 'read;
                }
                until = Head { position: event.position, hash: event.hash };
                at_ms = event.record.at_ms;
                heads.insert(event.record.stream.clone(), event.sequence);
            }
            if page.len() < PAGE {
                break;
            }
        }
        match moment {
            Moment::Position(wanted) if wanted > until.position.0 => {
                let head = until.position;
                let what = format!("the log ends at event {head}, and has no event {wanted}");
                Err(CliError::new(Exit::NotFound, what).next(format!("rehome replay --at {head}")))
            }
            Moment::Position(_) | Moment::Time(_) => Ok(Self { of, until, at_ms, heads }),
        }
    }

    /// The place of its last event.
    pub(crate) fn position(&self) -> u64 {
        self.until.position.0
    }
}

impl Log for Past {
    fn append(&self, _: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async { Err(AppendError::ReadOnly) })
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: Sequence,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>> {
        let stream = stream.clone();
        Box::pin(async move {
            let last = self.heads.get(&stream).copied().unwrap_or_default();
            let left = usize::try_from(last.0.saturating_sub(after.0)).unwrap_or(usize::MAX);
            if left == 0 {
                return Ok(Vec::new());
            }
            self.of.read_stream(&stream, after, limit.min(left)).await
        })
    }

    fn read_all(&self, after: Position, limit: usize) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>> {
        let left = usize::try_from(self.until.position.0.saturating_sub(after.0)).unwrap_or(usize::MAX);
        Box::pin(async move {
            if left == 0 {
                return Ok(Vec::new());
            }
            self.of.read_all(after, limit.min(left)).await
        })
    }

    fn head(&self) -> BoxFuture<'_, Result<Head, ReadError>> {
        Box::pin(async { Ok(self.until) })
    }

    fn streams(&self, prefix: &str) -> BoxFuture<'_, Result<Vec<(StreamId, Sequence)>, ReadError>> {
        let of = self.heads.iter().filter(|(stream, _)| stream.as_str().starts_with(prefix));
        let found = of.map(|(stream, last)| (stream.clone(), *last)).collect();
        Box::pin(async move { Ok(found) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_the_place_of_an_event_or_a_time_that_is_over() {
        assert!(matches!(Moment::read("310"), Ok(Moment::Position(310))));
        assert!(matches!(Moment::read("2026-01-01T06:00Z"), Ok(Moment::Time(1_767_247_200_000))));
        for (text, says) in
            [("2226-01-01", "not over"), ("8h", "not over"), ("soon", "neither"), ("-1", "neither")]
        {
            let error = Moment::read(text).err().expect("it is refused");
            assert!(error.what.contains(says), "{text}: {}", error.what);
        }
    }
}
