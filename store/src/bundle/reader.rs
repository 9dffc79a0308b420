//! Store: reads a bundle event by event, holding each against the chain. Touches what it is handed to read.

use super::format::{BUNDLE_FORMAT, BundleError, Header};
use super::line::{self, LINE_BYTES_MAX};
use crate::record::{Digest, Position, Stored};
use crate::verify::{VerifyError, Walker};
use serde::Deserialize;
use std::io::{BufRead, Read};

/// The longest header: a few names and two hashes.
const HEADER_BYTES_MAX: usize = 64 << 10;

/// More events than any log has: four times ten thousand moves of a hundred events. Their places take 200 MB.
const EVENTS_MAX: u64 = 4_000_000;

/// More streams than any log has. Their names take up to 200 MB.
const STREAMS_MAX: usize = 200_000;

/// The events of a bundle, each checked; in memory are one line and the names of the streams.
pub struct BundleReader<R> {
    source: R,
    header: Header,
    walker: Walker,
    line: Vec<u8>,
    offset: u64,
}

/// The one member that is the same in every form.
#[derive(Deserialize)]
struct Form {
    rehome_bundle: u32,
}

impl<R: BufRead> BundleReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When it is not the header of a bundle that this program knows.
    pub fn begin(mut source: R) -> Result<Self, BundleError> {
        let not_ours = |what: &str| BundleError::NotOurs { what: line::said(what) };
        let mut line = Vec::new();
        if !next_line(&mut source, &mut line, HEADER_BYTES_MAX)? {
            return Err(not_ours("its first line does not end where a header would"));
        }
        let form: Form = serde_json::from_slice(&line).map_err(|e| not_ours(&e.to_string()))?;
        if form.rehome_bundle > BUNDLE_FORMAT {
            return Err(BundleError::NewerFormat { found: form.rehome_bundle });
        }
        let header: Header = serde_json::from_slice(&line).map_err(|e| not_ours(&e.to_string()))?;
        if header.rehome_bundle != BUNDLE_FORMAT {
            return Err(not_ours("no program has written this format"));
        }
        if header.head.position == 0 && header.head.hash != Digest::ZERO.to_string() {
            return Err(not_ours("it has no events, and names the hash of one"));
        }
        if header.head.position > EVENTS_MAX {
            return Err(BundleError::TooMany { what: "events", max: EVENTS_MAX });
        }
        match &header.anchor {
            Some(anchor) if anchor.log != header.head.log => {
                return Err(not_ours("its head and its anchor are of two logs"));
            }
            Some(_) | None => {}
        }
        let (walker, offset) = (Walker::new(header.anchor.clone()), line.len() as u64);
        Ok(Self { source, header, walker, line, offset })
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Where in the file the next line begins.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next event, when it follows the one before; none after the last, when it is the one that the header
    /// names.
    ///
    /// # Errors
    /// The first event that is not what was written.
    pub fn next_event(&mut self) -> Result<Option<Stored>, BundleError> {
        let (before, last) = (self.walker.head(), self.header.head.position);
        let position = Position(before.position.0 + 1);
        let broken = |what: String| VerifyError::Broken { position, what }.into();
        self.line.clear();
        let whole = next_line(&mut self.source, &mut self.line, LINE_BYTES_MAX)?;
        if self.line.is_empty() {
            return if before.position.0 < last {
                Err(broken(format!("it is missing, and the bundle says that it ends with event {last}")))
            } else {
                std::mem::replace(&mut self.walker, Walker::new(None)).end()?;
                Ok(None)
            };
        }
        if position.0 > last {
            return Err(broken(format!("the bundle says that it ends with event {last}")));
        }
        if !whole {
            return Err(broken("its line is cut off, or longer than any event's".to_owned()));
        }
        let event = line::read(&self.line).map_err(|what| broken(format!("its line is damaged: {what}")))?;
        self.walker.take(&event)?;
        if position.0 == last && event.hash.to_string() != self.header.head.hash {
            return Err(broken("its hash is not the one that the bundle ends with".to_owned()));
        }
        if self.walker.streams() > STREAMS_MAX {
            return Err(BundleError::TooMany { what: "streams", max: STREAMS_MAX as u64 });
        }
        self.offset += self.line.len() as u64;
        Ok(Some(event))
    }
}

/// Reads one line of at most so many bytes; whether it ends with a line feed.
fn next_line(source: &mut impl BufRead, line: &mut Vec<u8>, bytes_max: usize) -> std::io::Result<bool> {
    source.take(bytes_max as u64).read_until(b'\n', line)?;
    Ok(line.last() == Some(&b'\n'))
}
