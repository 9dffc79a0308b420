//! CLI: `rehome retry`. Appends a request; a runner acts on it.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::print_failure::PrintFailure;
use crate::request::{self, Asked};
use crate::{store, witness};
use clap::Args;
use rehome_orchestrator::{Progress, Request, StepId, UndoState};

/// Try a failed step again.
#[derive(Args, Debug)]
pub(crate) struct Retry {
    /// MOVE:STEP, or MOVE for all its parked steps.
    pub(crate) step: String,
    /// Why it may work now.
    #[arg(long, default_value = "asked to retry")]
    pub(crate) reason: String,
}

impl Execute for Retry {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let (text, reason) = (&self.step, &self.reason);
        if text.contains(':') {
            return request::step(c, text, Request::Retry, reason).await;
        }
        let log = store::open_to_write(&c.global.db).await?;
        let mut asked = Vec::new();
        for run in store::select(&*log, Some(text)).await?.runs {
            let state = store::read_run(&*log, &run).await?.state;
            let parked: Vec<StepId> = state
                .steps()
                .filter(|(_, s)| {
                    s.forward.progress() == Progress::Blocked && s.undo == UndoState::None
                        || matches!(s.undo, UndoState::Parked { .. })
                })
                .map(|(step, _)| step.id.clone())
                .collect();
            for step in &parked {
                request::record(c, &*log, &run, Request::Retry(step.clone()), reason).await?;
            }
            let recorded = !parked.is_empty();
            asked.push(Asked { run, steps: parked, recorded, why_not: "no step of it is parked" });
        }
        witness::follow(c, &log).await?;
        request::report_all(c, &log, &asked).await
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--reason", &mut self.reason))
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log([format!("rehome show {}", quoted(&self.step))])
    }
}
