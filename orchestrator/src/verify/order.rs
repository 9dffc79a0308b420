//! Engine: whether what happened to batches and to their runs could have happened in this order. Pure.
//!
//! A run's own events tell whether each could follow the one before. That a plan was approved as a whole before anybody
//! worked on it, and that a run is of the plan that was approved, stands in two streams.

use crate::approval::ApprovalScope;
use crate::batch::{BatchEvent, BatchLoaded, BatchState, fold_batch};
use crate::ids::{Direction, RunId};
use crate::recovery::history::HistoryError;
use crate::run::codec::Entry;
use crate::run::event::Event;
use crate::run::fold::apply::Illegal;
use crate::run::state::RunState;
use rehome_store::{Log, Position, Stored, StreamId};
use std::collections::BTreeMap;

/// Events read at once.
const PAGE: usize = 2_000;

/// What is known of a run beside its state.
#[derive(Default)]
struct Seen {
    /// The documents that its approvals name.
    approves: Vec<(u64, String)>,
    /// Where its gates were opened, and when, in milliseconds since 1970 UTC.
    gates: Vec<(u64, i64)>,
    /// Where a program first wrote something of it.
    worked: Option<u64>,
    /// Where the first attempt of any of its steps was begun.
    began: Option<u64>,
    /// Where and when attempts on the way forward were begun, where any batch says when that may be.
    forward: Vec<(u64, i64)>,
}

/// What is known of each run. Streams come in no order, and a sorted map of thousands is cold memory at each look.
#[expect(clippy::disallowed_types, reason = "it is looked up by name and never gone through")]
type Runs = std::collections::HashMap<StreamId, Seen>;

/// The order of events over all streams, taken in one by one.
#[derive(Default)]
pub(crate) struct Order {
    /// Where each batch stands; nothing of a batch whose events a bundle withholds.
    batches: BTreeMap<String, Option<Option<BatchState>>>,
    runs: Runs,
    /// Whether any batch says when its runs begin something.
    windows: bool,
    flaw: Option<HistoryError>,
}

/// What people write; everything else of a run is written by a program that works on its batch. A plan that another one
/// takes the place of is closed by who approves that.
const BY_PEOPLE: [&str; 5] = ["planned", "approved", "asked", "restored", "closed"];

impl Order {
    /// Takes in the next event of the log.
    pub(crate) fn take(&mut self, stored: &Stored) {
        let stream = &stored.record.stream;
        let taken = if stream.as_str().starts_with(RunId::PREFIX) {
            self.take_of_run(stored)
        } else if let Some(batch) = stream.as_str().strip_prefix(BatchLoaded::PREFIX) {
            self.take_of_batch(batch, stored)
        } else {
            Ok(())
        };
        if let (Err(flaw), None) = (taken, &self.flaw) {
            self.flaw = Some(flaw);
        }
    }

    fn take_of_run(&mut self, stored: &Stored) -> Result<(), HistoryError> {
        let (kind, position) = (&*stored.record.kind, stored.position.0);
        let seen = match self.runs.get_mut(&stored.record.stream) {
            Some(seen) => seen,
            None => self.runs.entry(stored.record.stream.clone()).or_default(),
        };
        if kind == "approved" && stored.withheld_reason().is_none() {
            let read = Entry::<Event>::read(stored);
            let entry = read.map_err(|source| HistoryError::Codec { position, source })?;
            if let Event::Approved(approved) = entry.event {
                seen.approves.push((position, approved.digest));
                seen.gates.extend(approved.gate.map(|_| (position, entry.at_ms)));
            }
        } else if !BY_PEOPLE.contains(&kind) {
            seen.worked.get_or_insert(position);
            if kind == "began" {
                seen.began.get_or_insert(position);
                if self.windows && stored.withheld_reason().is_none() {
                    let read = Entry::<Event>::read(stored);
                    let entry = read.map_err(|source| HistoryError::Codec { position, source })?;
                    let forward =
                        matches!(&entry.event, Event::Began(began) if began.direction == Direction::Do);
                    seen.forward.extend(forward.then_some((position, entry.at_ms)));
                }
            }
        }
        Ok(())
    }

    fn take_of_batch(&mut self, batch: &str, stored: &Stored) -> Result<(), HistoryError> {
        let position = stored.position.0;
        let known = self.batches.entry(batch.to_owned()).or_insert(Some(None));
        if stored.withheld_reason().is_some() {
            *known = None;
        }
        let Some(state) = known else { return Ok(()) };
        let read = Entry::<BatchEvent>::read(stored);
        let entry = read.map_err(|source| HistoryError::Codec { position, source })?;
        fold_batch(state, &entry).map_err(|source| HistoryError::Illegal { position, source })?;
        let rollout = state.as_ref().and_then(|state| state.planned().rollout.as_ref());
        self.windows |= rollout.is_some_and(|rollout| rollout.window.is_some());
        Ok(())
    }

    /// There are no more events.
    ///
    /// # Errors
    /// The first event that was found to be out of order.
    pub(crate) fn end<'a>(
        mut self,
        states: impl Iterator<Item = (&'a RunId, &'a RunState)>,
    ) -> Result<(), HistoryError> {
        if let Some(flaw) = self.flaw.take() {
            return Err(flaw);
        }
        for (run, state) in states {
            let planned = state.planned();
            let of = self.batches.get(&planned.batch);
            // A run without a batch is nobody's plan; what a bundle withholds is not judged.
            let (Some(Some(Some(batch))), Some(seen)) = (of, self.runs.get(&run.stream())) else { continue };
            check(run, &planned.digest, batch, seen)?;
        }
        Ok(())
    }
}

fn check(run: &RunId, digest: &str, batch: &BatchState, seen: &Seen) -> Result<(), HistoryError> {
    let first = seen.approves.first().map(|(position, _)| *position).or(seen.worked).unwrap_or(1);
    let Some(plan) = batch.document(digest).filter(|document| document.runs.contains(run)) else {
        let because = format!("{run} is of a plan that its batch does not have");
        return Err(here(first, "planned", &because));
    };
    if let Some((position, _)) = seen.approves.iter().find(|(_, approves)| approves != digest) {
        return Err(here(*position, "approved", "it approves another plan than the run's"));
    }
    let enough = |position, at_ms| {
        plan.standing(&ApprovalScope::CleanUp, position, at_ms).is_none_or(|standing| standing.is_enough())
    };
    if let Some((position, _)) = seen.gates.iter().find(|(position, at_ms)| !enough(*position, *at_ms)) {
        return Err(here(*position, "approved", &format!("{run} has not the approvals that its gate needs")));
    }
    if let (Some(began), Some(released)) = (seen.began, plan.released(run))
        && released.is_none_or(|released| released > began)
    {
        return Err(here(began, "began", &format!("{run} was begun before its wave was let loose")));
    }
    if let Some(window) = plan.planned.rollout.as_ref().and_then(|rollout| rollout.window.as_ref())
        && let Some((position, _)) =
            seen.forward.iter().find(|(_, at_ms)| window.closed_until(*at_ms).is_some())
    {
        return Err(here(
            *position,
            "began",
            &format!("{run} began something in a freeze, or outside of its hours"),
        ));
    }
    match (seen.worked, plan.opened) {
        (Some(worked), opened) if opened.is_none_or(|opened| opened > worked) => {
            let because = format!("{run} was worked on before anybody had approved its batch and opened it");
            Err(here(worked, "of a run", &because))
        }
        _ => Ok(()),
    }
}

fn here(position: u64, kind: &'static str, because: &str) -> HistoryError {
    HistoryError::Illegal { position, source: Illegal::Here { kind, because: because.to_owned() } }
}

/// Holds the order of a whole log against where its runs stand; of a bundle, as far as it tells.
///
/// # Errors
/// The first event that is out of order, or when the log cannot be read.
pub async fn check_order(log: &dyn Log, runs: &BTreeMap<RunId, RunState>) -> Result<(), HistoryError> {
    let (mut order, mut after) = (Order::default(), Position(0));
    loop {
        let page = log.read_all(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.position;
        page.iter().for_each(|event| order.take(event));
    }
    order.end(runs.iter())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{BatchApproved, BatchPlanned, Opened, batch_record};
    use crate::json::Json;
    use crate::run::event::Approved;
    use crate::run::requests::record;
    use crate::verify::replay::replay;
    use rehome_store::{Append, MemoryLog, Record, Sequence};
    use std::sync::Arc;

    /// A run's events as an earlier version wrote them; its batch is called `house`.
    const GOLDEN: &str = include_str!("../../tests/golden/events-1.tsv");

    fn of_run(nth: usize) -> Record {
        let cells: Vec<&str> = GOLDEN.lines().nth(nth).expect("an event").splitn(3, '\t').collect();
        let actor: Arc<str> = "a".into();
        let approved = |gate| {
            Event::Approved(Approved {
                gate,
                digest: "sha256:00".to_owned(),
                reason: "r".to_owned(),
                accepts: Vec::new(),
            })
        };
        if cells[0] == "approved" {
            return record(&RunId::new("m"), &actor, 1, &approved(None));
        }
        Record {
            stream: RunId::new("m").stream(),
            kind: cells[0].to_owned().into(),
            version: cells[1].parse().expect("a version"),
            at_ms: nth as i64 + 1,
            actor,
            body: cells[2].as_bytes().to_vec(),
        }
    }

    fn of_batch(event: &BatchEvent) -> Record {
        batch_record("house", &"a".into(), 1, event)
    }

    fn planned(digest: &str, run: &str, version: &str) -> Record {
        of_batch(&BatchEvent::Planned(BatchPlanned {
            digest: digest.to_owned(),
            format_version: version.to_owned(),
            about: Json::of(&serde_json::Value::Null),
            runs: vec![RunId::new(run)],
            rollout: None,
            approval: None,
        }))
    }

    fn approved(digest: &str) -> Record {
        of_batch(&BatchEvent::Approved(BatchApproved { digest: digest.to_owned(), reason: "r".to_owned() }))
    }

    fn opened() -> Record {
        of_batch(&BatchEvent::Opened(Opened {
            program: "p".to_owned(),
            host: "h".to_owned(),
            pid: 1,
            time_scale: 1.0,
            world: BTreeMap::new(),
        }))
    }

    async fn judged(records: Vec<Record>) -> Result<(), String> {
        let log = MemoryLog::default();
        let mut ends: BTreeMap<_, u64> = BTreeMap::new();
        for record in records {
            let end = ends.entry(record.stream.clone()).or_default();
            let expect = vec![(record.stream.clone(), Sequence(*end))];
            *end += 1;
            log.append(Append { expect, records: vec![record] }).await.expect("appended");
        }
        replay(&log, None).await.map(drop).map_err(|e| format!("{:?}", e))
    }

    #[tokio::test]
    async fn a_batch_is_approved_before_it_is_opened_and_opened_before_its_runs_are_worked_on() {
        let (plan, yes) = (|| planned("sha256:00", "m", "1.0"), || approved("sha256:00"));
        let run = |count: usize| (0..count).map(of_run);
        let all = |parts: Vec<Vec<Record>>| parts.concat();
        for (what, records, legal) in [
            (
                "as it is",
                all(vec![vec![plan(), yes()], run(2).collect(), vec![opened()], run(5).skip(2).collect()]),
                true,
            ),
            ("only approved", all(vec![vec![plan(), yes()], run(2).collect()]), true),
            ("without a batch", run(5).collect(), true),
            ("opened and never approved", all(vec![vec![plan()], run(2).collect(), vec![opened()]]), false),
            (
                "opened before it is approved",
                all(vec![vec![plan()], run(2).collect(), vec![opened(), yes()]]),
                false,
            ),
            ("never opened", all(vec![vec![plan(), yes()], run(5).collect()]), false),
            ("opened too late", all(vec![vec![plan(), yes()], run(5).collect(), vec![opened()]]), false),
            (
                "another plan approved",
                all(vec![vec![plan(), approved("sha256:01")], run(2).collect()]),
                false,
            ),
            ("approved twice", all(vec![vec![plan(), yes(), yes()], run(2).collect()]), false),
            ("approved before it is there", all(vec![vec![yes(), plan()], run(2).collect()]), false),
            (
                "a run of another plan",
                all(vec![vec![planned("sha256:01", "m", "1.0"), approved("sha256:01")], run(2).collect()]),
                false,
            ),
            (
                "a run that the batch does not name",
                all(vec![vec![planned("sha256:00", "other", "1.0"), yes()], run(2).collect()]),
                false,
            ),
            (
                "a form that nobody knows",
                all(vec![vec![planned("sha256:00", "m", "99.0"), yes()], run(2).collect()]),
                false,
            ),
            (
                "a newer minor form",
                all(vec![vec![planned("sha256:00", "m", "1.9"), yes()], run(2).collect()]),
                true,
            ),
        ] {
            let judged = judged(records).await;
            assert_eq!(judged.is_ok(), legal, "{what}: {judged:?}");
        }
    }
}
