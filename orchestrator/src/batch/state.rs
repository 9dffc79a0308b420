//! Engine: where a batch stands, as its events tell it. Holds data; the rules are in `batch/fold`.

use crate::approval::{Approval, ApprovalError, ApprovalScope, ApprovalStanding, SignedApproval, Subject};
use crate::batch::event::BatchPlanned;
use crate::batch::rollout::{Wave, WaveRelease};
use crate::batch::steering::{Pause, Steering};
use crate::batch::told::ToldState;
use crate::ids::RunId;
use crate::time::scale::TimeScale;
use std::collections::BTreeSet;

/// Where a batch stands: its documents, of which the last one counts.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchState {
    pub(crate) earlier: Vec<DocumentState>,
    pub(crate) current: DocumentState,
    pub(crate) told: ToldState,
    /// When its runs were last looked at again, in milliseconds since 1970 UTC.
    pub(crate) drift_checked_ms: Option<i64>,
}

/// Where one document of a batch stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DocumentState {
    pub(crate) planned: BatchPlanned,
    /// The same runs as in `planned`, to be looked up.
    pub(crate) runs: BTreeSet<RunId>,
    pub(crate) approved: bool,
    /// What was signed of it, each with where it is in the log.
    pub(crate) approvals: Vec<(u64, Approval)>,
    /// Where in the log a program first began to work on it.
    pub(crate) opened: Option<u64>,
    /// Where each wave stands, in their order; none where all runs are let loose at once.
    pub(crate) waves: Vec<WaveState>,
    /// The runs that ever failed.
    pub(crate) failed: BTreeSet<RunId>,
    /// How many runs failed since a person last said that it is to go on.
    pub(crate) failures: u64,
    /// What people asked of it while it is under way.
    pub(crate) steering: Steering,
}

/// Where one wave of a batch stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaveState {
    /// A person asked for it to be let loose.
    pub asked: bool,
    /// A person asked for it to be kept until they say otherwise.
    pub held: bool,
    /// Where in the log its runs were let loose.
    pub(crate) released: Option<u64>,
    /// When every run of it was through, in milliseconds since 1970 UTC.
    pub passed_ms: Option<i64>,
    /// How many of its runs failed since a person last said that it is to go on.
    pub failures: u64,
    /// One of its runs failed, and the others begin nothing new until a person says that it is to go on.
    pub stopped: bool,
    /// One of its runs failed, and the others are taken back.
    pub turned: bool,
    /// A person paused it.
    pub paused: Option<Pause>,
    /// Somebody whose approvals count rejects it.
    pub rejected: bool,
}

impl WaveState {
    /// Whether its runs may begin.
    pub fn is_released(&self) -> bool {
        self.released.is_some()
    }

    /// Whether its runs begin nothing new because one of them failed.
    pub fn has_failed(&self) -> bool {
        self.stopped || self.turned
    }
}

/// What a wave that is not let loose waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaveWait {
    /// Nothing: it is let loose, or is at once.
    Nothing,
    /// The approval of the plan.
    Approval,
    /// The wave before it, which is not through.
    Earlier,
    /// This date, in wall milliseconds since 1970: so long the wave before it has to have been through.
    Date(i64),
    /// Approvals that are signed.
    Approvals,
    /// A person who lets it loose.
    Person,
}

impl BatchState {
    /// What was planned last.
    pub fn planned(&self) -> &BatchPlanned {
        &self.current.planned
    }

    /// Whether a person allowed what was planned last.
    pub fn is_approved(&self) -> bool {
        self.current.approved
    }

    /// The waves of what was planned last, in their order, with where each stands.
    pub fn waves(&self) -> impl Iterator<Item = (&Wave, &WaveState)> {
        let waves = self.current.planned.rollout.iter().flat_map(|rollout| &rollout.waves);
        waves.zip(&self.current.waves)
    }

    /// What a wave waits for, by its place.
    pub fn wave_wait(&self, nth: usize, now_ms: i64, time_scale: TimeScale) -> WaveWait {
        let Some((wave, state)) = self.waves().nth(nth).filter(|(_, state)| !state.is_released()) else {
            return WaveWait::Nothing;
        };
        let before = nth.checked_sub(1).map(|before| self.current.waves[before].passed_ms);
        let date = match before {
            None => 0,
            Some(None) => return WaveWait::Earlier,
            Some(Some(passed_ms)) => passed_ms.saturating_add(time_scale.wall_ms(wave.after_ms)),
        };
        if !self.is_approved() {
            WaveWait::Approval
        } else if self.lacks(&ApprovalScope::Wave(wave.name.clone()), now_ms) {
            WaveWait::Approvals
        } else if state.held || wave.release == WaveRelease::ByHand && !state.asked {
            WaveWait::Person
        } else if date > now_ms {
            WaveWait::Date(date)
        } else {
            WaveWait::Nothing
        }
    }

    /// The wave that a run is in, by its place.
    pub fn wave_of(&self, run: &RunId) -> Option<usize> {
        self.current.planned.rollout.as_ref()?.wave_of(run)
    }

    /// Whether a wave, by its place, goes on only when a person says so, because of runs that failed.
    pub(crate) fn asks(&self, nth: usize) -> bool {
        let unrehearsed = |(wave, state): (&Wave, &WaveState)| wave.rehearsal && state.failures > 0;
        let stopped = self.current.waves.get(nth).is_some_and(WaveState::has_failed);
        stopped || self.failures_left(nth) == Some(0) || self.waves().nth(nth).is_some_and(unrehearsed)
    }

    /// How many more runs of a wave, by its place, may fail; any number where nothing is said.
    pub fn failures_left(&self, nth: usize) -> Option<u64> {
        let budget = self.current.planned.rollout.as_ref()?.budget;
        let of_wave = self.current.waves.get(nth).map_or(0, |wave| wave.failures);
        let left = |most: Option<u64>, failures| most.map(|most| most.saturating_sub(failures));
        [left(budget.wave, of_wave), left(budget.batch, self.current.failures)].into_iter().flatten().min()
    }

    /// Whether as many runs of the batch failed as may.
    pub fn is_spent(&self) -> bool {
        let most = self.current.planned.rollout.as_ref().and_then(|rollout| rollout.budget.batch);
        most.is_some_and(|most| self.current.failures >= most)
    }

    /// Up to which place in the log everything was told by a way; 0 where nothing was.
    pub fn told_through(&self, by: &str) -> u64 {
        self.told.through(by)
    }

    /// When its runs that are through were last looked at again, in milliseconds since 1970 UTC.
    pub fn drift_checked_ms(&self) -> Option<i64> {
        self.drift_checked_ms
    }

    /// Whether the log says that the last runner is gone.
    pub fn is_runner_gone(&self) -> bool {
        self.told.is_runner_gone()
    }

    /// The approvals that were signed for what was planned last, in their order.
    pub fn approvals(&self) -> impl Iterator<Item = &Approval> {
        self.current.approvals.iter().map(|(_, approval)| approval)
    }

    /// Who has approved that, and who else could; nothing where no signature is asked for. `now_ms` is in milliseconds
    /// since 1970 UTC.
    pub fn standing(&self, scope: &ApprovalScope, now_ms: i64) -> Option<ApprovalStanding> {
        self.current.standing(scope, u64::MAX, now_ms)
    }

    /// Whether approvals are missing before that may go on.
    pub fn lacks(&self, scope: &ApprovalScope, now_ms: i64) -> bool {
        self.standing(scope, now_ms).is_some_and(|standing| !standing.is_enough())
    }

    /// What may be approved, each by itself, in the order in which it is due.
    pub fn scopes(&self) -> impl Iterator<Item = ApprovalScope> {
        let waves = self.waves().map(|(wave, _)| ApprovalScope::Wave(wave.name.clone()));
        waves.chain([ApprovalScope::CleanUp]).filter(|_| self.planned().approval.is_some())
    }

    /// Checks an approval that somebody signed, at a time in milliseconds since 1970 UTC.
    ///
    /// # Errors
    /// When it does not count, or is there already.
    pub fn judge(&self, signed: &SignedApproval, now_ms: i64) -> Result<Approval, ApprovalError> {
        let planned = self.planned();
        let waves = self.waves().map(|(wave, _)| wave.name.as_str()).collect();
        let (digest, policy) = (planned.digest.as_str(), planned.approval.as_ref());
        let approval = Subject { digest, policy, waves }.judge(signed, now_ms)?;
        match self.approvals().any(|known| *known == approval) {
            true => Err(ApprovalError::Known),
            false => Ok(approval),
        }
    }

    /// Which part of the world's limits it may use, in percent, as was asked last or else planned.
    pub fn share(&self) -> u64 {
        let planned = || self.planned().rollout.as_ref().and_then(|rollout| rollout.share);
        self.steering().share.or_else(planned).unwrap_or(100)
    }

    /// What people asked of it, as far as it still holds.
    pub fn steering(&self) -> &Steering {
        &self.current.steering
    }

    /// Whether somebody wants this run to be left out.
    pub fn is_skipped(&self, run: &RunId) -> bool {
        self.steering().skipped.contains(run)
    }

    /// The document with this digest, of whichever time.
    pub(crate) fn document(&self, digest: &str) -> Option<&DocumentState> {
        let mut all = self.earlier.iter().chain([&self.current]);
        all.find(|document| document.planned.digest == digest)
    }
}

impl DocumentState {
    /// Who had approved that before this event, at its time.
    pub(crate) fn standing(
        &self,
        scope: &ApprovalScope,
        before: u64,
        at_ms: i64,
    ) -> Option<ApprovalStanding> {
        let earlier = self.approvals.iter().filter(|(position, _)| *position < before);
        let policy = self.planned.approval.as_ref()?;
        Some(policy.standing(earlier.map(|(_, approval)| approval), scope, at_ms))
    }

    /// Where in the log a run was let loose, if it was; nothing where all are at once.
    pub(crate) fn released(&self, run: &RunId) -> Option<Option<u64>> {
        let wave = self.planned.rollout.as_ref()?.wave_of(run)?;
        Some(self.waves[wave].released)
    }
}
