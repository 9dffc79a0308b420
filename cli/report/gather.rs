//! CLI: the account of a batch from its events, in the order of the log. Pure.

use super::account::{AccessRow, Account, ApprovalRow, ChangeRow, CheckRow, ExceptionRow, LogEnd, Member};
use super::clocks::Clocks;
use super::duties::{Order, People, duties};
use super::exceptions::{Told, of_batch, of_move};
use crate::about::BatchAbout;
use crate::access::Kind;
use crate::board::Board;
use crate::error::CliError;
use crate::store;
use crate::time::stamp;
use crate::view::MoveView;
use crate::witness::config::Witnesses;
use crate::world;
use rehome_orchestrator::{
    ApprovalScope, ApprovalStatement, BatchEvent, BatchLoaded, Began, End, Entry, Event, Exchange, Found,
    NAMESPACE, Request, RunId, SignedApproval, StepId, correlation_id, verify_signature,
};
use rehome_store::{Digest, Stored};
use std::collections::{BTreeMap, BTreeSet};

/// What is known beside the events.
pub(crate) struct Source<'a> {
    pub(crate) batch: &'a BatchLoaded,
    pub(crate) board: &'a Board,
    pub(crate) views: &'a [MoveView],
    /// The title of each step, and how it is taken back.
    pub(crate) titles: BTreeMap<(RunId, StepId), (String, String)>,
    /// What each identity may do, by kind.
    pub(crate) access: BTreeMap<RunId, Vec<Kind>>,
    pub(crate) log: LogEnd,
}

/// Takes events, and gives an account of them.
pub(crate) struct Gatherer<'a> {
    source: Source<'a>,
    people: People,
    programs: BTreeSet<String>,
    signed_by: BTreeSet<String>,
    clocks: Clocks,
    /// The last comparison of each move, and whether everything held.
    compared: BTreeMap<RunId, (u64, bool)>,
    approvals: Vec<ApprovalRow>,
    signed: Vec<(u64, ApprovalStatement)>,
    approved: Option<u64>,
    changes: Vec<ChangeRow>,
    open: BTreeMap<(RunId, StepId, String, u32), usize>,
    first_change: BTreeMap<RunId, u64>,
    checks: Vec<CheckRow>,
    exceptions: Vec<ExceptionRow>,
}

/// Where an event stands, and whose it is.
struct Place {
    position: u64,
    at_ms: i64,
    at: String,
    who: String,
    run: Option<RunId>,
}

impl<'a> Gatherer<'a> {
    pub(crate) fn new(source: Source<'a>) -> Self {
        let authors = BatchAbout::of_log(&source.batch.planned().about).author.into_iter().collect();
        Self {
            source,
            people: People { authors, ..People::default() },
            programs: BTreeSet::new(),
            signed_by: BTreeSet::new(),
            clocks: Clocks::default(),
            compared: BTreeMap::new(),
            approvals: Vec::new(),
            signed: Vec::new(),
            approved: None,
            changes: Vec::new(),
            open: BTreeMap::new(),
            first_change: BTreeMap::new(),
            checks: Vec::new(),
            exceptions: Vec::new(),
        }
    }

    /// Takes the next event of the batch or of one of its moves.
    pub(crate) fn take(&mut self, stored: &Stored) -> Result<(), CliError> {
        let record = &stored.record;
        let place = Place {
            position: stored.position.0,
            at_ms: record.at_ms,
            at: stamp(record.at_ms),
            who: record.actor.to_string(),
            run: RunId::of_stream(&record.stream),
        };
        let told = self.clocks.event(record.at_ms);
        self.add(told, &place);
        match &place.run {
            Some(run) => {
                let entry = Entry::<Event>::read(stored).map_err(|e| store::unreadable(&e))?;
                self.add(of_move(&entry.event), &place);
                self.of_run(run, &entry.event, &place, stored.hash);
            }
            None => {
                let entry = Entry::<BatchEvent>::read(stored).map_err(|e| store::unreadable(&e))?;
                self.add(of_batch(&entry.event), &place);
                self.of_batch(&entry.event, &place);
            }
        }
        Ok(())
    }

    /// The same of the same step is told once, with how often it was.
    fn add(&mut self, told: Option<Told>, place: &Place) {
        let Some((kind, step, what)) = told else { return };
        let run = place.run.as_ref().map(ToString::to_string).unwrap_or_default();
        let same = |row: &&mut ExceptionRow| {
            row.kind == kind && row.run == run && row.step == step && row.what == what
        };
        if let Some(row) = self.exceptions.iter_mut().find(same) {
            row.times += 1;
            return;
        }
        let (position, at, who) = (place.position, place.at.clone(), place.who.clone());
        self.exceptions.push(ExceptionRow { position, at, who, run, step, kind, what, times: 1 });
    }

    fn title(&self, run: &RunId, step: &StepId) -> (String, String) {
        self.source.titles.get(&(run.clone(), step.clone())).cloned().unwrap_or_default()
    }

    fn began(&mut self, run: &RunId, began: &Began, place: &Place, hash: Digest) {
        self.first_change.entry(run.clone()).or_insert(place.position);
        let act = began.direction.to_string();
        let key = (run.clone(), began.step.clone(), act.clone(), began.attempt);
        self.open.insert(key, self.changes.len());
        let (title, undo) = self.title(run, &began.step);
        self.changes.push(ChangeRow {
            position: place.position,
            at: place.at.clone(),
            who: place.who.clone(),
            run: run.to_string(),
            step: began.step.to_string(),
            title,
            act,
            attempt: began.attempt,
            outcome: "no answer in the log".to_owned(),
            ended: String::new(),
            requests: String::new(),
            undo,
            correlation_id: correlation_id(hash).to_string(),
            hash: hash.to_string(),
            azure_date: String::new(),
        });
    }

    fn of_run(&mut self, run: &RunId, event: &Event, place: &Place, hash: Digest) {
        match event {
            Event::Began(began) => self.began(run, began, place, hash),
            Event::Accepted(said) => {
                let key = (run.clone(), said.step.clone(), said.direction.to_string(), said.attempt);
                self.answered(&key, "accepted", &said.exchanges, place);
            }
            Event::Ended(said) => {
                let key = (run.clone(), said.step.clone(), said.direction.to_string(), said.attempt);
                let outcome = match &said.end {
                    End::Applied(_) => "done".to_owned(),
                    End::Retry { why, .. } => format!("to be sent again: {why}"),
                    End::Refused(why) => format!("refused: {why}"),
                    End::Unknown(why) => format!("not known: {why}"),
                };
                self.answered(&key, &outcome, &said.exchanges, place);
            }
            Event::Probed(probed) => {
                let act = probed.direction.to_string();
                let found = match probed.found {
                    Found::Applied(_) => "looked for: in place",
                    Found::Partial(_) => "looked for: partly in place",
                    Found::NotApplied => "looked for: not in place",
                    Found::Foreign(_) => "looked for: something else is there",
                };
                let of = |row: &&mut ChangeRow| {
                    row.run == run.as_str() && row.step == probed.step.as_str() && row.act == act
                };
                if let Some(row) = self.changes.iter_mut().rev().find(of).filter(|row| row.outcome != "done")
                {
                    row.outcome = found.to_owned();
                    row.ended.clone_from(&place.at);
                }
            }
            Event::Approved(approved) => {
                if let Some(gate) = &approved.gate {
                    self.people.cleaners.insert(place.who.clone());
                    self.approval(place, format!("{gate} of {run}"), &approved.reason);
                }
            }
            Event::Checked(checked) => {
                self.compared.insert(run.clone(), (place.position, checked.broken.is_empty()));
                let many = checked.looked as usize;
                let what = format!("{} of {many} promises hold", many - checked.broken.len().min(many));
                self.check(run, &checked.step, place, checked.broken.is_empty(), what);
            }
            Event::RollbackVerified(proof) => {
                let holds = proof.differences.is_empty();
                let what = if holds {
                    "everything is as it was before the first step"
                } else {
                    "not all is as it was"
                };
                self.check(run, &StepId::new("-"), place, holds, what.to_owned());
            }
            Event::Requested(asked) => {
                if let Request::Acknowledge(step) = &asked.request {
                    let what = format!("a person says that it is done: {}", asked.reason);
                    self.check(run, step, place, true, what);
                }
            }
            _ => {}
        }
    }

    fn answered(
        &mut self,
        key: &(RunId, StepId, String, u32),
        outcome: &str,
        exchanges: &[Exchange],
        place: &Place,
    ) {
        let date_ms = exchanges.iter().rev().find_map(|one| one.date_ms);
        if let Some(date_ms) = date_ms {
            let told = self.clocks.answer(&key.0, place.at_ms, date_ms);
            self.add(told, place);
        }
        let Some(row) = self.open.get(key).and_then(|at| self.changes.get_mut(*at)) else { return };
        row.azure_date = date_ms.map_or_else(String::new, stamp);
        outcome.clone_into(&mut row.outcome);
        row.ended.clone_from(&place.at);
        for one in exchanges {
            let status = one.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            let separator = if row.requests.is_empty() { "" } else { "; " };
            row.requests.push_str(&format!("{separator}{} -> {status}", one.request));
        }
    }

    fn check(&mut self, run: &RunId, step: &StepId, place: &Place, holds: bool, what: String) {
        self.checks.push(CheckRow {
            position: place.position,
            at: place.at.clone(),
            who: place.who.clone(),
            run: run.to_string(),
            step: step.to_string(),
            title: self.title(run, step).0,
            holds,
            what,
        });
    }

    fn approval(&mut self, place: &Place, of: String, reason: &str) {
        self.approvals.push(ApprovalRow {
            position: place.position,
            at: place.at.clone(),
            who: place.who.clone(),
            of,
            signed: false,
            key: String::new(),
            reason: reason.to_owned(),
            ticket: String::new(),
            expires: String::new(),
        });
    }

    fn of_batch(&mut self, event: &BatchEvent, place: &Place) {
        match event {
            BatchEvent::Approved(approved) if approved.digest == self.source.batch.planned().digest => {
                self.approved.get_or_insert(place.position);
                if self.source.batch.planned().approval.is_none() {
                    self.people.approvers.insert(place.who.clone());
                }
                self.approval(place, "plan".to_owned(), &approved.reason);
            }
            BatchEvent::Signed(signed) => self.signature(signed, place),
            BatchEvent::Opened(opened) => {
                self.people.runners.insert(place.who.clone());
                self.people.principals.extend(world::principals(opened).map(ToOwned::to_owned));
                self.programs.insert(opened.program.clone());
                self.signed_by.extend(world::checkpoint_key(opened).map(ToOwned::to_owned));
                self.clocks.opened(opened.time_scale);
            }
            _ => {}
        }
    }

    fn signature(&mut self, signed: &SignedApproval, place: &Place) {
        let Some(statement) = ApprovalStatement::parse(&signed.statement) else { return };
        let key = verify_signature(&signed.signature, NAMESPACE, signed.statement.as_bytes());
        let of: Vec<String> = statement.scope.iter().map(ToString::to_string).collect();
        let cleans = statement.scope.contains(&ApprovalScope::CleanUp);
        if cleans {
            self.people.cleaners.insert(statement.approver.clone());
        }
        if statement.scope.iter().any(|scope| *scope != ApprovalScope::CleanUp) {
            self.people.approvers.insert(statement.approver.clone());
        }
        self.approvals.push(ApprovalRow {
            position: place.position,
            at: stamp(statement.at_ms),
            who: statement.approver.clone(),
            of: of.join(", "),
            signed: key.is_ok(),
            key: key.map(|key| key.fingerprint()).unwrap_or_default(),
            reason: statement.reason.clone(),
            ticket: statement.ticket.clone().unwrap_or_default(),
            expires: stamp(statement.expires_at_ms),
        });
        self.signed.push((place.position, statement));
    }

    /// How many moves were changed, and how many of them before enough people had approved that.
    fn order(&self) -> Order {
        let (planned, state) = (self.source.batch.planned(), &self.source.batch.state);
        let early = |(run, first): &(&RunId, &u64)| {
            let wave = state.wave_of(run).and_then(|nth| state.waves().nth(nth));
            let scope = wave.map_or(ApprovalScope::Waves, |(wave, _)| ApprovalScope::Wave(wave.name.clone()));
            let by: BTreeSet<&str> = self
                .signed
                .iter()
                .filter(|(position, of)| position < *first && of.scope.iter().any(|one| one.covers(&scope)))
                .filter(|(_, of)| self.clocks.is_before(run, of.expires_at_ms))
                .map(|(_, of)| of.approver.as_str())
                .collect();
            let enough =
                planned.approval.as_ref().is_none_or(|policy| by.len() >= policy.needed(&scope) as usize);
            !enough || self.approved.is_none_or(|approved| approved > **first)
        };
        Order { changed: self.first_change.len(), early: self.first_change.iter().filter(early).count() }
    }

    /// What each identity could do and can do, with what the last comparison found.
    fn access(&self) -> Vec<AccessRow> {
        let identity = |run: &RunId| {
            let row = self.source.board.moves.iter().find(|row| row.run == *run);
            row.map(|row| row.identity.clone()).unwrap_or_default()
        };
        let of = |(run, kinds): (&RunId, &Vec<Kind>)| {
            let compared = self.compared.get(run).copied();
            let row = |kind: &Kind| AccessRow {
                run: run.to_string(),
                identity: identity(run),
                what: kind.what.clone(),
                before: kind.before,
                new: kind.new,
                old: kind.old,
                compared: match compared {
                    Some((_, true)) => "equal",
                    Some((_, false)) => "differs",
                    None => "not compared",
                },
                position: compared.map(|(position, _)| position),
            };
            kinds.iter().map(row).collect::<Vec<_>>()
        };
        self.source.access.iter().flat_map(of).collect()
    }

    /// The account of everything that was taken.
    pub(crate) fn account(self) -> Account {
        let order = self.order();
        let access = self.access();
        let Source { batch, board, views, log, .. } = self.source;
        let planned = batch.planned();
        let duties = duties(&self.people, planned.approval.is_some(), order);
        let mut counts = BTreeMap::new();
        let mut population = Vec::new();
        for row in &board.moves {
            let run = row.run.to_string();
            let state = views.iter().find(|view| view.run == run).map_or("planned", |view| view.state.word());
            *counts.entry(state).or_default() += 1;
            population.push(Member {
                identity: row.identity.clone(),
                target: row.target.clone(),
                wave: row.wave.clone(),
                owner: row.owner.clone(),
                state,
                changes: self.changes.iter().filter(|change| change.run == run).count(),
                exceptions: self.exceptions.iter().filter(|one| one.run == run).count(),
                run: Some(run),
                why: String::new(),
            });
        }
        for row in &board.left_out {
            *counts.entry("left-out").or_default() += 1;
            population.push(Member {
                run: None,
                identity: row.identity.clone(),
                target: String::new(),
                wave: None,
                owner: None,
                state: "left-out",
                changes: 0,
                exceptions: 0,
                why: row.why.join("; "),
            });
        }
        Account {
            batch: board.batch.clone(),
            plan: planned.digest.clone(),
            cloud: board.cloud.clone(),
            reason: self.approvals.first().map(|one| one.reason.clone()).unwrap_or_default(),
            tickets: self
                .approvals
                .iter()
                .map(|one| one.ticket.clone())
                .filter(|ticket| !ticket.is_empty())
                .collect(),
            asked_in: board.files.clone(),
            log,
            from: self.clocks.first().map(stamp),
            until: self.clocks.last().map(stamp),
            programs: self.programs,
            signed_by: self.signed_by,
            witnesses: BatchAbout::of_log(&planned.about).witness.iter().flat_map(Witnesses::names).collect(),
            people: self.people,
            counts,
            duties,
            population,
            approvals: self.approvals,
            access,
            changes: self.changes,
            checks: self.checks,
            exceptions: self.exceptions,
            notices: board.notices.clone(),
        }
    }
}
