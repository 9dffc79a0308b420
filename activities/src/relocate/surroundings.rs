//! Activities: reads what stands around the identities of a batch: what no move needs to know, and a local
//! Azure has to have. Reads only; what is heard is on the reader's tape, and what may not be read is too.

use super::Facts;
use crate::azure::{PrincipalId, Reader, ResourceId};
use crate::references::table;
use crate::surfaces::identity::create::MSI;
use futures_util::stream::{self, StreamExt};
use serde_json::Value;
use std::collections::BTreeSet;

/// Requests at the same time.
const AT_ONCE: usize = 8;

/// Reads the groups of resources and the tree above them, identities that stand beside those of the batch,
/// vaults' and grants' scopes, applications that give roles, and the groups that the caller is in.
pub async fn surroundings(reader: &Reader, facts: &[Facts]) {
    containers(reader).await;
    resources(reader, facts).await;
    directory(reader, facts).await;
}

fn ids(found: &[Value]) -> impl Iterator<Item = String> {
    found.iter().filter_map(|one| one["id"].as_str().map(ToOwned::to_owned))
}

/// What cannot be read is on the tape, and nothing else depends on it.
async fn list(reader: &Reader, path: &str, api: &str) -> Vec<Value> {
    reader.list(path, api, &[]).await.unwrap_or_default()
}

async fn containers(reader: &Reader) {
    for subscription in ids(&list(reader, "/subscriptions", "2022-12-01").await) {
        list(reader, &format!("{subscription}/resourcegroups"), "2024-07-01").await;
    }
    let groups = list(reader, "/providers/Microsoft.Management/managementGroups", "2020-05-01").await;
    for group in ids(&groups) {
        drop(reader.find(&group, "2020-05-01").await);
        list(reader, &format!("{group}/subscriptions"), "2020-05-01").await;
    }
}

/// Identities beside those of the batch are read: every write of a host names all that it carries.
async fn resources(reader: &Reader, facts: &[Facts]) {
    let moving: BTreeSet<&ResourceId> = facts.iter().map(|f| &f.identity.identifiers.resource_id).collect();
    let hosts = facts.iter().flat_map(|f| &f.hosts);
    let beside: BTreeSet<&ResourceId> = hosts.flat_map(|h| &h.attached).collect();
    let beside = beside.difference(&moving).map(|id| (ResourceId::clone(id), MSI));
    let grants = facts.iter().flat_map(|f| f.service_grants.iter().filter_map(|grant| account(&grant.id)));
    let wanted: BTreeSet<(ResourceId, &str)> = beside.chain(grants).collect();
    let mut asked = Vec::with_capacity(wanted.len());
    for (id, api) in wanted {
        asked.push(async move { drop(reader.find(&id, api).await) });
    }
    stream::iter(asked).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

/// The account that keeps a grant, and the version of its type.
fn account(grant: &ResourceId) -> Option<(ResourceId, &'static str)> {
    let account = grant.around().next()?;
    let api = table::row(&account.kind()?)?.api_version?;
    Some((account, api))
}

async fn directory(reader: &Reader, facts: &[Facts]) {
    let roles = facts.iter().flat_map(|f| &f.directory.app_roles);
    let applications: BTreeSet<&PrincipalId> = roles.map(|role| &role.resource_id).collect();
    let select = "$select=id,appId,displayName,servicePrincipalType,appRoles";
    let asked: Vec<String> =
        applications.iter().map(|id| format!("servicePrincipals/{id}?{select}")).collect();
    reader.graph_batch(&asked).await;
}
