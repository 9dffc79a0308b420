//! Engine: what requests do to a batch, and what keeps its runs from beginning something new. Pure.

use crate::batch::event::BatchRequest;
use crate::batch::rollout::check_share;
use crate::batch::state::{BatchState, WaveState};
use crate::batch::steering::{Hold, HoldCause, Pause, Steering};
use crate::ids::RunId;

impl BatchState {
    /// Why runs begin nothing new now: those of a wave, by its place, or those of a batch without waves. Of several
    /// reasons the one that lasts longest.
    pub fn hold(&self, wave: Option<usize>, now_ms: i64) -> Option<Hold> {
        let state = wave.and_then(|nth| self.current.waves.get(nth));
        let Steering { paused, abandoned, .. } = self.steering();
        let because = |is: bool, cause| is.then_some(Hold { cause, until_ms: None });
        let paused = [*paused, state.and_then(|wave| wave.paused)].into_iter().flatten();
        let mut holds: Vec<Hold> = paused.filter_map(|pause| pause.hold(now_ms)).collect();
        holds.extend(because(state.is_some_and(WaveState::has_failed), HoldCause::Failure));
        holds.extend(because(state.is_some_and(|wave| wave.rejected), HoldCause::Rejected));
        holds.extend(self.window(now_ms));
        holds.extend(because(*abandoned, HoldCause::Abandoned));
        holds.into_iter().max_by_key(|hold| hold.until_ms.unwrap_or(i64::MAX))
    }

    fn window(&self, now_ms: i64) -> Option<Hold> {
        let window = self.current.planned.rollout.as_ref()?.window.as_ref()?;
        let until_ms = Some(window.closed_until(now_ms)?);
        let cause = if window.is_frozen(now_ms) { HoldCause::Freeze } else { HoldCause::Hours };
        Some(Hold { cause, until_ms })
    }

    /// Takes in what a person asks, as the event at this place of the stream.
    pub(super) fn ask(&mut self, request: &BatchRequest, sequence: u64) -> Result<(), String> {
        match request {
            BatchRequest::Release(name) | BatchRequest::Hold(name) => {
                let nth = self.kept(name)?;
                let wave = &mut self.current.waves[nth];
                wave.asked = matches!(request, BatchRequest::Release(_));
                wave.held = !wave.asked;
            }
            BatchRequest::Resume(Some(name)) => {
                let nth = self.wave(name)?;
                self.current.waves[nth].go_on();
            }
            BatchRequest::Resume(None) => {
                self.current.failures = 0;
                self.current.steering.paused = None;
                self.current.waves.iter_mut().for_each(WaveState::go_on);
            }
            BatchRequest::Pause { wave: Some(name), until_ms } => {
                let nth = self.wave(name)?;
                self.current.waves[nth].paused = Some(Pause { until_ms: *until_ms });
            }
            BatchRequest::Pause { wave: None, until_ms } => {
                self.current.steering.paused = Some(Pause { until_ms: *until_ms });
            }
            BatchRequest::Throttle(Some(0)) => return Err("no move would be at work: pause it".to_owned()),
            BatchRequest::Throttle(parallel) => self.current.steering.parallel = *parallel,
            BatchRequest::Share(percent) => {
                percent.map_or(Ok(()), check_share)?;
                self.current.steering.share = *percent;
            }
            BatchRequest::Abandon | BatchRequest::TakeUp => {
                let abandoned = *request == BatchRequest::Abandon;
                if self.current.steering.abandoned == abandoned {
                    return Err("it was given up before, or never was".to_owned());
                }
                self.current.steering.abandoned = abandoned;
            }
            BatchRequest::Skip(run) | BatchRequest::Include(run) => self.leave_out(run, request)?,
            BatchRequest::HoldCleanUp | BatchRequest::ReleaseCleanUp => {
                let held = *request == BatchRequest::HoldCleanUp;
                if self.current.steering.cleanup_held == held {
                    return Err("its clean-up is held already, or never was".to_owned());
                }
                self.current.steering.cleanup_held = held;
            }
            BatchRequest::Note => {}
        }
        self.current.steering.asked = sequence;
        Ok(())
    }

    fn leave_out(&mut self, run: &RunId, request: &BatchRequest) -> Result<(), String> {
        let known = self.current.runs.contains(run);
        let skipped = &mut self.current.steering.skipped;
        let changed = match request {
            BatchRequest::Skip(_) => known && skipped.insert(run.clone()),
            _ => skipped.remove(run),
        };
        if changed { Ok(()) } else { Err(format!("{run} is not of the batch, or stands so already")) }
    }

    /// A program at work has heard what was asked.
    pub(super) fn hear(&mut self, asked: u64) -> Result<(), String> {
        let Steering { asked: last, heard, .. } = &mut self.current.steering;
        if asked <= *heard || asked > *last {
            return Err("it was heard before, or nobody asked it".to_owned());
        }
        *heard = asked;
        Ok(())
    }
}

impl WaveState {
    /// A person says that it is to go on.
    fn go_on(&mut self) {
        (self.failures, self.stopped, self.turned, self.paused) = (0, false, false, None);
    }
}
