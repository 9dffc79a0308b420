//! CLI: the waves of a batch over time: when each was let loose, when it was through, what it does or waits for. Pure.

use crate::estimate;
use crate::pictures::mark::Tone;
use crate::view::{MoveView, State};
use crate::wave_view::{self, WaveStanding, WaveView};
use rehome_orchestrator::{BatchEvent, BatchLoaded, RunId, TimeScale};
use serde::Serialize;
use std::collections::BTreeMap;

/// The waves of a batch, in their order.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Calendar {
    pub(crate) batch: String,
    /// When it was looked at, in milliseconds since 1970 UTC, as all times here.
    pub(crate) now_ms: i64,
    /// The earliest date at which nothing is left but the clean-up, where one is known.
    pub(crate) end_ms: Option<i64>,
    pub(crate) waves: Vec<Row>,
}

/// One wave; of a batch without waves, all of its moves.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) wave: String,
    pub(crate) moves: usize,
    /// How many of them are through: nothing is left but the soak and the clean-up.
    pub(crate) through: usize,
    /// When it was let loose.
    pub(crate) from_ms: Option<i64>,
    /// When it was through, where it is.
    pub(crate) to_ms: Option<i64>,
    /// When it begins, where that is known and is to come.
    pub(crate) begins_ms: Option<i64>,
    /// What it does or waits for, in a few words.
    pub(crate) stands: String,
    #[serde(skip)]
    pub(crate) tone: Tone,
    #[serde(skip)]
    pub(crate) runs: Vec<RunId>,
}

impl Calendar {
    /// The waves of this batch, of which all moves are among these.
    pub(crate) fn of(
        name: &str,
        batch: &BatchLoaded,
        views: &[MoveView],
        now_ms: i64,
        scale: TimeScale,
    ) -> Self {
        let by_run: BTreeMap<&str, &MoveView> = views.iter().map(|view| (view.run.as_str(), view)).collect();
        let of = |runs: &[RunId]| -> Vec<&MoveView> {
            runs.iter().filter_map(|run| by_run.get(run.as_str()).copied()).collect()
        };
        let mut waves: Vec<Row> = wave_view::waves(&batch.state, now_ms, scale)
            .iter()
            .zip(batch.state.waves())
            .map(|(wave, (_, state))| {
                let moves = of(&wave.runs);
                let (tone, stands) = stands(wave, &moves, batch.is_approved());
                Row {
                    wave: wave.wave.clone(),
                    moves: moves.len(),
                    through: moves.iter().filter(|view| is_through(view)).count(),
                    from_ms: state.is_released().then(|| released_ms(batch, &wave.wave)).flatten(),
                    to_ms: state.passed_ms,
                    begins_ms: wave.until_ms.filter(|_| wave.standing == WaveStanding::Date),
                    stands,
                    tone,
                    runs: wave.runs.clone(),
                }
            })
            .collect();
        if waves.is_empty() {
            let runs = batch.planned().runs.clone();
            waves.push(all_at_once(batch, &of(&runs), runs));
        }
        let end_ms = estimate::end_of(name, views, now_ms, scale);
        Self { batch: name.to_owned(), now_ms, end_ms, waves }
    }
}

/// Whether nothing of the way forward is left of a move but its soak.
fn is_through(view: &MoveView) -> bool {
    matches!(view.state, State::Done | State::AwaitingCleanup | State::Soaking)
}

fn released_ms(batch: &BatchLoaded, wave: &str) -> Option<i64> {
    batch.entries.iter().rev().find_map(|entry| match &entry.event {
        BatchEvent::WaveReleased(released) if released.wave == wave => Some(entry.at_ms),
        _ => None,
    })
}

/// What stands for the moves of a batch without waves: they begin when somebody runs them.
fn all_at_once(batch: &BatchLoaded, moves: &[&MoveView], runs: Vec<RunId>) -> Row {
    let planned = batch.entries.iter().rposition(|entry| matches!(entry.event, BatchEvent::Planned(_)));
    let mut after = batch.entries[planned.unwrap_or(0)..].iter();
    let from_ms = after.find(|entry| matches!(entry.event, BatchEvent::Opened(_))).map(|entry| entry.at_ms);
    let over = |view: &&MoveView| is_through(view) || view.is_over();
    let to_ms = moves.iter().all(over).then(|| moves.iter().map(|view| view.since_ms).max()).flatten();
    let (tone, stands) = match (from_ms, to_ms) {
        (_, Some(_)) => (Tone::Ok, "through".to_owned()),
        (Some(_), None) => at_work(moves),
        (None, None) if batch.is_approved() => (Tone::Mute, "waits for somebody who runs it".to_owned()),
        (None, None) => (Tone::Warn, "waits for the approval of the plan".to_owned()),
    };
    let through = moves.iter().filter(|view| is_through(view)).count();
    let (wave, moves) = ("all moves".to_owned(), moves.len());
    Row { wave, moves, through, from_ms, to_ms, begins_ms: None, stands, tone, runs }
}

/// How a wave stands, in a tone and a few words.
fn stands(wave: &WaveView, moves: &[&MoveView], is_approved: bool) -> (Tone, String) {
    let (tone, words) = match wave.standing {
        WaveStanding::Running => return at_work(moves),
        WaveStanding::Through => (Tone::Ok, "through"),
        WaveStanding::Stopped => (Tone::Bad, "a move failed: somebody says that it is to go on"),
        WaveStanding::Rejected => (Tone::Bad, "rejected"),
        WaveStanding::Paused => (Tone::Warn, "paused"),
        WaveStanding::Held => (Tone::Warn, "held: somebody says when it begins"),
        WaveStanding::Release => (Tone::Warn, "waits for somebody who releases it"),
        WaveStanding::Approvals => (Tone::Warn, "waits for approvals that are signed"),
        WaveStanding::Later if !is_approved => (Tone::Warn, "waits for the approval of the plan"),
        WaveStanding::Later => (Tone::Mute, "waits for the wave before it"),
        WaveStanding::Date => (Tone::Rest, "begins at its date"),
        WaveStanding::Freeze => (Tone::Rest, "a freeze: nothing new is begun"),
        WaveStanding::Hours => (Tone::Rest, "outside its hours"),
        WaveStanding::Next => (Tone::Mute, "is let loose next"),
        WaveStanding::Abandoned => (Tone::Mute, "given up"),
    };
    (tone, words.to_owned())
}

fn at_work(moves: &[&MoveView]) -> (Tone, String) {
    let of = |is: State| moves.iter().filter(|view| view.state == is).count();
    match of(State::Failed) {
        0 if of(State::Soaking) == moves.len() => (Tone::Rest, "soaks".to_owned()),
        0 => (Tone::Go, "at work".to_owned()),
        failed => (Tone::Bad, format!("at work, {failed} failed")),
    }
}
