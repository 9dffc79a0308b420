//! CLI: `rehome approve`. Writes to the log.

use crate::about::BatchAbout;
use crate::command::Execute;
use crate::context::Context;
use crate::counted::counted;
use crate::error::{CliError, Exit, causes, one_line};
use crate::hint::{self, quoted};
use crate::print_failure::PrintFailure;
use crate::{anchor, derived, open_moves, plan_again, planning, store};
use clap::Args;
use rehome_orchestrator::{BatchError, Clock, Recording, SystemClock};
use serde_json::json;
use std::path::PathBuf;

/// Record a plan and your approval of it.
///
/// Only what is approved is run, and only as it was approved.
#[derive(Args, Debug)]
pub(crate) struct Approve {
    /// The plan file.
    pub(crate) plan: PathBuf,
    /// The reason, for the record.
    #[arg(long)]
    pub(crate) reason: String,
    /// Do not ask for confirmation.
    #[arg(short, long)]
    pub(crate) yes: bool,
}

impl Execute for Approve {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let (plan, reason, yes) = (&self.plan, &self.reason, self.yes);
        let (document, digest) = plan_again::load(plan)?;
        let again = |error: CliError| error.plan_again(&document.batch, Some(plan));
        derived::check(&document, SystemClock.now_ms()).map_err(again)?;
        planning::refuse_blocked(&document).map_err(|error| error.at(plan.display().to_string()))?;
        let about = BatchAbout::of(&document)?;
        planning::check_expiry(&about, SystemClock.now_ms()).map_err(again)?;
        if reason.trim().is_empty() {
            return Err(
                CliError::new(Exit::Usage, "an approval needs a reason").next("say why: --reason TEXT")
            );
        }
        let cloud = about.cloud_line();
        let (moves, batch) = (counted(document.runs.len(), "move"), &document.batch);
        let left = match about.left_out.len() {
            0 => String::new(),
            many => format!(", {many} left out"),
        };
        let hooks = about.hooks.as_ref().map(|hooks| format!("\n{}", one_line(&hooks.line())));
        let hooks = hooks.unwrap_or_default();
        let question = format!("Approve {moves} of batch {batch}{left} ({digest}) in {cloud}?");
        about.hooks.iter().for_each(|hooks| c.output.note(&hooks.line()));
        if !yes && !c.output.ask(&question, "--yes").await? {
            return Err(CliError::new(Exit::Failed, "not approved"));
        }
        let log = store::create_or_open(&c.global.db).await?;
        open_moves::refuse_taken(&document, &open_moves::open_moves(&*log).await?)?;
        let actor = store::actor(c.global.actor.as_deref());
        let recorded = document.approve(&*log, &actor, SystemClock.now_ms(), reason).await;
        let recorded = recorded.map_err(|e| match &e {
            BatchError::UnderWay { run, .. } => CliError::new(Exit::Failed, causes(&e))
                .next(format!("rehome status {}", quoted(&document.batch)))
                .next(format!("rehome rollback {run} --reason TEXT      # takes it back first")),
            BatchError::Taken(run) => {
                let what = format!("the log has a move called {run} already, from a plan that was replaced");
                CliError::new(Exit::Failed, what).plan_again(&document.batch, Some(plan))
            }
            _ => store::write_error(&e),
        })?;
        anchor::follow(&log, c.output).await?;
        let word = match recorded {
            Recording::Recorded => "approved",
            Recording::AlreadyThere => "approved before",
        };
        let batch = one_line(&document.batch);
        let begin = about.expires_at_ms.map(crate::time::date);
        let begin = begin.map(|date| format!("\nto be begun by {date}")).unwrap_or_default();
        let text = format!("{word}: batch {batch}, {moves}{left}\n{cloud}{hooks}\ndigest {digest}{begin}");
        let value = json!({"format_version": "1.0", "batch": document.batch, "digest": digest, "recorded": word, "left_out": about.left_out, "cloud": about.cloud,
            "authority": about.authority, "tenant": about.tenant});
        c.output.result(&text, &value)?;
        c.output.next(&format!("rehome run {}", hint::file(plan)));
        Ok(Exit::Done)
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--reason", &mut self.reason))
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log([
            "rehome status".to_owned(),
            format!("rehome run {}", hint::file(&self.plan)),
        ])
    }
}
