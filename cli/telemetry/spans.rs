//! CLI: spans of a trace from the events of a log: one for each move, one for each attempt of a step. Pure.
//!
//! Ids are made of names, so that whoever tells the same again tells it under the same id.

use rehome_orchestrator::{
    CodecError, Direction, End, Entry, Event, Node, RunId, StepId, Verdict, without_secrets,
};
use rehome_store::Stored;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A piece of work, from when to when.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Span {
    /// All spans of one move have the same.
    pub(crate) trace: [u8; 16],
    pub(crate) id: [u8; 8],
    pub(crate) parent: Option<[u8; 8]>,
    pub(crate) name: String,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    /// By the names of the semantic conventions, where these have one; the rest begins with `rehome.`.
    pub(crate) about: Vec<(&'static str, Value)>,
    /// Why it did not succeed.
    pub(crate) failed: Option<String>,
}

/// The moves of a log, as far as spans are made from them.
pub(crate) struct Spans {
    log: String,
    moves: BTreeMap<RunId, Move>,
}

struct Move {
    batch: String,
    planned_ms: i64,
    /// What each step is: its title, and its activity.
    steps: BTreeMap<StepId, (String, String)>,
    /// Attempts that were begun and have not ended: which, and when.
    open: BTreeMap<(StepId, Direction), (u32, i64)>,
}

/// The kinds of events that a span begins or ends with.
const KINDS: [&str; 5] = ["planned", "began", "ended", "probed", "closed"];

impl Spans {
    /// Those of the log with this id.
    pub(crate) fn new(log: &str) -> Self {
        Self { log: log.to_owned(), moves: BTreeMap::new() }
    }

    /// Takes in the next event, and gives the span that ends with it.
    ///
    /// # Errors
    /// When the event cannot be read.
    pub(crate) fn take(&mut self, stored: &Stored) -> Result<Option<Span>, CodecError> {
        let Some(run) = RunId::of_stream(&stored.record.stream) else { return Ok(None) };
        if !KINDS.contains(&&*stored.record.kind) {
            return Ok(None);
        }
        let entry = Entry::<Event>::read(stored)?;
        Ok(match &entry.event {
            Event::Planned(planned) => {
                let activity = |node: &Node| match node {
                    Node::Act { activity, .. } => activity.to_string(),
                    _ => String::new(),
                };
                let steps = planned.plan.steps.iter();
                let steps = steps.map(|s| (s.id.clone(), (s.title.clone(), activity(&s.node)))).collect();
                let (batch, open) = (planned.batch.clone(), BTreeMap::new());
                self.moves.insert(run, Move { batch, planned_ms: entry.at_ms, steps, open });
                None
            }
            Event::Began(began) => {
                if let Some(known) = self.moves.get_mut(&run) {
                    known.open.insert((began.step.clone(), began.direction), (began.attempt, entry.at_ms));
                }
                None
            }
            Event::Ended(ended) => {
                let failed = match &ended.end {
                    End::Applied(_) => None,
                    End::Retry { why, .. } | End::Refused(why) | End::Unknown(why) => Some(why.code.clone()),
                };
                self.attempt(&run, (&ended.step, ended.direction), entry.at_ms, failed)
            }
            // The process died before the answer.
            Event::Probed(probed) => {
                self.attempt(&run, (&probed.step, probed.direction), entry.at_ms, Some("Unknown".to_owned()))
            }
            Event::Closed(closed) => self.whole(&run, entry.at_ms, closed.verdict),
            _ => None,
        })
    }

    fn attempt(
        &mut self,
        run: &RunId,
        (step, direction): (&StepId, Direction),
        end_ms: i64,
        failed: Option<String>,
    ) -> Option<Span> {
        let known = self.moves.get_mut(run)?;
        let (attempt, start_ms) = known.open.remove(&(step.clone(), direction))?;
        let (title, activity) = known.steps.get(step)?;
        let mut about = vec![
            ("rehome.batch", json!(known.batch)),
            ("rehome.move", json!(run.as_str())),
            ("rehome.step", json!(step.as_str())),
            ("rehome.step.title", json!(without_secrets(title))),
            ("rehome.activity", json!(activity)),
            ("rehome.direction", json!(direction.to_string())),
            ("rehome.attempt", json!(attempt)),
        ];
        about.extend(failed.iter().map(|why| ("error.type", json!(why))));
        let name = format!("{activity} {direction}");
        let id = self.id(&format!("{run}:{step}:{direction}:{attempt}"));
        let (trace, parent) = (self.trace(run), Some(self.id(run.as_str())));
        Some(Span { trace, id, parent, name, start_ms, end_ms, about, failed })
    }

    fn whole(&mut self, run: &RunId, end_ms: i64, verdict: Verdict) -> Option<Span> {
        let known = self.moves.remove(run)?;
        let word = match verdict {
            Verdict::Done => "done",
            Verdict::RolledBack => "rolled_back",
            Verdict::Stale => "stale",
            Verdict::Superseded => "superseded",
        };
        let failed = (verdict != Verdict::Done).then(|| word.to_owned());
        let about = vec![
            ("rehome.batch", json!(known.batch)),
            ("rehome.move", json!(run.as_str())),
            ("rehome.verdict", json!(word)),
        ];
        let (trace, id, start_ms) = (self.trace(run), self.id(run.as_str()), known.planned_ms);
        Some(Span { trace, id, parent: None, name: "move".to_owned(), start_ms, end_ms, about, failed })
    }

    fn trace(&self, run: &RunId) -> [u8; 16] {
        self.hash(run.as_str()).first_chunk().copied().unwrap_or_default()
    }

    fn id(&self, name: &str) -> [u8; 8] {
        self.hash(&format!("span {name}")).first_chunk().copied().unwrap_or_default()
    }

    fn hash(&self, name: &str) -> [u8; 32] {
        Sha256::digest(format!("{} {name}", self.log)).into()
    }
}
