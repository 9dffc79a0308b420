//! CLI: whether every move and every plan of a log can be read back. Reads a log or a bundle.

use crate::error::{CliError, causes};
use crate::store;
use rehome_orchestrator::{BatchLoaded, HistoryError, RunId, check_order, load};
use rehome_store::Log;
use std::collections::BTreeMap;

/// How many could be checked, and how many are withheld in part at least.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) read: usize,
    pub(crate) withheld: usize,
}

impl Checked {
    /// Counts what was read; what could not be, for another reason than that it is withheld, is damage.
    fn count<T>(&mut self, read: Result<T, HistoryError>) -> Result<Option<T>, CliError> {
        match read {
            Ok(read) => {
                self.read += 1;
                Ok(Some(read))
            }
            Err(e) if store::is_withheld(&e) => {
                self.withheld += 1;
                Ok(None)
            }
            Err(e) => Err(store::damaged(&causes(&e))),
        }
    }
}

/// Reads every move back, event by event.
pub(crate) async fn moves(log: &dyn Log) -> Result<Checked, CliError> {
    let (mut moves, mut states) = (Checked::default(), BTreeMap::new());
    for (stream, _) in log.streams(RunId::PREFIX).await.map_err(|e| store::damaged(&causes(&e)))? {
        if let Some(run) = RunId::of_stream(&stream)
            && let Some(loaded) = moves.count(load(log, &run).await)?
        {
            states.insert(run, loaded.state);
        }
    }
    check_order(log, &states).await.map_err(|e| store::damaged(&causes(&e)))?;
    Ok(moves)
}

/// Checks that every plan has the digest that was approved.
pub(crate) async fn plans(log: &dyn Log) -> Result<Checked, CliError> {
    let mut plans = Checked::default();
    for (stream, _) in log.streams(BatchLoaded::PREFIX).await.map_err(|e| store::damaged(&causes(&e)))? {
        let name = stream.as_str().strip_prefix(BatchLoaded::PREFIX).unwrap_or_default();
        let plan = async {
            let Some(batch) = BatchLoaded::find(log, name).await? else { return Ok(None) };
            Ok(Some((batch.document(log, name).await?.digest(), batch.planned().digest.clone())))
        };
        match plans.count(plan.await)?.flatten() {
            Some((found, approved)) if found != approved => {
                let what = format!("the recorded plan of batch {name} does not have the approved digest");
                return Err(store::damaged(&what));
            }
            Some(_) | None => {}
        }
    }
    Ok(plans)
}
