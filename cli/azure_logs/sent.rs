//! CLI: the writes that a log says were sent, by the ids that they carried. Pure.

use super::export::Keeper;
use crate::error::CliError;
use crate::{store, world};
use rehome_orchestrator::{
    BatchEvent, BatchLoaded, CodecError, Direction, Entry, Event, Exchange, RunId, StepId, correlation_id,
};
use rehome_store::Stored;
use std::collections::{BTreeMap, BTreeSet};

/// One attempt that may have written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sent {
    pub(crate) run: RunId,
    pub(crate) step: StepId,
    pub(crate) direction: Direction,
    pub(crate) attempt: u32,
    /// The place of its intent in the log.
    pub(crate) position: u64,
    /// The place of its last answer.
    pub(crate) ended: Option<u64>,
    pub(crate) at_ms: i64,
    /// Made from the hash of its intent.
    pub(crate) correlation: String,
    /// The client request id, which older programs sent alone.
    pub(crate) request: String,
    pub(crate) exchanges: Vec<Exchange>,
}

impl Sent {
    /// Whose log it is in, by its path: `/v1.0/groups/…` is Graph's.
    pub(crate) fn keeper(exchange: &Exchange) -> Keeper {
        let path = path(exchange);
        if path.starts_with("/v1.0/") || path.starts_with("/beta/") {
            Keeper::Directory
        } else {
            Keeper::Resources
        }
    }

    /// The writes that Azure took, of those that this log keeps.
    pub(crate) fn taken(&self, keeper: Keeper) -> impl Iterator<Item = &Exchange> {
        let taken = |one: &&Exchange| one.status.is_some_and(|status| (200..300).contains(&status));
        self.exchanges.iter().filter(taken).filter(move |one| Self::keeper(one) == keeper)
    }

    /// `m-1:05`
    pub(crate) fn name(&self) -> String {
        format!("{}:{}", self.run, self.step)
    }
}

/// The path of what was asked for.
pub(crate) fn path(exchange: &Exchange) -> &str {
    exchange.request.split_once(' ').map_or("", |(_, path)| path)
}

/// What a log says of its writes, and of who was allowed to send them.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) sent: Vec<Sent>,
    /// The ids of intents whose events a bundle withholds.
    pub(crate) withheld: BTreeSet<String>,
    /// Every name that runners were signed in by, in lower case.
    pub(crate) principals: BTreeSet<String>,
    /// When each move was approved.
    pub(crate) approved: BTreeMap<RunId, i64>,
    open: BTreeMap<(RunId, StepId, bool, u32), usize>,
}

impl Record {
    /// Takes the next event of the log.
    pub(crate) fn take(&mut self, stored: &Stored) -> Result<(), CliError> {
        if let Some(run) = RunId::of_stream(&stored.record.stream) {
            return match Entry::<Event>::read(stored) {
                Ok(entry) => {
                    self.take_run(run, entry, stored);
                    Ok(())
                }
                Err(CodecError::Withheld { .. }) => {
                    if stored.record.kind == "began" {
                        self.withheld.insert(correlation_id(stored.hash).to_string());
                    }
                    Ok(())
                }
                Err(e) => Err(store::unreadable(&e)),
            };
        }
        if !stored.record.stream.as_str().starts_with(BatchLoaded::PREFIX) {
            return Ok(());
        }
        match Entry::<BatchEvent>::read(stored) {
            Ok(Entry { event: BatchEvent::Opened(opened), .. }) => {
                self.principals.extend(world::principals(&opened).map(str::to_ascii_lowercase));
                Ok(())
            }
            Ok(_) | Err(CodecError::Withheld { .. }) => Ok(()),
            Err(e) => Err(store::unreadable(&e)),
        }
    }

    fn take_run(&mut self, run: RunId, entry: Entry<Event>, stored: &Stored) {
        let (position, at_ms) = (entry.position, entry.at_ms);
        match entry.event {
            Event::Began(began) => {
                let key =
                    (run.clone(), began.step.clone(), began.direction == Direction::Undo, began.attempt);
                self.open.insert(key, self.sent.len());
                self.sent.push(Sent {
                    run,
                    step: began.step,
                    direction: began.direction,
                    attempt: began.attempt,
                    position,
                    ended: None,
                    at_ms,
                    correlation: correlation_id(stored.hash).to_string(),
                    request: began.request_id.to_string(),
                    exchanges: Vec::new(),
                });
            }
            Event::Accepted(said) => {
                self.answered(
                    (run, said.step, said.direction == Direction::Undo, said.attempt),
                    position,
                    said.exchanges,
                );
            }
            Event::Ended(said) => {
                self.answered(
                    (run, said.step, said.direction == Direction::Undo, said.attempt),
                    position,
                    said.exchanges,
                );
            }
            Event::Approved(approved) if approved.gate.is_none() => {
                self.approved.entry(run).or_insert(at_ms);
            }
            _ => {}
        }
    }

    fn answered(&mut self, key: (RunId, StepId, bool, u32), position: u64, exchanges: Vec<Exchange>) {
        if let Some(sent) = self.open.get(&key).and_then(|at| self.sent.get_mut(*at)) {
            sent.ended = Some(position);
            sent.exchanges.extend(exchanges);
        }
    }
}
