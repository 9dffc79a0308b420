//! Store: what one event looks like to the log, which knows nothing of its meaning. Touches nothing.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// The place of an event in the one order of the whole log; the first is 1, and 0 is before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub u64);

/// The place of an event in its stream; the first is 1, and 0 means that the stream is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequence(pub u64);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of a stream, 1 to 1,024 bytes without a zero byte. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(Arc<str>);

impl StreamId {
    /// Names a stream. Whether the name keeps the rules is found when something is appended to it.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A SHA-256 digest, written as lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// What the first event is chained to.
    pub const ZERO: Self = Self([0; 32]);
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An event that is to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its stream.
    pub stream: StreamId,
    /// What kind of event it is, 1 to 1,024 bytes.
    pub kind: Cow<'static, str>,
    /// The version of that kind's shape, from 1.
    pub version: u16,
    /// When it was decided, in milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Who caused it, as they call themselves, 1 to 1,024 bytes.
    pub actor: Arc<str>,
    /// What it says, at most 16 MiB; stored as it is and never encoded again.
    pub body: Vec<u8>,
}

/// An event that is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its place in the log.
    pub position: Position,
    /// Its place in its stream.
    pub sequence: Sequence,
    /// What was appended.
    pub record: Record,
    /// Sixteen random bytes, so that a redacted body cannot be guessed from its digest.
    pub salt: [u8; 16],
    /// The hash of this event, which binds it to the one before.
    pub hash: Digest,
    /// What stands for salt and body where they are withheld, as they may be in a bundle and never in a log.
    pub withheld: Option<Withheld>,
}

impl Stored {
    /// Why nothing of the body can be read, where that is so. A masked body can be read but for its credential.
    pub fn withheld_reason(&self) -> Option<Why> {
        self.withheld.map(|withheld| withheld.why).filter(|why| *why != Why::Masked)
    }
}

/// What a bundle has of a salt and a body that are not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// Why they are not there.
    pub why: Why,
    /// The digest of both, which is in the event's hash.
    pub digest: Digest,
}

/// Why the body of an event is withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The event is of another move than the bundle was made for.
    NotSelected,
    /// Something in it is nobody else's business.
    Redacted,
    /// A credential is in it. What is there for a body is the rest, which the chain does not prove.
    Masked,
}

impl Why {
    /// All reasons.
    pub const ALL: [Self; 3] = [Self::NotSelected, Self::Redacted, Self::Masked];
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSelected => "not selected",
            Self::Redacted => "redacted",
            Self::Masked => "told without a credential",
        })
    }
}
