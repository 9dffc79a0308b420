//! Activities: reads what stands around the identities of a batch: what no move needs to know, and a local
//! Azure has to have. Reads only; what is heard is on the reader's tape, and what may not be read is too.

use super::Facts;
use crate::azure::Reader;
use crate::references::table;
use futures_util::stream::{self, StreamExt};
use serde_json::Value;
use std::collections::BTreeSet;

/// Requests at the same time.
const AT_ONCE: usize = 8;

/// The version in which identities are read.
const MSI: &str = "2024-11-30";

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
    let moving: BTreeSet<String> =
        facts.iter().map(|f| f.identity.identifiers.resource_id.to_lowercase()).collect();
    let hosts = facts.iter().flat_map(|f| &f.hosts);
    let beside: BTreeSet<String> = hosts.flat_map(|h| &h.attached).map(|id| id.to_lowercase()).collect();
    let beside = beside.difference(&moving).map(|id| (id.clone(), MSI));
    let grants = facts.iter().flat_map(|f| f.service_grants.iter().filter_map(|grant| account(&grant.id)));
    let wanted: BTreeSet<(String, &str)> = beside.chain(grants).collect();
    let mut asked = Vec::with_capacity(wanted.len());
    for (id, api) in wanted {
        asked.push(async move { drop(reader.find(&id, api).await) });
    }
    stream::iter(asked).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

/// The account that keeps a grant, and the version of its type.
fn account(grant: &str) -> Option<(String, &'static str)> {
    let at = grant.to_lowercase().rfind("/providers/")?;
    let parts: Vec<&str> = grant[at..].split('/').skip(2).take(3).collect();
    let [namespace, kind, name] = parts[..] else { return None };
    let api = table::row(&format!("{namespace}/{kind}"))?.api_version?;
    Some((format!("{}/providers/{namespace}/{kind}/{name}", &grant[..at]), api))
}

async fn directory(reader: &Reader, facts: &[Facts]) {
    let roles = facts.iter().flat_map(|f| &f.directory.app_roles);
    let applications: BTreeSet<&str> = roles.map(|role| role.resource_id.as_str()).collect();
    let select = "$select=id,appId,displayName,servicePrincipalType,appRoles";
    let asked: Vec<String> =
        applications.iter().map(|id| format!("servicePrincipals/{id}?{select}")).collect();
    reader.graph_batch(&asked).await;
}
