//! CLI: where moves stand, read from the log, several at a time. Reads the log.

use crate::error::{CliError, Exit, causes};
use crate::hint::quoted;
use crate::store_error::unreadable;
use crate::view::{MoveView, view};
use futures_util::{
    TryStreamExt,
    stream::{self, StreamExt},
};
use rehome_orchestrator::{BatchLoaded, HistoryError, Loaded, RunId, load, load_aside};
use rehome_store::Log;

/// Reads where a move stands.
pub(crate) async fn read_run(log: &dyn Log, run: &RunId) -> Result<Loaded, CliError> {
    match load(log, run).await {
        Ok(loaded) => Ok(loaded),
        Err(e) => Err(unread_run(log, run, e).await),
    }
}

async fn unread_run(log: &dyn Log, run: &RunId, e: HistoryError) -> CliError {
    match e {
        HistoryError::NoRun(_) => no_move(log, run, &e).await,
        e => unreadable(&e),
    }
}

/// Moves that are read at the same time: while one is folded, the log gives the next.
const READ_AT_ONCE: usize = 4;

/// Where these moves stand, in their order.
pub(crate) async fn views(log: &dyn Log, runs: &[RunId]) -> Result<Vec<MoveView>, CliError> {
    let mut read = Vec::with_capacity(runs.len());
    for run in runs {
        let of = run.clone();
        read.push(async move {
            match load_aside(log, run, move |state| view(&of, state)).await {
                Ok(view) => Ok(view),
                Err(e) => Err(unread_run(log, run, e).await),
            }
        });
    }
    stream::iter(read).buffered(READ_AT_ONCE).try_collect().await
}

/// Nothing is called so; a batch may be.
async fn no_move(log: &dyn Log, run: &RunId, e: &HistoryError) -> CliError {
    match BatchLoaded::find(log, run.as_str()).await {
        Ok(Some(_)) => {
            let what = format!("{run} is a batch, and a step belongs to one of its moves");
            CliError::new(Exit::NotFound, what).next(format!("rehome status {}", quoted(run.as_str())))
        }
        Ok(None) | Err(_) => CliError::new(Exit::NotFound, causes(e)).next("rehome status"),
    }
}
