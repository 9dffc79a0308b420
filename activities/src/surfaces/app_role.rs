//! Activities: application permissions (msgraph, v1.0). They are in a token from its first moment.

use crate::activity::Clients;
use crate::activity::kit::Kind;
use crate::activity::link::{Add, Link, Unlink, id_of, list, same};
use crate::azure::{DirectoryId, PrincipalId};
use crate::references::members;
use crate::relocate::facts::{AppRole, Facts};
use crate::relocate::names;
use crate::relocate::plan::builder::{Builder, Part, ReadyPrincipal};
use crate::relocate::survey::graph_rights as graph;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::mailbox;
use crate::surfaces::row::{Row, by_hand, moved, named};
use crate::surfaces::surface::{Answers, Heard, Leaves, Surface};
use rehome_orchestrator::{Fault, Node, PlanValue, Reversibility, StepId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// An application permission that is given.
pub(crate) struct PermissionLink;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppRoleInput {
    principal_id: PlanValue<PrincipalId>,
    resource_id: PrincipalId,
    app_role_id: DirectoryId,
}

impl Link for PermissionLink {
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

    fn place(input: &AppRoleInput) -> String {
        format!("servicePrincipals/{}/appRoles/{}", input.resource_id, input.app_role_id)
    }

    fn import(input: &AppRoleInput, made: Option<&str>) -> Option<(&'static str, String)> {
        let id = format!("/servicePrincipals/{}/appRoleAssignedTo/{}", input.resource_id, made?);
        Some(("azuread_app_role_assignment", id))
    }
}

fn link(role: &AppRole, principal: PlanValue<PrincipalId>) -> AppRoleInput {
    let AppRole { resource_id, app_role_id, .. } = role.clone();
    AppRoleInput { principal_id: principal, resource_id, app_role_id }
}

/// The surface.
pub(crate) struct AppRoles;

impl Surface for AppRoles {
    fn rows(&self) -> Vec<Row> {
        vec![
            moved("application permissions", PermissionLink::ADD),
            by_hand(
                "mailboxes that Exchange limits it to, where it has a permission of Exchange Online or one of Graph on mailboxes",
                "commands of Exchange Online PowerShell that show them and give the new one the same",
            ),
            named("sites and mailboxes behind an application permission", "C7"),
        ]
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind::of::<Unlink<PermissionLink>>(), Kind::of::<Add<PermissionLink>>()]
    }

    fn asks_graph(&self, principal: &str) -> Vec<String> {
        vec![format!("servicePrincipals/{principal}/appRoleAssignments")]
    }

    fn hear_graph(&self, answers: Answers<'_>, out: &mut Heard) {
        let found = answers.items(out);
        out.directory.app_roles = found.iter().filter_map(app_role).collect();
    }

    fn compare(&self, facts: &Facts, put: &mut dyn FnMut(String, String)) {
        for role in &facts.directory.app_roles {
            let name = format!("application permission {} {}", role.resource_id, role.app_role_id);
            put(name, role.resource.clone());
        }
    }

    fn given(&self, b: &Builder<'_>, out: &mut BTreeSet<String>) {
        let roles = b.facts.directory.app_roles.iter();
        out.extend(roles.map(|role| names::permission(&role.resource_id, &role.app_role_id)));
    }

    fn rights(&self, facts: &Facts, wanted: &mut Rights<'_>) {
        for role in &facts.directory.app_roles {
            wanted.graph(&graph::APP_ROLE, format!("application permissions of {}", role.resource));
        }
    }

    fn grant(&self, b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Vec<StepId> {
        let step = |role: &AppRole| {
            let node = Node::doing::<Add<PermissionLink>>(&link(role, made.principal()));
            (format!("application permission {} of {}", role.app_role_id, role.resource), "remove", node)
        };
        let mut steps = b.each(Part::Grant, b.facts.directory.app_roles.iter().map(step), &made.known);
        steps.extend(mailbox::step(b, made));
        steps
    }

    fn leaves(&self) -> Leaves {
        Leaves::Claims
    }

    fn remove(&self, b: &mut Builder<'_>, _: &ReadyPrincipal<'_>, after: &StepId) -> Vec<StepId> {
        let old = b.old_principal();
        let step = |role: &AppRole| {
            let node = Node::doing::<Unlink<PermissionLink>>(&link(role, old.clone()));
            let title = format!("revoke application permission {} of {}", role.app_role_id, role.resource);
            (title, "grant it again", node)
        };
        b.each(Part::CleanUp, b.facts.directory.app_roles.iter().map(step), after)
    }
}

pub(crate) fn app_role(role: &Value) -> Option<AppRole> {
    let resource_id: PrincipalId = members::id(role, "/resourceId")?;
    Some(AppRole {
        resource: members::text(role, "/resourceDisplayName").unwrap_or_else(|| resource_id.to_string()),
        app_role_id: members::id(role, "/appRoleId")?,
        resource_id,
    })
}
