//! CLI: whether every move and every plan of a log can be read back. Reads a log or a bundle.

use crate::error::{CliError, causes};
use crate::store;
use rehome_orchestrator::{
    ApprovalStatement, ApprovalWord, BatchEvent, BatchLoaded, HistoryError, RunId, SignedApproval,
    check_order, load,
};
use rehome_store::Log;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How many could be checked, and how many are withheld in part at least.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) read: usize,
    pub(crate) withheld: usize,
}

impl Checked {
    /// Counts what was read; what could not be, for another reason than that it is withheld, is damage.
    fn count<T>(&mut self, read: Result<T, HistoryError>) -> Result<Option<T>, CliError> {
        match read {
            Ok(read) => {
                self.read += 1;
                Ok(Some(read))
            }
            Err(e) if store::is_withheld(&e) => {
                self.withheld += 1;
                Ok(None)
            }
            Err(e) => Err(store::damaged(&causes(&e))),
        }
    }
}

/// Reads every move back, event by event.
pub(crate) async fn moves(log: &dyn Log) -> Result<Checked, CliError> {
    let (mut moves, mut states) = (Checked::default(), BTreeMap::new());
    for (stream, _) in log.streams(RunId::PREFIX).await.map_err(|e| store::damaged(&causes(&e)))? {
        if let Some(run) = RunId::of_stream(&stream)
            && let Some(loaded) = moves.count(load(log, &run).await)?
        {
            states.insert(run, loaded.state);
        }
    }
    check_order(log, &states).await.map_err(|e| store::damaged(&causes(&e)))?;
    Ok(moves)
}

/// Who has approved what is in the log; that each signature is theirs was checked as their events were read.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Approvals {
    pub(crate) signed: usize,
    pub(crate) by: BTreeSet<String>,
    /// How many rejections were signed.
    #[serde(skip_serializing_if = "is_none")]
    pub(crate) rejected: usize,
    /// How many signed that what they said before holds no longer.
    #[serde(skip_serializing_if = "is_none")]
    pub(crate) withdrawn: usize,
    /// Batches whose plan names no approvers.
    pub(crate) self_declared: usize,
    /// Batches of which a bundle does not tell.
    pub(crate) withheld: usize,
}

fn is_none(many: &usize) -> bool {
    *many == 0
}

impl Approvals {
    /// Takes in what somebody signed.
    fn take(&mut self, signed: &SignedApproval) {
        let said = ApprovalStatement::parse(&signed.statement);
        match said.as_ref().map_or(ApprovalWord::Approve, |of| of.word) {
            ApprovalWord::Approve => {
                self.signed += 1;
                self.by.extend(said.map(|of| of.approver));
            }
            ApprovalWord::Reject => self.rejected += 1,
            ApprovalWord::Withdraw => self.withdrawn += 1,
        }
    }

    /// Whether every approval of every batch is signed.
    pub(crate) fn all_signed(&self) -> bool {
        self.self_declared == 0 && self.withheld == 0
    }

    /// In one line.
    pub(crate) fn words(&self) -> String {
        let by: Vec<&str> = self.by.iter().map(String::as_str).collect();
        let mut parts = Vec::new();
        if self.signed > 0 {
            parts.push(format!("{} signed, every signature good, by {}", self.signed, by.join(", ")));
        }
        let words = [(self.rejected, "rejected"), (self.withdrawn, "withdrawn")];
        parts.extend(words.iter().filter(|(many, _)| *many > 0).map(|(many, what)| format!("{many} {what}")));
        let rest = [(self.self_declared, "self-declared"), (self.withheld, "withheld")];
        parts.extend(
            rest.iter().filter(|(many, _)| *many > 0).map(|(many, what)| format!("batches {what}: {many}")),
        );
        if parts.is_empty() { "none".to_owned() } else { parts.join("; ") }
    }
}

/// Counts the approvals of every batch.
pub(crate) async fn approvals(log: &dyn Log) -> Result<Approvals, CliError> {
    let mut all = Approvals::default();
    for (stream, _) in log.streams(BatchLoaded::PREFIX).await.map_err(|e| store::damaged(&causes(&e)))? {
        let name = stream.as_str().strip_prefix(BatchLoaded::PREFIX).unwrap_or_default();
        let batch = match BatchLoaded::find(log, name).await {
            Err(e) if store::is_withheld(&e) => {
                all.withheld += 1;
                continue;
            }
            found => found.map_err(|e| store::damaged(&causes(&e)))?,
        };
        for entry in batch.iter().flat_map(|batch| &batch.entries) {
            if let BatchEvent::Signed(signed) = &entry.event {
                all.take(signed);
            }
        }
        all.self_declared += usize::from(batch.is_some_and(|batch| batch.planned().approval.is_none()));
    }
    Ok(all)
}

/// Checks that every plan has the digest that was approved.
pub(crate) async fn plans(log: &dyn Log) -> Result<Checked, CliError> {
    let mut plans = Checked::default();
    for (stream, _) in log.streams(BatchLoaded::PREFIX).await.map_err(|e| store::damaged(&causes(&e)))? {
        let name = stream.as_str().strip_prefix(BatchLoaded::PREFIX).unwrap_or_default();
        let plan = async {
            let Some(batch) = BatchLoaded::find(log, name).await? else { return Ok(None) };
            Ok(Some((batch.document(log, name).await?.digest(), batch.planned().digest.clone())))
        };
        match plans.count(plan.await)?.flatten() {
            Some((found, approved)) if found != approved => {
                let what = format!("the recorded plan of batch {name} does not have the approved digest");
                return Err(store::damaged(&what));
            }
            Some(_) | None => {}
        }
    }
    Ok(plans)
}
