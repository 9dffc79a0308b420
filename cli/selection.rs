//! CLI: the identities that a batch file selects, or whose tags a rule asks for. Reads the cloud.

use crate::batch_file::{Batch, Listed};
use crate::error::{CliError, Exit};
use rehome_activities::azure::{Reader, ResourceId};
use rehome_orchestrator::Fault;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Every identity that may be seen, in an order that does not change.
const QUERY: &str = "resources | where type =~ 'microsoft.managedidentity/userassignedidentities' \
    | project id, location, tags | order by id asc";

/// Source: Microsoft.Resources/stable/2022-12-01, Subscriptions_Get
const SUBSCRIPTIONS: &str = "2022-12-01";

/// One row of the answer.
#[derive(Deserialize)]
struct Row {
    id: ResourceId,
    /// Every identity has one; in a snapshot that is played, what is without one was only heard of.
    location: Option<String>,
    tags: Option<BTreeMap<String, String>>,
}

/// The batch with all of its moves; Azure is asked only where the file does not say them all.
///
/// # Errors
/// When Azure does not answer for everything that is selected, or not what the file expects.
pub(crate) async fn resolve(reader: &Reader, batch: Batch) -> Result<Batch, CliError> {
    let Some(subscriptions) = batch.asks_for() else { return Ok(batch) };
    // The index leaves out without a word what may not be seen.
    for id in &subscriptions {
        let place = format!("/subscriptions/{id}");
        reader.get(&place, SUBSCRIPTIONS).await.map_err(|why| unread(&why).at(place))?;
    }
    let rows = reader.resource_graph(QUERY, &subscriptions).await.map_err(|why| unread(&why))?;
    let listed = rows.into_iter().map(listed).collect::<Result<Vec<_>, _>>()?;
    batch.resolve(listed.into_iter().flatten().collect())
}

fn listed(row: Value) -> Result<Option<Listed>, CliError> {
    let Row { id, location, tags } = serde_json::from_value(row)
        .map_err(|e| CliError::because(Exit::Failed, "the list of identities cannot be read", &e))?;
    Ok(location.map(|location| Listed { id, location, tags: tags.unwrap_or_default() }))
}

fn unread(why: &Fault) -> CliError {
    CliError::new(Exit::Failed, format!("which identities there are could not be read: {why}"))
        .next("get Reader there, or name the identities one by one")
}
