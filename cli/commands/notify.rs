//! CLI: `rehome notify`. Tells what is due while no runner is there to do it, and that it is not there. Appends to the log.

use crate::about::BatchAbout;
use crate::command::Execute;
use crate::context::Context;
use crate::counted::counted;
use crate::error::{CliError, Exit, causes};
use crate::hint::quoted;
use crate::hooks::teller::{Reading, Teller};
use crate::presence::Presence;
use crate::print_failure::PrintFailure;
use crate::{store, waves, witness};
use clap::Args;
use rehome_orchestrator::{BatchError, BatchLoaded, Clock, RunnerGone, SystemClock, TimeScale};
use rehome_store::Backend;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Tell what a batch's hooks are due while no runner is there.
///
/// It tells that no runner is there, too. It is for a timer on the machine of the log. It ends with 0 when nothing is left to
/// tell, and with 10 when something is.
#[derive(Args, Debug)]
pub(crate) struct Notify {
    /// BATCH
    pub(crate) batch: String,
    /// A runner that is not there for so long is gone, where something is left for it to do.
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = super::wait::time)]
    pub(crate) gone_after: Duration,
}

/// Everything that is due is told within this time, or by whoever is next.
const PATIENCE: Duration = Duration::from_secs(60);

impl Execute for Notify {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let log = store::open_to_write(&c.global.db).await?;
        let batch = BatchLoaded::load(&*log, &self.batch).await.map_err(|e| match e {
            BatchError::NoBatch(_) => CliError::new(Exit::NotFound, causes(&e)).next("rehome status"),
            _ => store::unreadable(&e),
        })?;
        if BatchAbout::of_log(&batch.planned().about).hooks.is_none() {
            let what = format!("batch {} asks nobody to be told: its batch file has no [hooks]", self.batch);
            return Err(CliError::new(Exit::Usage, what));
        }
        let presence = Presence::of(log.beside().lease());
        if let Presence::Alive(..) = &presence {
            let value = json!({"format_version": "1.0", "batch": self.batch, "runner": presence.value()});
            c.output.result("a runner is at work, and tells what is due", &value)?;
            return Ok(Exit::Done);
        }
        let gone = self.miss_runner(c, &log, &batch, &presence).await?;
        let due = due(&log, &self.batch).await?;
        self.teller(c, &log).begin().finish(PATIENCE).await;
        let left = self::due(&log, &self.batch).await?;
        witness::follow(c, &log).await?;
        let value = json!({
            "format_version": "1.0", "batch": self.batch, "runner": presence.value(), "runner_gone": gone,
            "told": due.saturating_sub(left), "left": left,
        });
        let told = counted(due.saturating_sub(left), "message");
        let text = match left {
            0 => format!("{told} told"),
            _ => format!("{told} told, {left} left: the receiver does not take them yet"),
        };
        c.output.result(&text, &value)?;
        Ok(if left == 0 { Exit::Done } else { Exit::Partly })
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log([format!("rehome status {}", quoted(&self.batch))])
    }
}

impl Notify {
    fn teller(&self, c: &Context<'_>, log: &Arc<dyn Backend>) -> Teller {
        Teller {
            log: log.clone(),
            who: None,
            actor: store::actor(c.global.actor.as_deref()),
            output: c.output.clone(),
            ca: c.global.cloud.ca.clone(),
            time_scale: TimeScale::REAL,
            only: Some(self.batch.clone()),
        }
    }

    /// Records that the runner is gone, where that is so, something is left for it to do, and nobody has said so before.
    async fn miss_runner(
        &self,
        c: &Context<'_>,
        log: &Arc<dyn Backend>,
        batch: &BatchLoaded,
        presence: &Presence,
    ) -> Result<bool, CliError> {
        let (Presence::Gone(holder, since_ms) | Presence::Silent(holder, since_ms)) = presence else {
            return Ok(false);
        };
        let now_ms = SystemClock.now_ms();
        let gone_ms = u128::try_from(now_ms - since_ms).unwrap_or(0);
        if gone_ms < self.gone_after.as_millis() || batch.state.is_runner_gone() {
            return Ok(batch.state.is_runner_gone());
        }
        let views = waves::views(&**log, &batch.planned().runs).await?;
        if !views.iter().any(crate::view::MoveView::needs_a_runner) {
            return Ok(false);
        }
        let gone = RunnerGone { host: holder.host.clone(), pid: holder.pid, since_ms: *since_ms };
        let actor = store::actor(c.global.actor.as_deref());
        match BatchLoaded::lose_runner(&**log, &self.batch, &actor, now_ms, gone).await {
            // Another one said so meanwhile, or a runner came and went.
            Ok(()) | Err(BatchError::Refused { .. }) => Ok(true),
            Err(e) => Err(store::write_error(&e)),
        }
    }
}

/// How many messages are due by the ways of a batch.
async fn due(log: &Arc<dyn Backend>, batch: &str) -> Result<usize, CliError> {
    let due = Reading::new(log).catch_up(Some(batch)).await.map_err(|e| store::unreadable(&e))?;
    Ok(due.iter().map(|due| due.messages()).sum())
}
