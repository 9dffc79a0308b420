//! Engine: what went wrong, as data that the log keeps. Touches nothing.

use crate::secrets::without_secrets;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Deref, DerefMut};

/// What sort of trouble it was; decides advice, grouping and reading again, never writing again (that is the outcome's).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Asked too often.
    Throttled,
    /// The other side is out of order for now.
    Unavailable,
    /// Something made before is not known everywhere yet.
    NotReady,
    /// The caller lacks a right.
    Denied,
    /// A lock or a policy forbids it.
    Blocked,
    /// Somebody else works on the same thing, or it changed meanwhile.
    Conflict,
    /// The request itself is wrong.
    Invalid,
    /// Something that was named does not exist.
    Missing,
    /// No answer, or half of one.
    Broken,
    /// A limit of the engine was reached.
    GaveUp,
    /// The world differs from what was expected.
    Differs,
    /// A fault of this program.
    Bug,
}

impl FaultKind {
    /// Whether trouble of this sort goes away by itself: what only reads is then tried again.
    pub fn is_passing(self) -> bool {
        match self {
            Self::Throttled | Self::Unavailable | Self::NotReady | Self::Broken => true,
            Self::Denied
            | Self::Blocked
            | Self::Conflict
            | Self::Invalid
            | Self::Missing
            | Self::GaveUp
            | Self::Differs
            | Self::Bug => false,
        }
    }
}

/// One fault: a cause with everything a person needs, in the fields of [`Cause`].
///
/// It is behind a pointer, because there is room for one in every step of every run and few steps have one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fault(Box<Cause>);

/// What a fault says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// The sort of trouble.
    pub kind: FaultKind,
    /// The other side's own code, or one of the engine's.
    pub code: String,
    /// What happened, in words.
    pub message: String,
    /// The thing it happened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What the caller would need for it to work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<String>,
    /// The other side's status number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The other side's name for the exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// What is not as it should be, fact by fact, where that is more than one sentence can tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
}

impl Fault {
    /// The code of a change that is somebody else's.
    pub(crate) const FOREIGN: &str = "Foreign";

    /// Whether it is that somebody else changed something.
    pub fn is_foreign(&self) -> bool {
        self.kind == FaultKind::Differs && self.code == Self::FOREIGN
    }

    /// A fault with only a kind, a code and a message. Secrets in it are hidden, here and in what else it says: a fault
    /// is recorded and printed, and often says back what somebody sent.
    pub fn new(kind: FaultKind, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Box::new(Cause {
            kind,
            code: code.into(),
            message: without_secrets(&message.into()),
            target: None,
            needs: None,
            status: None,
            correlation: None,
            differences: Vec::new(),
        }))
    }

    /// Names the thing it happened to.
    #[must_use]
    pub fn at(mut self, target: impl Into<String>) -> Self {
        self.target = Some(without_secrets(&target.into()));
        self
    }

    /// Tells what the other side said before, where this fault does not: one reason must not hide the other.
    #[must_use]
    pub fn after(mut self, said: &Self) -> Self {
        if self.code == said.code && self.message == said.message {
            return self;
        }
        let status = said.status.map_or_else(String::new, |status| format!(" ({status})"));
        self.message = format!("{}; the last answer to it was {said}{status}", self.message);
        self.target = self.target.take().or_else(|| said.target.clone());
        self.needs = self.needs.take().or_else(|| said.needs.clone());
        self.correlation = self.correlation.take().or_else(|| said.correlation.clone());
        self
    }

    /// Adds what is not as it should be, fact by fact.
    #[must_use]
    pub fn differing(mut self, differences: Vec<Difference>) -> Self {
        self.differences = differences;
        self
    }

    /// Names what is needed for it to work.
    #[must_use]
    pub fn needing(mut self, needs: impl Into<String>) -> Self {
        self.needs = Some(without_secrets(&needs.into()));
        self
    }
}

impl Deref for Fault {
    type Target = Cause;

    fn deref(&self) -> &Cause {
        &self.0
    }
}

impl DerefMut for Fault {
    fn deref_mut(&mut self) -> &mut Cause {
        &mut self.0
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Fault {}

/// One fact that is not as it was expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The name of the fact, for people and for programs.
    pub fact: String,
    /// What was expected; `None` when it was expected to be absent.
    pub expected: Option<String>,
    /// What was found; `None` when nothing was.
    pub found: Option<String>,
}

impl Difference {
    /// The same, with what was expected and found as it may be recorded.
    pub(crate) fn recorded(mut self) -> Self {
        for side in [&mut self.expected, &mut self.found] {
            *side = side.take().map(|text| without_secrets(&text));
        }
        self
    }
}
