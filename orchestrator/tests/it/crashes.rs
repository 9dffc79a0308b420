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

#[test]
fn undo_steps_that_fail_together_park_each_alone_and_the_rest_is_undone_before_anybody_comes() {
    use rehome_orchestrator::Act;
    use rehome_orchestrator::harness::{Disturbance, Place};
    let house = House { on_failure: OnFailure::Park, blind: false };
    let before = json!({"old": "lamp", "waste": "paper"});
    let undisturbed = run_once(&house, Way::ThereAndBack, &[]);
    let undos: Vec<u32> = (1..)
        .zip(&undisturbed.called)
        .filter(|(_, (_, act))| *act == Act::Undo)
        .map(|(nth, _)| nth)
        .collect();
    // Of make, left and right: any two of those that can fail at once, and all of them one after the other.
    assert_eq!(undos.len(), 3);
    for some in [&undos[..1], &undos[1..2], &undos[..2], &undos[..]] {
        let armed: Vec<_> = some.iter().map(|nth| (Place::Call(*nth), Disturbance::Refused)).collect();
        let report = run_once(&house, Way::ThereAndBack, &armed);
        let story = report.history.join("\n");
        assert_eq!(report.left[0].1, Left::Closed(Verdict::RolledBack), "{story}");
        assert_eq!(report.world, before, "{story}");
        let refused =
            report.history.iter().filter(|line| line.contains("\"undo\"") && line.contains("refused"));
        assert_eq!(refused.count(), some.len(), "each failed once: {story}");
        let first_help = report.history.iter().position(|line| line.contains("retry\":"));
        let first_help = first_help.expect("somebody was asked");
        let undone = |id: &str| {
            let ended = |line: &&String| {
                line.contains(&format!("\"step\":\"{id}\",\"act\":\"undo\"")) && line.contains("applied")
            };
            report.history[..first_help].iter().any(|line| ended(&line))
        };
        if some.len() == 1 {
            // The sibling of the one that failed was not held up by it.
            assert!(undone("left") || undone("right"), "{story}");
            assert!(!undone("make"), "what the failed step needs stays: {story}");
        }
    }
}
