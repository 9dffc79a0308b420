//! CLI: why a move begins nothing new, other than for a step of its own: its wave, its batch, the date. Pure.

use crate::approvals;
use crate::counted::counted;
use crate::error::one_line;
use crate::hint::quoted;
use crate::steering::release_cleanup;
use crate::view::{MoveView, State};
use crate::wait::{WaitKind, WaitView};
use rehome_orchestrator::{ApprovalScope, BatchState, Hold, HoldCause, RunId, TimeScale, Wave, WaveWait};

/// Whether a move takes one of the places of those that are at work.
pub(crate) fn is_at_work(view: &MoveView) -> bool {
    view.begun && !view.goes_back && view.state == State::Running
}

/// Whether a move waits for nothing but the look at Azure that comes before its first write.
pub(crate) fn is_compared(view: &MoveView) -> bool {
    !view.begun && view.waiting_for.iter().all(|wait| wait.kind == WaitKind::Azure)
}

/// Says of a move of this batch what keeps it, in the place of whatever else it would wait for. `crowd` is whether others
/// of the batch are at work, where that is known.
pub(crate) fn keep(
    view: &mut MoveView,
    batch: &BatchState,
    now_ms: i64,
    scale: TimeScale,
    crowd: Option<bool>,
) {
    let run = RunId::new(view.run.as_str());
    let nth = batch.wave_of(&run);
    let wave = nth.and_then(|nth| batch.waves().nth(nth));
    view.rehearsal = wave.is_some_and(|(wave, _)| wave.rehearsal);
    if view.is_over() || view.goes_back {
        return;
    }
    if batch.steering().cleanup_held {
        for gate in view.waiting_for.iter_mut().filter(|wait| wait.kind == WaitKind::Approval) {
            gate.title = format!("{}: somebody holds it", gate.title);
            gate.unblock_with = vec![release_cleanup(&view.batch)];
        }
    }
    if !view.begun && batch.is_skipped(&run) {
        view.state = State::Skipped;
        view.waiting_for.clear();
        return;
    }
    let of_wave = wave.map_or_else(String::new, |(wave, _)| format!("wave {}: ", one_line(&wave.name)));
    let unreleased =
        wave.filter(|(_, state)| !state.is_released() && !view.begun && view.state == State::Waiting);
    match (batch.hold(nth, now_ms), unreleased, nth) {
        (Some(hold), _, _) if hold.cause == HoldCause::Abandoned => held(view, hold, &of_wave, "", ""),
        (_, Some((wave, _)), Some(nth)) => {
            let waits = batch.wave_wait(nth, now_ms, scale);
            unreleased_wave(view, (wave, waits), batch, now_ms);
        }
        (Some(hold), ..) => {
            let of = wave.filter(|_| batch.steering().paused.is_none() && !batch.is_spent());
            let select = match of {
                Some((wave, _)) => format!("{}/wave:{}", view.batch, wave.name),
                None => view.batch.clone(),
            };
            let zone = batch.planned().rollout.as_ref().and_then(|rollout| rollout.window.as_ref());
            let zone = zone.map_or("", |window| window.zone.as_str());
            held(view, hold, &of_wave, &select, zone);
        }
        (None, None, _) if !view.begun && view.state == State::Waiting => {
            let spent = nth.is_some_and(|nth| batch.failures_left(nth) == Some(0));
            // Where nobody takes its place, it is its own look at Azure that it waits for.
            match crowd {
                Some(false) if !spent => compared(view, &of_wave),
                Some(_) | None => crowded(view, batch, nth, &of_wave),
            }
        }
        // It waited for a person or a date meanwhile, and has no place among those that may fail.
        (None, None, _) if is_spent(view, batch, nth) => crowded(view, batch, nth, &of_wave),
        (None, ..) => {}
    }
}

/// Whether a move that has begun would go on, and as many failed as may.
fn is_spent(view: &MoveView, batch: &BatchState, nth: Option<usize>) -> bool {
    let goes_on = view.state == State::Running && view.in_flight == 0 && view.waiting_for.is_empty();
    goes_on && nth.is_some_and(|nth| batch.failures_left(nth) == Some(0))
}

fn wait(view: &MoveView, title: &str, kind: WaitKind) -> WaitView {
    WaitView::new("-", &one_line(title), kind, view.since_ms)
}

fn unreleased_wave(view: &mut MoveView, (wave, waits): (&Wave, WaveWait), batch: &BatchState, now_ms: i64) {
    let title = match waits {
        WaveWait::Nothing | WaveWait::Approval => return,
        WaveWait::Earlier => format!("wave {}: every move of the wave before it", wave.name),
        WaveWait::Date(_) => format!("wave {}: the wave before it is through", wave.name),
        WaveWait::Approvals => {
            let scope = ApprovalScope::Wave(wave.name.clone());
            format!("wave {}: {}", wave.name, approvals::words(batch, scope, now_ms))
        }
        WaveWait::Person => format!("wave {}: somebody who releases it", wave.name),
    };
    let mut kept = wait(view, &title, WaitKind::Wave);
    match waits {
        WaveWait::Date(date) => kept.next_check_ms = Some(date),
        WaveWait::Person => {
            view.state = State::NeedsPerson;
            let (batch, wave) = (quoted(&view.batch), quoted(&wave.name));
            kept.unblock_with = vec![format!("rehome release {batch} --wave {wave} --reason TEXT")];
        }
        WaveWait::Approvals => {
            view.state = State::NeedsPerson;
            let scope = ApprovalScope::Wave(wave.name.clone());
            let rejected =
                batch.standing(&scope, now_ms).is_some_and(|standing| !standing.rejected.is_empty());
            let next = if rejected { approvals::withdraw_any() } else { approvals::import_any() };
            kept.unblock_with = vec![next];
        }
        WaveWait::Nothing | WaveWait::Approval | WaveWait::Earlier => {}
    }
    view.waiting_for = vec![kept];
}

/// Says why nothing new is begun; what somebody does, and soaks, are waited for as before.
fn held(view: &mut MoveView, hold: Hold, of_wave: &str, select: &str, zone: &str) {
    let is_meant = match hold.cause {
        HoldCause::Abandoned => true,
        HoldCause::Pause => !matches!(view.state, State::Failed | State::AwaitingCleanup | State::Planned),
        HoldCause::Failure | HoldCause::Rejected | HoldCause::Freeze | HoldCause::Hours => {
            matches!(view.state, State::Waiting | State::Running)
        }
    };
    if !is_meant {
        return;
    }
    let kept_by_people = if view.begun { State::Paused } else { State::NeedsPerson };
    let (what, state) = match hold.cause {
        HoldCause::Abandoned => ("the batch was given up".to_owned(), State::Abandoned),
        HoldCause::Pause => ("it was paused".to_owned(), State::Paused),
        HoldCause::Freeze => ("a freeze: nothing new is begun".to_owned(), State::Waiting),
        HoldCause::Hours => (format!("the hours in which something is begun ({zone})"), State::Waiting),
        HoldCause::Failure => {
            ("a move of it failed: somebody who says that it is to go on".to_owned(), kept_by_people)
        }
        HoldCause::Rejected => {
            ("an approver rejected it: the approver, who withdraws that".to_owned(), kept_by_people)
        }
    };
    view.state = state;
    let mut kept = wait(view, &format!("{of_wave}{what}"), WaitKind::Held);
    kept.next_check_ms = hold.until_ms;
    kept.unblock_with = match hold.cause {
        HoldCause::Abandoned => Vec::new(),
        HoldCause::Pause | HoldCause::Failure => {
            vec![format!("rehome resume {}", quoted(select))]
        }
        HoldCause::Rejected => vec![approvals::withdraw_any()],
        HoldCause::Freeze | HoldCause::Hours => vec![view.run_command()],
    };
    view.waiting_for.insert(0, kept);
}

/// Says that nothing keeps it but the look that comes before its first write.
fn compared(view: &mut MoveView, of_wave: &str) {
    let what =
        format!("{of_wave}Azure is compared with its plan first; what cannot be read, its runner says");
    view.waiting_for = vec![wait(view, &what, WaitKind::Azure)];
}

/// Says that as many moves are at work, or failed, as may.
fn crowded(view: &mut MoveView, batch: &BatchState, nth: Option<usize>, of_wave: &str) {
    let rollout = batch.planned().rollout.as_ref();
    let parallel = batch.steering().parallel.or(rollout.and_then(|rollout| rollout.parallel));
    match (nth.and_then(|nth| batch.failures_left(nth)), parallel) {
        (Some(0), _) => {
            let what = format!("{of_wave}as many moves failed as may: somebody who says that it is to go on");
            let mut kept = wait(view, &what, WaitKind::Held);
            let wave = nth.and_then(|nth| batch.waves().nth(nth)).filter(|_| !batch.is_spent());
            let select = match wave {
                Some((wave, _)) => format!("{}/wave:{}", view.batch, wave.name),
                None => view.batch.clone(),
            };
            kept.unblock_with = vec![format!("rehome resume {}", quoted(&select))];
            (view.state, view.waiting_for) = (State::NeedsPerson, vec![kept]);
        }
        (Some(_), _) => {
            let what =
                format!("{of_wave}as many moves are at work as may still fail, or are compared with Azure");
            view.waiting_for = vec![wait(view, &what, WaitKind::Wave)];
        }
        (None, Some(most)) => {
            let most = counted(most, "move");
            let what = format!("{of_wave}no more than {most} at work at once");
            view.waiting_for = vec![wait(view, &what, WaitKind::Wave)];
        }
        (None, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rehome_orchestrator::{
        BatchApproved, BatchEvent, BatchPlanned, Budget, Entry, Json, Opened, Rollout, WaveRelease,
        WaveReleased, fold_batch,
    };

    /// A batch of one wave that was let loose, of which two moves may fail.
    fn batch() -> BatchState {
        let runs = vec![RunId::new("m-0")];
        let wave = Wave {
            name: "w".to_owned(),
            runs: runs.clone(),
            after_ms: 0,
            release: WaveRelease::Auto,
            rehearsal: false,
        };
        let budget = Budget { wave: Some(2), batch: None };
        let planned = BatchPlanned {
            digest: "d".to_owned(),
            format_version: "1.0".to_owned(),
            about: Json::of(&()),
            runs,
            rollout: Some(Rollout { budget, ..Rollout::of(vec![wave]) }),
            approval: None,
        };
        let events = [
            BatchEvent::Planned(planned),
            BatchEvent::Approved(BatchApproved { digest: "d".to_owned(), reason: "r".to_owned() }),
            BatchEvent::Opened(Opened::by("p")),
            BatchEvent::WaveReleased(WaveReleased { wave: "w".to_owned() }),
        ];
        let mut state = None;
        for (event, at) in events.into_iter().zip(1..) {
            let entry = Entry { position: at, sequence: at, at_ms: 0, actor: "a".into(), event };
            fold_batch(&mut state, &entry).expect("a legal record");
        }
        state.expect("it begins with a plan")
    }

    #[test]
    fn a_move_whose_place_nobody_takes_is_not_said_to_wait_for_one() {
        let waits = |crowd| {
            let mut view = MoveView { begun: false, ..MoveView::standing(State::Waiting) };
            keep(&mut view, &batch(), 1_000, TimeScale::REAL, crowd);
            view.waiting_for.remove(0)
        };
        assert_eq!(waits(Some(false)).kind, WaitKind::Azure);
        for crowd in [Some(true), None] {
            let wait = waits(crowd);
            assert_eq!(wait.kind, WaitKind::Wave);
            assert!(wait.title.starts_with("wave w: as many moves are at work"), "{}", wait.title);
        }
    }
}
