//! Store: a bundle as a log that cannot be written to. Touches the bundle.

use super::format::{BundleError, Header};
use super::line;
use super::reader::BundleReader;
use crate::chain::event_hash;
use crate::log::{Append, AppendError, Appended, BoxFuture, Head, Log, ReadError};
use crate::record::{Digest, Position, Sequence, Stored, StreamId, Why, Withheld};
use crate::verify::VerifyError;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Events that are read at once take at most so many bytes; of a real log, five hundred plans of a megabyte.
const PAGE_BYTES_MAX: u64 = 512 << 20;

trait Source: Read + Seek + Send {}

impl<S: Read + Seek + Send> Source for S {}

/// Where an event is in the file, and what it must be when it is read again.
struct Place {
    offset: u64,
    hash: Digest,
}

/// The events whose bodies a bundle withholds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redactions {
    /// Where they are, by the reason.
    pub events: BTreeMap<Why, Vec<Position>>,
    /// The streams that cannot be understood without them.
    pub streams: BTreeSet<StreamId>,
}

/// A bundle that was checked from the first event to the last, and is read in place.
///
/// An event whose body is withheld says so ([`Stored::withheld`]).
pub struct BundleLog {
    header: Header,
    places: Vec<Place>,
    /// Where the last event ends.
    end: u64,
    streams: BTreeMap<StreamId, Vec<u32>>,
    withheld: Redactions,
    source: Mutex<Box<dyn Source>>,
}

impl BundleLog {
    /// Opens a bundle and checks it; `flaw` may find more in an event than the chain does.
    ///
    /// # Errors
    /// When it is not a bundle, or the first event that is not what was written.
    pub fn open(path: &Path, flaw: impl Fn(&Stored) -> Option<String>) -> Result<Self, BundleError> {
        Self::read(File::open(path)?, flaw)
    }

    /// The same, of anything that can be read in place.
    ///
    /// # Errors
    /// As [`BundleLog::open`].
    pub fn read(
        mut source: impl Read + Seek + Send + 'static,
        flaw: impl Fn(&Stored) -> Option<String>,
    ) -> Result<Self, BundleError> {
        let mut reader = BundleReader::begin(BufReader::new(&mut source))?;
        let (mut places, mut streams) = (Vec::new(), BTreeMap::<StreamId, Vec<u32>>::new());
        let mut withheld = Redactions::default();
        let mut offset = reader.offset();
        while let Some(event) = reader.next_event()? {
            let (position, stream) = (event.position, &event.record.stream);
            if let Some(what) = flaw(&event) {
                return Err(VerifyError::Broken { position, what }.into());
            }
            if let Some(Withheld { why, .. }) = event.withheld {
                withheld.events.entry(why).or_default().push(position);
            }
            if event.withheld_reason().is_some() && !withheld.streams.contains(stream) {
                withheld.streams.insert(stream.clone());
            }
            let place = places.len() as u32;
            match streams.get_mut(stream) {
                Some(known) => known.push(place),
                None => drop(streams.insert(stream.clone(), vec![place])),
            }
            places.push(Place { offset, hash: event.hash });
            offset = reader.offset();
        }
        let header = reader.header().clone();
        Ok(Self { header, places, end: offset, streams, withheld, source: Mutex::new(Box::new(source)) })
    }

    /// What the bundle says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What it withholds.
    pub fn withheld(&self) -> &Redactions {
        &self.withheld
    }

    /// Reads the events at these places again, and that they are the ones that were checked.
    fn events(&self, places: impl Iterator<Item = usize> + Clone) -> Result<Vec<Stored>, ReadError> {
        let span = |place: usize| {
            let from = self.places[place].offset;
            let next = self.places.get(place + 1).map_or(self.end, |next| next.offset);
            (from, next - from)
        };
        if places.clone().map(|place| span(place).1).sum::<u64>() > PAGE_BYTES_MAX {
            let what = format!("some events of the bundle take more than {PAGE_BYTES_MAX} bytes together");
            return Err(ReadError::Storage(what));
        }
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = Vec::new();
        let mut read = |place: usize| {
            let (offset, length) = span(place);
            let failed = |e: std::io::Error| ReadError::Storage(e.to_string());
            bytes.resize(length as usize, 0);
            source.seek(SeekFrom::Start(offset)).map_err(failed)?;
            source.read_exact(&mut bytes).map_err(failed)?;
            let previous = place.checked_sub(1).map_or(Digest::ZERO, |before| self.places[before].hash);
            let event = line::read(&bytes).ok();
            let same = |e: &Stored| e.hash == self.places[place].hash && event_hash(previous, e) == e.hash;
            event.filter(same).ok_or_else(|| ReadError::Damaged {
                position: Position(place as u64 + 1),
                what: "it was changed while the bundle was read".to_owned(),
            })
        };
        places.map(&mut read).collect()
    }
}

fn after(place: u64) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

impl Log for BundleLog {
    fn append(&self, _append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async { Err(AppendError::ReadOnly) })
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        seen: Sequence,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>> {
        let places = self.streams.get(stream).map_or(&[][..], Vec::as_slice);
        Box::pin(async move {
            self.events(places.iter().skip(after(seen.0)).take(limit).map(|place| *place as usize))
        })
    }

    fn read_all(&self, seen: Position, limit: usize) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>> {
        Box::pin(async move { self.events((0..self.places.len()).skip(after(seen.0)).take(limit)) })
    }

    fn head(&self) -> BoxFuture<'_, Result<Head, ReadError>> {
        let hash = self.places.last().map_or(Digest::ZERO, |last| last.hash);
        Box::pin(async move { Ok(Head { position: Position(self.places.len() as u64), hash }) })
    }

    fn streams(&self, prefix: &str) -> BoxFuture<'_, Result<Vec<(StreamId, Sequence)>, ReadError>> {
        let prefix = prefix.to_owned();
        Box::pin(async move {
            let named = self.streams.iter().filter(|(name, _)| name.as_str().starts_with(&prefix));
            Ok(named.map(|(name, places)| (name.clone(), Sequence(places.len() as u64))).collect())
        })
    }
}
