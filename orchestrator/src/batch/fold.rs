//! Engine: what each event does to a batch, and which events are legal where. Pure.

use crate::approval::{Approval, ApprovalScope};
use crate::batch::document::check_approval;
use crate::batch::event::{BatchEvent, BatchPlanned, is_readable};
use crate::batch::rollout::{WaveFailure, WaveRelease};
use crate::batch::state::{BatchState, DocumentState, WaveState};
use crate::batch::steering::Steering;
use crate::batch::told::ToldState;
use crate::ids::RunId;
use crate::run::codec::{Entry, Recorded};
use crate::run::fold::apply::Illegal;
use std::collections::BTreeSet;

/// Takes one more event into a state that may not exist yet.
///
/// # Errors
/// When the event cannot follow; the state is then as it was.
pub fn fold_batch(state: &mut Option<BatchState>, entry: &Entry<BatchEvent>) -> Result<(), Illegal> {
    let kind = entry.event.kind().0;
    let judged = match (&entry.event, state.as_mut()) {
        (BatchEvent::Planned(planned), _) => plan(planned).map(|document| match state.take() {
            None => {
                *state = Some(BatchState {
                    earlier: Vec::new(),
                    current: document,
                    told: ToldState::default(),
                    drift_checked_ms: None,
                })
            }
            Some(mut before) => {
                before.earlier.push(std::mem::replace(&mut before.current, document));
                *state = Some(before);
            }
        }),
        (_, None) => return Err(Illegal::NotPlanned { kind }),
        (BatchEvent::Approved(approved), Some(batch)) => batch.approve(&approved.digest),
        (BatchEvent::Signed(signed), Some(batch)) => {
            let judged = batch.judge(signed, entry.at_ms).map_err(|e| e.to_string());
            judged.map(|approval| batch.current.sign(entry.position, approval))
        }
        (BatchEvent::Opened(_), Some(batch)) => batch.open(entry.position),
        (BatchEvent::Restored(_), Some(_)) => Ok(()),
        (BatchEvent::Requested(requested), Some(batch)) => batch.ask(&requested.request, entry.sequence),
        (BatchEvent::WaveReleased(released), Some(batch)) => {
            batch.release(&released.wave, entry.position, entry.at_ms)
        }
        (BatchEvent::WavePassed(passed), Some(batch)) => batch.pass(&passed.wave, entry.at_ms),
        (BatchEvent::RunFailed(failed), Some(batch)) => batch.fail(&failed.run),
        (BatchEvent::Told(told), Some(batch)) => batch.told.tell(told, entry.position),
        (BatchEvent::RunnerGone(_), Some(batch)) => {
            let was_opened = batch.was_opened();
            batch.told.lose_runner(was_opened)
        }
        (BatchEvent::DriftChecked(_), Some(batch)) => batch.check_drift(entry.at_ms),
        (BatchEvent::Heard(heard), Some(batch)) => batch.hear(heard.asked),
    };
    judged.map_err(|because| Illegal::Here { kind, because })
}

fn plan(planned: &BatchPlanned) -> Result<DocumentState, String> {
    if !is_readable(&planned.format_version) {
        let version = &planned.format_version;
        return Err(format!("its plan has the form {version:?}, which this program does not know"));
    }
    let runs = planned.runs.iter().cloned().collect();
    let waves = match &planned.rollout {
        None => 0,
        Some(rollout) => {
            rollout.check(planned.runs.iter()).map_err(|broken| broken.to_string())?;
            rollout.waves.len()
        }
    };
    check_approval(planned.approval.as_ref(), planned.rollout.as_ref())?;
    Ok(DocumentState {
        planned: planned.clone(),
        runs,
        approved: false,
        approvals: Vec::new(),
        opened: None,
        waves: vec![WaveState::default(); waves],
        failed: BTreeSet::new(),
        failures: 0,
        steering: Steering::default(),
    })
}

impl DocumentState {
    /// Takes in an approval, or another word of an approver. A rejection holds whatever the time is.
    fn sign(&mut self, position: u64, approval: Approval) {
        self.approvals.push((position, approval));
        let waves = self.planned.rollout.iter().flat_map(|rollout| &rollout.waves);
        let scopes: Vec<ApprovalScope> = waves.map(|wave| ApprovalScope::Wave(wave.name.clone())).collect();
        for (nth, scope) in scopes.iter().enumerate() {
            let standing = self.standing(scope, u64::MAX, i64::MAX);
            self.waves[nth].rejected = standing.is_some_and(|standing| !standing.rejected.is_empty());
        }
    }
}

impl BatchState {
    fn approve(&mut self, digest: &str) -> Result<(), String> {
        if self.current.planned.digest != digest || self.current.approved {
            return Err("it approves another plan than the last one, or one that is approved".to_owned());
        }
        self.current.approved = true;
        Ok(())
    }

    fn open(&mut self, position: u64) -> Result<(), String> {
        if !self.current.approved {
            return Err("a program works on a plan that nobody approved".to_owned());
        }
        self.current.opened.get_or_insert(position);
        self.told.open();
        Ok(())
    }

    /// The place of a wave.
    pub(super) fn wave(&self, name: &str) -> Result<usize, String> {
        let found = self.waves().position(|(wave, _)| wave.name == name);
        found.ok_or_else(|| format!("it has no wave called {name:?}"))
    }

    fn check_drift(&mut self, at_ms: i64) -> Result<(), String> {
        if self.current.opened.is_none() {
            return Err("nobody has worked on what is looked at again".to_owned());
        }
        self.drift_checked_ms = Some(at_ms);
        Ok(())
    }

    /// Whether a program ever worked on it.
    fn was_opened(&self) -> bool {
        self.earlier.iter().chain([&self.current]).any(|document| document.opened.is_some())
    }

    /// The place of a wave that is not let loose yet.
    pub(super) fn kept(&self, name: &str) -> Result<usize, String> {
        let nth = self.wave(name)?;
        match self.current.waves[nth].is_released() {
            true => Err(format!("wave {name:?} was let loose before")),
            false => Ok(nth),
        }
    }

    /// A run failed that did not before.
    fn fail(&mut self, run: &RunId) -> Result<(), String> {
        let DocumentState { planned, waves, failed, failures, .. } = &mut self.current;
        let found = planned.rollout.as_ref().and_then(|rollout| Some((rollout, rollout.wave_of(run)?)));
        let Some((rollout, nth)) = found.filter(|_| failed.insert(run.clone())) else {
            return Err(format!("{run} is in no wave, or failed before"));
        };
        *failures += 1;
        waves[nth].failures += 1;
        waves[nth].stopped |= rollout.on_failure == WaveFailure::Pause;
        waves[nth].turned |= rollout.on_failure == WaveFailure::RollBack;
        Ok(())
    }

    fn release(&mut self, name: &str, position: u64, at_ms: i64) -> Result<(), String> {
        let nth = self.kept(name)?;
        let (wave, state) = self.waves().nth(nth).ok_or("it has no such wave")?;
        let by_hand = wave.release == WaveRelease::ByHand;
        if !self.current.approved || state.held || by_hand && !state.asked {
            return Err(format!("nobody lets wave {name:?} loose"));
        }
        if self
            .current
            .standing(&ApprovalScope::Wave(name.to_owned()), position, at_ms)
            .is_some_and(|s| !s.is_enough())
        {
            return Err(format!("wave {name:?} has not the approvals that it needs"));
        }
        if nth.checked_sub(1).is_some_and(|before| self.current.waves[before].passed_ms.is_none()) {
            return Err(format!("the wave before {name:?} is not through"));
        }
        self.current.waves[nth].released = Some(position);
        Ok(())
    }

    fn pass(&mut self, name: &str, at_ms: i64) -> Result<(), String> {
        let nth = self.wave(name)?;
        let asks = self.asks(nth);
        let wave = &mut self.current.waves[nth];
        if asks || !wave.is_released() || wave.passed_ms.is_some() {
            return Err(format!("wave {name:?} was not let loose, is stopped, or was through before"));
        }
        wave.passed_ms = Some(at_ms);
        Ok(())
    }
}
