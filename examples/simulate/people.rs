//! The people of a simulation: strangers who change the world, operators at other terminals, somebody who
//! sets the clock, and the patient ones who look after what is left.

use super::story::Stage;
use super::town::{Author, Item, Town};
use super::weather::{Dice, Trouble, Weather};
use super::witness::Witness;
use rehome_orchestrator::harness::VirtualClock;
use rehome_orchestrator::*;
use std::sync::Arc;
use std::time::Duration;

async fn pause(dice: &mut Dice, most_ms: u64) {
    tokio::time::sleep(Duration::from_millis(1 + dice.below(most_ms))).await;
}

/// People who know nothing of us.
pub(crate) async fn strangers(weather: Weather, town: Arc<Town>, runs: Vec<RunId>) {
    if !weather.has(Trouble::Strangers) {
        return;
    }
    let mut dice = Dice::of(weather.seed, "strangers", 0);
    for nth in 0..12 {
        pause(&mut dice, 600_000).await;
        let mut things = town.things();
        let run = &runs[usize::try_from(dice.below(runs.len() as u64)).unwrap_or(0)];
        if dice.happens(600) {
            let (hall, name) = (format!("hall-{}", dice.below(3)), format!("stranger-{nth}"));
            if !weather.struck.strikes(|| name.clone()) {
                continue;
            }
            things.halls.entry(hall.clone()).or_default().push(name.clone());
            things.strangers.push((hall, name));
        } else {
            let place = format!(
                "{run}/{}",
                ["p0", "p1", "new", "old", "waste"][usize::try_from(dice.below(5)).unwrap_or(0)]
            );
            let thing = format!("stranger's-{nth}");
            if !weather.struck.strikes(|| thing.clone()) {
                continue;
            }
            things.shelves.insert(place.clone(), Item { thing: thing.clone(), by: Author::Stranger });
            things.strangers.retain(|(other, _)| *other != place);
            things.strangers.push((place, thing));
        }
    }
}

/// Somebody sets the clock by up to a day.
pub(crate) async fn clock_setters(weather: Weather, clock: Arc<VirtualClock>) {
    if !weather.has(Trouble::Jumps) {
        return;
    }
    let mut dice = Dice::of(weather.seed, "jumps", 0);
    for nth in 0..3 {
        pause(&mut dice, 1_800_000).await;
        let by = i64::try_from(dice.below(2 * 86_400_000)).unwrap_or(0) - 86_400_000;
        if weather.struck.strikes(|| format!("jump {nth}")) {
            clock.jump(by);
        }
    }
}

/// People with other terminals.
pub(crate) async fn operators(
    weather: Weather,
    clock: Arc<VirtualClock>,
    log: Arc<Witness>,
    runs: Vec<RunId>,
) {
    if !weather.has(Trouble::Operators) {
        return;
    }
    let mut dice = Dice::of(weather.seed, "operators", 0);
    let people: Arc<str> = "people".into();
    for nth in 0..20 {
        pause(&mut dice, 500_000).await;
        let run = &runs[usize::try_from(dice.below(runs.len() as u64)).unwrap_or(0)];
        let Some(state) = log.state(run) else { continue };
        let now = clock.now_ms();
        let steps = &state.plan().steps;
        let step = steps[usize::try_from(dice.below(steps.len() as u64)).unwrap_or(0)].id.clone();
        let request = match dice.below(20) {
            0..3 => Request::Pause,
            3..8 => Request::Resume,
            8 => Request::RollBack,
            9..13 => Request::Retry(parked(&state).unwrap_or(step)),
            13..15 => Request::Skip(vec![parked(&state).unwrap_or(step)]),
            15..17 => Request::MarkDone(parked(&state).unwrap_or(step)),
            17 => Request::Acknowledge("hand".into()),
            _ if !weather.struck.strikes(|| format!("operator {nth}")) => continue,
            _ => {
                let accepts: Vec<StepId> = state.skipped().cloned().collect();
                drop(open_gate(&*log, run, &people, now, ("cleanup", &accepts), "a simulation").await);
                continue;
            }
        };
        if !weather.struck.strikes(|| format!("operator {nth}")) {
            continue;
        }
        // What does not fit where the run stands is refused; that is for the engine to judge.
        drop(ask(&*log, run, &people, now, request, "a simulation").await);
    }
}

fn parked(state: &RunState) -> Option<StepId> {
    let parked = |s: &StepState| {
        s.forward.progress() == Progress::Blocked && s.undo == Undo::None
            || matches!(s.undo, Undo::Parked { .. })
    };
    state.steps().find(|(_, s)| parked(s)).map(|(step, _)| step.id.clone())
}

/// From this round on, what still fails is left as it is.
const PATIENCE: u32 = 12;

/// Brings every run a little nearer to its end.
pub(crate) async fn care(stage: &Stage, round: u32) {
    for run in &stage.runs {
        let Some(state) = stage.log.state(run) else { continue };
        let ask = async |request: Request| {
            let now = stage.clock.now_ms();
            drop(ask(&*stage.log, run, &stage.people, now, request, "a simulation").await);
        };
        if state.is_paused() {
            ask(Request::Resume).await;
        }
        for (step, stands) in state.steps() {
            let back = matches!(stands.undo, Undo::Parked { .. });
            if back || stands.forward.progress() == Progress::Blocked {
                let doubt = matches!(stands.forward, Forward::Parked { doubt: true, .. });
                let request = match round {
                    PATIENCE.. if back || !doubt => Request::Skip(vec![step.id.clone()]),
                    _ => Request::Retry(step.id.clone()),
                };
                ask(request).await;
            } else if let Node::ByHand { .. } = step.node {
                ask(Request::Acknowledge(step.id.clone())).await;
            } else if let (Node::Gate { name }, true) = (&step.node, state.is_open(&step.id)) {
                let now = stage.clock.now_ms();
                let log = &*stage.log;
                let accepts: Vec<StepId> = state.skipped().cloned().collect();
                drop(open_gate(log, run, &stage.people, now, (name, &accepts), "a simulation").await);
            } else if let Forward::Idle = stands.forward
                && let (Node::Check { .. }, PATIENCE..) = (&step.node, round)
            {
                ask(Request::Skip(vec![step.id.clone()])).await;
            }
        }
        if round > 2 * PATIENCE {
            ask(Request::RollBack).await;
        }
    }
}
