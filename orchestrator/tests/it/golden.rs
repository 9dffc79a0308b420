//! Events as earlier versions of this program wrote them. The files are never edited: a shape that changes
//! gets a new version, and another file.

use rehome_orchestrator::{
    ApprovalScope, BatchEvent, BatchState, Began, Direction, Entry, Event, ForwardState, HeldUp, HoldEvent,
    Recorded, RunState, StepId, Taken, UndoState, Verdict, fold_batch, fold_into,
};
use std::collections::BTreeSet;

/// One event a line: kind, version, body, between tabs.
const FIRST: &str = include_str!("../golden/events-1.tsv");

/// What came with runs whose record lost its end.
const SECOND: &str = include_str!("../golden/events-2.tsv");

/// With pauses, which version 1 of a plan did not know.
const THIRD: &str = include_str!("../golden/events-3.tsv");

/// A run that two runners took, one after the other.
const TAKEN: &str = include_str!("../golden/events-4.tsv");

/// A step that another run held up.
const HELD_UP: &str = include_str!("../golden/events-5.tsv");

/// What was written down of a resource that they share.
const HELD: &str = include_str!("../golden/hold-1.tsv");

/// A batch whose plan names approvers, of whom one signed with a key in a file and one with a security key.
const SIGNED: &str = include_str!("../golden/batch-1.tsv");

/// A batch that uses a part of the limits, and of which people ask for other parts.
const SHARED: &str = include_str!("../golden/batch-2.tsv");

/// A clean-up that is held, and released again.
const KEPT_SHUT: &str = include_str!("../golden/batch-3.tsv");

fn events(file: &'static str) -> impl Iterator<Item = (&'static str, u16, &'static str)> {
    file.lines().map(|line| {
        let mut cells = line.splitn(3, '\t');
        let mut cell = || cells.next().expect("three cells");
        (cell(), cell().parse().expect("a version"), cell())
    })
}

/// Reads every event, writes it again, folds all of them, and names the kinds.
fn fold(file: &'static str) -> (RunState, BTreeSet<&'static str>) {
    let (mut state, mut kinds) = (None, BTreeSet::new());
    for (nth, (kind, version, body)) in (1..).zip(events(file)) {
        let event = Event::decode(kind, version, body.as_bytes()).expect("a shape that is known for ever");
        assert_eq!(event.kind(), (kind, version));
        assert_eq!(String::from_utf8(event.encode()).expect("text"), body);
        let at_ms = i64::try_from(nth).expect("a short file");
        let entry = Entry { position: nth, sequence: nth, at_ms, actor: "a".into(), event };
        fold_into(&mut state, &entry).unwrap_or_else(|e| panic!("event {nth}: {e}"));
        kinds.insert(kind);
    }
    (state.expect("a plan"), kinds)
}

#[test]
fn a_log_of_the_first_version_reads_as_it_did_and_is_written_as_it_was() {
    let (state, kinds) = fold(FIRST);
    assert_eq!(state.verdict(), Some(Verdict::RolledBack));
    assert_eq!(state.step(&"left".into()).map(|(_, s)| s.undo.clone()), Some(UndoState::Left));
    assert_eq!(kinds.len(), 16, "every kind is in the file: {kinds:?}");
}

#[test]
fn the_events_of_a_lost_end_read_as_they_did_and_are_written_as_they_were() {
    let (state, kinds) = fold(SECOND);
    let forward = |id: &str| state.step(&id.into()).map(|(_, s)| s.forward.clone());
    assert_eq!(forward("make"), Some(ForwardState::Done { ours: true }));
    assert_eq!(forward("left"), Some(ForwardState::Partial));
    assert!(matches!(forward("take"), Some(ForwardState::Parked { doubt: true, .. })));
    assert!(!state.is_restored());
    for kind in ["restored", "recalled", "reconciled"] {
        assert!(kinds.contains(kind), "{kinds:?}");
    }
}

#[test]
fn a_log_with_pauses_reads_as_it_did_and_a_pause_that_was_over_is_nothing_to_take_back() {
    let (state, _) = fold(THIRD);
    assert_eq!(state.verdict(), Some(Verdict::RolledBack));
    assert_eq!(state.step(&"spread".into()).map(|(_, s)| s.undo.clone()), Some(UndoState::NotNeeded));
}

#[test]
fn a_log_of_several_runners_reads_as_it_did_and_none_takes_a_place_that_is_taken() {
    let (mut state, kinds) = fold(TAKEN);
    assert!(kinds.contains("taken"), "{kinds:?}");
    let owner = state.owner().expect("somebody has it");
    assert_eq!((owner.runner.as_str(), owner.epoch), ("r-00000000000000b2", 2));
    for epoch in [0, 1, 2, 4] {
        let late = Event::Taken(Taken { runner: "r-c".to_owned(), epoch });
        assert!(state.clone().apply(100, &late).is_err(), "number {epoch} is not the next");
    }
    state.apply(100, &Event::Taken(Taken { runner: "r-c".to_owned(), epoch: 3 })).expect("it is the next");
    for (kind, version, body) in events(HELD) {
        let event =
            HoldEvent::decode(kind, version, body.as_bytes()).expect("a shape that is known for ever");
        assert_eq!((event.kind(), event.encode()), ((kind, version), body.as_bytes().to_vec()));
    }
}

#[test]
fn a_step_that_is_held_up_reads_as_it_did_and_only_one_whose_turn_has_come_can_be() {
    let (mut state, _) = fold(HELD_UP);
    let far = StepId::from("far");
    let held = state.held_up(&far).cloned().expect("it is held up");
    assert_eq!((held.by.as_str(), held.by_step.as_str()), ("r-00000000000000c3", "host-1"));
    let other = |step: &str, direction| HeldUp { step: step.into(), direction, ..held.clone() };
    for wrong in [other("spread", Direction::Do), other("far", Direction::Undo)] {
        assert!(state.clone().apply(100, &Event::HeldUp(wrong)).is_err());
    }
    let request_id = uuid::Uuid::nil();
    let began = Began {
        step: far.clone(),
        direction: Direction::Do,
        attempt: 1,
        request_id,
        input: None,
        before: None,
    };
    state.apply(100, &Event::Began(began)).expect("it goes on");
    assert_eq!(state.held_up(&far), None);
}

#[test]
fn a_clean_up_that_is_held_reads_as_it_did_and_is_written_as_it_was() {
    for (kind, version, body) in events(KEPT_SHUT) {
        let event =
            BatchEvent::decode(kind, version, body.as_bytes()).expect("a shape that is known for ever");
        assert_eq!((event.kind(), event.encode()), ((kind, version), body.as_bytes().to_vec()));
    }
}

#[test]
fn a_step_says_since_when_until_when_and_behind_what_it_waits() {
    let mut state = None;
    for (nth, (kind, version, body)) in (1..).zip(events(THIRD).take(4)) {
        let event = Event::decode(kind, version, body.as_bytes()).expect("a shape that is known for ever");
        let at_ms = i64::try_from(nth).expect("a short file");
        let entry = Entry { position: nth, sequence: nth, at_ms, actor: "a".into(), event };
        fold_into(&mut state, &entry).expect("a legal log");
    }
    let state: RunState = state.expect("a plan");
    let spread = state.wait_of(&"spread".into()).expect("it waits");
    assert_eq!((spread.since_ms, spread.until_ms, spread.behind), (4, Some(600_004), Vec::new()));
    let far = state.wait_of(&"far".into()).expect("it waits");
    assert_eq!((far.since_ms, far.until_ms, far.behind), (4, None, vec!["spread".into()]));
    let (over, _) = fold(THIRD);
    assert_eq!(over.wait_of(&"far".into()), None);
}

/// Reads every event of a batch, writes it again, and folds all of them.
fn fold_all(file: &'static str) -> BatchState {
    let mut state = None;
    for (nth, (kind, version, body)) in (1..).zip(events(file)) {
        let event =
            BatchEvent::decode(kind, version, body.as_bytes()).expect("a shape that is known for ever");
        assert_eq!(event.kind(), (kind, version));
        assert_eq!(String::from_utf8(event.encode()).expect("text"), body);
        let at_ms = i64::try_from(nth).expect("a short file");
        let entry = Entry { position: nth, sequence: nth, at_ms, actor: "a".into(), event };
        fold_batch(&mut state, &entry).unwrap_or_else(|e| panic!("event {nth}: {e}"));
    }
    state.expect("a plan")
}

#[test]
fn a_batch_that_uses_a_part_of_the_limits_reads_as_it_did_and_is_written_as_it_was() {
    let state = fold_all(SHARED);
    assert_eq!((state.share(), state.steering().parallel), (20, Some(4)));
    let planned = state.planned().rollout.as_ref().and_then(|rollout| rollout.share);
    assert_eq!(planned, Some(60));
}

#[test]
fn a_batch_with_signed_approvals_reads_as_it_did_and_is_written_as_it_was() {
    let state = fold_all(SIGNED);
    let by: Vec<&str> = state.approvals().map(|approval| approval.statement.approver.as_str()).collect();
    assert_eq!(by, ["ada", "bo"]);
    assert!(state.waves().all(|(_, wave)| wave.is_released()));
    let lacks = |now_ms| state.lacks(&ApprovalScope::CleanUp, now_ms);
    assert!(!lacks(8_999_999_999_999) && lacks(9_000_000_000_000), "it counts until then");
}
