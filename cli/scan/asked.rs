//! CLI: which identities are looked for, and what they become: of a batch file, a plan or the log. Reads the cloud, or the
//! log.

use crate::cloud::Recorded;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::scan::identity::{Asked, Successor, code_steps};
use crate::{cloud, plan_again, planning, selection, store};
use rehome_activities::handoff::handoff;
use rehome_activities::relocate::{self, Facts, Params};
use rehome_orchestrator::{PlannedRun, Step};
use std::collections::BTreeMap;
use std::path::Path;

/// The identities of a batch file: their ids are read from the cloud.
pub(crate) async fn of_batch(c: &Context<'_>, file: &Path) -> Result<Vec<Asked>, CliError> {
    let batch = plan_again::batch(file)?;
    let cloud = cloud::connect(c.output, &c.global.cloud, Recorded::default()).await?;
    let reader = cloud.azure.reader();
    let batch = selection::resolve(&reader, batch).await?;
    let reading = planning::reading(c.output, &cloud, batch.moves.len());
    let (mut asked, mut missing) = (Vec::new(), Vec::new());
    for params in &batch.moves {
        match relocate::identifiers(&reader, &params.identity).await {
            Ok(old) => asked.push(Asked {
                run: None,
                old,
                new: Successor::planned(params.target.id()),
                steps: BTreeMap::new(),
            }),
            Err(why) => missing.push((params.identity.as_str(), why)),
        }
    }
    drop(reading);
    // What is looked for by a part of its ids would be "nothing there" where the others stand.
    planning::unsurveyed(&missing)?;
    Ok(asked)
}

/// The identities of a plan.
pub(crate) fn of_plan(file: &Path) -> Result<Vec<Asked>, CliError> {
    let (document, _) = plan_again::load(file)?;
    let of = |entry: PlannedRun| {
        let read = entry.facts.read::<Facts>("facts").and_then(|facts| {
            let params: Params = entry.params.read("parameters")?;
            Ok((facts, params))
        });
        let (facts, params) = read.map_err(|why| {
            CliError::new(Exit::Usage, format!("what the plan says of {} cannot be read: {why}", entry.run))
        })?;
        let new = Successor::planned(params.target.id());
        let steps = code_steps(&facts, entry.plan.steps.iter());
        Ok(Asked { run: Some(entry.run), old: facts.identity.identifiers, new, steps })
    };
    document.runs.into_iter().map(of).collect()
}

/// The identities that the log knows, and what has become of them so far: as `handoff` says it.
pub(crate) async fn of_log(c: &Context<'_>, select: Option<&str>) -> Result<Vec<Asked>, CliError> {
    let log = store::open_to_read(&c.global.db)?;
    let selection = store::select(&*log, select).await?;
    let mut asked = Vec::with_capacity(selection.runs.len());
    for run in selection.runs {
        let state = store::read_run(&*log, &run).await?.state;
        let params: Option<Params> = state.planned().params.read("parameters").ok();
        let (Some(found), Some(params)) = (handoff(&state), params) else { continue };
        let new = match found.new {
            Some(new) => Successor::made(new),
            None => Successor::planned(params.target.id()),
        };
        let facts: Option<Facts> = state.planned().facts.read("facts").ok();
        let steps: Vec<&Step> = state.steps().map(|(step, _)| step).collect();
        let steps = facts.map(|facts| code_steps(&facts, steps.into_iter())).unwrap_or_default();
        asked.push(Asked { run: Some(run), old: found.old, new, steps });
    }
    Ok(asked)
}
