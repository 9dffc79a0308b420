//! Activities: what a move has made, in the words of whoever keeps Azure as code: Terraform's types and the ids that it
//! imports by. Pure.
//!
//! Sources: the `Import` sections of the providers `hashicorp/azurerm` 4, `hashicorp/azuread` 3 and `Azure/azapi` 2.

use crate::activity::kit::Handed;
use crate::activity::object::Put;
use crate::references::scan::Identifiers;
use crate::relocate::Facts;
use crate::surfaces::identity::create::{IdentityCreated, MadeIdentity};
use crate::surfaces::identity::delete::DeleteIdentity;
use crate::surfaces::registry::kinds;
use rehome_orchestrator::{Activity, ForwardState, Json, Node, RunState, UndoState};
use serde::Serialize;

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
        let Some(input) = state.input_of(&step.id).filter(|_| ours) else { continue };
        let Some(kind) = kinds().find(|kind| kind.name == activity) else { continue };
        let output = stands.output.as_ref().map(Json::value).unwrap_or_default();
        let touched = |id| Touched { step: step.id.to_string(), id, what: step.title.clone() };
        match (kind.handed)(input, output["id"].as_str()) {
            Some(Handed::Made(kind, id)) => out.made.push(Import { step: step.id.to_string(), kind, id }),
            Some(Handed::ByItself(id)) => out.by_itself.push(touched(id)),
            Some(Handed::Changed(id)) => out.changed.push(touched(id)),
            Some(Handed::Gone(id)) => out.gone.push(touched(id)),
            Some(Handed::Nothing) | None => {}
        }
        if kind.name == Put::<MadeIdentity>::NAME {
            out.new = stands.output.as_ref().and_then(IdentityCreated::identifiers);
        }
        if kind.name == DeleteIdentity::NAME {
            out.gone.extend(credentials.iter().map(|name| Touched {
                step: step.id.to_string(),
                id: format!("{}/federatedIdentityCredentials/{name}", out.old.resource_id),
                what: format!("federated credential {name}, with its identity"),
            }));
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn what_is_made_is_imported_by_the_id_that_its_provider_wants() {
        let found = |activity: &str, input: Value, output: Value| {
            let kind = kinds().find(|kind| kind.name == activity).unwrap();
            match (kind.handed)(&Json::of(&input), output["id"].as_str()) {
                Some(Handed::Made(kind, id)) => Some((kind, id)),
                _ => None,
            }
        };
        let policy = json!({"vault": "/v", "tenant_id": "t", "object_id": "o", "application_id": "a", "permissions": {}});
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
        assert_eq!(
            found("lock.lift/1", json!({"id": "/l", "expected": {}}), Value::Null),
            None,
            "it was there before"
        );
    }
}
