//! Activities: everything that is given to one identity, under names that two identities can be compared by. Reads only.

use crate::azure::{ClientId, PrincipalId, Reader, ResourceId, items};
use crate::relocate::names;
use crate::surfaces::identity::create::MSI;
use futures_util::stream::{self, StreamExt};
use rehome_orchestrator::{Fault, FaultKind, PlanValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Requests at the same time.
const AT_ONCE: usize = 16;

/// What one identity has.
#[derive(Default)]
pub(crate) struct Had {
    /// Roles of it, and roles on it that others have.
    pub(crate) roles: Vec<String>,
    /// Everything else.
    pub(crate) beside_roles: Vec<String>,
}

impl Had {
    pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
        self.roles.iter().chain(&self.beside_roles).map(String::as_str)
    }
}

/// What a name is made of; what has none is not what the list should have.
fn named(
    list: &str,
    found: Vec<Value>,
    name: impl Fn(&Value) -> Option<String>,
) -> Result<Vec<String>, Fault> {
    let strange = || {
        let what = "an entry is not what this list should have";
        Fault::new(FaultKind::Broken, "NotAnAnswer", what).at(list)
    };
    found.iter().map(|one| name(one).ok_or_else(strange)).collect()
}

/// Reads the old one, with what it may do through groups; one that is gone has nothing.
pub(crate) async fn read_old(reader: &Reader, of: &Side) -> Result<Had, Fault> {
    if reader.find_twice(&of.id, MSI).await?.is_none() {
        return Ok(Had::default());
    }
    read(reader, of, format!("assignedTo('{}')", of.principal_id.replace('\'', "''"))).await
}

/// Reads the new one, with the roles that it was given itself.
pub(crate) async fn read_new(reader: &Reader, of: &Side) -> Result<Had, Fault> {
    read(reader, of, held_by(&of.principal_id)).await
}

fn held_by(principal: &str) -> String {
    format!("principalId eq '{}'", principal.replace('\'', "''"))
}

async fn read(reader: &Reader, of: &Side, filter: String) -> Result<Had, Fault> {
    let (roles, on, credentials, directory) = futures_util::join!(
        roles(reader, vec![filter]),
        on_itself(reader, of),
        credentials(reader, of),
        directory(reader, of),
    );
    let mut had = Had { roles: roles?, beside_roles: credentials? };
    had.roles.extend(on?);
    had.beside_roles.extend(directory?);
    Ok(had)
}

/// The roles of groups, and of all that they are in: what nobody can be added to may be given to the new one itself.
pub(crate) async fn of_groups(reader: &Reader, groups: &[String]) -> Result<Vec<String>, Fault> {
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    let asked: Vec<String> = groups.iter().map(|id| format!("groups/{id}/transitiveMemberOf")).collect();
    let mut all: Vec<String> = groups.to_vec();
    for (answer, path) in reader.graph_batch(&asked).await.into_iter().zip(&asked) {
        all.extend(named(path, items(&answer?, path)?, |one| Some(one["id"].as_str()?.to_owned()))?);
    }
    roles(reader, all.iter().map(|id| held_by(id)).collect()).await
}

/// Roles in every subscription that may be seen, above and below it, by each of these filters.
async fn roles(reader: &Reader, filters: Vec<String>) -> Result<Vec<String>, Fault> {
    let found = reader.list("/subscriptions", "2022-12-01", &[]).await?;
    let subscriptions = named("/subscriptions", found, |one| Some(one["id"].as_str()?.to_owned()))?;
    let mut asked = Vec::new();
    for scope in &subscriptions {
        for filter in &filters {
            let list = format!("{scope}/providers/Microsoft.Authorization/roleAssignments");
            asked.push(async move { (reader.list(&list, "2022-04-01", &[("$filter", filter)]).await, list) });
        }
    }
    let mut all = Vec::new();
    for (found, list) in stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>().await {
        all.extend(named(&list, found?, |a| names::role_of(&a["properties"]))?);
    }
    Ok(all)
}

/// Roles on it, of others.
async fn on_itself(reader: &Reader, of: &Side) -> Result<Vec<String>, Fault> {
    let list = format!("{}/providers/Microsoft.Authorization/roleAssignments", of.id);
    let mut found = reader.list(&list, "2022-04-01", &[("$filter", "atScope()")]).await?;
    let text = |a: &Value, name: &str| a["properties"][name].as_str().unwrap_or_default().to_owned();
    found.retain(|a| *of.id == *text(a, "scope") && *of.principal_id != *text(a, "principalId"));
    named(&list, found, |a| names::role_on(&a["properties"]))
}

async fn credentials(reader: &Reader, of: &Side) -> Result<Vec<String>, Fault> {
    let list = format!("{}/federatedIdentityCredentials", of.id);
    let mut found = crate::relocate::looking::credential_list(reader, &list).await?;
    found.retain(|c| !names::is_of_aks(c, &of.client_id));
    named(&list, found, |c| names::credential(&c["properties"]))
}

/// What it has in Entra ID, in one request.
async fn directory(reader: &Reader, of: &Side) -> Result<Vec<String>, Fault> {
    let oid = &of.principal_id;
    let asked = [
        format!("servicePrincipals/{oid}/memberOf"),
        format!("servicePrincipals/{oid}/appRoleAssignments"),
        format!("servicePrincipals/{oid}/ownedObjects"),
        format!("roleManagement/directory/roleAssignments?$filter=principalId eq '{oid}'"),
        format!("servicePrincipals/{oid}/oauth2PermissionGrants"),
    ];
    let read: [fn(&Value) -> Option<String>; 5] =
        [names::member_of, names::app_role, names::owned, names::directory_role, names::delegated];
    let mut all = Vec::new();
    for ((answer, path), name) in reader.graph_batch(&asked).await.into_iter().zip(&asked).zip(read) {
        all.extend(named(path, items(&answer?, path)?, name)?);
    }
    Ok(all)
}

/// One of both identities.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Side {
    pub(crate) id: PlanValue<ResourceId>,
    pub(crate) principal_id: PlanValue<PrincipalId>,
    pub(crate) client_id: PlanValue<ClientId>,
}
