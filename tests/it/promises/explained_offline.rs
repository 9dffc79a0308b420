//! Promise 6: everything can be explained from the log, offline, at any past event; an edit of the record is found.

use crate::support::estates::approved;
use crate::support::rehome::text;

#[test]
fn any_changed_byte_of_any_event_is_found_and_named() {
    let (_azure, rehome) = approved();
    rehome.say(&["audit", "verify"]).expect(0);
    let log = rusqlite::Connection::open(rehome.path("rehome.db")).expect("the log");
    log.execute_batch("DROP TRIGGER event_is_never_changed").expect("what an attacker can do");
    log.execute("UPDATE event SET actor = 'somebody.else' WHERE position = 2", []).expect("changed");
    drop(log);
    let said = rehome.say(&["audit", "verify"]).expect(15);
    assert!(said.err.contains("position 2"), "{}", said.err);
}

#[test]
fn every_past_event_is_told_without_azure_and_what_came_of_it_by_then() {
    let (azure, rehome) = approved();
    assert_eq!(rehome.run_with_people(), 0);
    drop(azure);
    let history = rehome.json(&["history"]);
    let last = history["events"].as_array().expect("events").len();
    assert!(last > 30, "{last} events");
    let states = |at: usize| {
        let told = rehome.json(&["replay", "--at", &at.to_string()]);
        told["moves"].as_array().expect("moves").iter().map(|m| m["state"].to_string()).collect::<Vec<_>>()
    };
    let told: Vec<Vec<String>> = [1, 4, last / 2, last].map(states).to_vec();
    assert_ne!(told[1], told[3]);
    assert_eq!(told[3], states(last), "the same is told each time");
    let run = text(&rehome.json(&["status"])["moves"][0]["run"]).to_owned();
    assert!(rehome.say(&["show", &run]).expect(0).out.contains("id-shop"));
}
