//! Events as earlier versions of this program wrote them. The files are never edited: a shape that changes
//! gets a new version, and another file.

use rehome_orchestrator::{Entry, Event, Recorded, RunState, Undo, Verdict, fold_into};
use std::collections::BTreeSet;

/// One event a line: kind, version, body, between tabs.
const FIRST: &str = include_str!("../golden/events-1.tsv");

fn events() -> impl Iterator<Item = (&'static str, u16, &'static str)> {
    FIRST.lines().map(|line| {
        let mut cells = line.splitn(3, '\t');
        let mut cell = || cells.next().expect("three cells");
        (cell(), cell().parse().expect("a version"), cell())
    })
}

#[test]
fn a_log_of_the_first_version_reads_as_it_did_and_is_written_as_it_was() {
    let (mut state, mut kinds) = (None, BTreeSet::new());
    for (nth, (kind, version, body)) in (1..).zip(events()) {
        let event = Event::decode(kind, version, body.as_bytes()).expect("a shape that is known for ever");
        assert_eq!(event.kind(), (kind, version));
        assert_eq!(String::from_utf8(event.encode()).expect("text"), body);
        let entry = Entry {
            position: nth,
            sequence: nth,
            at_ms: i64::try_from(nth).unwrap(),
            actor: "a".into(),
            event,
        };
        fold_into(&mut state, &entry).unwrap_or_else(|e| panic!("event {nth}: {e}"));
        kinds.insert(kind);
    }
    let state: RunState = state.expect("a plan");
    assert_eq!(state.verdict(), Some(Verdict::RolledBack));
    assert_eq!(state.step(&"left".into()).map(|(_, s)| s.undo.clone()), Some(Undo::Left));
    assert_eq!(kinds.len(), 16, "every kind is in the file: {kinds:?}");
}
