//! Activities: the links in Entra ID that a move adds and removes (msgraph, v1.0).

use crate::activity::Clients;
use crate::activity::link::Link;
use crate::activity::list_cache::List;
use crate::azure::says_gone;
use rehome_orchestrator::{Fault, Reversibility};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn same(value: &Value, name: &str, wanted: &str) -> bool {
    value[name].as_str().is_some_and(|found| found.eq_ignore_ascii_case(wanted))
}

fn id_of(value: &Value) -> Option<String> {
    value["id"].as_str().map(ToOwned::to_owned)
}

/// A list of something that may not be there: then nothing is in it. That it is not there it says itself, too.
async fn list(clients: &Clients, path: &str) -> Result<Vec<Value>, Fault> {
    let why = match clients.reader.graph_list(path).await {
        Err(why) if says_gone(&why) => why,
        other => return other,
    };
    let mut parts = path.split(['/', '?']);
    let (Some(collection), Some(id)) = (parts.next(), parts.next()) else { return Err(why) };
    match clients.reader.graph_find(&format!("{collection}/{id}?$select=id")).await? {
        None => Ok(Vec::new()),
        Some(_) => Err(why),
    }
}

/// A text inside quotes of an OData filter.
fn odata(text: &str) -> String {
    text.replace('\'', "''")
}

fn reference(clients: &Clients, object: &str) -> Value {
    json!({"@odata.id": clients.reader.directory_object(object)})
}

/// A direct member of a group.
pub(crate) struct GroupMember;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberInput {
    group_id: String,
    principal_id: String,
}

impl Link for GroupMember {
    const ADD: &'static str = "group_member.add/1";
    const REMOVE: &'static str = "group_member.remove/1";
    type Input = MemberInput;

    fn fact(input: &MemberInput) -> String {
        format!("groups/{}/members/{}", input.group_id, input.principal_id)
    }

    async fn find(clients: &Clients, input: &MemberInput) -> Result<Option<String>, Fault> {
        let path = format!("servicePrincipals/{}/memberOf?$select=id", input.principal_id);
        let groups = list(clients, &path).await?;
        Ok(groups.iter().find(|g| same(g, "id", &input.group_id)).and_then(id_of))
    }

    async fn glance(clients: &Clients, input: &MemberInput) -> Result<Option<String>, Fault> {
        let list = List::Graph(format!("servicePrincipals/{}/memberOf?$select=id", input.principal_id));
        let group = |group: &Value| same(group, "id", &input.group_id);
        match clients.shelf.find(&clients.reader, &list, group).await {
            Some(group) => Ok(id_of(&group)),
            None => Self::find(clients, input).await,
        }
    }

    fn add(clients: &Clients, input: &MemberInput) -> (String, Value) {
        (format!("groups/{}/members/$ref", input.group_id), reference(clients, &input.principal_id))
    }

    fn remove(input: &MemberInput, _: &str) -> String {
        format!("groups/{}/members/{}/$ref", input.group_id, input.principal_id)
    }
}

/// An application permission.
pub(crate) struct AppRole;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppRoleInput {
    principal_id: String,
    resource_id: String,
    app_role_id: String,
}

impl Link for AppRole {
    const ADD: &'static str = "app_role.grant/1";
    const REMOVE: &'static str = "app_role.revoke/1";
    const RETURNS: Reversibility = Reversibility::Compensable;
    type Input = AppRoleInput;

    fn fact(input: &AppRoleInput) -> String {
        format!(
            "servicePrincipals/{}/appRoleAssignments/{}/{}",
            input.principal_id, input.resource_id, input.app_role_id
        )
    }

    async fn find(clients: &Clients, input: &AppRoleInput) -> Result<Option<String>, Fault> {
        let path = format!("servicePrincipals/{}/appRoleAssignments", input.principal_id);
        let roles = list(clients, &path).await?;
        let wanted = |r: &&Value| {
            same(r, "resourceId", &input.resource_id) && same(r, "appRoleId", &input.app_role_id)
        };
        Ok(roles.iter().find(wanted).and_then(id_of))
    }

    fn add(_: &Clients, input: &AppRoleInput) -> (String, Value) {
        let body = json!({
            "principalId": input.principal_id, "resourceId": input.resource_id, "appRoleId": input.app_role_id,
        });
        (format!("servicePrincipals/{}/appRoleAssignments", input.principal_id), body)
    }

    fn remove(input: &AppRoleInput, id: &str) -> String {
        format!("servicePrincipals/{}/appRoleAssignments/{id}", input.principal_id)
    }
}

/// A role in the directory.
pub(crate) struct DirectoryRole;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DirectoryRoleInput {
    role_definition_id: String,
    principal_id: String,
    directory_scope_id: String,
}

impl Link for DirectoryRole {
    const ADD: &'static str = "directory_role.grant/1";
    const REMOVE: &'static str = "directory_role.revoke/1";
    const RETURNS: Reversibility = Reversibility::Compensable;
    type Input = DirectoryRoleInput;

    fn fact(input: &DirectoryRoleInput) -> String {
        format!(
            "directory role {} of {} at {}",
            input.role_definition_id, input.principal_id, input.directory_scope_id
        )
    }

    async fn find(clients: &Clients, input: &DirectoryRoleInput) -> Result<Option<String>, Fault> {
        let filter = format!("principalId eq '{}'", odata(&input.principal_id));
        let path = format!("roleManagement/directory/roleAssignments?$filter={filter}");
        let roles = clients.reader.graph_list(&path).await?;
        let wanted = |r: &&Value| {
            same(r, "roleDefinitionId", &input.role_definition_id)
                && same(r, "directoryScopeId", &input.directory_scope_id)
        };
        Ok(roles.iter().find(wanted).and_then(id_of))
    }

    fn add(_: &Clients, input: &DirectoryRoleInput) -> (String, Value) {
        let body = json!({
            "@odata.type": "#microsoft.graph.unifiedRoleAssignment", "roleDefinitionId": input.role_definition_id,
            "principalId": input.principal_id, "directoryScopeId": input.directory_scope_id,
        });
        ("roleManagement/directory/roleAssignments".to_owned(), body)
    }

    fn remove(_: &DirectoryRoleInput, id: &str) -> String {
        format!("roleManagement/directory/roleAssignments/{id}")
    }
}

/// An owner of a group, an application or a service principal.
pub(crate) struct Owner;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnerInput {
    collection: String,
    object_id: String,
    principal_id: String,
}

impl Link for Owner {
    const ADD: &'static str = "owner.add/1";
    const REMOVE: &'static str = "owner.remove/1";
    type Input = OwnerInput;

    fn fact(input: &OwnerInput) -> String {
        format!("{}/{}/owners/{}", input.collection, input.object_id, input.principal_id)
    }

    async fn find(clients: &Clients, input: &OwnerInput) -> Result<Option<String>, Fault> {
        let owners =
            list(clients, &format!("{}/{}/owners?$select=id", input.collection, input.object_id)).await?;
        Ok(owners.iter().find(|o| same(o, "id", &input.principal_id)).and_then(id_of))
    }

    fn add(clients: &Clients, input: &OwnerInput) -> (String, Value) {
        (
            format!("{}/{}/owners/$ref", input.collection, input.object_id),
            reference(clients, &input.principal_id),
        )
    }

    fn remove(input: &OwnerInput, _: &str) -> String {
        format!("{}/{}/owners/{}/$ref", input.collection, input.object_id, input.principal_id)
    }
}

/// A credential of an application that trusts the identity.
pub(crate) struct AppCredential;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppCredentialInput {
    application_object_id: String,
    name: String,
    issuer: String,
    subject: String,
    audiences: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

impl Link for AppCredential {
    const ADD: &'static str = "app_credential.add/1";
    const REMOVE: &'static str = "app_credential.remove/1";
    const RETURNS: Reversibility = Reversibility::Compensable;
    type Input = AppCredentialInput;

    fn fact(input: &AppCredentialInput) -> String {
        format!("applications/{}/federatedIdentityCredentials/{}", input.application_object_id, input.name)
    }

    async fn find(clients: &Clients, input: &AppCredentialInput) -> Result<Option<String>, Fault> {
        let path = format!("applications/{}/federatedIdentityCredentials", input.application_object_id);
        let credentials = list(clients, &path).await?;
        let wanted = |c: &&Value| same(c, "issuer", &input.issuer) && same(c, "subject", &input.subject);
        Ok(credentials.iter().find(wanted).and_then(id_of))
    }

    fn add(_: &Clients, input: &AppCredentialInput) -> (String, Value) {
        let mut body = json!({
            "name": input.name, "issuer": input.issuer, "subject": input.subject, "audiences": input.audiences,
        });
        if let Some(description) = &input.description {
            body["description"] = json!(description);
        }
        (format!("applications/{}/federatedIdentityCredentials", input.application_object_id), body)
    }

    fn remove(input: &AppCredentialInput, id: &str) -> String {
        format!("applications/{}/federatedIdentityCredentials/{id}", input.application_object_id)
    }
}

/// What somebody may do on behalf of those who are signed in.
pub(crate) struct DelegatedGrant;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DelegatedGrantInput {
    client_id: String,
    resource_id: String,
    consent_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    principal_id: Option<String>,
    scope: String,
}

/// The permissions of a grant, in any order.
fn permissions(scope: &str) -> BTreeSet<&str> {
    scope.split_whitespace().collect()
}

impl Link for DelegatedGrant {
    const ADD: &'static str = "delegated_grant.add/1";
    const REMOVE: &'static str = "delegated_grant.remove/1";
    const RETURNS: Reversibility = Reversibility::Compensable;
    type Input = DelegatedGrantInput;

    fn fact(input: &DelegatedGrantInput) -> String {
        let of = input.principal_id.as_deref().unwrap_or("everybody");
        format!("oauth2PermissionGrants: {} on {} for {of}", input.client_id, input.resource_id)
    }

    /// One with other permissions is another one.
    async fn find(clients: &Clients, input: &DelegatedGrantInput) -> Result<Option<String>, Fault> {
        let path = format!("servicePrincipals/{}/oauth2PermissionGrants", input.client_id);
        let grants = list(clients, &path).await?;
        let of = |grant: &Value| grant["principalId"].as_str().unwrap_or_default().to_lowercase();
        let wanted = |grant: &&Value| {
            same(grant, "resourceId", &input.resource_id)
                && same(grant, "consentType", &input.consent_type)
                && of(grant) == input.principal_id.as_deref().unwrap_or_default().to_lowercase()
                && permissions(grant["scope"].as_str().unwrap_or_default()) == permissions(&input.scope)
        };
        Ok(grants.iter().find(wanted).and_then(id_of))
    }

    fn add(_: &Clients, input: &DelegatedGrantInput) -> (String, Value) {
        let mut body = json!({
            "clientId": input.client_id, "resourceId": input.resource_id, "consentType": input.consent_type,
            "scope": input.scope,
        });
        if let Some(principal) = &input.principal_id {
            body["principalId"] = json!(principal);
        }
        ("oauth2PermissionGrants".to_owned(), body)
    }

    fn remove(_: &DelegatedGrantInput, id: &str) -> String {
        format!("oauth2PermissionGrants/{id}")
    }
}
