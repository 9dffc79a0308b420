//! Engine: what an approver signs: an approval, a rejection, or that one is withdrawn; a small text in canonical JSON. Pure.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a signature of an approval is made for (the namespace of `ssh-keygen -Y sign`), so that it is one of nothing else.
pub const NAMESPACE: &str = "approval@rehome";

/// The form of statements that this program writes.
const FORMAT_VERSION: &str = "1.0";

/// What an approval is good for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ApprovalScope {
    /// Every wave, `waves`.
    Waves,
    /// One wave, `wave:NAME`.
    Wave(String),
    /// What is behind the gate of every run, `cleanup`.
    CleanUp,
}

impl ApprovalScope {
    /// Whether an approval of this is one of that.
    pub fn covers(&self, that: &Self) -> bool {
        self == that || matches!((self, that), (Self::Waves, Self::Wave(_)))
    }
}

impl fmt::Display for ApprovalScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waves => f.write_str("waves"),
            Self::Wave(name) => write!(f, "wave:{name}"),
            Self::CleanUp => f.write_str("cleanup"),
        }
    }
}

impl std::str::FromStr for ApprovalScope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match (text, text.strip_prefix("wave:")) {
            ("waves", _) => Ok(Self::Waves),
            ("cleanup", _) => Ok(Self::CleanUp),
            (_, Some(name)) if crate::ids::is_name(name) => Ok(Self::Wave(name.to_owned())),
            _ => Err(format!("{text:?} is no scope: there are waves, wave:NAME and cleanup")),
        }
    }
}

impl TryFrom<String> for ApprovalScope {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ApprovalScope> for String {
    fn from(scope: ApprovalScope) -> Self {
        scope.to_string()
    }
}

/// What somebody says of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalWord {
    /// It may go on.
    #[default]
    Approve,
    /// It may not, whoever else approves it, until they say something else.
    Reject,
    /// What they said before holds no longer, and they say nothing in its place.
    Withdraw,
}

impl ApprovalWord {
    fn is_approval(&self) -> bool {
        *self == Self::Approve
    }
}

/// What somebody approves, rejects, or no longer does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalStatement {
    /// The version of the form of statements.
    pub format_version: String,
    /// What they say of it. A program that knows no other word than an approval takes no statement that has another.
    #[serde(default, skip_serializing_if = "ApprovalWord::is_approval")]
    pub word: ApprovalWord,
    /// The batch.
    pub batch: String,
    /// The digest of the document that they saw.
    pub plan: String,
    /// What of it.
    pub scope: Vec<ApprovalScope>,
    /// What they are called.
    pub approver: String,
    /// Why.
    pub reason: String,
    /// What it is called elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// When, in milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Until when an approval counts, in milliseconds since 1970 UTC. Another word has to be in the log until then, and
    /// holds from there on.
    pub expires_at_ms: i64,
}

impl ApprovalStatement {
    /// The version of the form of statements that this program writes.
    pub fn format() -> String {
        FORMAT_VERSION.to_owned()
    }

    /// The text that is signed: RFC 8785.
    ///
    /// # Panics
    /// Never: a statement is made of texts and whole numbers.
    pub fn text(&self) -> String {
        serde_json_canonicalizer::to_string(self).expect("texts and whole numbers")
    }

    /// Reads the text that was signed; nothing where it is written in another way than [`Self::text`] does.
    pub fn parse(text: &str) -> Option<Self> {
        let statement: Self = serde_json::from_str(text).ok()?;
        let is_known = statement.format_version == FORMAT_VERSION && !statement.scope.is_empty();
        (is_known && statement.text() == text).then_some(statement)
    }
}

/// What somebody approves, with their signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedApproval {
    /// The text that was signed.
    pub statement: String,
    /// The signature, as `ssh-keygen -Y sign` writes it for [`NAMESPACE`].
    pub signature: String,
}
