//! The whole move of an identity, disturbed at every commit, call and look, against the local Azure over HTTP.
//!
//! A plain run lives through a sample of the cases that a seed draws and prints; `REHOME_CRASHES=all cargo test
//! --release --test it everywhere` lives through every one of them, and through pairs. A number asks for a larger
//! sample.

mod estate;
mod world;

use crate::support::kills::{Dice, say};
use crate::support::oracle::names;
use crate::support::verdict::judge;
use rehome_orchestrator::harness::{
    Exploration, FaultPoint, Findings, InjectedFault, Journey, OperatorAction, Scenario, run_once,
};
use rehome_orchestrator::{Direction, OnFailure, StopReason, Verdict};
use std::collections::BTreeSet;
use world::Relocation;

/// How many cases a plain run lives through.
const SAMPLE: usize = 20;

/// How many pairs of faults the full form adds.
const PAIRS: usize = 500;

/// One of every so many neighbours, so that the sample is spread over all of them; the seed chooses which.
fn sample(scenarios: &[Scenario], count: usize, seed: u64) -> Vec<Scenario> {
    let stride = (scenarios.len() / count).max(1);
    let one = |(nth, neighbours): (u64, &[Scenario])| {
        let mixed = seed.wrapping_add(nth).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        neighbours[usize::try_from(mixed).unwrap_or(0) % neighbours.len()].clone()
    };
    (1..).zip(scenarios.chunks(stride)).map(one).collect()
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// Whether a call of this activity is disturbed.
fn disturbs(
    exploration: &Exploration<'_, Relocation>,
    scenario: &Scenario,
    activity: &str,
    how: impl Fn(InjectedFault) -> bool,
) -> bool {
    let calls = exploration.happened(scenario.way).map(|happened| &happened.calls);
    let by = |nth: u32| calls.and_then(|calls| calls.get(nth as usize - 1)).map(|called| called.activity);
    scenario.armed.iter().any(
        |armed| matches!(*armed, (FaultPoint::Call(nth), what) if how(what) && by(nth) == Some(activity)),
    )
}

/// The identity's id may be somebody's, so its step looks before it puts, and a second run of the whole step takes the
/// first one's identity for a stranger's. The engine never runs a step again without a look; a wire that repeats
/// the request alone would not meet that look.
fn is_out_of_contract(exploration: &Exploration<'_, Relocation>, scenario: &Scenario) -> bool {
    disturbs(exploration, scenario, "identity.create/1", |what| what == InjectedFault::Repeated)
}

/// Nothing in Azure shows that tokens were revoked, so nobody is believed who says so: whoever did it by hand tries
/// again or leaves the step out.
fn cannot_be_attested(exploration: &Exploration<'_, Relocation>, scenario: &Scenario) -> bool {
    scenario.help == OperatorAction::MarkDone
        && disturbs(exploration, scenario, "identity.revoke_tokens/1", |_| true)
}

fn live_through(relocation: &Relocation) -> Findings {
    let (exploration, seed) = (Exploration::new(relocation), Dice::seeded().seed());
    let mut scenarios = exploration.singles();
    scenarios.retain(|scenario| scenario.help != OperatorAction::Skip || !relocation.is_locked());
    scenarios.retain(|scenario| {
        !is_out_of_contract(&exploration, scenario) && !cannot_be_attested(&exploration, scenario)
    });
    let all = scenarios.len();
    let asked = std::env::var("REHOME_CRASHES").unwrap_or_default();
    if asked == "all" {
        scenarios.extend(exploration.pairs(seed, PAIRS));
    } else {
        let count = asked.parse().unwrap_or(SAMPLE);
        scenarios = sample(&scenarios, count, seed);
        scenarios.extend(exploration.pairs(seed, count / 10));
    }
    let findings = exploration.run_all(&scenarios, threads());
    say(&format!("{} of {all} cases and pairs were lived through", findings.runs));
    findings
}

#[test]
fn an_undisturbed_move_is_what_the_oracle_wants_and_has_every_kind_of_step() {
    let relocation = Relocation::new(OnFailure::Park, true);
    let mut before = relocation.estate();
    let forward = run_once(&relocation, &Scenario::new(Journey::Forward, &[]));
    let story = forward.history.join("\n");
    assert_eq!(forward.left[0].1, StopReason::Closed(Verdict::Done), "{story}");
    let after = relocation.last_estate();
    let moves = [(estate::old(), estate::new())];
    assert!(names(&after, &moves[0].1).is_some(), "{story}");
    // The group that the move made is all that is more.
    let group = |id: &str| id.to_lowercase().ends_with("/resourcegroups/rg-shop-new");
    let group = after["arm"].as_array().into_iter().flatten().find(|o| o["id"].as_str().is_some_and(group));
    before["arm"].as_array_mut().expect("arm").push(group.expect("the new group").clone());
    judge(&before, &after, &after, &moves);
    let acts: BTreeSet<&str> = forward.happened.calls.iter().map(|called| called.activity).collect();
    let looks: BTreeSet<&str> = forward.happened.looks.iter().map(|(what, _)| *what).collect();
    assert!(acts.len() >= 15, "{acts:?}");
    for what in ["before", "poll", "verify", "check", "survey", "facts"] {
        assert!(looks.contains(what), "{what}: {looks:?}");
    }
    for way in [Journey::ThereAndBack, Journey::BackFromCleanUp] {
        let back = run_once(&relocation, &Scenario::new(way, &[]));
        assert_eq!(back.left[0].1, StopReason::Closed(Verdict::RolledBack), "{}", back.history.join("\n"));
        assert!(back.happened.calls.iter().any(|called| called.direction == Direction::Undo));
        assert_eq!(back.breaches, Vec::<String>::new());
    }
}

#[test]
fn a_move_that_is_disturbed_anywhere_ends_as_planned_or_as_before_or_as_listed() {
    let findings = live_through(&Relocation::new(OnFailure::Park, false));
    assert!(findings.failures.is_empty(), "{findings}");
}

#[test]
fn a_move_that_goes_back_by_itself_when_it_is_disturbed_ends_as_planned_or_as_before() {
    let findings = live_through(&Relocation::new(OnFailure::RollBack, true));
    assert!(findings.failures.is_empty(), "{findings}");
}
