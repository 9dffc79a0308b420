//! CLI: `rehome pause`. Appends a request; a runner acts on it.

use crate::batch_file::moment;
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::print_failure::PrintFailure;
use crate::{request, store};
use clap::Args;
use rehome_orchestrator::{BatchRequest, Clock, Request, SystemClock};

/// Begin nothing new in a move, a wave or a batch.
///
/// What is in flight finishes. Soaks go on, and `rollback` and `verify` work all the same.
#[derive(Args, Debug)]
pub(crate) struct Pause {
    /// MOVE, BATCH or BATCH/wave:NAME
    pub(crate) select: String,
    /// Until this date (2026-12-11T06:00Z, in UTC where it does not say otherwise), or for so long (8h); of a batch or a
    /// wave. Without it until somebody resumes it.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// The reason, for the record.
    #[arg(long)]
    pub(crate) reason: String,
}

impl Execute for Pause {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let now = SystemClock.now_ms();
        let until_ms = self.until.as_deref().map(|text| until(text, now)).transpose()?;
        if until_ms.is_some() && !is_batch(c, &self.select).await? {
            let what = "only a batch or a wave is paused until a date: a move waits for somebody";
            return Err(CliError::new(Exit::Usage, what));
        }
        let of_batch = |wave| BatchRequest::Pause { wave, until_ms };
        request::of_moves(c, &self.select, (Some(&of_batch), &Request::Pause), &self.reason).await
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--reason", &mut self.reason))
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log([format!("rehome status {}", quoted(&self.select))])
    }
}

async fn is_batch(c: &Context<'_>, select: &str) -> Result<bool, CliError> {
    let log = store::open_to_read(&c.global.db)?;
    Ok(store::select(&*log, Some(select)).await?.batch.is_some())
}

fn until(text: &str, now_ms: i64) -> Result<i64, CliError> {
    let wrong = |what: &str| CliError::new(Exit::Usage, format!("{text:?} {what}"));
    let until = moment(text, now_ms);
    let until = until.ok_or_else(|| wrong("is no date like 2026-12-11T06:00Z, and no time like 8h"))?;
    if until > now_ms { Ok(until) } else { Err(wrong("is over")) }
}
