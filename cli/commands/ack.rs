//! CLI: `rehome ack`. Appends a request; a runner acts on it.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::print_failure::PrintFailure;
use crate::scan::Evidence;
use crate::step::resolve_step_id;
use crate::{request, scan, store};
use clap::Args;
use rehome_activities::code::{Owned, owned, scanned, title};
use rehome_activities::relocate::Facts;
use rehome_orchestrator::Request;
use std::path::PathBuf;

/// Say that by-hand steps are done; recorded under your name.
///
/// Several at once are recorded all or none.
#[derive(Args, Debug)]
pub(crate) struct Ack {
    /// MOVE:STEP, one or several that were done together
    #[arg(required = true, value_name = "STEP")]
    pub(crate) steps: Vec<String>,
    /// What you did, for the record.
    #[arg(long)]
    pub(crate) note: String,
    /// A scan that shows that the code of these steps has no old id any more; refused where it does not.
    #[arg(long, value_name = "FILE")]
    pub(crate) scan: Option<PathBuf>,
}

impl Execute for Ack {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let Some(file) = &self.scan else {
            return request::steps(c, &self.steps, Request::Acknowledge, &self.note).await;
        };
        let evidence = scan::load(file)?;
        for step in &self.steps {
            prove(c, step, &evidence).await?;
        }
        let note = format!("{} [{}]", self.note, evidence.words());
        request::steps(c, &self.steps, Request::Acknowledge, &note).await
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--note", &mut self.note))
    }

    fn print_failure(&self) -> PrintFailure {
        let shows = self.steps.iter().map(|step| format!("rehome show {}", quoted(step)));
        PrintFailure::in_the_log(shows.collect::<Vec<_>>())
    }
}

/// Refuses what a scan does not show.
async fn prove(c: &Context<'_>, text: &str, evidence: &Evidence) -> Result<(), CliError> {
    let log = store::open_to_read(&c.global.db)?;
    let (run, step) = store::split_step(text)?;
    let state = store::read_run(&*log, &run).await?.state;
    let step = resolve_step_id(&state, step);
    let facts: Option<Facts> = state.planned().facts.read("facts").ok();
    let of_code = facts.zip(state.step(&step)).and_then(|(facts, (step, _))| {
        let part: Owned = owned(&scanned(&facts)).into_iter().find(|part| title(part) == step.title)?;
        Some((facts, part))
    });
    let Some((facts, part)) = of_code else {
        let what =
            format!("step {step} of {run} is not about code that was scanned: no scan shows that it is done");
        return Err(CliError::new(Exit::Usage, what).next("acknowledge it without --scan"));
    };
    let why = evidence.against(&facts, Some(&part));
    if why.is_empty() {
        return Ok(());
    }
    let what = format!("the scan does not show that step {step} of {run} is done");
    Err(why.into_iter().fold(CliError::new(Exit::Differences, what), CliError::next))
}
