//! Engine: events as the log's bytes, and back, each kind with its own version. Pure.

use crate::batch::{BatchEvent, BatchRequested};
use crate::run::event::{Event, Planned, Requested};
use crate::run::hold::HoldEvent;
use rehome_store::{Stored, Why};
use serde::Serialize;
use std::sync::Arc;

/// Why an event cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The kind or its version is from a newer program.
    #[error("this program does not know events of kind {kind:?} version {version}; use a newer one")]
    Unknown {
        /// The kind.
        kind: String,
        /// Its version.
        version: u16,
    },
    /// The body does not fit its kind.
    #[error("an event of kind {kind:?} version {version} has a body that does not fit")]
    Body {
        /// The kind.
        kind: String,
        /// Its version.
        version: u16,
        /// What does not fit.
        source: serde_json::Error,
    },
    /// The event is from a bundle that does not have its body.
    #[error("the bundle withholds what the event of kind {kind:?} says ({why})")]
    Withheld {
        /// The kind.
        kind: String,
        /// Why.
        why: Why,
    },
}

/// An event with everything that the log knows about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<E> {
    /// Its place in the log.
    pub position: u64,
    /// Its place in its stream.
    pub sequence: u64,
    /// When it was decided, in milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Who caused it.
    pub actor: Arc<str>,
    /// What happened.
    pub event: E,
}

/// What can be kept in a log.
pub trait Recorded: Sized {
    /// The name of its kind and the version of its shape.
    fn kind(&self) -> (&'static str, u16);
    /// Its bytes.
    fn encode(&self) -> Vec<u8>;
    /// Reads it back.
    ///
    /// # Errors
    /// When the kind is unknown or the body does not fit.
    fn decode(kind: &str, version: u16, body: &[u8]) -> Result<Self, CodecError>;
}

impl<E: Recorded> Entry<E> {
    /// Reads a stored event.
    ///
    /// # Errors
    /// When the kind is unknown, the body does not fit or is withheld.
    pub fn read(stored: &Stored) -> Result<Self, CodecError> {
        let record = &stored.record;
        if let Some(why) = stored.withheld_reason() {
            return Err(CodecError::Withheld { kind: record.kind.clone().into_owned(), why });
        }
        Ok(Self {
            position: stored.position.0,
            sequence: stored.sequence.0,
            at_ms: record.at_ms,
            actor: record.actor.clone(),
            event: E::decode(&record.kind, record.version, &record.body)?,
        })
    }
}

fn bytes(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("events have text keys")
}

/// The body as text: looked at once as a whole, which costs a fraction of looking at each text in it.
fn text(body: &[u8]) -> Result<&str, serde_json::Error> {
    std::str::from_utf8(body).map_err(serde::de::Error::custom)
}

macro_rules! recorded {
    ($enum:ident { $(
        $variant:ident = $kind:literal / $version:literal $(or $newer:literal when $newly:path)*
    ),+ $(,)? }) => {
        impl Recorded for $enum {
            fn kind(&self) -> (&'static str, u16) {
                match self { $(
                    $(Self::$variant(body) if $newly(body) => ($kind, $newer),)*
                    Self::$variant(_) => ($kind, $version)
                ),+ }
            }

            fn encode(&self) -> Vec<u8> {
                match self { $(Self::$variant(body) => bytes(body)),+ }
            }

            fn decode(kind: &str, version: u16, body: &[u8]) -> Result<Self, CodecError> {
                let read = match (kind, version) {
                    $(($kind, $version) $(| ($kind, $newer))* => text(body).and_then(serde_json::from_str).map(Self::$variant),)+
                    _ => return Err(CodecError::Unknown { kind: kind.to_owned(), version }),
                };
                read.map_err(|source| CodecError::Body { kind: kind.to_owned(), version, source })
            }
        }
    };
}

recorded!(Event {
    Planned = "planned" / 1 or 2 when Planned::has_propagation_delay,
    Approved = "approved" / 1,
    Compared = "compared" / 1,
    Began = "began" / 1,
    Accepted = "accepted" / 1,
    Ended = "ended" / 1,
    Probed = "probed" / 1,
    Waiting = "waiting" / 1,
    TimerSet = "timed" / 1,
    WaitCompleted = "reached" / 1,
    Checked = "checked" / 1,
    Parked = "parked" / 1,
    HeldUp = "held_up" / 1,
    RollbackStarted = "turned" / 1,
    Requested = "asked" / 1 or 2 when Requested::is_newer,
    RollbackVerified = "proved" / 1,
    Closed = "closed" / 1,
    Restored = "restored" / 1,
    Observed = "recalled" / 1,
    Reconciled = "reconciled" / 1,
    Taken = "taken" / 1,
});

recorded!(HoldEvent {
    Held = "held" / 1,
});

recorded!(BatchEvent {
    Planned = "batch_planned" / 1,
    Approved = "batch_approved" / 1,
    Signed = "batch_signed" / 1,
    Opened = "opened" / 1,
    Restored = "batch_restored" / 1,
    Requested = "batch_asked" / 1 or 4 when BatchRequested::is_of_gates or 3 when BatchRequested::is_of_shares or 2 when BatchRequested::is_newer,
    WaveReleased = "wave_released" / 1,
    WavePassed = "wave_passed" / 1,
    RunFailed = "run_failed" / 1,
    Heard = "batch_heard" / 1,
    Told = "told" / 1,
    RunnerGone = "runner_gone" / 1,
    DriftChecked = "drift_checked" / 1,
});
