//! CLI: how each step of a move stood over time: what the fold says after each of its events. Pure.

use crate::step::step_word;
use rehome_orchestrator::{
    Entry, Event, Illegal, Node, RunDirection, RunId, RunState, Step, StepState, UndoState, fold_into,
};
use serde::Serialize;

/// What a step did in a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Look {
    /// An attempt is under way.
    Works,
    /// Something outside is waited for.
    Waits,
    /// An attempt failed, and the next one is waited for.
    TriesAgain,
    /// Nobody knows yet what became of an attempt.
    Doubt,
    /// A date is waited for.
    Soaks,
    /// A person is waited for.
    Person,
    /// It stopped.
    Stopped,
    /// What it did is taken back.
    TakenBack,
    /// It was over within a moment.
    Over,
}

/// A stretch of time in which a step stood the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Bar {
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    pub(crate) look: Look,
    /// What that is, in a few words.
    pub(crate) label: String,
}

/// A step of the plan with everything that it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Row {
    pub(crate) step: String,
    pub(crate) title: String,
    pub(crate) group: String,
    pub(crate) bars: Vec<Bar>,
}

/// Every step of a move over time, those to come too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Timeline {
    pub(crate) run: String,
    pub(crate) from_ms: i64,
    /// The end, or now where the move goes on.
    pub(crate) to_ms: i64,
    pub(crate) open: bool,
    pub(crate) rows: Vec<Row>,
}

/// A stretch that has begun, by its words.
type Begun = Option<(i64, Look, String)>;

/// The timeline of these events, which are all of one move; nothing where there are none.
///
/// # Errors
/// When one of them cannot follow the one before.
pub(crate) fn timeline(
    run: &RunId,
    entries: &[Entry<Event>],
    now_ms: i64,
) -> Result<Option<Timeline>, Illegal> {
    let (mut state, mut rows, mut begun): (Option<RunState>, Vec<Row>, Vec<Begun>) =
        (None, Vec::new(), Vec::new());
    let (mut first_ms, mut last_ms) = (i64::MAX, i64::MIN);
    for entry in entries {
        fold_into(&mut state, entry)?;
        let Some(state) = &state else { continue };
        if rows.is_empty() {
            rows = state.steps().map(|(step, _)| row(step)).collect();
            begun = vec![None; rows.len()];
        }
        (first_ms, last_ms) = (first_ms.min(entry.at_ms), last_ms.max(entry.at_ms));
        for (nth, (step, stands)) in state.steps().enumerate() {
            let (Some(row), Some(begun)) = (rows.get_mut(nth), begun.get_mut(nth)) else { continue };
            change(row, begun, (looks(state, step, stands), is_over(stands)), entry.at_ms);
        }
    }
    let Some(state) = state else { return Ok(None) };
    let open = state.verdict().is_none();
    let to_ms = if open { now_ms.max(last_ms) } else { last_ms };
    for (row, begun) in rows.iter_mut().zip(&mut begun) {
        if let Some((from_ms, look, label)) = begun.take() {
            row.bars.push(Bar { from_ms, to_ms, look, label });
        }
        fewer(&mut row.bars);
    }
    Ok(Some(Timeline { run: run.to_string(), from_ms: first_ms, to_ms, open, rows }))
}

/// A step has so many stretches of its own at most: the first ones and the last ones, which say how it began and how it is.
const FIRST: usize = 10;
const LAST: usize = 40;

/// Puts those in the middle together, where there are too many. That one of them stopped is not hidden.
fn fewer(bars: &mut Vec<Bar>) {
    if bars.len() <= FIRST + LAST + 1 {
        return;
    }
    let middle: Vec<Bar> = bars.drain(FIRST..bars.len() - LAST).collect();
    let (Some(first), Some(last)) = (middle.first(), middle.last()) else { return };
    let stopped = middle.iter().filter(|bar| bar.look == Look::Stopped).count();
    let (look, label) = match stopped {
        0 => (Look::TriesAgain, format!("{} stretches", middle.len())),
        stopped => (Look::Stopped, format!("{} stretches, stopped in {stopped}", middle.len())),
    };
    bars.insert(FIRST, Bar { from_ms: first.from_ms, to_ms: last.to_ms, look, label });
}

fn row(step: &Step) -> Row {
    let (step, title, group) = (step.id.to_string(), step.title.clone(), step.group.clone());
    Row { step, title, group, bars: Vec::new() }
}

/// Ends the stretch that was, where the step stands otherwise now, and begins the next.
fn change(row: &mut Row, begun: &mut Begun, (now, over): (Option<(Look, String)>, bool), at_ms: i64) {
    let same = match (&*begun, &now) {
        (Some((_, look, label)), Some((is, said))) => look == is && label == said,
        (None, None) => !(over && row.bars.is_empty()),
        _ => false,
    };
    if same {
        return;
    }
    match begun.take() {
        Some((from_ms, look, label)) => row.bars.push(Bar { from_ms, to_ms: at_ms, look, label }),
        // It needed no time of its own: a condition held at once.
        None if over && row.bars.is_empty() => {
            let (look, label) = (Look::Over, "at once".to_owned());
            row.bars.push(Bar { from_ms: at_ms, to_ms: at_ms, look, label });
        }
        None => {}
    }
    *begun = now.map(|(look, label)| (at_ms, look, label));
}

fn is_over(stands: &StepState) -> bool {
    stands.forward.is_settled() && stands.undo == UndoState::None
}

/// What a step does as it stands; nothing where its turn has not come, or it is over.
fn looks(state: &RunState, step: &Step, stands: &StepState) -> Option<(Look, String)> {
    if state.verdict().is_some() {
        return None;
    }
    let nth = |what: &str, attempts: u32| match attempts {
        0 | 1 => what.to_owned(),
        many => format!("{what}, try {many}"),
    };
    let (look, label) = match step_word(stands) {
        "RUNNING" => (Look::Works, nth("works", stands.attempts)),
        "ACCEPTED" => (Look::Works, "Azure works on it".to_owned()),
        "RETRYING" => (Look::TriesAgain, nth("waits to try again", stands.attempts)),
        "IN DOUBT" => (Look::Doubt, "looks what became of it".to_owned()),
        "WAITING" => (Look::Waits, "waits for Azure".to_owned()),
        "SOAKING" if matches!(step.node, Node::PropagationDelay { .. }) => {
            (Look::Soaks, "until it acts everywhere".to_owned())
        }
        "SOAKING" => (Look::Soaks, "soaks".to_owned()),
        "FAILED" => (Look::Stopped, "stopped".to_owned()),
        "UNDO FAILED" => (Look::Stopped, "undo stopped".to_owned()),
        "UNDOING" => (Look::TakenBack, nth("taken back", stands.undo_attempts)),
        "UNDO BY HAND" => (Look::Person, "taken back by hand".to_owned()),
        "-" if *state.direction() == RunDirection::Forward && state.is_open(&step.id) => match &step.node {
            Node::Gate { .. } => (Look::Person, "needs an approval".to_owned()),
            Node::ByHand { .. } => (Look::Person, "by hand".to_owned()),
            Node::Wait { .. } => (Look::Waits, "waits for Azure".to_owned()),
            Node::Act { .. } | Node::Soak { .. } | Node::PropagationDelay { .. } | Node::Check { .. } => {
                return None;
            }
        },
        _ => return None,
    };
    Some((look, label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_was_tried_a_thousand_times_has_few_bars_and_still_says_that_it_stopped() {
        let bar = |n: i64, look| Bar { from_ms: n, to_ms: n + 1, look, label: n.to_string() };
        let mut bars: Vec<Bar> = (0..1_000).map(|n| bar(n, Look::Works)).collect();
        bars[500] = bar(500, Look::Stopped);
        fewer(&mut bars);
        assert_eq!(bars.len(), FIRST + 1 + LAST);
        let merged = &bars[FIRST];
        assert_eq!((merged.from_ms, merged.to_ms, merged.look), (10, 960, Look::Stopped));
        assert_eq!(merged.label, "950 stretches, stopped in 1");
        let mut few = vec![bar(0, Look::Works); FIRST + LAST + 1];
        fewer(&mut few);
        assert_eq!(few.len(), FIRST + LAST + 1);
    }
}
