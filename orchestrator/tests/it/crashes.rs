use crate::shelf::House;
use rehome_orchestrator::harness::{Failure, Way, enumerate, run_once};
use rehome_orchestrator::{Left, OnFailure, Verdict};
use serde_json::json;

fn story(failures: &[Failure]) -> String {
    let Some(first) = failures.first() else { return String::new() };
    format!(
        "{} failures; the shortest: {:?} at {:?}, {:?}: {}\nbreaches {:?}, left {:?}\n{}",
        failures.len(),
        first.disturbance,
        first.place,
        first.way,
        first.what,
        first.report.breaches,
        first.report.left,
        first.report.history.join("\n")
    )
}

#[test]
fn an_undisturbed_run_reaches_its_goal_and_one_that_is_turned_goes_all_the_way_back() {
    let house = House { on_failure: OnFailure::Park, blind: false };
    let forward = run_once(&house, Way::Forward, &[]);
    assert_eq!(
        forward.world,
        json!({"new": "lamp", "left": "lamp@new", "right": "lamp@new"}),
        "{}",
        forward.history.join("\n")
    );
    assert_eq!(forward.left[0].1, Left::Closed(Verdict::Done));
    let back = run_once(&house, Way::ThereAndBack, &[]);
    assert_eq!(back.world, json!({"old": "lamp", "waste": "paper"}), "{}", back.history.join("\n"));
    assert_eq!(back.left[0].1, Left::Closed(Verdict::RolledBack));
}

#[test]
fn every_crash_and_every_lost_answer_at_every_place_ends_as_planned_or_as_before() {
    for on_failure in [OnFailure::Park, OnFailure::RollBack] {
        let (runs, failures) = enumerate(&House { on_failure, blind: false });
        assert!(runs > 100, "only {runs} runs were made");
        assert!(failures.is_empty(), "{on_failure:?}: {}", story(&failures));
    }
}

#[test]
fn the_same_disturbance_gives_the_same_log() {
    use rehome_orchestrator::harness::{Disturbance, Place};
    let house = House { on_failure: OnFailure::Park, blind: false };
    let armed = [(Place::Call(2), Disturbance::AnswerLost), (Place::Commit(9), Disturbance::CrashAfter)];
    let (one, two) = (run_once(&house, Way::Forward, &armed), run_once(&house, Way::Forward, &armed));
    assert_eq!(one.history, two.history);
    assert_eq!(one.crashes, 1);
}

#[test]
fn an_activity_whose_probe_sees_nothing_is_found_out_with_its_shortest_history() {
    let (_, failures) = enumerate(&House { on_failure: OnFailure::Park, blind: true });
    let first = failures.first().expect("sending again what had taken effect is noticed");
    assert!(first.report.history.len() <= failures.iter().map(|f| f.report.history.len()).min().unwrap_or(0));
}
