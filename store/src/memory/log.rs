//! Store: the events of a log in memory. Touches nothing.

use super::beside::MemoryBeside;
use crate::chain::seal;
use crate::heads::{Heads, mentioned};
use crate::log::{Append, AppendError, Appended, BoxFuture, Head, Log, ReadError};
use crate::record::{Digest, Position, Sequence, Stored, StreamId};
use crate::salt::{RandomSalts, Salts};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A log in memory, with everything that belongs to it. Keeps every promise of a log and of a backend but the power cut: it ends with the
/// process.
pub struct MemoryLog {
    pub(super) id: String,
    pub(super) read_only: bool,
    pub(super) beside: MemoryBeside,
    inner: Mutex<Inner>,
}

struct Inner {
    events: Vec<Stored>,
    streams: BTreeMap<StreamId, Vec<usize>>,
    heads: Heads,
    salts: Box<dyn Salts>,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::with_salts(RandomSalts::default())
    }
}

impl MemoryLog {
    /// An empty log that takes its salts from here.
    pub fn with_salts(salts: impl Salts) -> Self {
        let (events, streams, heads) = (Vec::new(), BTreeMap::new(), Heads::default());
        let mut id = [0_u8; 16];
        getrandom::fill(&mut id).expect("the machine has a random source");
        let id = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let inner = Mutex::new(Inner { events, streams, heads, salts: Box::new(salts) });
        Self { id, read_only: false, beside: MemoryBeside::default(), inner }
    }

    /// One moment of the log under the same name, which takes no appends.
    pub(super) fn copy(&self) -> Self {
        let mut copy = Self { id: self.id.clone(), read_only: true, ..Self::default() };
        let (from, to) = (self.inner(), copy.inner.get_mut().unwrap_or_else(PoisonError::into_inner));
        (to.events, to.streams) = (from.events.clone(), from.streams.clone());
        drop(from);
        copy
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn append(&mut self, append: Append) -> Result<Appended, AppendError> {
        let streams = &self.streams;
        let look = |stream: &StreamId| {
            Ok::<_, AppendError>(Sequence(streams.get(stream).map_or(0, |places| places.len() as u64)))
        };
        self.heads.check(&append, look)?;
        let first = Position(self.events.len() as u64 + 1);
        let mentioned = mentioned(&append);
        let mut head = Digest::ZERO;
        for record in append.records {
            let previous = self.events.last().map_or(Digest::ZERO, |e| e.hash);
            let sequence = self.heads.advance(&record.stream);
            let place = self.events.len();
            self.streams.entry(record.stream.clone()).or_default().push(place);
            let event = seal(record, Position(place as u64 + 1), sequence, self.salts.next(), previous);
            head = event.hash;
            self.events.push(event);
        }
        let heads = mentioned.into_iter().map(|s| (s.clone(), self.heads.of(&s))).collect();
        Ok(Appended { first, last: Position(self.events.len() as u64), head, heads })
    }
}

fn after(place: u64) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

impl Log for MemoryLog {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            if self.read_only { Err(AppendError::ReadOnly) } else { self.inner().append(append) }
        })
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        seen: Sequence,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>> {
        let stream = stream.clone();
        Box::pin(async move {
            let inner = self.inner();
            let places = inner.streams.get(&stream).map_or(&[][..], Vec::as_slice);
            let page = places.iter().skip(after(seen.0)).take(limit);
            Ok(page.map(|place| inner.events[*place].clone()).collect())
        })
    }

    fn read_all(&self, seen: Position, limit: usize) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>> {
        Box::pin(
            async move { Ok(self.inner().events.iter().skip(after(seen.0)).take(limit).cloned().collect()) },
        )
    }

    fn head(&self) -> BoxFuture<'_, Result<Head, ReadError>> {
        Box::pin(async move {
            let inner = self.inner();
            let hash = inner.events.last().map_or(Digest::ZERO, |e| e.hash);
            Ok(Head { position: Position(inner.events.len() as u64), hash })
        })
    }

    fn streams(&self, prefix: &str) -> BoxFuture<'_, Result<Vec<(StreamId, Sequence)>, ReadError>> {
        let prefix = prefix.to_owned();
        Box::pin(async move {
            let inner = self.inner();
            let named = inner.streams.iter().filter(|(name, _)| name.as_str().starts_with(&prefix));
            Ok(named.map(|(name, places)| (name.clone(), Sequence(places.len() as u64))).collect())
        })
    }
}
