//! Engine: what must hold for every record whatsoever; `tests/fuzz` looks for one where it does not. Pure.

use crate::activity::ResourceKey;
use crate::fault::{Difference, Fault, FaultKind};
use crate::ids::{Direction, RunId, StepId};
use crate::json::Json;
use crate::plan::template::Template;
use crate::plan::{Node, OnFailure, Phase, Plan, Retry, Step};
use crate::run::codec::{Entry, Recorded};
use crate::run::decide::{Command, Live, decide};
use crate::run::event::*;
use crate::run::state::RunState;
use crate::time::scale::{TimeScale, next_date};
use crate::{ApprovalStatement, NAMESPACE, PublicKey, verify_signature};
use crate::{BatchEvent, BatchLoaded, Document, Operation, Reversibility, fold_into, load, mask, mask_flaw};
use futures_util::FutureExt;
use rehome_store::{BundleLog, Digest, Log, Position, Record, Stored, Why, Withheld};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use uuid::Uuid;

/// What somebody hands in as an approval, a text and a signature with a line between them: what is read of either means
/// the same again.
pub fn approvals(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (statement, signature) = text.split_once("\n=====\n").unwrap_or((text, text));
    if let Some(read) = ApprovalStatement::parse(statement) {
        assert_eq!(read.text(), statement);
    }
    for bytes in [statement, ""] {
        if let Ok(key) = verify_signature(signature, NAMESPACE, bytes.as_bytes()) {
            assert_eq!(PublicKey::parse(&String::from(key.clone())), Some(key));
        }
    }
}

/// Lines of kind, version and body between tabs, as golden logs have them: whatever is read is written as
/// it means, and what cannot follow is illegal and nothing worse.
pub fn rows(data: &[u8]) {
    let mut state: Option<RunState> = None;
    for (line, nth) in data.split(|byte| *byte == b'\n').zip(1_i32..) {
        let mut cells = line.splitn(3, |byte| *byte == b'\t');
        let (Some(kind), Some(version), Some(body)) = (cells.next(), cells.next(), cells.next()) else {
            continue;
        };
        let kind = String::from_utf8_lossy(kind);
        let version = std::str::from_utf8(version).ok().and_then(|v| v.parse().ok()).unwrap_or(1);
        drop(again::<BatchEvent>(&kind, version, body));
        let Some(event) = again::<Event>(&kind, version, body) else { continue };
        let place = u64::from(nth.unsigned_abs());
        let at_ms = i64::from(nth) * 1_000;
        let entry = Entry { position: place, sequence: place, at_ms, actor: "a".into(), event };
        if fold_into(&mut state, &entry).is_err() {
            return;
        }
        if let Some(run) = &state {
            lawful(run, at_ms);
        }
    }
}

/// Bytes as a bundle, as they are and with every hash put right: what holds for the file holds, and whatever its
/// events say is read, decided upon, or refused.
pub fn bundle(data: &[u8]) {
    if let Some(log) = rehome_store::fuzz::bundle(data) {
        return meaning(&log);
    }
    let mended = rehome_store::fuzz::bundle(&rehome_store::fuzz::mended(data));
    meaning(&mended.expect("a bundle that is mended is one"));
}

/// What every reading command does with a log.
fn meaning(log: &BundleLog) {
    let now = "nothing is waited for";
    let all = log.read_all(Position(0), usize::MAX).now_or_never().expect(now);
    for event in all.expect("it was read before") {
        if let Ok(Some(told)) = mask(&event) {
            let why = Why::Masked;
            let withheld = event.withheld.unwrap_or(Withheld { why, digest: Digest::ZERO });
            let record = Record { body: told.into_bytes(), ..event.record };
            let masked = Stored { record, withheld: Some(Withheld { why, ..withheld }), ..event };
            assert_eq!(mask_flaw(&masked), None);
        }
    }
    for (stream, _) in log.streams("").now_or_never().expect(now).expect("it was read before") {
        let end = i64::MAX;
        match RunId::of_stream(&stream) {
            Some(run) => {
                let loaded = load(log, &run).now_or_never().expect(now);
                drop(loaded.map(|loaded| lawful(&loaded.state, end)));
            }
            None => {
                let Some(name) = stream.as_str().strip_prefix(BatchLoaded::PREFIX) else { continue };
                let Ok(Some(batch)) = BatchLoaded::find(log, name).now_or_never().expect(now) else {
                    continue;
                };
                drop(batch.document(log, name).now_or_never().expect(now).map(|document| document.digest()));
            }
        }
    }
}

/// Reads an event; what was read must mean the same when it is written and read again.
fn again<E: Recorded + PartialEq + std::fmt::Debug>(kind: &str, version: u16, body: &[u8]) -> Option<E> {
    let event = E::decode(kind, version, body).ok()?;
    let (kind, version) = event.kind();
    assert_eq!(E::decode(kind, version, &event.encode()).ok().as_ref(), Some(&event));
    Some(event)
}

/// What a document must stand when it comes from a file: its rules, its digest, and the states of its runs.
pub fn document(document: &Document) {
    let digest = document.digest();
    let text = serde_json::to_vec(document).expect("a document has text keys");
    let read: Document = serde_json::from_slice(&text).expect("what was written is read");
    assert_eq!((&read, &read.digest()), (document, &digest));
    if document.check().is_err() {
        return;
    }
    for entry in &document.runs {
        let run = begun(entry.plan.clone(), 0).expect("a plan that was checked");
        lawful(&run, 0);
        for step in &entry.plan.steps {
            if let Node::Act { input, .. } | Node::Wait { input, .. } = &step.node {
                drop(input.render());
                drop(input.resolve(&|_| None));
            }
        }
    }
}

fn begun(plan: Plan, at_ms: i64) -> Result<RunState, crate::Illegal> {
    let nothing = Json::of(&());
    let planned = Planned {
        batch: String::new(),
        digest: String::new(),
        params: nothing.clone(),
        facts: nothing.clone(),
        about: nothing,
        plan: Arc::new(plan),
    };
    RunState::begin(at_ms, &Event::Planned(planned))
}

/// Whatever stands in the record and whenever it is read: there is a decision, and what it wants to record
/// is legal.
fn lawful(run: &RunState, at_ms: i64) {
    for now_ms in [at_ms, i64::MIN, i64::MAX] {
        let decision = decide(run, &Live::default(), now_ms, TimeScale::REAL);
        for command in decision.commands {
            if let Command::Record(event) = command {
                let mut after = run.clone();
                after.apply(now_ms, &event).expect("the decider asks for what the fold allows");
            }
        }
    }
}

/// A small plan with every kind of node, in both phases.
static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    let retry = Retry { base_ms: 100, cap_ms: 1_000, attempts_max: 3, give_up_after_ms: u64::MAX };
    let act = |input, reversibility, settling_ms| Node::Act {
        activity: "a/1".into(),
        input,
        reversibility,
        settling_ms,
        retry,
    };
    let known = || Template::known(1);
    let step = |id: &str, needs: &[&str], phase, node| Step {
        id: id.into(),
        group: String::new(),
        title: String::new(),
        undo: String::new(),
        phase,
        needs: needs.iter().map(|need| StepId::from(*need)).collect(),
        node,
        proof: None,
    };
    let (go, clean) = (Phase::Forward, Phase::CleanUp);
    let by_hand = Node::ByHand { instruction: known(), undo: known() };
    let steps = vec![
        step("a", &[], go, act(known(), Reversibility::Reversible, 0)),
        step("b", &["a"], go, act(Template::from_step("a", "x"), Reversibility::Compensable, u64::MAX)),
        step("c", &["a"], go, Node::Wait { condition: "c/1".into(), input: known(), retry }),
        step("d", &["b", "c"], go, Node::Soak { for_ms: u64::MAX }),
        step("e", &["b"], go, by_hand),
        step("f", &["a", "e"], go, Node::Check { of: vec!["a".into()] }),
        step("g", &["d", "f"], clean, Node::Gate { name: "g".into() }),
        step("h", &["g"], clean, act(known(), Reversibility::Irreversible, 1_000)),
    ];
    Plan { workflow: "w/1".into(), on_failure: OnFailure::Park, steps }
});

/// Bytes as a tale of what happened to a run of [`PLAN`]: an event that cannot follow is refused, and after
/// every other there is a lawful decision.
pub fn tale(data: &[u8]) {
    let mut bytes = data.iter().copied();
    let mut plan = PLAN.clone();
    if bytes.next().is_some_and(|byte| byte % 2 == 1) {
        plan.on_failure = OnFailure::RollBack;
    }
    let mut now_ms = 0_i64;
    let mut run = begun(plan, now_ms).expect("a legal plan");
    while let (Some(what), Some(detail)) = (bytes.next(), bytes.next()) {
        now_ms = match detail >> 5 {
            0..=4 => now_ms.saturating_add(i64::from(detail >> 5) * 700),
            5 => now_ms.saturating_sub(5_000),
            6 => i64::MAX,
            _ => i64::MIN,
        };
        let event = event(&run, what, detail);
        let mut after = run.clone();
        if after.apply(now_ms, &event).is_ok() {
            run = after;
            lawful(&run, now_ms);
        }
    }
}

/// The event that two bytes stand for, with the numbers that would be right where the run stands.
fn event(run: &RunState, what: u8, detail: u8) -> Event {
    let at = usize::from(what >> 4 & 7);
    let direction = if what >> 7 == 0 { Direction::Do } else { Direction::Undo };
    let step = PLAN.steps[at].id.clone();
    let state = run.step(&step).map(|(_, state)| state.clone()).unwrap_or_default();
    let attempts = if direction == Direction::Do { state.attempts } else { state.undo_attempts };
    let attempt = attempts.wrapping_add(u32::from(detail >> 4 & 1));
    let (why, json) = (Fault::new(FaultKind::Broken, "X", "x"), Json::of(&1));
    let until_ms = [0, 1_000, i64::MAX, i64::MIN][usize::from(detail >> 2 & 3)];
    let difference = Difference { fact: "f".into(), expected: None, found: None };
    let some = detail & 4 != 0;
    match what & 15 {
        0 => {
            let gate = some.then(|| "g".to_owned());
            let accepts = PLAN.steps.iter().map(|s| s.id.clone()).collect();
            Event::Approved(Approved { gate, digest: String::new(), reason: String::new(), accepts })
        }
        1 => compared(some.then_some(difference).into_iter().collect()),
        2 => {
            let attempt = attempts.wrapping_add(1);
            let (input, before) = (Some(json.clone()), some.then_some(json));
            Event::Began(Began { step, direction, attempt, request_id: Uuid::nil(), input, before })
        }
        3 => {
            let after_ms = [1, 5_000, u64::MAX][usize::from(detail % 3)];
            let operation = Operation { address: String::new(), after_ms };
            Event::Accepted(Accepted { step, direction, attempt, operation, exchanges: Vec::new() })
        }
        4 => {
            let end = end(detail, json, until_ms, why);
            Event::Ended(Ended { step, direction, attempt, end, exchanges: Vec::new() })
        }
        5 => {
            let found = match detail & 3 {
                0 => Found::Applied(json),
                1 => Found::Partial(json),
                2 => Found::NotApplied,
                _ => Found::Foreign(difference),
            };
            Event::Probed(Probed { step, direction, found, until_ms: None })
        }
        6 => {
            let check = [1, 2, u32::MAX][usize::from(detail % 3)];
            let step = some.then_some(step);
            Event::Waiting(Waiting { step, direction, check, until_ms, why })
        }
        7 if detail & 8 != 0 => taken(run, detail),
        7 => Event::TimerSet(TimerSet { step, until_ms, elsewhere_ms: None }),
        8 => Event::WaitCompleted(WaitCompleted { step, elsewhere_ms: None }),
        9 => checked(step, some),
        10 if detail & 8 != 0 => held_up(step, direction),
        10 => Event::Parked(Parked { step, direction, why }),
        11 => Event::RollbackStarted(RollbackStarted { failed: some.then_some(step) }),
        12 => Event::Requested(Requested { request: request(run, step, detail & 7), reason: String::new() }),
        13 => Event::RollbackVerified(RollbackVerified {
            differences: some.then_some(difference).into_iter().collect(),
        }),
        14 => {
            let all = [Verdict::Done, Verdict::RolledBack, Verdict::Stale, Verdict::Superseded];
            Event::Closed(Closed { verdict: all[usize::from(detail & 3)] })
        }
        _ => {
            let rule = Retry { base_ms: u64::MAX, cap_ms: u64::MAX, attempts_max: 1, give_up_after_ms: 1 };
            let wished = some.then_some(Duration::MAX);
            let until_ms =
                next_date(until_ms, TimeScale::REAL, &rule, (&RunId::new("r"), &step), attempt, wished);
            Event::TimerSet(TimerSet { step, until_ms, elsewhere_ms: None })
        }
    }
}

fn taken(run: &RunState, detail: u8) -> Event {
    let epoch = run.epoch().wrapping_add(u64::from(detail & 1));
    Event::Taken(Taken { runner: "r".into(), epoch })
}

fn held_up(step: StepId, direction: Direction) -> Event {
    let (key, by_step) = (ResourceKey::new("/r"), step.clone());
    Event::HeldUp(HeldUp { step, direction, key, by: RunId::new("r"), by_step })
}

fn checked(step: StepId, is_broken: bool) -> Event {
    let what = crate::Finding { fact: "f".into(), expected: String::new(), found: None, holds: false };
    Event::Checked(Checked { step, looked: 1, broken: is_broken.then_some(what).into_iter().collect() })
}

fn compared(differences: Vec<Difference>) -> Event {
    Event::Compared(Compared { differences, surveyed_at_ms: None })
}

fn end(detail: u8, json: Json, until_ms: i64, why: Fault) -> End {
    match detail & 3 {
        0 => End::Applied(json),
        1 => End::Retry { until_ms, why },
        2 => End::Refused(why),
        _ => End::Unknown(why),
    }
}

fn request(run: &RunState, step: StepId, which: u8) -> Request {
    match which {
        0 => Request::Retry(step),
        1 => Request::Skip(vec![step]),
        2 => Request::Skip(crate::run::fold::apply::cascade(run, &step)),
        3 => Request::MarkDone(step),
        4 => Request::Acknowledge(step),
        5 => Request::Pause,
        6 => Request::Resume,
        _ => Request::RollBack,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_golden_log_means_the_same_again() {
        rows(include_bytes!("../tests/golden/events-1.tsv"));
    }

    #[test]
    fn a_bundle_of_the_golden_log_is_read_and_its_operations_are_told_without_their_address() {
        let mut text = "no header\n".to_owned();
        for (row, at) in include_str!("../tests/golden/events-1.tsv").lines().zip(1..) {
            let cells: Vec<&str> = row.splitn(3, '\t').collect();
            let line = serde_json::json!({
                "position": at, "sequence": at, "stream": "run/m", "kind": cells[0], "version": 1, "at_ms": at,
                "actor": "ada", "salt": "00".repeat(16), "body": cells[2], "hash": "00".repeat(32),
            });
            text.push_str(&format!("{line}\n"));
        }
        bundle(text.as_bytes());
        let mended = rehome_store::fuzz::mended(text.as_bytes());
        let log = rehome_store::fuzz::bundle(&mended).expect("a bundle");
        let run = load(&log, &RunId::new("m")).now_or_never().expect("nothing is waited for");
        assert!(run.expect("the golden log is legal").state.verdict().is_some());
    }

    #[test]
    fn tales_that_fuzzing_found_are_lawful_at_the_ends_of_time() {
        for data in [
            // Approved, compared, begun at the end of time, unknown: the limits lie behind it.
            &[0, 0, 0, 1, 0, 2, 0xc0, 4, 0xc3, 2, 0, 5, 2][..],
            // A step that last happened at the beginning of time.
            &[1, 0, 0, 1, 0, 2, 0xe0, 4, 0xe1, 2, 0, 11, 0, 5, 0],
            &[0, 0, 0, 1, 0, 2, 0, 3, 2, 6, 0xc6, 10, 0, 12, 0, 12, 0x67],
        ] {
            tale(data);
        }
    }

    #[test]
    fn a_gate_or_a_soak_cannot_be_begun_ended_or_given_up() {
        // Approved and compared, everything before the soak done; then it is begun as if it were an effect.
        tale(&[0, 0, 0, 1, 0, 2, 0, 4, 0, 18, 0, 20, 164, 40, 0, 50, 105, 102, 102, 40, 89, 0, 4, 89, 0]);
        let gate = Plan { steps: vec![PLAN.steps[6].clone()], ..PLAN.clone() };
        let gate = Plan { steps: vec![Step { needs: Vec::new(), ..gate.steps[0].clone() }], ..gate };
        let mut run = begun(gate, 0).expect("a legal plan");
        let approved =
            Approved { gate: None, digest: String::new(), reason: String::new(), accepts: Vec::new() };
        run.apply(0, &Event::Approved(approved)).expect("it was planned");
        run.apply(0, &compared(Vec::new())).expect("it was approved");
        let step = || StepId::from("g");
        let (direction, request_id) = (Direction::Do, Uuid::nil());
        let why = Fault::new(FaultKind::Broken, "X", "x");
        for event in [
            Event::Began(Began {
                step: step(),
                direction,
                attempt: 1,
                request_id,
                input: None,
                before: None,
            }),
            Event::Parked(Parked { step: step(), direction, why }),
        ] {
            let refused = run.clone().apply(0, &event);
            assert!(matches!(refused, Err(crate::Illegal::Here { .. })), "{event:?}: {refused:?}");
        }
    }

    #[test]
    fn a_document_with_numbers_at_their_limits_is_lawful() {
        let run = RunId::new("m");
        let moves = vec![crate::PlannedRun {
            run,
            about: Json::of(&serde_json::json!([u64::MAX, i64::MIN, 1e300, -0.0])),
            params: Json::of(&()),
            facts: Json::of(&()),
            plan: PLAN.clone(),
        }];
        let about = serde_json::Value::Null;
        document(&Document {
            format_version: "1.0".into(),
            batch: "b".into(),
            about,
            runs: moves,
            rollout: None,
            approval: None,
        });
    }

    #[test]
    fn what_the_other_side_said_last_is_told_beside_what_the_engine_found() {
        let mut run = begun(PLAN.clone(), 0).expect("a legal plan");
        let approved =
            Approved { gate: None, digest: String::new(), reason: String::new(), accepts: Vec::new() };
        let step = || StepId::from("a");
        let (direction, request_id, exchanges) = (Direction::Do, Uuid::nil(), Vec::new());
        let mut said = Fault::new(FaultKind::Unavailable, "ServerBusy", "come back at noon").at("/x");
        said.status = Some(503);
        let (none, end) = (None, End::Unknown(said));
        for event in [
            Event::Approved(approved),
            compared(Vec::new()),
            Event::Began(Began {
                step: step(),
                direction,
                attempt: 1,
                request_id,
                input: none.clone(),
                before: none,
            }),
            Event::Ended(Ended { step: step(), direction, attempt: 1, end, exchanges }),
        ] {
            run.apply(0, &event).expect("it follows");
        }
        let looked = Fault::new(FaultKind::Broken, "NotYetCertain", "nothing is to be seen");
        let why = run.explained(0, looked);
        assert_eq!(
            why.message,
            "nothing is to be seen; the last answer to it was ServerBusy: come back at noon (503)"
        );
        assert_eq!(why.target.as_deref(), Some("/x"));
        let absent =
            Event::Probed(Probed { step: step(), direction, found: Found::NotApplied, until_ms: None });
        run.apply(0, &absent).expect("it was in doubt");
        let (_, state) = run.step(&step()).expect("it is in the plan");
        let crate::ForwardState::Retrying { why, .. } = &state.forward else { panic!("{state:?}") };
        assert_eq!(
            (why.code.as_str(), why.message.as_str()),
            ("ServerBusy", "come back at noon (looked for, and not there)")
        );
    }
}
