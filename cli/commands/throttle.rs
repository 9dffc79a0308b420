//! CLI: `rehome throttle`. Appends a request; a runner acts on it.

use crate::batch_file;
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::print_failure::PrintFailure;
use crate::{steer, store};
use clap::Args;
use rehome_orchestrator::{BatchLoaded, BatchRequest};

/// Have more or fewer moves at work, or less of Azure's limits.
///
/// It counts from now on; moves that are at work finish.
#[derive(Args, Debug)]
pub(crate) struct Throttle {
    /// BATCH
    pub(crate) batch: String,
    /// How many moves. What waits for a person or a date does not count.
    #[arg(id = "moves", long = "parallel", value_name = "N", required_unless_present_any = ["withdraw", "share"])]
    pub(crate) parallel: Option<u64>,
    /// So much of each limit that Azure publishes, like 30%: others work there too.
    #[arg(long, value_name = "PERCENT")]
    pub(crate) share: Option<String>,
    /// As many, and as much, as the plan says again.
    #[arg(long, conflicts_with_all = ["moves", "share"])]
    pub(crate) withdraw: bool,
    /// Why.
    #[arg(long)]
    pub(crate) reason: String,
}

impl Execute for Throttle {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let requests = if self.withdraw { self.withdrawn(c).await? } else { self.asked()? };
        let mut said = Vec::new();
        for request in &requests {
            said.push(match request {
                BatchRequest::Throttle(Some(most)) => format!("at most {most} moves are at work at once"),
                BatchRequest::Share(Some(percent)) => format!("{percent}% of Azure's limits are used"),
                BatchRequest::Share(None) => "as much of Azure's limits is used as was planned".to_owned(),
                _ => "as many moves are at work at once as was planned".to_owned(),
            });
        }
        steer::all_of_batch(c, &self.batch, requests, &self.reason, &said.join("; ")).await
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--reason", &mut self.reason))
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log([format!("rehome status {}", quoted(&self.batch))])
    }
}

impl Throttle {
    /// What is asked for.
    fn asked(&self) -> Result<Vec<BatchRequest>, CliError> {
        let percent = |text: &String| {
            batch_file::percent(text).map(|percent| percent as u64).ok_or_else(|| {
                CliError::new(Exit::Usage, format!("--share {text:?} is no share"))
                    .next("write it like 30%, from 1% to 100%")
            })
        };
        let share =
            self.share.as_ref().map(percent).transpose()?.map(|share| BatchRequest::Share(Some(share)));
        let parallel = self.parallel.map(|most| BatchRequest::Throttle(Some(most)));
        Ok(parallel.into_iter().chain(share).collect())
    }

    /// What takes back whatever holds of it.
    async fn withdrawn(&self, c: &Context<'_>) -> Result<Vec<BatchRequest>, CliError> {
        let log = store::open_to_write(&c.global.db).await?;
        let batch = BatchLoaded::find(&*log, &self.batch).await.map_err(|e| store::unreadable(&e))?;
        let asks = batch.as_ref().map(|batch| batch.state.steering());
        let share = asks.is_some_and(|asks| asks.share.is_some());
        let parallel = !share || asks.is_some_and(|asks| asks.parallel.is_some());
        let parallel = parallel.then_some(BatchRequest::Throttle(None));
        Ok(parallel.into_iter().chain(share.then_some(BatchRequest::Share(None))).collect())
    }
}
