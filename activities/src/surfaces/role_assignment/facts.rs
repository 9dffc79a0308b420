//! Activities: role assignments, as they were read. Pure.

use crate::relocate::survey::parse::{last, scope_of, text, texts};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A role assignment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// Its ARM id.
    pub id: String,
    /// Where it holds.
    pub scope: String,
    /// The role definition's id.
    pub role_definition_id: String,
    /// The role's name, for people.
    pub role: String,
    /// Who has it.
    pub principal_id: String,
    /// What sort of principal.
    pub principal_type: String,
    /// The condition, if any.
    pub condition: Option<String>,
    /// The version of the condition's language.
    pub condition_version: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// The identity in a customer's tenant (Azure Lighthouse).
    pub delegated_identity: Option<String>,
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
    pub fn role_guid(&self) -> &str {
        self.role_definition_id.rsplit('/').next().unwrap_or_default()
    }

    /// Whether both are of one role.
    pub fn is_of_role(&self, other: &Self) -> bool {
        self.role_guid().eq_ignore_ascii_case(other.role_guid())
    }
}

/// A role assignment, with the role's name from the table or else its GUID.
pub(crate) fn assignment(
    body: &Value,
    roles: &BTreeMap<String, String>,
    ends: &BTreeMap<String, String>,
) -> Option<Assignment> {
    let id = text(body, "/id")?;
    let role_definition_id = text(body, "/properties/roleDefinitionId")?;
    let guid = last(&role_definition_id).to_ascii_lowercase();
    Some(Assignment {
        until: ends.get(&id.to_ascii_lowercase()).cloned(),
        from: None,
        scope: text(body, "/properties/scope").or_else(|| scope_of(&id))?,
        role: roles.get(&guid).cloned().unwrap_or(guid),
        role_definition_id,
        principal_id: text(body, "/properties/principalId")?,
        principal_type: text(body, "/properties/principalType").unwrap_or_else(|| "ServicePrincipal".into()),
        condition: text(body, "/properties/condition"),
        condition_version: text(body, "/properties/conditionVersion"),
        description: text(body, "/properties/description"),
        delegated_identity: text(body, "/properties/delegatedManagedIdentityResourceId"),
        id,
    })
}

/// A custom role's GUID, and where it may be assigned.
pub(crate) fn custom_role(body: &Value) -> Option<(String, Vec<String>)> {
    let custom = text(body, "/properties/type").is_some_and(|kind| kind.eq_ignore_ascii_case("CustomRole"));
    custom
        .then(|| Some((text(body, "/name")?.to_lowercase(), texts(body, "/properties/assignableScopes"))))?
}
