//! Engine: what each event does to a batch, and which events are legal where. Pure.

use crate::batch::event::{BatchEvent, BatchPlanned, BatchRequest, is_readable};
use crate::batch::state::{BatchState, DocumentState, WaveState};
use crate::run::codec::{Entry, Recorded};
use crate::run::fold::apply::Illegal;

/// Takes one more event into a state that may not exist yet.
///
/// # Errors
/// When the event cannot follow; the state is then as it was.
pub fn fold_batch(state: &mut Option<BatchState>, entry: &Entry<BatchEvent>) -> Result<(), Illegal> {
    let kind = entry.event.kind().0;
    let judged = match (&entry.event, state.as_mut()) {
        (BatchEvent::Planned(planned), _) => plan(planned).map(|document| match state.take() {
            None => *state = Some(BatchState { earlier: Vec::new(), current: document }),
            Some(mut before) => {
                before.earlier.push(std::mem::replace(&mut before.current, document));
                *state = Some(before);
            }
        }),
        (_, None) => return Err(Illegal::NotPlanned { kind }),
        (BatchEvent::Approved(approved), Some(batch)) => batch.approve(&approved.digest),
        (BatchEvent::Opened(_), Some(batch)) => batch.open(entry.position),
        (BatchEvent::Restored(_), Some(_)) => Ok(()),
        (BatchEvent::Requested(requested), Some(batch)) => batch.ask(&requested.request),
        (BatchEvent::WaveReleased(released), Some(batch)) => batch.release(&released.wave, entry.position),
        (BatchEvent::WavePassed(passed), Some(batch)) => batch.pass(&passed.wave, entry.at_ms),
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
    let waves = vec![WaveState::default(); waves];
    Ok(DocumentState { planned: planned.clone(), runs, approved: false, opened: None, waves })
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
        Ok(())
    }

    /// The place of a wave that is not let loose yet.
    fn kept(&self, name: &str) -> Result<usize, String> {
        let found = self.waves().position(|(wave, _)| wave.name == name);
        let nth = found.ok_or_else(|| format!("it has no wave called {name:?}"))?;
        match self.current.waves[nth].is_released() {
            true => Err(format!("wave {name:?} was let loose before")),
            false => Ok(nth),
        }
    }

    fn ask(&mut self, request: &BatchRequest) -> Result<(), String> {
        let (BatchRequest::Release(name) | BatchRequest::Hold(name)) = request;
        let nth = self.kept(name)?;
        let wave = &mut self.current.waves[nth];
        wave.asked = matches!(request, BatchRequest::Release(_));
        wave.held = !wave.asked;
        Ok(())
    }

    fn release(&mut self, name: &str, position: u64) -> Result<(), String> {
        let nth = self.kept(name)?;
        let (wave, state) = self.waves().nth(nth).ok_or("it has no such wave")?;
        let by_hand = wave.release == crate::batch::rollout::WaveRelease::ByHand;
        if !self.current.approved || state.held || by_hand && !state.asked {
            return Err(format!("nobody lets wave {name:?} loose"));
        }
        if nth.checked_sub(1).is_some_and(|before| self.current.waves[before].passed_ms.is_none()) {
            return Err(format!("the wave before {name:?} is not through"));
        }
        self.current.waves[nth].released = Some(position);
        Ok(())
    }

    fn pass(&mut self, name: &str, at_ms: i64) -> Result<(), String> {
        let found = self.waves().position(|(wave, _)| wave.name == name);
        let wave = found.map(|nth| &mut self.current.waves[nth]);
        match wave.filter(|wave| wave.is_released() && wave.passed_ms.is_none()) {
            Some(wave) => {
                wave.passed_ms = Some(at_ms);
                Ok(())
            }
            None => Err(format!("wave {name:?} was not let loose, or was through before")),
        }
    }
}
