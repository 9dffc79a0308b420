//! A world that answers with success and does nothing: how often it is asked, and how fast.

use crate::fake_world::{Moving, Shelves, step};
use rehome_orchestrator::harness::{Journey, Scenario, SystemUnderTest, WorldUnderTest, run_once};
use rehome_orchestrator::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// What the world takes no notice of, though it answers.
#[derive(Clone, Copy, PartialEq)]
enum Deaf {
    Write,
    Half,
    Undo,
}

struct Tell {
    shelves: Shelves,
    deaf: Deaf,
}

impl Tell {
    fn holds(&self, shelf: &str) -> bool {
        self.shelves.lock().expect("nobody panics").contains_key(shelf)
    }
}

impl Activity for Tell {
    const NAME: &'static str = "shelf.tell/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = 1_000;
    type Input = String;
    type Before = ();
    type Output = ();

    fn locks(&self, shelf: &String) -> Vec<ResourceKey> {
        vec![ResourceKey::new(shelf)]
    }

    async fn run(&self, _: &Call, shelf: &String, (): &()) -> Outcome<()> {
        if self.deaf == Deaf::Undo {
            self.shelves.lock().expect("nobody panics").insert(shelf.clone(), "lamp".to_owned());
            return Outcome::Applied(());
        }
        let mut why = Fault::new(FaultKind::Differs, "NotAsWritten", "answered 200 and left this out: lamp");
        why.status = Some(200);
        Outcome::Unknown(why)
    }

    async fn probe(&self, shelf: &String, (): &()) -> Probe<()> {
        match self.deaf {
            Deaf::Half => Probe::Partial(()),
            Deaf::Write | Deaf::Undo if self.holds(shelf) => Probe::Applied(()),
            Deaf::Write | Deaf::Undo => Probe::NotApplied,
        }
    }

    async fn undo(&self, _: &Call, _: &String, (): &(), _: Option<&()>) -> Outcome<()> {
        Outcome::Applied(())
    }

    fn residue(&self, shelf: &String, (): &(), _: Option<&()>) -> String {
        shelf.clone()
    }
}

struct Street(Deaf);

struct StreetWorld {
    shelves: Shelves,
    deaf: Deaf,
}

impl SystemUnderTest for Street {
    type World = StreetWorld;

    async fn world(&self) -> StreetWorld {
        StreetWorld { shelves: Arc::new(Mutex::new(BTreeMap::new())), deaf: self.0 }
    }
}

impl WorldUnderTest for StreetWorld {
    fn registry(&self) -> Registry {
        Registry::new()
            .activity(Tell { shelves: self.shelves.clone(), deaf: self.deaf })
            .workflow(Moving(self.shelves.clone()))
    }

    fn document(&self) -> Document {
        let tell = step("tell", &[], Phase::Forward, Node::act::<Tell>(Template::known("shelf")));
        let gate = step("gate", &["tell"], Phase::CleanUp, Node::Gate { name: "cleanup".to_owned() });
        let steps = vec![tell, gate];
        let plan = Plan { workflow: Moving::NAME.to_owned(), on_failure: OnFailure::Park, steps };
        let (run, about, params) = (RunId::new("m-1"), Json::of(&()), Json::of(&()));
        let facts = Json::of(&json!({}));
        Document::new("street", vec![PlannedRun { run, about, params, facts, plan }])
    }

    async fn snapshot(&self) -> Value {
        json!(*self.shelves.lock().expect("nobody panics"))
    }
}

/// When each attempt before the first stop was begun, and what was said at the stop.
fn attempts(deaf: Deaf, way: Journey, act: &str) -> (Vec<i64>, String) {
    let history = run_once(&Street(deaf), &Scenario::new(way, &[])).history;
    let stop = history.iter().position(|line| line.contains(" parked "));
    let stop = stop.unwrap_or_else(|| panic!("it does not stop\n{}", history.join("\n")));
    let act = format!("\"act\":\"{act}\"");
    let begun = history[..stop].iter().filter(|line| line.contains(" began ") && line.contains(&act));
    let at = |line: &String| line.split(' ').next().and_then(|at| at.parse().ok()).expect("a time");
    (begun.map(at).collect(), history[stop].clone())
}

#[test]
fn what_is_answered_with_success_and_changes_nothing_is_tried_twice_with_a_pause_and_then_stops() {
    // What is not there at all is first waited for: it may come late.
    for (deaf, pause_ms) in [(Deaf::Write, 2_000), (Deaf::Half, 1_000)] {
        let (begun, said) = attempts(deaf, Journey::Forward, "run");
        assert_eq!(begun.len(), 2, "{begun:?}");
        assert!(begun[1] - begun[0] >= pause_ms, "no pause: {begun:?}");
        assert!(said.contains("answered 200 and left this out"), "{said}");
    }
}

#[test]
fn an_undo_that_is_answered_with_success_and_changes_nothing_stops_too() {
    let (begun, said) = attempts(Deaf::Undo, Journey::ThereAndBack, "undo");
    assert_eq!(begun.len(), 2, "{begun:?}");
    assert!(begun[1] - begun[0] >= 1_000, "no pause: {begun:?}");
    assert!(said.contains("still there"), "{said}");
}
