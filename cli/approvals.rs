//! CLI: where the signed approvals of batches stand, and why one does not count, as people and programs read it. Reads the log.

use crate::error::{CliError, Exit, causes};
use crate::hint::file;
use crate::store;
use rehome_orchestrator::{
    ApprovalError, ApprovalPolicy, ApprovalScope, ApprovalStanding, ApprovalWord, BatchError, BatchLoaded,
    BatchState,
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
    /// Who has rejected it, with why; while there is one, it is not approved.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) rejected: Vec<RejectedView>,
}

/// Who has rejected something.
#[derive(Debug, Serialize)]
pub(crate) struct RejectedView {
    pub(crate) by: String,
    pub(crate) reason: String,
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
        let view = |scope: ApprovalScope| ScopeView::of(state, scope, now_ms);
        Self {
            self_declared: state.planned().approval.is_none(),
            scopes: state.scopes().filter_map(view).collect(),
        }
    }

    /// What is missing, a line for each part that it is missing of.
    pub(crate) fn missing(&self) -> impl Iterator<Item = String> {
        self.scopes
            .iter()
            .filter(|scope| scope.is_lacking())
            .map(|of| format!("{}: {}", of.scope, of.words()))
    }
}

impl ScopeView {
    /// Where a part stands; nothing where no signature is asked for.
    fn of(state: &BatchState, scope: ApprovalScope, now_ms: i64) -> Option<Self> {
        let ApprovalStanding { have, needed, missing, rejected } = state.standing(&scope, now_ms)?;
        let said = |by: String| RejectedView { reason: reason(state, &scope, &by), by };
        let rejected = rejected.into_iter().map(said).collect();
        Some(Self { scope, needed, have: have.len(), approved_by: have, missing, rejected })
    }

    /// Whether it is not approved.
    fn is_lacking(&self) -> bool {
        !self.rejected.is_empty() || self.have < usize::try_from(self.needed).unwrap_or(usize::MAX)
    }

    /// `1 of 2, by jonas; lena, mira can approve it`
    fn words(&self) -> String {
        let Self { needed, have, approved_by, missing, rejected, .. } = self;
        if !rejected.is_empty() {
            let said = rejected.iter().map(|of| format!("{}: {}", of.by, of.reason));
            return format!("rejected by {}", said.collect::<Vec<_>>().join("; "));
        }
        let by =
            if approved_by.is_empty() { String::new() } else { format!(", by {}", approved_by.join(", ")) };
        format!("{have} of {needed} approvals{by}; {} can give one", missing.join(", "))
    }
}

/// Why somebody rejected that last.
fn reason(state: &BatchState, scope: &ApprovalScope, by: &str) -> String {
    let said = state.approvals().map(|approval| &approval.statement);
    let rejects = said.filter(|of| of.word == ApprovalWord::Reject && of.approver == by);
    let last = rejects.filter(|of| of.scope.iter().any(|said| said.covers(scope))).max_by_key(|of| of.at_ms);
    last.map(|of| of.reason.clone()).unwrap_or_default()
}

/// What a part of a batch waits for, in words.
pub(crate) fn words(state: &BatchState, scope: ApprovalScope, now_ms: i64) -> String {
    ScopeView::of(state, scope, now_ms).map_or_else(|| SELF_DECLARED.to_owned(), |view| view.words())
}

/// What records another word of whoever rejected something.
pub(crate) fn withdraw_any() -> String {
    format!(
        "{}      # what whoever rejected it signed with approve --withdraw",
        import_command(Path::new("approval.json"))
    )
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
    let said = words(state, scope.clone(), now_ms);
    let rejected = state.standing(&scope, now_ms).is_some_and(|standing| !standing.rejected.is_empty());
    let (what, next) = match rejected {
        true => (format!("{scope} is {said}"), withdraw_any()),
        false => (format!("{scope} is not approved by enough people: {said}"), import_any()),
    };
    Err(CliError::new(Exit::Waiting, what).next(next))
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
            (Exit::Usage, "a scope is waves, wave:NAME of the plan, or cleanup")
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
