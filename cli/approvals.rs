//! CLI: where the signed approvals of batches stand, and why one does not count, as people and programs read it. Reads the log.

use crate::error::{CliError, Exit, causes};
use crate::hint::file;
use crate::store;
use rehome_orchestrator::{
    ApprovalError, ApprovalPolicy, ApprovalScope, ApprovalStanding, BatchError, BatchLoaded, BatchState,
};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// What is said where nobody signs.
pub(crate) const SELF_DECLARED: &str =
    "self-declared: the plan names no approvers, and whoever approves is who they say";

/// Who has approved a part of a batch.
#[derive(Debug, Serialize)]
pub(crate) struct ScopeView {
    pub(crate) scope: ApprovalScope,
    pub(crate) needed: u32,
    /// How many of them there are.
    pub(crate) have: usize,
    pub(crate) approved_by: Vec<String>,
    /// Whose approval would count and is not there.
    pub(crate) missing: Vec<String>,
}

/// Whether a batch is approved by signatures, and by whose.
#[derive(Debug, Serialize)]
pub(crate) struct ApprovalView {
    pub(crate) self_declared: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<ScopeView>,
}

impl ApprovalView {
    pub(crate) fn of(state: &BatchState, now_ms: i64) -> Self {
        let view = |scope: ApprovalScope| {
            let ApprovalStanding { have, needed, missing } = state.standing(&scope, now_ms)?;
            Some(ScopeView { scope, needed, have: have.len(), approved_by: have, missing })
        };
        Self {
            self_declared: state.planned().approval.is_none(),
            scopes: state.scopes().filter_map(view).collect(),
        }
    }

    /// What is missing, a line for each part that it is missing of.
    pub(crate) fn missing(&self) -> impl Iterator<Item = String> {
        let lacks = |scope: &&ScopeView| scope.have < usize::try_from(scope.needed).unwrap_or(usize::MAX);
        self.scopes.iter().filter(lacks).map(|of| format!("{}: {}", of.scope, of.words()))
    }
}

impl ScopeView {
    /// `1 of 2, by jonas; lena, mira can approve it`
    fn words(&self) -> String {
        let Self { needed, have, approved_by, missing, .. } = self;
        let by =
            if approved_by.is_empty() { String::new() } else { format!(", by {}", approved_by.join(", ")) };
        format!("{have} of {needed} approvals{by}; {} can give one", missing.join(", "))
    }
}

/// What a part of a batch waits for, in words.
pub(crate) fn words(state: &BatchState, scope: ApprovalScope, now_ms: i64) -> String {
    let Some(ApprovalStanding { have, needed, missing }) = state.standing(&scope, now_ms) else {
        return SELF_DECLARED.to_owned();
    };
    ScopeView { scope, needed, have: have.len(), approved_by: have, missing }.words()
}

/// Whose approvals count for a plan, in one line.
pub(crate) fn policy_line(policy: Option<&ApprovalPolicy>) -> String {
    let Some(policy) = policy else { return SELF_DECLARED.to_owned() };
    let names: Vec<&str> = policy.counting().map(|approver| approver.name.as_str()).collect();
    let needed = policy.needed;
    format!(
        "signed: {} for each wave, {} for the clean-up, of {}",
        needed.waves,
        needed.cleanup,
        names.join(", ")
    )
}

/// What records a file of an approval.
pub(crate) fn import_command(path: &Path) -> String {
    format!("rehome approve --import {}", file(path))
}

/// The same, where nobody knows what the file is called.
pub(crate) fn import_any() -> String {
    format!("{}      # what an approver signed", import_command(Path::new("approval.json")))
}

/// Refuses what has not enough approvals.
pub(crate) fn refuse_lacking(state: &BatchState, scope: ApprovalScope, now_ms: i64) -> Result<(), CliError> {
    if !state.lacks(&scope, now_ms) {
        return Ok(());
    }
    let what = format!("{scope} is not approved by enough people: {}", words(state, scope.clone(), now_ms));
    Err(CliError::new(Exit::Waiting, what).next(import_any()))
}

/// An approval that does not count.
pub(crate) fn refused(why: &ApprovalError) -> CliError {
    let (exit, next) = match why {
        ApprovalError::NoPolicy => {
            (Exit::Usage, "name a file of approvers in the batch file (approvers), and plan again")
        }
        ApprovalError::Unreadable => (Exit::Usage, "sign it with the version of this program that planned"),
        ApprovalError::Signature(_) => (Exit::Usage, "ask for the file that approve --save wrote, as it was"),
        ApprovalError::UnknownKey(_) | ApprovalError::OtherName { .. } => {
            (Exit::NotPermitted, "sign it with a key that the plan's approvers name")
        }
        ApprovalError::Author(_) => (Exit::NotPermitted, "let somebody else approve it"),
        ApprovalError::OtherPlan { .. } => (Exit::Stale, "approve the plan that is to be run"),
        ApprovalError::UnknownScope(_) => {
            (Exit::Usage, "the plan names its waves: waves, wave:NAME or cleanup")
        }
        ApprovalError::Expired { .. } => (Exit::Stale, "approve it again"),
        ApprovalError::Known => (Exit::Done, ""),
    };
    let date = match why {
        ApprovalError::Expired { at_ms } => format!(" on {}", crate::time::date(*at_ms)),
        _ => String::new(),
    };
    CliError::new(exit, format!("the approval does not count: {}{date}", causes(why))).next(next)
}

/// The same, where it was to be recorded.
pub(crate) fn not_recorded(why: &BatchError) -> CliError {
    match why {
        BatchError::Approval(why) => refused(why),
        BatchError::NoBatch(batch) => {
            CliError::new(Exit::NotFound, format!("the log has no plan of a batch called {batch:?}"))
                .next("record the plan first, with approve PLAN.json --reason TEXT")
        }
        _ => store::write_error(why),
    }
}

/// Where the approvals of these batches stand; nothing of one that cannot be read.
pub(crate) fn of_batches(
    batches: &BTreeMap<String, BatchLoaded>,
    now_ms: i64,
) -> BTreeMap<String, ApprovalView> {
    batches.iter().map(|(name, batch)| (name.clone(), ApprovalView::of(&batch.state, now_ms))).collect()
}
