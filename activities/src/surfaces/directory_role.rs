//! Activities: roles in the directory (msgraph, v1.0).

use crate::activity::Clients;
use crate::activity::kit::Kind;
use crate::activity::link::{Add, Link, Unlink, id_of, odata, same};
use crate::azure::{DirectoryId, PrincipalId};
use crate::references::members;
use crate::relocate::facts::{DirectoryRole, Facts};
use crate::relocate::names;
use crate::relocate::plan::builder::{Builder, Part, ReadyPrincipal};
use crate::relocate::survey::graph_rights as graph;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::row::{Row, moved};
use crate::surfaces::surface::{Answers, Heard, Leaves, Surface};
use rehome_orchestrator::{Fault, Node, PlanValue, Reversibility, StepId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A role in the directory that is given.
pub(crate) struct DirectoryRoleLink;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DirectoryRoleInput {
    role_definition_id: DirectoryId,
    principal_id: PlanValue<PrincipalId>,
    directory_scope_id: DirectoryId,
}

impl Link for DirectoryRoleLink {
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

    fn place(input: &DirectoryRoleInput) -> String {
        format!("roleDefinitions/{}/principals/{}", input.role_definition_id, input.principal_id)
    }

    fn import(_: &DirectoryRoleInput, made: Option<&str>) -> Option<(&'static str, String)> {
        Some(("azuread_directory_role_assignment", made?.to_owned()))
    }
}

fn link(role: &DirectoryRole, principal: PlanValue<PrincipalId>) -> DirectoryRoleInput {
    let DirectoryRole { role_definition_id, scope } = role.clone();
    DirectoryRoleInput { role_definition_id, principal_id: principal, directory_scope_id: scope }
}

/// The surface.
pub(crate) struct DirectoryRoles;

impl Surface for DirectoryRoles {
    fn rows(&self) -> Vec<Row> {
        let what = "directory roles, also in an administrative unit or on an application";
        vec![moved(what, DirectoryRoleLink::ADD)]
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind::of::<Unlink<DirectoryRoleLink>>(), Kind::of::<Add<DirectoryRoleLink>>()]
    }

    fn asks_graph(&self, principal: &str) -> Vec<String> {
        vec![format!("roleManagement/directory/roleAssignments?$filter=principalId eq '{principal}'")]
    }

    fn hear_graph(&self, answers: Answers<'_>, out: &mut Heard) {
        let found = answers.items(out);
        out.directory.roles = found.iter().filter_map(directory_role).collect();
    }

    fn compare(&self, facts: &Facts, put: &mut dyn FnMut(String, String)) {
        for role in &facts.directory.roles {
            put(format!("directory role {} {}", role.role_definition_id, role.scope), "held".into());
        }
    }

    fn given(&self, b: &Builder<'_>, out: &mut BTreeSet<String>) {
        let roles = b.facts.directory.roles.iter();
        out.extend(roles.map(|role| names::directory_role_at(&role.role_definition_id, &role.scope)));
    }

    fn rights(&self, facts: &Facts, wanted: &mut Rights<'_>) {
        if !facts.directory.roles.is_empty() {
            wanted.graph(&graph::ROLES, "directory roles".to_owned());
        }
    }

    fn grant(&self, b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Vec<StepId> {
        let step = |role: &DirectoryRole| {
            let node = Node::doing::<Add<DirectoryRoleLink>>(&link(role, made.principal()));
            (format!("directory role {} at {}", role.role_definition_id, role.scope), "remove", node)
        };
        b.each(Part::Grant, b.facts.directory.roles.iter().map(step), &made.known)
    }

    fn leaves(&self) -> Leaves {
        Leaves::Claims
    }

    fn remove(&self, b: &mut Builder<'_>, _: &ReadyPrincipal<'_>, after: &StepId) -> Vec<StepId> {
        let old = b.old_principal();
        let step = |role: &DirectoryRole| {
            let node = Node::doing::<Unlink<DirectoryRoleLink>>(&link(role, old.clone()));
            let title = format!("revoke directory role {} at {}", role.role_definition_id, role.scope);
            (title, "grant it again", node)
        };
        b.each(Part::CleanUp, b.facts.directory.roles.iter().map(step), after)
    }
}

pub(crate) fn directory_role(role: &Value) -> Option<DirectoryRole> {
    Some(DirectoryRole {
        role_definition_id: members::id(role, "/roleDefinitionId")?,
        scope: members::id(role, "/directoryScopeId").unwrap_or_else(|| "/".into()),
    })
}
