//! Store: writes a bundle, and checks the chain of what it writes. Touches what it is handed to write to.

use super::format::{BundleError, Header};
use super::line;
use crate::chain::body_digest;
use crate::log::Head;
use crate::record::{Position, Stored, Why, Withheld};
use crate::verify::{VerifyError, Walker};
use std::io::Write;

/// How much of an event a bundle shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disclosure {
    /// Everything.
    Whole,
    /// Salt and body are withheld, because the event was not selected.
    NotSelected,
    /// Salt and body are withheld, because of what the body says.
    Redacted,
    /// The same, because of a credential; this is the body without it, as text.
    Masked(String),
}

impl Disclosure {
    /// Why it is less than everything.
    pub fn why(&self) -> Option<Why> {
        match self {
            Self::Whole => None,
            Self::NotSelected => Some(Why::NotSelected),
            Self::Redacted => Some(Why::Redacted),
            Self::Masked(_) => Some(Why::Masked),
        }
    }
}

/// Writes a bundle, event by event.
pub struct BundleWriter<W> {
    to: W,
    walker: Walker,
    end: Head,
}

impl<W: Write> BundleWriter<W> {
    /// Begins a bundle that ends with this head.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(mut to: W, header: &Header, end: Head) -> Result<Self, BundleError> {
        serde_json::to_writer(&mut to, header).map_err(std::io::Error::from)?;
        to.write_all(b"\n")?;
        Ok(Self { to, walker: Walker::new(header.anchor.clone()), end })
    }

    /// Writes the next event.
    ///
    /// # Errors
    /// When it is not what was once appended, or cannot be written.
    pub fn put(&mut self, mut event: Stored, shown: Disclosure) -> Result<(), BundleError> {
        self.walker.take(&event)?;
        let Some(why) = shown.why() else { return Ok(line::write(&event, &mut self.to)?) };
        let told = if let Disclosure::Masked(told) = shown { told } else { String::new() };
        event.withheld = Some(Withheld { why, digest: body_digest(&event.salt, &event.record.body) });
        (event.salt, event.record.body) = ([0; 16], told.into_bytes());
        Ok(line::write(&event, &mut self.to)?)
    }

    /// Whether all events are written.
    pub fn is_full(&self) -> bool {
        self.walker.head().position >= self.end.position
    }

    /// Ends the bundle, and gives back what it was written to.
    ///
    /// # Errors
    /// When events are missing, or the log is not what its anchor knows of.
    pub fn end(mut self) -> Result<W, BundleError> {
        let (found, head) = (self.walker.head(), self.end);
        if found != head {
            let position = Position(found.position.0 + 1);
            return Err(
                VerifyError::Broken { position, what: "it is missing from the log".to_owned() }.into()
            );
        }
        self.walker.end()?;
        self.to.flush()?;
        Ok(self.to)
    }
}
