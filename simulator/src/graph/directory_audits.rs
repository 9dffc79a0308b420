//! Graph: the audit log of the directory: the writes to it that were carried out. Pure.
//!
//! Source: <https://learn.microsoft.com/graph/api/directoryaudit-list>. Its `correlationId` is "passed by the client"
//! (<https://learn.microsoft.com/azure/azure-monitor/reference/tables/auditlogs>), in the header `client-request-id`. Parts
//! of a batch are not in it here.

use super::{Question, list};
use crate::http::Reply;
use crate::world::{RequestLine, World};
use serde_json::{Value, json};

/// The log, the newest entry first.
pub(super) fn read(world: &World, question: &Question<'_>, origin: &str) -> Result<Reply, Reply> {
    let wanted = super::options::filter(question.filter)?;
    let client = &world.settings.client_id;
    let entries = world.requests.iter().enumerate().filter_map(|(nth, line)| entry(nth, line, client));
    let mut all: Vec<Value> = entries.filter(|one| wanted.as_ref().is_none_or(|w| w.fits(one))).collect();
    all.reverse();
    Ok(list(origin, "auditLogs/directoryAudits", all))
}

/// What the log says of a request; nothing where it changed nothing.
fn entry(nth: usize, line: &RequestLine, client: &str) -> Option<Value> {
    if line.host != "graph" || !line.changed || line.status >= 300 {
        return None;
    }
    let path = line.path.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).skip(1).collect();
    let (category, activity, operation) = named(&line.method, &parts)?;
    let ids = parts.iter().filter(|part| part.len() >= 32);
    let targets: Vec<Value> =
        ids.map(|id| json!({"id": id, "displayName": null, "modifiedProperties": []})).collect();
    Some(json!({
        "id": format!("Directory_{}_{nth}", line.correlation_id), "category": category,
        "correlationId": line.correlation_id, "result": "success", "resultReason": "",
        "activityDisplayName": activity, "activityDateTime": line.time, "loggedByService": "Core Directory",
        "operationType": operation,
        "initiatedBy": {"user": null, "app": {"appId": client, "displayName": null, "servicePrincipalId": line.caller}},
        "targetResources": targets, "additionalDetails": [],
    }))
}

/// The category, the name and the kind of what a write does.
fn named(method: &str, parts: &[&str]) -> Option<(&'static str, &'static str, &'static str)> {
    let groups = "GroupManagement";
    let applications = "ApplicationManagement";
    Some(match (method, parts) {
        ("POST", ["groups", _, "members", "$ref"]) => (groups, "Add member to group", "Assign"),
        ("DELETE", ["groups", _, "members", _, "$ref"]) => (groups, "Remove member from group", "Unassign"),
        ("POST", ["groups", _, "owners", "$ref"]) => (groups, "Add owner to group", "Assign"),
        ("DELETE", ["groups", _, "owners", _, "$ref"]) => (groups, "Remove owner from group", "Unassign"),
        ("POST", ["servicePrincipals", _, "appRoleAssignments" | "appRoleAssignedTo"]) => {
            (applications, "Add app role assignment to service principal", "Assign")
        }
        ("DELETE", ["servicePrincipals", _, "appRoleAssignments" | "appRoleAssignedTo", _]) => {
            (applications, "Remove app role assignment from service principal", "Unassign")
        }
        ("POST", ["oauth2PermissionGrants"]) => (applications, "Add delegated permission grant", "Assign"),
        ("DELETE", ["oauth2PermissionGrants", _]) => {
            (applications, "Remove delegated permission grant", "Unassign")
        }
        ("POST", ["roleManagement", "directory", "roleAssignments"]) => {
            ("RoleManagement", "Add member to role", "Assign")
        }
        ("DELETE", ["roleManagement", "directory", "roleAssignments", _]) => {
            ("RoleManagement", "Remove member from role", "Unassign")
        }
        (_, ["applications", _, "owners", ..]) => (applications, "Add owner to application", "Assign"),
        (_, ["servicePrincipals", _, "owners", ..]) => {
            (applications, "Add owner to service principal", "Assign")
        }
        (_, ["applications", _, _, ..]) | ("PATCH", ["applications", _]) => {
            (applications, "Update application", "Update")
        }
        (_, ["servicePrincipals", _, _, ..]) | ("PATCH", ["servicePrincipals", _]) => {
            (applications, "Update service principal", "Update")
        }
        ("PATCH", ["groups", _]) => (groups, "Update group", "Update"),
        ("POST", ["groups"]) => (groups, "Add group", "Add"),
        ("DELETE", ["groups", _]) => (groups, "Delete group", "Delete"),
        ("POST", ["applications"]) => (applications, "Add application", "Add"),
        ("DELETE", ["applications", _]) => (applications, "Delete application", "Delete"),
        ("POST", ["servicePrincipals"]) => (applications, "Add service principal", "Add"),
        ("DELETE", ["servicePrincipals", _]) => (applications, "Remove service principal", "Delete"),
        _ => return None,
    })
}
