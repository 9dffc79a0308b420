use crate::fake_world::{House, HouseWorld, Put, Take, step};
use rehome_orchestrator::harness::{
    Exploration, FaultPoint, InjectedFault, Journey, OperatorAction, Report, Scenario, SystemUnderTest,
    enumerate, run_once,
};
use rehome_orchestrator::{Direction, Node, OnFailure, Phase, StopReason, Template, Verdict};
use serde_json::{Value, json};

const HOUSE: House = House { on_failure: OnFailure::Park, blind: false };

fn before() -> Value {
    json!({"old": "lamp", "waste": "paper"})
}

fn goal() -> Value {
    json!({"new": "lamp", "left": "lamp@new", "right": "lamp@new", "far": "lamp@new", "last": "vase"})
}

#[test]
fn an_undisturbed_run_reaches_its_goal_and_one_that_is_turned_goes_all_the_way_back() {
    let forward = run_once(&HOUSE, &Scenario::new(Journey::Forward, &[]));
    assert_eq!(forward.world, goal(), "{}", forward.history.join("\n"));
    assert_eq!(forward.left[0].1, StopReason::Closed(Verdict::Done));
    for (way, undone) in [(Journey::ThereAndBack, 5), (Journey::BackFromCleanUp, 6)] {
        let back = run_once(&HOUSE, &Scenario::new(way, &[]));
        assert_eq!(back.world, before(), "{}", back.history.join("\n"));
        assert_eq!(back.left[0].1, StopReason::Closed(Verdict::RolledBack));
        assert_eq!(undos(&back).len(), undone, "{}", back.history.join("\n"));
    }
}

/// When something happened to a step last, in the order of the log.
fn time_of(history: &[String], kind: &str, step: &str, act: &str) -> i64 {
    let words = [format!(" {kind} "), format!("\"step\":\"{step}\""), format!("\"act\":\"{act}\"")];
    let line = history.iter().rfind(|line| words.iter().all(|word| line.contains(word)));
    let line = line.unwrap_or_else(|| panic!("no {kind} of {act} {step} in\n{}", history.join("\n")));
    line.split(' ').next().and_then(|at| at.parse().ok()).expect("a time")
}

#[test]
fn a_pause_holds_on_the_way_there_and_on_the_way_back_behind_what_was_taken_back() {
    let history = run_once(&HOUSE, &Scenario::new(Journey::ThereAndBack, &[])).history;
    let granted = ["left", "right", "far"].map(|step| time_of(&history, "ended", step, "run"));
    let used = time_of(&history, "began", "last", "run");
    assert!(granted.iter().all(|at| used - at >= 600_000), "{}", history.join("\n"));
    let back = time_of(&history, "ended", "last", "undo");
    for step in ["left", "right", "far"] {
        let gone = time_of(&history, "began", step, "undo");
        assert!(gone - back >= 60_000, "{step} after {} ms\n{}", gone - back, history.join("\n"));
    }
    let never = history.iter().filter(|line| line.contains("\"step\":\"going\""));
    assert_eq!(never.count(), 0, "what was not taken away is not waited for");
}

#[test]
fn every_disturbance_at_every_place_ends_as_planned_or_as_before_or_as_listed() {
    for on_failure in [OnFailure::Park, OnFailure::RollBack] {
        let house = House { on_failure, blind: false };
        let exploration = Exploration::new(&house);
        let mut scenarios = exploration.singles();
        scenarios.extend(exploration.pairs(1, 150));
        let findings = exploration.run_all(&scenarios, 2);
        assert!(findings.runs > 650, "only {} cases", findings.runs);
        assert!(findings.failures.is_empty(), "{on_failure:?}: {findings}");
    }
}

#[test]
fn the_same_case_gives_the_same_log() {
    let armed = [
        (FaultPoint::Call(2), InjectedFault::AnswerLost),
        (FaultPoint::Commit(9), InjectedFault::CrashAfter),
    ];
    let scenario = Scenario::new(Journey::Forward, &armed);
    let (one, two) = (run_once(&HOUSE, &scenario), run_once(&HOUSE, &scenario));
    assert_eq!(one.history, two.history);
    assert_eq!((one.crashes, one.unused), (1, 0));
}

#[test]
fn an_activity_whose_probe_sees_nothing_is_named_with_the_shortest_history() {
    let findings = enumerate(&House { on_failure: OnFailure::Park, blind: true });
    let first = findings.shortest().expect("sending again what had taken effect is noticed");
    let lengths = findings.failures.iter().map(|f| f.report.history.len());
    assert_eq!(Some(first.report.history.len()), lengths.min());
    assert_eq!(first.activity.as_deref(), Some("shelf.put/1"), "{first}");
    // Whatever was disturbed: it is that activity which is named, and not its neighbour.
    let others = findings.failures.iter().find(|f| f.activity.as_deref() != Some("shelf.put/1"));
    assert!(others.is_none(), "{}", others.map(ToString::to_string).unwrap_or_default());
    let told = first.to_string();
    assert!(told.starts_with("activity shelf.put/1 (step "), "{told}");
    assert!(told.ends_with(first.report.history.last().expect("a history")), "{told}");
}

/// The calls that undo something, as places, in the order in which they come.
fn undos(report: &Report) -> Vec<(FaultPoint, String)> {
    let calls = (1..).zip(&report.happened.calls);
    let undos = calls.filter(|(_, called)| called.direction == Direction::Undo);
    undos.map(|(nth, called)| (FaultPoint::Call(nth), called.step.to_string())).collect()
}

/// Where in the history something first happens.
fn first(report: &Report, parts: &[&str]) -> Option<usize> {
    report.history.iter().position(|line| parts.iter().all(|part| line.contains(part)))
}

/// Every way to choose some of these.
fn choices<T: Clone>(of: &[T]) -> Vec<Vec<T>> {
    (1_u32..1 << of.len())
        .map(|mask| {
            let chosen = of.iter().enumerate().filter(|(at, _)| mask & (1 << at) != 0);
            chosen.map(|(_, item)| item.clone()).collect()
        })
        .collect()
}

#[test]
fn undo_steps_that_fail_together_park_each_alone_and_the_rest_is_undone_before_anybody_comes() {
    let all = undos(&run_once(&HOUSE, &Scenario::new(Journey::ThereAndBack, &[])));
    // First what stands behind the pause; what needs nothing of each other side by side; and what they need.
    let [last, beside @ .., make] = all.as_slice() else { panic!("{} undo steps", all.len()) };
    assert_eq!((last.1.as_str(), beside.len(), make.1.as_str()), ("last", 3, "make"));
    let mut some = choices(beside);
    some.push(vec![make.clone()]);
    for (failing, help) in some
        .iter()
        .flat_map(|s| [OperatorAction::Retry, OperatorAction::Skip, OperatorAction::MarkDone].map(|h| (s, h)))
    {
        let armed = failing.iter().map(|(point, _)| (*point, InjectedFault::Refused)).collect();
        let report = run_once(&HOUSE, &Scenario { way: Journey::ThereAndBack, armed, help });
        let story = format!("{help:?} {failing:?}\n{}", report.history.join("\n"));
        assert_eq!(report.left[0].1, StopReason::Closed(Verdict::RolledBack), "{story}");
        assert_eq!(report.unused, 0, "{story}");
        let asked = first(&report, &["\"retry\":"])
            .or(first(&report, &["\"skip\":"]))
            .or(first(&report, &["\"mark_done\":"]));
        let asked = asked.unwrap_or_else(|| panic!("nobody was asked: {story}"));
        for (_, step) in beside.iter().filter(|undo| !failing.contains(undo)) {
            let undone = first(&report, &[&format!("\"step\":\"{step}\",\"act\":\"undo\""), "applied"]);
            assert!(undone.is_some_and(|at| at < asked), "{step} was held up: {story}");
        }
        let began = first(&report, &["began", "\"step\":\"make\",\"act\":\"undo\""]);
        if beside.iter().any(|undo| failing.contains(undo)) {
            assert!(began.is_some_and(|at| at > asked), "what a failed step needs stays: {story}");
        }
        check_end(&report, failing, help, &story);
    }
}

fn check_end(report: &Report, failing: &[(FaultPoint, String)], help: OperatorAction, story: &str) {
    let listed: Vec<&str> = report.residue.iter().map(|(_, step, _)| step.as_str()).collect();
    if help != OperatorAction::Skip {
        assert_eq!((&report.world, listed), (&before(), Vec::new()), "{story}");
        return;
    }
    let mut left = before();
    for (_, step) in failing {
        let (shelf, thing) = if step == "make" { ("new", "lamp") } else { (step.as_str(), "lamp@new") };
        left[shelf] = json!(thing);
        let command = format!("take {thing} from {shelf}");
        assert!(report.residue.iter().any(|(_, _, c)| *c == command), "{command}: {story}");
    }
    assert_eq!((&report.world, listed.len()), (&left, failing.len()), "{story}");
    assert_eq!(report.cleared, before(), "{story}");
}

/// What is in the way is put aside, something is done behind it, and it is put back.
struct InTheWay;

impl SystemUnderTest for InTheWay {
    type World = HouseWorld;

    async fn world(&self) -> HouseWorld {
        let mut world = HOUSE.world().await;
        let put = |shelf: &str, thing: &str| {
            Node::act::<Put>(Template::known(json!({"shelf": shelf, "thing": thing})))
        };
        world.plan.steps = vec![
            step("aside", &[], Phase::Forward, Node::act::<Take>(Template::known("old"))),
            step("behind", &["aside"], Phase::Forward, put("new", "lamp")),
            step("restore", &["behind"], Phase::Forward, put("old", "lamp")),
            step("gate", &["restore"], Phase::CleanUp, Node::Gate { name: "cleanup".to_owned() }),
        ];
        world
    }
}

#[test]
fn what_was_put_aside_and_put_back_is_still_there_when_the_run_has_gone_back() {
    let back = run_once(&InTheWay, &Scenario::new(Journey::ThereAndBack, &[]));
    assert_eq!(back.world, before(), "{}", back.history.join("\n"));
    let findings = enumerate(&InTheWay);
    assert!(findings.failures.is_empty(), "{findings}");
}
