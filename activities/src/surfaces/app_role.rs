//! Activities: application permissions (msgraph, v1.0). They are in a token from its first moment.

use crate::activity::Clients;
use crate::activity::kit::Kind;
use crate::activity::link::{Add, Link, Unlink, id_of, list, same};
use crate::azure::{DirectoryId, PrincipalId};
use crate::references::members;
use crate::references::scan::Identifier;
use crate::relocate::facts::{AppRole, Facts};
use crate::relocate::names;
use crate::relocate::plan::builder::{Builder, Part, ReadyPrincipal};
use crate::relocate::plan::words::StepText;
use crate::relocate::survey::graph_rights as graph;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::row::{Row, by_hand, moved, named};
use crate::surfaces::surface::{Answers, Heard, Leaves, Surface};
use rehome_orchestrator::{Fault, Node, PlanValue, Reversibility, StepId, Template};
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
                "mailboxes that Exchange limits it to, where it has a permission of Exchange Online",
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
        steps.extend(mailboxes(b, made));
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

/// Exchange limits what a permission gives, and gives rights of its own, by lists that Graph does not have.
/// Sources: <https://learn.microsoft.com/exchange/permissions-exo/application-rbac>, `Get-ApplicationAccessPolicy`
fn mailboxes(b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Option<StepId> {
    let exchange = |role: &AppRole| role.resource.to_ascii_lowercase().contains("exchange online");
    b.facts.directory.app_roles.iter().find(|role| exchange(role))?;
    let old = b.old().clone();
    let look = format!(
        "in Exchange Online PowerShell, see what it is limited to and what it may do by roles of Exchange itself:\n  \
         Get-ServicePrincipal -Identity {0}\n  Get-ManagementRoleAssignment -RoleAssignee {0}\n  \
         Get-ApplicationAccessPolicy | Where-Object AppId -eq {1}\n",
        old.principal_id, old.client_id
    );
    let give = [
        Template::known(format!(
            "{look}Give the new one the same, where there is any:\n  New-ServicePrincipal -AppId "
        )),
        made.new.name(Identifier::ClientId),
        Template::known(" -ObjectId "),
        made.new.name(Identifier::PrincipalId),
        Template::known("\n  New-ManagementRoleAssignment -App "),
        made.new.name(Identifier::PrincipalId),
        Template::known(" -Role ROLE -CustomResourceScope SCOPE"),
    ];
    let undo = vec![
        Template::known(
            "in Exchange Online PowerShell, take the new one away again:\n  Remove-ServicePrincipal -Identity ",
        ),
        made.new.name(Identifier::PrincipalId),
    ];
    let node = Node::ByHand { instruction: Template::Text(give.into()), undo: Template::Text(undo) };
    let text = StepText::new("Exchange Online: mailboxes and roles of its own, as old has them", "by hand");
    Some(b.push(Part::Grant, text, std::slice::from_ref(&made.known), node))
}

pub(crate) fn app_role(role: &Value) -> Option<AppRole> {
    let resource_id: PrincipalId = members::id(role, "/resourceId")?;
    Some(AppRole {
        resource: members::text(role, "/resourceDisplayName").unwrap_or_else(|| resource_id.to_string()),
        app_role_id: members::id(role, "/appRoleId")?,
        resource_id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::plan::plan;
    use crate::relocate::testing::{facts, params};

    /// What people are told of mailboxes, where the identity has a permission of this service.
    fn told(resource: &str) -> Option<String> {
        let mut facts = facts();
        facts.directory.app_roles =
            vec![AppRole { resource_id: "r".into(), app_role_id: "a".into(), resource: resource.to_owned() }];
        let made = json!({"client_id": "new-cid", "principal_id": "new-oid"});
        plan(&params(), &facts).unwrap().steps.into_iter().find_map(|step| match &step.node {
            Node::ByHand { instruction, .. } if step.title.starts_with("Exchange Online") => {
                Some(instruction.resolve(&|_| Some(&made)).unwrap().as_str()?.to_owned())
            }
            _ => None,
        })
    }

    #[test]
    fn a_permission_of_exchange_has_a_step_with_its_commands_and_one_of_another_service_has_none() {
        let text = told("Office 365 Exchange Online").expect("a step");
        for part in [
            "Get-ServicePrincipal -Identity",
            "New-ServicePrincipal -AppId new-cid -ObjectId new-oid",
            "-App new-oid -Role ROLE",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(told("Contoso Ledger API"), None);
    }
}
