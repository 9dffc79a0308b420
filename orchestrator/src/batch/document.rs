//! Engine: the document that is planned, approved and run as a whole: a batch of runs. Pure.

use crate::activity::Workflow;
use crate::approval::{ApprovalError, ApprovalPolicy, Subject};
use crate::batch::event::{FORMAT_VERSION, is_readable};
use crate::batch::rollout::Rollout;
use crate::fault::Fault;
use crate::ids::{RunId, is_name};
use crate::json::{Json, as_value, of_value};
use crate::plan::{ObjectDigest, Plan, PlanError};
use crate::recovery::history::HistoryError;
use rehome_store::AppendError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// The plans of several runs, as one file that a person approves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The version of the document's form.
    pub format_version: String,
    /// The name of the batch.
    pub batch: String,
    /// What else it says of the batch, for people and for the program that made it.
    pub about: Value,
    /// The runs.
    #[serde(rename = "moves")]
    pub runs: Vec<PlannedRun>,
    /// How the runs are let loose; all at once where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// Whose approvals count; where it is absent, those of whoever says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalPolicy>,
}

/// One run of a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedRun {
    /// Its name.
    pub run: RunId,
    /// What else the document says of it. This and what follows is text, because a tree takes many times its memory.
    #[serde(serialize_with = "as_value", deserialize_with = "of_value")]
    pub about: Json,
    /// What a person asked for.
    #[serde(serialize_with = "as_value", deserialize_with = "of_value")]
    pub params: Json,
    /// What was read before the plan was made.
    #[serde(serialize_with = "as_value", deserialize_with = "of_value")]
    pub facts: Json,
    /// The plan.
    pub plan: Plan,
}

impl PlannedRun {
    /// The run that a workflow plans from what a person asked for and what was read.
    ///
    /// # Errors
    /// When no plan can be made, or the parameters or facts are no JSON.
    pub fn of<W: Workflow>(run: RunId, params: &W::Params, facts: &W::Facts) -> Result<Self, Fault> {
        let plan = W::plan(params, facts)?;
        let (params, facts) = (Json::sorted(params), Json::sorted(facts));
        Ok(Self { run, about: Json::of(&()), params, facts, plan })
    }
}

/// Whether recording changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// It is now in the log.
    Recorded,
    /// It was in the log before.
    AlreadyThere,
}

/// Why a document was not recorded. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The document has a form of the future.
    #[error("the document has format {0}, and this program knows {FORMAT_VERSION}")]
    Format(String),
    /// A plan breaks a rule.
    #[error("the plan of {run} breaks a rule")]
    Plan {
        /// The run.
        run: RunId,
        /// The rule.
        source: PlanError,
    },
    /// Two runs of one name, or none.
    #[error("a document names each of its moves once, and has at least one: {0}")]
    Runs(String),
    /// Waves that do not share out the runs.
    #[error("the waves of a document share out its moves: {0}")]
    Wave(String),
    /// Approvers that cannot be.
    #[error("the approvers of a document cannot be: {0}")]
    Approvers(String),
    /// A signed approval that does not count.
    #[error("the approval does not count")]
    Approval(#[from] ApprovalError),
    /// A name that is none.
    #[error(
        "{0:?} is no name: a batch and a move are called by 1 to 64 letters, digits, hyphens, underscores and dots"
    )]
    Name(String),
    /// Another document of the batch is under way.
    #[error("batch {batch} is under way with another plan: {run} has begun and is not closed")]
    UnderWay {
        /// The batch.
        batch: String,
        /// A run that has begun.
        run: RunId,
    },
    /// A run of that name is in the log, with another plan.
    #[error("the log has a move called {0} from another plan")]
    Taken(RunId),
    /// It cannot follow where the batch stands.
    #[error("batch {batch} refuses that: {because}")]
    Refused {
        /// The batch.
        batch: String,
        /// Why.
        because: String,
    },
    /// There is no such batch.
    #[error("the log has no batch called {0}")]
    NoBatch(String),
    /// The log could not be read.
    #[error("failed to read the record of the batch")]
    History(#[from] HistoryError),
    /// The log could not be written.
    #[error("failed to append to the log")]
    Append(#[from] AppendError),
}

impl Document {
    /// A document that says nothing else of its batch.
    pub fn new(batch: impl Into<String>, runs: Vec<PlannedRun>) -> Self {
        let format_version = FORMAT_VERSION.to_owned();
        Self { format_version, batch: batch.into(), about: Value::Null, runs, rollout: None, approval: None }
    }

    /// A document of one run, planned now; the batch and the run have the same name.
    ///
    /// # Errors
    /// When no plan can be made; [`Document::approve`] checks the rest.
    pub fn of_one<W: Workflow>(name: &str, params: &W::Params, facts: &W::Facts) -> Result<Self, Fault> {
        Ok(Self::new(name, vec![PlannedRun::of::<W>(RunId::new(name), params, facts)?]))
    }

    /// The digest that a person approves: SHA-256 of the document's RFC 8785 form.
    pub fn digest(&self) -> String {
        let mut members = ObjectDigest::default();
        members.member("about", &self.about);
        if let Some(approval) = &self.approval {
            members.member("approval", approval);
        }
        members.member("batch", &self.batch);
        members.member("format_version", &self.format_version);
        members.begin_list("moves");
        self.runs.iter().for_each(|run| members.item(run));
        members.end_list();
        if let Some(rollout) = &self.rollout {
            members.member("rollout", rollout);
        }
        members.finish()
    }

    /// Checks the rules of a document and of its plans.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), BatchError> {
        if !is_readable(&self.format_version) {
            return Err(BatchError::Format(self.format_version.clone()));
        }
        let runs = self.runs.iter().map(|entry| entry.run.as_str());
        if let Some(none) = runs.chain([self.batch.as_str()]).find(|name| !is_name(name)) {
            return Err(BatchError::Name(none.to_owned()));
        }
        let mut names = BTreeSet::new();
        for entry in &self.runs {
            if !names.insert(&entry.run) {
                return Err(BatchError::Runs(entry.run.to_string()));
            }
            entry.plan.check().map_err(|source| BatchError::Plan { run: entry.run.clone(), source })?;
        }
        if names.is_empty() {
            return Err(BatchError::Runs("none".to_owned()));
        }
        if let Some(rollout) = &self.rollout {
            rollout.check(names.into_iter()).map_err(BatchError::Wave)?;
        }
        check_approval(self.approval.as_ref(), self.rollout.as_ref()).map_err(BatchError::Approvers)
    }

    /// What approvals of it are of; `digest` is its own.
    pub fn subject<'a>(&'a self, digest: &'a str) -> Subject<'a> {
        let waves = self.rollout.iter().flat_map(|rollout| &rollout.waves).map(|wave| wave.name.as_str());
        Subject { digest, policy: self.approval.as_ref(), waves: waves.collect() }
    }
}

/// Checks that approvers are who they can be, and that there is something that waits for them: a wave.
///
/// # Errors
/// The first rule that is broken, in words.
pub(crate) fn check_approval(
    approval: Option<&ApprovalPolicy>,
    rollout: Option<&Rollout>,
) -> Result<(), String> {
    match (approval, rollout) {
        (Some(_), None) => Err("a document with approvers has waves".to_owned()),
        (Some(policy), Some(_)) => policy.check(),
        (None, _) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::Needed;
    use crate::batch::rollout::{Wave, WaveRelease};
    use crate::plan::digest;

    #[test]
    fn a_document_has_the_digest_of_what_is_written_of_it() {
        let plan = Plan { workflow: "w/1".into(), on_failure: crate::OnFailure::Park, steps: Vec::new() };
        let part = Json::of(&serde_json::json!({"b": [1.50, "é"], "a": {}}));
        let run = |name: &str| PlannedRun {
            run: RunId::new(name),
            about: part.clone(),
            params: part.clone(),
            facts: part.clone(),
            plan: plan.clone(),
        };
        for runs in [vec![], vec![run("m-1")], vec![run("m-2"), run("m-1")]] {
            let waves = |run: &PlannedRun| Wave {
                name: run.run.to_string(),
                runs: vec![run.run.clone()],
                after_ms: 1,
                release: WaveRelease::ByHand,
                rehearsal: false,
            };
            let rollout = Rollout::of(runs.iter().map(waves).collect());
            let mut document = Document::new("batch", runs);
            let policy = ApprovalPolicy {
                approvers: Vec::new(),
                needed: Needed { waves: 1, cleanup: 2 },
                author_may_approve: false,
                author: vec!["ada".to_owned()],
            };
            for (rollout, approval) in [(None, None), (Some(rollout), Some(policy))] {
                (document.rollout, document.approval) = (rollout, approval);
                assert_eq!(document.digest(), digest(&document));
            }
        }
    }
}
