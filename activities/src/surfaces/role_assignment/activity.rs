//! Activities: role assignments that are made and taken away (authorization/2022-04-01). Pure.

use crate::activity::kept_lock::KeptLock;
use crate::activity::list_cache::List;
use crate::activity::object::{Equivalent, Object};
use crate::azure::{PrincipalId, ResourceId};
use rehome_orchestrator::{Difference, Evidence, PlanValue, Reversibility};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The version of role assignments that knows conditions.
pub(crate) const AUTHORIZATION: &str = "2022-04-01";

/// An assignment that is made.
pub(crate) struct MadeAssignment;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantInput {
    pub(crate) scope: ResourceId,
    pub(crate) name: String,
    pub(crate) role_definition_id: ResourceId,
    pub(crate) principal_id: PlanValue<PrincipalId>,
    pub(crate) principal_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) condition: Option<PlanValue<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) condition_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<PlanValue<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delegated_identity: Option<PlanValue<ResourceId>>,
    /// Locks that its removal lifts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) locks: Vec<KeptLock>,
}

fn set(properties: &mut Value, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        properties[name] = json!(value);
    }
}

impl Object for MadeAssignment {
    const NAME: &'static str = "role_assignment.grant/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const EVIDENCE: Evidence = Evidence::Conclusive;
    type Input = GrantInput;

    fn kept(input: &GrantInput) -> &[KeptLock] {
        &input.locks
    }

    fn id(input: &GrantInput) -> ResourceId {
        let scope = input.scope.trim_end_matches('/');
        format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", input.name).into()
    }

    fn api(_: &GrantInput) -> String {
        AUTHORIZATION.to_owned()
    }

    fn body(input: &GrantInput) -> Value {
        let mut properties = json!({
            "roleDefinitionId": input.role_definition_id, "principalId": *input.principal_id,
            "principalType": input.principal_type,
        });
        set(&mut properties, "condition", input.condition.as_deref().map(String::as_str));
        set(&mut properties, "conditionVersion", input.condition_version.as_deref());
        set(&mut properties, "description", input.description.as_deref().map(String::as_str));
        let delegated = input.delegated_identity.as_deref().map(ResourceId::as_str);
        set(&mut properties, "delegatedManagedIdentityResourceId", delegated);
        json!({ "properties": properties })
    }

    fn import(input: &GrantInput) -> Option<(&'static str, String)> {
        Some(("azurerm_role_assignment", Self::id(input).to_string()))
    }

    /// Everything that the principal holds in the subscription is one list.
    fn shown_in(input: &GrantInput) -> Option<List> {
        let subscription = input.scope.subscription()?;
        let path = format!("/subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments");
        let filter = format!("principalId eq '{}'", input.principal_id.replace('\'', "''"));
        Some(List::Arm(path, AUTHORIZATION.to_owned(), Some(filter)))
    }

    /// Azure keeps one assignment for principal, role and scope, whatever its name and its condition.
    fn equivalent(input: &GrantInput) -> Option<Equivalent> {
        let scope = input.scope.trim_end_matches('/');
        Some(Equivalent {
            code: "RoleAssignmentExists",
            list: format!("{scope}/providers/Microsoft.Authorization/roleAssignments"),
            filter: format!("principalId eq '{}'", input.principal_id),
        })
    }

    fn is_equivalent(input: &GrantInput, live: &Value) -> Option<Result<(), Difference>> {
        let text = |name: &str| live["properties"][name].as_str().filter(|text| !text.is_empty());
        let id = ResourceId::from(live["id"].as_str().unwrap_or_default());
        let role = ResourceId::from(text("roleDefinitionId").unwrap_or_default());
        let is_there = |at: &ResourceId| {
            at.trim_end_matches('/').eq_ignore_ascii_case(input.scope.trim_end_matches('/'))
        };
        let about = id.scope().is_some_and(|at| is_there(&at))
            && text("principalId").is_some_and(|who| *input.principal_id == *who)
            && role.name().eq_ignore_ascii_case(input.role_definition_id.name());
        let wanted = input.condition.as_deref().map(String::as_str).filter(|text| !text.is_empty());
        about.then(|| match (wanted, text("condition")) {
            (wanted, found) if wanted == found => Ok(()),
            (wanted, found) => Err(Difference {
                fact: format!("{id}/condition"),
                expected: Some(wanted.unwrap_or("no condition").to_owned()),
                found: Some(found.unwrap_or("no condition").to_owned()),
            }),
        })
    }
}

/// An assignment of the old principal, or on the old identity, that goes.
pub(crate) struct OldAssignment;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OldAssignmentInput {
    pub(crate) id: ResourceId,
    pub(crate) expected: PlanValue<Value>,
}

impl Object for OldAssignment {
    const NAME: &'static str = "role_assignment.revoke/1";
    const REVERSIBILITY: Reversibility = Reversibility::Compensable;
    const EVIDENCE: Evidence = Evidence::AbsenceOnly;
    type Input = OldAssignmentInput;

    fn id(input: &OldAssignmentInput) -> ResourceId {
        input.id.clone()
    }

    fn api(_: &OldAssignmentInput) -> String {
        AUTHORIZATION.to_owned()
    }

    fn body(input: &OldAssignmentInput) -> Value {
        json!({ "properties": *input.expected })
    }

    fn writable(_: &OldAssignmentInput, live: &Value) -> Value {
        let writable = [
            "roleDefinitionId",
            "principalId",
            "principalType",
            "condition",
            "conditionVersion",
            "description",
            "delegatedManagedIdentityResourceId",
        ];
        let kept = writable.iter().filter_map(|name| {
            let value = live["properties"].get(*name).filter(|v| !v.is_null())?;
            Some(((*name).to_owned(), value.clone()))
        });
        json!({ "properties": kept.collect::<Map<_, _>>() })
    }
}
