//! The people of a simulation: others who change the world, operators at other terminals, somebody who
//! sets the clock, and the patient ones who look after what is left.

use super::checker_log::CheckerLog;
use super::fault_plan::{Dice, FaultPlan, Trouble};
use super::simulation::Simulation;
use super::world::{Author, Item, World};
use rehome_orchestrator::harness::VirtualClock;
use rehome_orchestrator::*;
use std::sync::Arc;
use std::time::Duration;

async fn pause(dice: &mut Dice, most_ms: u64) {
    tokio::time::sleep(Duration::from_millis(1 + dice.below(most_ms))).await;
}

/// People who know nothing of us.
pub(crate) async fn others(faults: FaultPlan, world: Arc<World>, runs: Vec<RunId>) {
    if !faults.has(Trouble::Strangers) {
        return;
    }
    let mut dice = Dice::of(faults.seed, "strangers", 0);
    for nth in 0..12 {
        pause(&mut dice, 600_000).await;
        let mut things = world.things();
        let run = &runs[usize::try_from(dice.below(runs.len() as u64)).unwrap_or(0)];
        if dice.happens(600) {
            let (hall, name) = (format!("hall-{}", dice.below(3)), format!("stranger-{nth}"));
            if !faults.struck.strikes(|| name.clone()) {
                continue;
            }
            things.halls.entry(hall.clone()).or_default().push(name.clone());
            things.put_by_others.push((hall, name));
        } else {
            let place = format!(
                "{run}/{}",
                ["p0", "p1", "new", "old", "waste"][usize::try_from(dice.below(5)).unwrap_or(0)]
            );
            let thing = format!("stranger's-{nth}");
            if !faults.struck.strikes(|| thing.clone()) {
                continue;
            }
            things.shelves.insert(place.clone(), Item { thing: thing.clone(), by: Author::Stranger });
            things.put_by_others.retain(|(other, _)| *other != place);
            things.put_by_others.push((place, thing));
        }
    }
}

/// Somebody sets the clock by up to a day.
pub(crate) async fn clock_setters(faults: FaultPlan, clock: Arc<VirtualClock>) {
    if !faults.has(Trouble::Jumps) {
        return;
    }
    let mut dice = Dice::of(faults.seed, "jumps", 0);
    for nth in 0..3 {
        pause(&mut dice, 1_800_000).await;
        let by = i64::try_from(dice.below(2 * 86_400_000)).unwrap_or(0) - 86_400_000;
        if faults.struck.strikes(|| format!("jump {nth}")) {
            clock.jump(by);
        }
    }
}

/// People with other terminals.
pub(crate) async fn operators(
    faults: FaultPlan,
    clock: Arc<VirtualClock>,
    log: Arc<CheckerLog>,
    runs: Vec<RunId>,
) {
    if !faults.has(Trouble::Operators) {
        return;
    }
    let mut dice = Dice::of(faults.seed, "operators", 0);
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
            _ if !faults.struck.strikes(|| format!("operator {nth}")) => continue,
            _ => {
                let accepts: Vec<StepId> = state.skipped().cloned().collect();
                drop(open_gate(&*log, run, &people, now, ("cleanup", &accepts), "a simulation").await);
                continue;
            }
        };
        if !faults.struck.strikes(|| format!("operator {nth}")) {
            continue;
        }
        // What does not fit where the run stands is refused; that is for the engine to judge.
        drop(ask(&*log, run, &people, now, request, "a simulation").await);
    }
}

fn parked(state: &RunState) -> Option<StepId> {
    let parked = |s: &StepState| {
        s.forward.progress() == Progress::Blocked && s.undo == UndoState::None
            || matches!(s.undo, UndoState::Parked { .. })
    };
    state.steps().find(|(_, s)| parked(s)).map(|(step, _)| step.id.clone())
}

/// From this round on, what still fails is left as it is.
const PATIENCE: u32 = 12;

/// Brings every run a little nearer to its end.
pub(crate) async fn care(simulation: &Simulation, round: u32) {
    for run in &simulation.runs {
        let Some(state) = simulation.log.state(run) else { continue };
        let ask = async |request: Request| {
            let now = simulation.clock.now_ms();
            drop(ask(&*simulation.log, run, &simulation.people, now, request, "a simulation").await);
        };
        if state.is_paused() {
            ask(Request::Resume).await;
        }
        for (step, stands) in state.steps() {
            let back = matches!(stands.undo, UndoState::Parked { .. });
            if back || stands.forward.progress() == Progress::Blocked {
                let doubt = matches!(stands.forward, ForwardState::Parked { doubt: true, .. });
                let request = match round {
                    PATIENCE.. if back || !doubt => Request::Skip(vec![step.id.clone()]),
                    _ => Request::Retry(step.id.clone()),
                };
                ask(request).await;
            } else if let Node::ByHand { .. } = step.node {
                ask(Request::Acknowledge(step.id.clone())).await;
            } else if let (Node::Gate { name }, true) = (&step.node, state.is_open(&step.id)) {
                let now = simulation.clock.now_ms();
                let log = &*simulation.log;
                let accepts: Vec<StepId> = state.skipped().cloned().collect();
                drop(open_gate(log, run, &simulation.people, now, (name, &accepts), "a simulation").await);
            } else if let ForwardState::Idle = stands.forward
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
