//! Activities: role assignments, as they were read. Pure.

use crate::azure::{DirectoryId, PrincipalId, ResourceId};
use crate::references::members::{id, ids, scope, text};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The version of assignments that begin or end by themselves.
pub(crate) const SCHEDULED: &str = "2020-10-01";

/// The list that tells time-bound assignments from permanent ones.
pub(crate) const SCHEDULES: &str = "/roleAssignmentSchedules";

/// A role assignment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// Its ARM id.
    pub id: ResourceId,
    /// Where it holds.
    pub scope: ResourceId,
    /// The role definition's id.
    pub role_definition_id: ResourceId,
    /// The role's name, for people.
    pub role: String,
    /// Who has it.
    pub principal_id: PrincipalId,
    /// What sort of principal.
    pub principal_type: String,
    /// The condition, if any.
    pub condition: Option<String>,
    /// The version of the condition's language.
    pub condition_version: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// The identity in a customer's tenant (Azure Lighthouse).
    pub delegated_identity: Option<ResourceId>,
    /// When it ends, where it is time-bound.
    pub until: Option<String>,
    /// When it begins, where that is still to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

impl Assignment {
    /// Whether it begins or ends at a time of its own.
    pub fn is_scheduled(&self) -> bool {
        self.until.is_some() || self.from.is_some()
    }

    /// The role's GUID; what stands before it depends on the subscription that was asked.
    pub fn role_guid(&self) -> DirectoryId {
        self.role_definition_id.name().into()
    }

    /// Whether both are of one role.
    pub fn is_of_role(&self, other: &Self) -> bool {
        self.role_guid() == other.role_guid()
    }
}

/// A role assignment, with the role's name from the table or else its GUID.
pub(crate) fn assignment(body: &Value, roles: &BTreeMap<DirectoryId, String>) -> Option<Assignment> {
    let role_definition_id: ResourceId = id(body, "/properties/roleDefinitionId")?;
    let guid = role_definition_id.name();
    Some(Assignment {
        id: id(body, "/id")?,
        until: None,
        from: None,
        scope: scope(body)?,
        role: roles.get(&guid.into()).cloned().unwrap_or_else(|| guid.to_ascii_lowercase()),
        role_definition_id,
        principal_id: id(body, "/properties/principalId")?,
        principal_type: text(body, "/properties/principalType").unwrap_or_else(|| "ServicePrincipal".into()),
        condition: text(body, "/properties/condition"),
        condition_version: text(body, "/properties/conditionVersion"),
        description: text(body, "/properties/description"),
        delegated_identity: id(body, "/properties/delegatedManagedIdentityResourceId"),
    })
}

/// A custom role's GUID, and where it may be assigned.
pub(crate) fn custom_role(body: &Value) -> Option<(DirectoryId, Vec<ResourceId>)> {
    let custom = text(body, "/properties/type").is_some_and(|kind| kind.eq_ignore_ascii_case("CustomRole"));
    custom.then(|| Some((id(body, "/name")?, ids(body, "/properties/assignableScopes"))))?
}
