//! Worlds in which everything goes wrong, two hundred of them at night; `examples/simulate` lives through any number.

#[path = "../../../examples/simulate/actors.rs"]
mod actors;
#[path = "../../../examples/simulate/acts.rs"]
mod acts;
#[path = "../../../examples/simulate/checker_log.rs"]
mod checker_log;
#[path = "../../../examples/simulate/fault_plan.rs"]
mod fault_plan;
#[path = "../../../examples/simulate/shrink.rs"]
mod shrink;
#[path = "../../../examples/simulate/simulation.rs"]
mod simulation;
#[path = "../../../examples/simulate/workload.rs"]
mod workload;
#[path = "../../../examples/simulate/world.rs"]
mod world;

use fault_plan::FaultPlan;
use shrink::{flaw, shrink};
use simulation::live;

#[test]
fn worlds_end_as_their_records_say_and_twice_in_the_same_way() {
    live_through(if crate::support::kills::is_night() { 200 } else { 60 }, 1);
}

#[test]
fn worlds_with_three_runners_that_die_end_as_their_records_say_and_twice_in_the_same_way() {
    live_through(if crate::support::kills::is_night() { 200 } else { 20 }, 3);
}

fn live_through(worlds: u64, runners: u64) {
    let (mut events, mut crashes, mut ends) = (0, 0, std::collections::BTreeSet::new());
    for seed in 1..=worlds {
        let faults = FaultPlan::of(seed).with(runners);
        let (report, what) = flaw(&faults);
        assert!(
            what.is_none(),
            "seed {seed}: {what:?}\ncargo run --release --example simulate -- --seeds 1 --runners {runners} --from {seed}\n{}",
            report.history.join("\n")
        );
        events += report.events;
        crashes += report.crashes;
        ends.extend(report.verdicts);
    }
    assert!(
        events > 50 * worlds && 2 * crashes > 5 * worlds && ends.len() > 1,
        "{events} events, {crashes} crashes, {ends:?}"
    );
}

#[test]
fn a_world_that_fails_is_made_as_small_as_what_makes_it_fail() {
    // As if the engine could not stand two deaths of which one is at a commit, in whatever world.
    let is_wrong = |faults: &FaultPlan| {
        let report = live(faults);
        report.crashes >= 2 && report.struck.iter().any(|name| name.contains("commit"))
    };
    let faults = (1..).map(FaultPlan::of).find(|w| w.moves > 2 && is_wrong(w)).expect("a bad world");
    let all = live(&faults).struck.len();
    let (small, kept) = shrink(&faults, &is_wrong);
    assert!(is_wrong(&small));
    assert!(small.moves == 1 && 10 * kept.len() < all, "{} moves, {kept:?} of {all}", small.moves);
    // Every one of them is needed.
    for at in 0..kept.len() {
        let mut fewer = kept.clone();
        fewer.remove(at);
        assert!(!is_wrong(&small.only(&fewer)), "without {:?} it is still wrong", kept[at]);
    }
    assert_eq!(
        live(&small).digest,
        live(&FaultPlan { moves: 1, ..FaultPlan::of(small.seed) }.only(&kept)).digest
    );
}
