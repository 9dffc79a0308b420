//! CLI: what moves wait for whose wave is not let loose, or begins nothing new. Reads the log.

use crate::approvals;
use crate::error::{CliError, one_line};
use crate::hint::quoted;
use crate::store;
use crate::view::{MoveView, State};
use crate::wait::{WaitKind, WaitView};
use rehome_orchestrator::{
    ApprovalScope, BatchEvent, BatchLoaded, BatchState, Clock, CodecError, HistoryError, Hold, RunId,
    SystemClock, TimeScale, Wave, WaveWait,
};
use rehome_store::Log;
use std::collections::{BTreeMap, BTreeSet};

/// Where runs stand, with what those wait for whose wave is not let loose.
pub(crate) async fn views(log: &dyn Log, runs: &[RunId]) -> Result<Vec<MoveView>, CliError> {
    let mut views = store::views(log, runs).await?;
    mark(log, &mut views).await?;
    Ok(views)
}

/// Says of each move that its wave keeps what it waits for, in the place of whatever else it would wait for.
pub(crate) async fn mark(log: &dyn Log, views: &mut [MoveView]) -> Result<(), CliError> {
    let batches: BTreeSet<String> = views.iter().map(|view| view.batch.clone()).collect();
    for name in batches {
        let batch = find(log, &name).await?;
        let Some(batch) = batch.filter(|batch| batch.planned().rollout.is_some()) else { continue };
        for (nth, (wave, state)) in batch.state.waves().enumerate() {
            let wait = batch.state.wave_wait(
                nth,
                SystemClock.now_ms(),
                time_scale(&batch).unwrap_or(TimeScale::REAL),
            );
            let of_wave = |view: &&mut MoveView| {
                view.batch == name && !view.is_over() && wave.runs.contains(&RunId::new(view.run.as_str()))
            };
            for view in views.iter_mut().filter(of_wave) {
                match state.is_released() {
                    false if view.state == State::Waiting => keep(view, wave, wait, &batch.state),
                    false => {}
                    true => hold(view, wave, &batch.state, nth),
                }
            }
        }
    }
    Ok(())
}

/// A batch; nothing where a bundle of one move says nothing of it.
async fn find(log: &dyn Log, name: &str) -> Result<Option<BatchLoaded>, CliError> {
    match BatchLoaded::find(log, name).await {
        Err(HistoryError::Codec { source: CodecError::Withheld { .. }, .. }) => Ok(None),
        found => found.map_err(|e| store::unreadable(&e)),
    }
}

/// By how much the runner of each batch shortens its timers.
pub(crate) async fn time_scales(
    log: &dyn Log,
    batches: &BTreeSet<&str>,
    own: TimeScale,
) -> Result<BTreeMap<String, TimeScale>, CliError> {
    let mut scales = BTreeMap::new();
    for name in batches {
        let scale = find(log, name).await?.and_then(|batch| time_scale(&batch)).unwrap_or(own);
        scales.insert((*name).to_owned(), scale);
    }
    Ok(scales)
}

/// By how much the runner that was there last shortens its timers.
fn time_scale(batch: &BatchLoaded) -> Option<TimeScale> {
    batch.entries.iter().rev().find_map(|entry| match &entry.event {
        BatchEvent::Opened(opened) => TimeScale::scaled(opened.time_scale),
        _ => None,
    })
}

fn keep(view: &mut MoveView, wave: &Wave, wait: WaveWait, batch: &BatchState) {
    let title = match wait {
        WaveWait::Nothing | WaveWait::Approval => return,
        WaveWait::Earlier => format!("wave {}: every move of the wave before it", wave.name),
        WaveWait::Date(_) => format!("wave {}: the wave before it is through", wave.name),
        WaveWait::Approvals => {
            let scope = ApprovalScope::Wave(wave.name.clone());
            format!("wave {}: {}", wave.name, approvals::words(batch, scope, SystemClock.now_ms()))
        }
        WaveWait::Person => format!("wave {}: somebody who releases it", wave.name),
    };
    let mut waits = WaitView::new("-", &one_line(&title), WaitKind::Wave, view.since_ms);
    match wait {
        WaveWait::Date(date) => waits.next_check_ms = Some(date),
        WaveWait::Person => {
            view.state = State::NeedsPerson;
            let (batch, wave) = (quoted(&view.batch), quoted(&wave.name));
            waits.unblock_with = vec![format!("rehome release {batch} --wave {wave} --reason TEXT")];
        }
        WaveWait::Approvals => {
            view.state = State::NeedsPerson;
            waits.unblock_with = vec![approvals::import_any()];
        }
        WaveWait::Nothing | WaveWait::Approval | WaveWait::Earlier => {}
    }
    view.waiting_for = vec![waits];
}

/// Says of a move of a wave that was let loose why it begins nothing new.
fn hold(view: &mut MoveView, wave: &Wave, batch: &BatchState, nth: usize) {
    let begun = view.state == State::Running || view.waiting_for.iter().any(|w| w.kind == WaitKind::Runner);
    let waits = !begun && view.state == State::Waiting;
    let name = one_line(&wave.name);
    let title = match (batch.hold(Some(nth)), batch.failures_left(nth)) {
        (Some(Hold::Failure), _) if begun || waits => {
            format!("wave {name}: a move of it failed: somebody who says that it is to go on")
        }
        (None, Some(0)) if waits => {
            format!("wave {name}: as many moves failed as may: somebody who says that it is to go on")
        }
        (None, Some(1..)) if waits => {
            let title = format!("wave {name}: as many moves are at work as may still fail");
            view.waiting_for = vec![WaitView::new("-", &title, WaitKind::Wave, view.since_ms)];
            return;
        }
        (_, _) => return,
    };
    let mut wait = WaitView::new("-", &title, WaitKind::Wave, view.since_ms);
    let of = match batch.is_spent() {
        true => quoted(&view.batch),
        false => quoted(&format!("{}/wave:{}", view.batch, wave.name)),
    };
    wait.unblock_with = vec![format!("rehome resume {of} --reason TEXT")];
    view.state = if begun { State::Paused } else { State::NeedsPerson };
    view.waiting_for.insert(0, wait);
}
