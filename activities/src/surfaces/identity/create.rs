//! Activities: the new identity (msi/2024-11-30).

use crate::activity::kept_lock::KeptLock;
use crate::activity::object::Object;
use crate::azure::{ClientId, PrincipalId, ResourceId};
use crate::references::scan::Identifiers;
use rehome_orchestrator::{Evidence, Json, PlanValue, Reversibility, StepRef};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The version in which identities are read and written.
pub(crate) const MSI: &str = "2024-11-30";

/// An identity that is made.
pub(crate) struct MadeIdentity;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityInput {
    pub(crate) id: ResourceId,
    pub(crate) location: String,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) isolation_scope: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) assignment_restrictions: Option<PlanValue<Value>>,
    /// What else is copied as it is, by the names of the properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) more: BTreeMap<String, Value>,
    /// The version that knows all this, where the usual one does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) api_version: Option<String>,
    /// Locks that its removal lifts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) locks: Vec<KeptLock>,
}

/// What the step gives that makes it.
#[derive(Serialize, Deserialize)]
pub(crate) struct IdentityCreated {
    resource_id: ResourceId,
    client_id: Option<ClientId>,
    principal_id: Option<PrincipalId>,
}

impl IdentityCreated {
    /// The names of the identity that a step has made, where all of them are known.
    pub(crate) fn identifiers(output: &Json) -> Option<Identifiers> {
        let Self { resource_id, client_id, principal_id } = output.read("output").ok()?;
        Some(Identifiers { resource_id, client_id: client_id?, principal_id: principal_id? })
    }

    /// The client id that a step will give, as such or as a text.
    pub(crate) fn client_id<T>(step: &StepRef<Self>) -> PlanValue<T> {
        step.member("client_id")
    }

    /// The principal id that a step will give, as such or as a text.
    pub(crate) fn principal_id<T>(step: &StepRef<Self>) -> PlanValue<T> {
        step.member("principal_id")
    }
}

impl Object for MadeIdentity {
    const NAME: &'static str = "identity.create/1";
    const REVERSIBILITY: Reversibility = Reversibility::Compensable;
    const MAY_EXIST: bool = true;
    const EVIDENCE: Evidence = Evidence::Conclusive;
    type Input = IdentityInput;

    fn kept(input: &IdentityInput) -> &[KeptLock] {
        &input.locks
    }

    fn id(input: &IdentityInput) -> ResourceId {
        input.id.clone()
    }

    fn api(input: &IdentityInput) -> String {
        // Plans of before name no version.
        let of_before = if input.assignment_restrictions.is_some() { "2025-05-31-preview" } else { MSI };
        input.api_version.clone().unwrap_or_else(|| of_before.to_owned())
    }

    fn body(input: &IdentityInput) -> Value {
        let mut properties = Map::new();
        if let Some(scope) = &input.isolation_scope {
            properties.insert("isolationScope".to_owned(), json!(scope));
        }
        if let Some(restrictions) = &input.assignment_restrictions {
            properties.insert("assignmentRestrictions".to_owned(), (**restrictions).clone());
        }
        properties.extend(input.more.iter().map(|(name, value)| (name.clone(), value.clone())));
        let mut body = json!({"location": input.location, "tags": input.tags});
        if !properties.is_empty() {
            body["properties"] = Value::Object(properties);
        }
        body
    }

    fn import(input: &IdentityInput) -> Option<(&'static str, String)> {
        Some(("azurerm_user_assigned_identity", input.id.to_string()))
    }

    fn output(input: &IdentityInput, live: &Value) -> Value {
        json!(IdentityCreated {
            resource_id: input.id.clone(),
            client_id: guid(live, "/properties/clientId").map(ToOwned::to_owned).map(Into::into),
            principal_id: guid(live, "/properties/principalId").map(ToOwned::to_owned).map(Into::into),
        })
    }
}

/// An id that Azure gave. It goes into commands and scripts for people, where only a GUID is harmless; without
/// one, what refers to it cannot be carried out.
fn guid<'a>(live: &'a Value, pointer: &str) -> Option<&'a str> {
    live.pointer(pointer)?.as_str().filter(|text| crate::commands::names::is_guid(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_guid_is_taken_for_the_id_of_an_identity() {
        let live = json!({"properties": {"clientId": "6f2c1f43-3a0b-4a52-9c8e-0d6d1d2e3f40", "principalId": "x'; DROP USER u"}});
        assert_eq!(guid(&live, "/properties/clientId"), Some("6f2c1f43-3a0b-4a52-9c8e-0d6d1d2e3f40"));
        assert_eq!(guid(&live, "/properties/principalId"), None);
    }
}
