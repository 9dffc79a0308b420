//! What people may ask of a run, judged by the fold alone.

use crate::fake_world::plan;
use rehome_orchestrator::*;
use serde_json::json;
use std::sync::Arc;

fn approved(gate: Option<&str>, accepts: &[&str]) -> Event {
    Event::Approved(Approved {
        gate: gate.map(str::to_owned),
        digest: String::new(),
        reason: "a test".to_owned(),
        accepts: accepts.iter().map(|id| StepId::from(*id)).collect(),
    })
}

fn skip(steps: &[&str]) -> Event {
    let request = Request::Skip(steps.iter().map(|id| StepId::from(*id)).collect());
    Event::Requested(Requested { request, reason: "a test".to_owned() })
}

fn begun(events: &[Event]) -> RunState {
    let planned = Event::Planned(Planned {
        batch: "b".to_owned(),
        digest: String::new(),
        params: Json::of(&()),
        facts: Json::of(&()),
        about: Json::of(&json!(null)),
        plan: Arc::new(plan(OnFailure::Park)),
    });
    let mut state = RunState::begin(1, &planned).expect("a sound plan");
    for event in events {
        state.apply(1, event).expect("a legal event");
    }
    state
}

#[test]
fn leaving_out_what_stands_between_a_gate_and_the_last_step_does_not_open_the_gate() {
    let mut state = begun(&[approved(None, &[]), skip(&["take", "going"])]);
    assert!(!state.is_open(&"burn".into()), "the gate before it is closed");
    let all =
        ["make", "wait", "left", "right", "far", "hand", "spread", "last", "check", "soak", "going", "take"];
    state.apply(2, &skip(&all[..10])).expect("legal");
    assert!(state.is_open(&"gate".into()) && !state.is_open(&"burn".into()));
    assert!(
        state.clone().apply(3, &approved(Some("cleanup"), &all[..11])).is_err(),
        "one is not answered for"
    );
    state.apply(3, &approved(Some("cleanup"), &all)).expect("legal");
    assert!(state.is_open(&"burn".into()));
}
