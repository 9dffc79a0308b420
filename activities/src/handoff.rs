//! Activities: what a move has made, in the words of whoever keeps Azure as code: Terraform's types and the ids that it
//! imports by. Pure.
//!
//! Sources: the `Import` sections of the providers `hashicorp/azurerm` 4, `hashicorp/azuread` 3 and `Azure/azapi` 2.

use crate::references::scan::Identifiers;
use crate::references::table::type_of;
use crate::relocate::Facts;
use rehome_orchestrator::{ForwardState, Node, RunState, StepId, UndoState};
use serde::Serialize;
use serde_json::Value;

/// What code has to know of one move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Handoff {
    /// The identity that is given up.
    pub old: Identifiers,
    /// The one in its place; absent until it is made, and when it was taken back.
    pub new: Option<Identifiers>,
    /// What is there now and was not before.
    pub made: Vec<Import>,
    /// What is there now as well, and no provider imports by an id that is known here.
    pub by_itself: Vec<Touched>,
    /// What is as the code has it no more.
    pub changed: Vec<Touched>,
    /// What is there no more.
    pub gone: Vec<Touched>,
}

/// Something that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Import {
    /// The step that made it.
    pub step: String,
    /// The type of Terraform's.
    pub kind: &'static str,
    /// What it is imported by.
    pub id: String,
}

/// Something that was changed or removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Touched {
    /// The step that did it.
    pub step: String,
    /// The ARM id; of what has none, where it is.
    pub id: String,
    /// What was done, as the plan says it.
    pub what: String,
}

/// Grants inside services that have a type of their own.
const GRANTS: [(&str, &str); 5] = [
    ("Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments", "azurerm_cosmosdb_sql_role_assignment"),
    ("Microsoft.Kusto/clusters/principalAssignments", "azurerm_kusto_cluster_principal_assignment"),
    (
        "Microsoft.Kusto/clusters/databases/principalAssignments",
        "azurerm_kusto_database_principal_assignment",
    ),
    ("Microsoft.Cache/redis/accessPolicyAssignments", "azurerm_redis_cache_access_policy_assignment"),
    (
        "Microsoft.DBforPostgreSQL/flexibleServers/administrators",
        "azurerm_postgresql_flexible_server_active_directory_administrator",
    ),
];

/// What code has to know of this move, as far as it has come; `None` where its facts are not of this workflow.
pub fn handoff(state: &RunState) -> Option<Handoff> {
    let facts: Facts = state.planned().facts.read("facts").ok()?;
    let credentials: Vec<String> = facts.credentials.iter().map(|one| one.name.clone()).collect();
    let mut out = Handoff {
        old: facts.identity.identifiers,
        new: None,
        made: Vec::new(),
        by_itself: Vec::new(),
        changed: Vec::new(),
        gone: Vec::new(),
    };
    for (step, stands) in state.steps() {
        let Node::Act { activity, .. } = &step.node else { continue };
        let ours =
            matches!(stands.forward, ForwardState::Done { ours: true }) && stands.undo != UndoState::Undone;
        let Some(input) = state.input_of(&step.id).filter(|_| ours).map(rehome_orchestrator::Json::value)
        else {
            continue;
        };
        let output = stands.output.as_ref().map(rehome_orchestrator::Json::value).unwrap_or_default();
        if activity == "identity.create/1" {
            out.new = identifiers(&input, &output);
        }
        let touched = || Touched { step: step.id.to_string(), id: place(&input), what: step.title.clone() };
        match activity.rsplit_once('.').map(|(_, verb)| verb) {
            Some("rewrite/1" | "recondition/1" | "admit/1" | "dismiss/1") => out.changed.push(touched()),
            Some("revoke/1" | "remove/1" | "delete/1" | "end/1") => out.gone.push(touched()),
            Some("look_up/1" | "revoke_tokens/1" | "lift/1") => {}
            _ => match import(&step.id, activity, &input, &output) {
                Some(import) => out.made.push(import),
                None => out.by_itself.push(touched()),
            },
        }
        if activity == "identity.delete/1" {
            out.gone.extend(credentials.iter().map(|name| Touched {
                step: step.id.to_string(),
                id: format!("{}/federatedIdentityCredentials/{name}", out.old.resource_id),
                what: format!("federated credential {name}, with its identity"),
            }));
        }
    }
    Some(out)
}

/// What a step was done to, by the id that code knows it by: a resource's, or of what has none, the one that holds it.
fn place(input: &Value) -> String {
    let of = |name: &str| text(input, name);
    let inside = |list: &str, id: &str, more: &str, of_it: &str| {
        Some(format!("{list}/{}/{more}/{}", of(id)?, of(of_it)?))
    };
    of("id")
        .or_else(|| of("site"))
        .or_else(|| Some(format!("{}/objectId/{}", of("vault")?, of("object_id")?)))
        .or_else(|| inside("groups", "group_id", "members", "principal_id"))
        .or_else(|| {
            Some(format!("{}/{}/owners/{}", of("collection")?, of("object_id")?, of("principal_id")?))
        })
        .or_else(|| inside("servicePrincipals", "resource_id", "appRoles", "app_role_id"))
        .or_else(|| inside("applications", "application_object_id", "federatedIdentityCredentials", "name"))
        .or_else(|| inside("roleDefinitions", "role_definition_id", "principals", "principal_id"))
        .or_else(|| inside("servicePrincipals", "client_id", "delegated", "resource_id"))
        .or_else(|| Some(format!("servicePrincipals/{}", of("principal_id")?)))
        .unwrap_or_default()
}

fn text(value: &Value, name: &str) -> Option<String> {
    value[name].as_str().map(ToOwned::to_owned)
}

fn identifiers(input: &Value, output: &Value) -> Option<Identifiers> {
    Some(Identifiers {
        resource_id: text(input, "id")?,
        client_id: text(output, "client_id")?,
        principal_id: text(output, "principal_id")?,
    })
}

fn import(step: &StepId, activity: &str, input: &Value, output: &Value) -> Option<Import> {
    let of = |name: &str| text(input, name);
    let made = text(output, "id");
    let (kind, id) = match activity {
        "resource_group.ensure/1" => ("azurerm_resource_group", of("id")?),
        "identity.create/1" => ("azurerm_user_assigned_identity", of("id")?),
        "federated_credential.add/1" => (
            "azurerm_federated_identity_credential",
            format!("{}/federatedIdentityCredentials/{}", of("identity")?, of("name")?),
        ),
        "role_assignment.grant/1" => (
            "azurerm_role_assignment",
            format!("{}/providers/Microsoft.Authorization/roleAssignments/{}", of("scope")?, of("name")?),
        ),
        "schedule.grant/1" => (
            "azurerm_pim_active_role_assignment",
            format!("{}|{}|{}", of("scope")?, of("role_definition_id")?, of("principal_id")?),
        ),
        "access_policy.add/1" => ("azurerm_key_vault_access_policy", entry(input)?),
        "lock.restore/1" => ("azurerm_management_lock", of("id")?),
        "group_member.add/1" => {
            ("azuread_group_member", format!("{}/member/{}", of("group_id")?, of("principal_id")?))
        }
        "app_role.grant/1" => (
            "azuread_app_role_assignment",
            format!("/servicePrincipals/{}/appRoleAssignedTo/{}", of("resource_id")?, made?),
        ),
        "directory_role.grant/1" => ("azuread_directory_role_assignment", made?),
        "app_credential.add/1" => (
            "azuread_application_federated_identity_credential",
            format!("{}/federatedIdentityCredential/{}", of("application_object_id")?, made?),
        ),
        _ => resource(&of("id")?, &of("api_version")?),
    };
    Some(Import { step: step.to_string(), kind, id })
}

fn entry(input: &Value) -> Option<String> {
    let id = format!("{}/objectId/{}", text(input, "vault")?, text(input, "object_id")?);
    Some(
        text(input, "application_id")
            .map_or(id.clone(), |application| format!("{id}/applicationId/{application}")),
    )
}

fn resource(id: &str, version: &str) -> (&'static str, String) {
    let of = type_of(id).unwrap_or_default();
    match GRANTS.iter().find(|(known, _)| known.eq_ignore_ascii_case(&of)) {
        Some((_, kind)) => (kind, id.to_owned()),
        None => ("azapi_resource", format!("{id}?api-version={version}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_made_is_imported_by_the_id_that_its_provider_wants() {
        let step = StepId::new("07");
        let found = |activity: &str, input: Value, output: Value| {
            import(&step, activity, &input, &output).map(|i| (i.kind, i.id))
        };
        let policy = json!({"vault": "/v", "object_id": "o", "application_id": "a"});
        assert_eq!(
            found("access_policy.add/1", policy, Value::Null),
            Some(("azurerm_key_vault_access_policy", "/v/objectId/o/applicationId/a".to_owned()))
        );
        let role = json!({"resource_id": "r", "principal_id": "p", "app_role_id": "x"});
        assert_eq!(
            found("app_role.grant/1", role, json!({"id": "made"})),
            Some(("azuread_app_role_assignment", "/servicePrincipals/r/appRoleAssignedTo/made".to_owned()))
        );
        let grant = |id: &str| json!({"id": id, "api_version": "2024-04-13", "body": {}});
        let kusto = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Kusto/clusters/c/databases/d/principalAssignments/n";
        assert_eq!(
            found("grant.put/1", grant(kusto), Value::Null),
            Some(("azurerm_kusto_database_principal_assignment", kusto.to_owned()))
        );
        let other =
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/connections/c/accessPolicies/n";
        assert_eq!(
            found("grant.put/1", grant(other), Value::Null),
            Some(("azapi_resource", format!("{other}?api-version=2024-04-13")))
        );
        assert_eq!(found("lock.lift/1", json!({"id": "/l"}), Value::Null), None, "it was there before");
    }
}
