//! CLI: the account of a batch: its parts as programs read them. Touches nothing.

use super::duties::{Duty, People};
use crate::grouped::Grouped;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The whole of it. Keys never change meaning; new ones may come.
#[derive(Debug, Serialize)]
pub(crate) struct Account {
    pub(crate) batch: String,
    /// The digest of the plan that was approved.
    pub(crate) plan: String,
    pub(crate) cloud: String,
    /// Why, as whoever approved said it.
    pub(crate) reason: String,
    /// What it is called where changes are kept, as those who signed said it.
    pub(crate) tickets: BTreeSet<String>,
    /// The files in which it was asked for, with their SHA-256.
    pub(crate) asked_in: Vec<String>,
    /// The end of the log that it was made from.
    pub(crate) log: LogEnd,
    /// The first event of the batch, and the last.
    pub(crate) from: Option<String>,
    pub(crate) until: Option<String>,
    /// The programs that worked on it, as they call themselves.
    pub(crate) programs: BTreeSet<String>,
    /// The keys that ends of the log were signed with, as the runners said, and whom the plan has keep them.
    pub(crate) signed_by: BTreeSet<String>,
    pub(crate) witnesses: Vec<String>,
    pub(crate) people: People,
    /// How many moves stand where; they add up to the population.
    pub(crate) counts: BTreeMap<&'static str, usize>,
    pub(crate) duties: Vec<Duty>,
    pub(crate) population: Vec<Member>,
    pub(crate) approvals: Vec<ApprovalRow>,
    pub(crate) access: Vec<AccessRow>,
    pub(crate) changes: Vec<ChangeRow>,
    pub(crate) checks: Vec<CheckRow>,
    pub(crate) exceptions: Vec<ExceptionRow>,
    /// What the plan warned of, and what it could not see.
    pub(crate) notices: Vec<Grouped>,
}

/// The end of a log.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LogEnd {
    pub(crate) id: String,
    pub(crate) position: u64,
    pub(crate) hash: String,
}

/// An identity of the batch.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Member {
    /// Absent where the plan leaves it out.
    #[serde(rename = "move")]
    pub(crate) run: Option<String>,
    pub(crate) identity: String,
    pub(crate) target: String,
    pub(crate) wave: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) state: &'static str,
    pub(crate) changes: usize,
    pub(crate) exceptions: usize,
    /// Why it was left out.
    pub(crate) why: String,
}

/// An approval.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ApprovalRow {
    pub(crate) position: u64,
    pub(crate) at: String,
    pub(crate) who: String,
    /// `plan`, or the name of a gate, with its move.
    pub(crate) of: String,
    pub(crate) signed: bool,
    /// The fingerprint of the key.
    pub(crate) key: String,
    pub(crate) reason: String,
    pub(crate) ticket: String,
    pub(crate) expires: String,
}

/// One kind of access of one identity, before and after.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AccessRow {
    #[serde(rename = "move")]
    pub(crate) run: String,
    pub(crate) identity: String,
    pub(crate) what: String,
    /// How much of it the old identity had, and how much of it each has now; the old one nothing where it names the identity itself.
    pub(crate) before: usize,
    pub(crate) new: usize,
    pub(crate) old: Option<usize>,
    /// What the last comparison with Azure found: `equal`, `differs`, or `not compared`.
    pub(crate) compared: &'static str,
    /// The event of that comparison.
    pub(crate) position: Option<u64>,
}

/// One attempt to change something.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ChangeRow {
    pub(crate) position: u64,
    pub(crate) at: String,
    pub(crate) who: String,
    #[serde(rename = "move")]
    pub(crate) run: String,
    pub(crate) step: String,
    pub(crate) title: String,
    /// `run` or `undo`
    pub(crate) act: String,
    pub(crate) attempt: u32,
    pub(crate) outcome: String,
    pub(crate) ended: String,
    /// What was sent, with the status of the answer.
    pub(crate) requests: String,
    /// How it is taken back.
    pub(crate) undo: String,
    pub(crate) correlation_id: String,
    pub(crate) hash: String,
    /// When Azure answered, by its own date.
    pub(crate) azure_date: String,
}

/// Something that was looked at, or that a person says they did.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CheckRow {
    pub(crate) position: u64,
    pub(crate) at: String,
    pub(crate) who: String,
    #[serde(rename = "move")]
    pub(crate) run: String,
    pub(crate) step: String,
    pub(crate) title: String,
    pub(crate) holds: bool,
    pub(crate) what: String,
}

/// Something out of the ordinary, in words.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ExceptionRow {
    pub(crate) position: u64,
    pub(crate) at: String,
    pub(crate) who: String,
    #[serde(rename = "move")]
    pub(crate) run: String,
    pub(crate) step: String,
    pub(crate) kind: &'static str,
    pub(crate) what: String,
    /// How often.
    pub(crate) times: usize,
}
