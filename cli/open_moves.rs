//! CLI: the moves of a log that are open: an identity is moved by one of them at a time. Reads the log.

use crate::about::{MoveAbout, NAME_TAKEN};
use crate::error::{CliError, Exit, causes, one_line};
use rehome_activities::relocate::{Facts, Params};
use rehome_orchestrator::{BatchLoaded, Document, Json, PlannedRun, RunId, RunState, replay};
use rehome_store::Log;
use std::collections::BTreeMap;

/// A move that has neither come to its end nor been given up.
pub(crate) struct OpenMove {
    run: RunId,
    batch: String,
    identity: String,
    target: String,
}

/// Every open move of a log.
pub(crate) async fn open_moves(log: &dyn Log) -> Result<Vec<OpenMove>, CliError> {
    let replayed = replay(log, None).await.map_err(|e| CliError::new(Exit::Damaged, causes(&e)))?;
    let mut batches = BTreeMap::new();
    for state in replayed.runs.values() {
        let name = &state.planned().batch;
        if !batches.contains_key(name) {
            let found = BatchLoaded::find(log, name).await;
            let found = found.map_err(|e| CliError::new(Exit::Damaged, causes(&e)))?;
            batches.insert(name.clone(), found);
        }
    }
    // What was left out, or given up, before it began stands in nobody's way.
    let given_up = |run: &RunId, state: &RunState| {
        let batch = batches.get(&state.planned().batch).and_then(Option::as_ref);
        let gone = |batch: &BatchLoaded| batch.state.is_skipped(run) || batch.state.steering().abandoned;
        !state.has_begun() && batch.is_some_and(gone)
    };
    let is_open = |run: &RunId, state: &RunState| state.verdict().is_none() && !given_up(run, state);
    let open = replayed.runs.iter().filter(|(run, state)| is_open(run, state));
    let of = |(run, state): (&RunId, &RunState)| {
        let planned = state.planned();
        let params: Params = planned.params.read("parameters").ok()?;
        let facts: Facts = planned.facts.read("facts").ok()?;
        Some(OpenMove {
            batch: planned.batch.clone(),
            identity: params.identity.to_string(),
            target: facts.target.id.to_string(),
            run: run.clone(),
        })
    };
    Ok(open.filter_map(of).collect())
}

/// Refuses a document that names an identity which an open move of another batch has.
pub(crate) fn refuse_taken(document: &Document, open: &[OpenMove]) -> Result<(), CliError> {
    let mut error: Option<CliError> = None;
    for entry in &document.runs {
        let identity = MoveAbout::of(entry)?.identity;
        let other =
            open.iter().find(|o| o.batch != document.batch && o.identity.eq_ignore_ascii_case(&identity));
        let Some(OpenMove { run, batch, .. }) = other else { continue };
        let batch = one_line(batch);
        let what =
            "an identity of this batch is being moved already: two moves would work against each other";
        error = Some(
            error
                .unwrap_or_else(|| CliError::new(Exit::Failed, what))
                .next(format!("rehome status {batch}      # {identity} is moved by {run} of batch {batch}"))
                .next(format!("rehome rollback {run} --reason TEXT      # takes that back first")),
        );
    }
    error.map_or(Ok(()), Err)
}

/// Where a name is taken by what an open move has made, it is that move that goes on.
pub(crate) fn name_own(moves: &mut [PlannedRun], open: &[OpenMove]) -> Result<(), CliError> {
    for entry in moves {
        let mut about = MoveAbout::of(entry)?;
        let own = |target: &str| {
            open.iter().find(|o| {
                o.target.eq_ignore_ascii_case(target) && o.identity.eq_ignore_ascii_case(&about.identity)
            })
        };
        let mut named = about.blockers.clone();
        for blocker in named.iter_mut().filter(|blocker| blocker.code == NAME_TAKEN) {
            let Some(OpenMove { run, batch, .. }) = own(&blocker.target) else { continue };
            let batch = one_line(batch);
            blocker.text =
                format!("an identity of that name is there already: move {run} of batch {batch} has made it");
            blocker.remedy = format!(
                "that move goes on with  rehome run {batch}  or back with  rehome rollback {run} --reason TEXT"
            );
        }
        about.blockers = named;
        entry.about = Json::sorted(&about);
    }
    Ok(())
}
