//! Activities: the ARM objects that a move puts in place or takes away. Pure: ids, versions and bodies.

use crate::activity::list_cache::List;
use crate::activity::object::{Object, Twins};
use crate::surfaces::lock::keep::KeptLock;
use rehome_orchestrator::{Difference, Reversibility, Trace};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// msi/2024-11-30.
pub(crate) struct Identity;

/// The version in which identities are written.
pub(crate) const MSI: &str = "2024-11-30";

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityInput {
    id: String,
    location: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    isolation_scope: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    assignment_restrictions: Option<Value>,
    /// What else is copied as it is, by the names of the properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    more: BTreeMap<String, Value>,
    /// The version that knows all this, where the usual one does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api_version: Option<String>,
    /// Locks that its removal lifts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    locks: Vec<KeptLock>,
}

impl Object for Identity {
    const NAME: &'static str = "identity.create/1";
    const REVERSIBILITY: Reversibility = Reversibility::Compensable;
    const MAY_EXIST: bool = true;
    const TRACE: Trace = Trace::Ours;
    type Input = IdentityInput;

    fn kept(input: &IdentityInput) -> &[KeptLock] {
        &input.locks
    }

    fn id(input: &IdentityInput) -> String {
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
            properties.insert("assignmentRestrictions".to_owned(), restrictions.clone());
        }
        properties.extend(input.more.iter().map(|(name, value)| (name.clone(), value.clone())));
        let mut body = json!({"location": input.location, "tags": input.tags});
        if !properties.is_empty() {
            body["properties"] = Value::Object(properties);
        }
        body
    }

    fn output(input: &IdentityInput, live: &Value) -> Value {
        json!({
            "resource_id": input.id,
            "client_id": guid(live, "/properties/clientId"),
            "principal_id": guid(live, "/properties/principalId"),
        })
    }
}

/// An id that Azure gave. It goes into commands and scripts for people, where only a GUID is harmless; without
/// one, what refers to it cannot be carried out.
fn guid<'a>(live: &'a Value, pointer: &str) -> Option<&'a str> {
    live.pointer(pointer)?.as_str().filter(|text| crate::commands::names::is_guid(text))
}

/// msi/2024-11-30, one write at a time for each identity.
pub(crate) struct FederatedCredential;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialInput {
    identity: String,
    name: String,
    issuer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    audiences: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claims_matching: Option<ClaimsMatching>,
    /// Locks that its removal lifts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    locks: Vec<KeptLock>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClaimsMatching {
    value: String,
    language_version: i64,
}

impl Object for FederatedCredential {
    const NAME: &'static str = "federated_credential.add/1";
    const REVERSIBILITY: Reversibility = Reversibility::Compensable;
    const TRACE: Trace = Trace::Ours;
    type Input = CredentialInput;

    fn kept(input: &CredentialInput) -> &[KeptLock] {
        &input.locks
    }

    fn id(input: &CredentialInput) -> String {
        format!("{}/federatedIdentityCredentials/{}", input.identity, input.name)
    }

    fn api(input: &CredentialInput) -> String {
        if input.claims_matching.is_some() { "2025-01-31-preview" } else { MSI }.to_owned()
    }

    fn body(input: &CredentialInput) -> Value {
        let mut properties = json!({"issuer": input.issuer, "audiences": input.audiences});
        if let Some(subject) = &input.subject {
            properties["subject"] = json!(subject);
        }
        if let Some(claims) = &input.claims_matching {
            properties["claimsMatchingExpression"] =
                json!({"value": claims.value, "languageVersion": claims.language_version});
        }
        json!({ "properties": properties })
    }

    fn lock(input: &CredentialInput) -> String {
        input.identity.clone()
    }

    fn shown_in(input: &CredentialInput) -> Option<List> {
        let path = format!("{}/federatedIdentityCredentials", input.identity);
        Some(List::Arm(path, Self::api(input), None))
    }
}

/// authorization/2022-04-01.
pub(crate) struct RoleAssignment;

/// The version that knows conditions.
pub(crate) const AUTHORIZATION: &str = "2022-04-01";

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantInput {
    scope: String,
    name: String,
    role_definition_id: String,
    principal_id: String,
    principal_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    condition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    condition_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delegated_identity: Option<String>,
    /// Locks that its removal lifts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    locks: Vec<KeptLock>,
}

fn set(properties: &mut Value, name: &str, value: Option<&String>) {
    if let Some(value) = value {
        properties[name] = json!(value);
    }
}

impl Object for RoleAssignment {
    const NAME: &'static str = "role_assignment.grant/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const TRACE: Trace = Trace::Ours;
    type Input = GrantInput;

    fn kept(input: &GrantInput) -> &[KeptLock] {
        &input.locks
    }

    fn id(input: &GrantInput) -> String {
        let scope = input.scope.trim_end_matches('/');
        format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", input.name)
    }

    fn api(_: &GrantInput) -> String {
        AUTHORIZATION.to_owned()
    }

    fn body(input: &GrantInput) -> Value {
        let mut properties = json!({
            "roleDefinitionId": input.role_definition_id, "principalId": input.principal_id,
            "principalType": input.principal_type,
        });
        set(&mut properties, "condition", input.condition.as_ref());
        set(&mut properties, "conditionVersion", input.condition_version.as_ref());
        set(&mut properties, "description", input.description.as_ref());
        set(&mut properties, "delegatedManagedIdentityResourceId", input.delegated_identity.as_ref());
        json!({ "properties": properties })
    }

    /// Everything that the principal holds in the subscription is one list.
    fn shown_in(input: &GrantInput) -> Option<List> {
        let mut parts = input.scope.split('/').skip(1);
        parts.next().filter(|first| first.eq_ignore_ascii_case("subscriptions"))?;
        let path =
            format!("/subscriptions/{}/providers/Microsoft.Authorization/roleAssignments", parts.next()?);
        let filter = format!("principalId eq '{}'", input.principal_id.replace('\'', "''"));
        Some(List::Arm(path, AUTHORIZATION.to_owned(), Some(filter)))
    }

    /// Azure keeps one assignment for principal, role and scope, whatever its name and its condition.
    fn twins(input: &GrantInput) -> Option<Twins> {
        let scope = input.scope.trim_end_matches('/');
        Some(Twins {
            code: "RoleAssignmentExists",
            list: format!("{scope}/providers/Microsoft.Authorization/roleAssignments"),
            filter: format!("principalId eq '{}'", input.principal_id),
        })
    }

    fn is_twin(input: &GrantInput, live: &Value) -> Option<Result<(), Difference>> {
        let text = |name: &str| live["properties"][name].as_str().filter(|text| !text.is_empty());
        let id = live["id"].as_str().unwrap_or_default();
        let at = id.to_ascii_lowercase().rfind("/providers/microsoft.authorization/").map(|cut| &id[..cut]);
        let guid = |id: &str| id.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let about = at.is_some_and(|at| at.eq_ignore_ascii_case(input.scope.trim_end_matches('/')))
            && text("principalId").is_some_and(|who| who.eq_ignore_ascii_case(&input.principal_id))
            && text("roleDefinitionId").is_some_and(|role| guid(role) == guid(&input.role_definition_id));
        let wanted = input.condition.as_deref().filter(|text| !text.is_empty());
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
pub(crate) struct ExpectedInput {
    id: String,
    expected: Value,
}

impl Object for OldAssignment {
    const NAME: &'static str = "role_assignment.revoke/1";
    const REVERSIBILITY: Reversibility = Reversibility::Compensable;
    const TRACE: Trace = Trace::Anybodys;
    type Input = ExpectedInput;

    fn id(input: &ExpectedInput) -> String {
        input.id.clone()
    }

    fn api(_: &ExpectedInput) -> String {
        AUTHORIZATION.to_owned()
    }

    fn body(input: &ExpectedInput) -> Value {
        json!({ "properties": input.expected })
    }

    fn writable(_: &ExpectedInput, live: &Value) -> Value {
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

/// resources/2020-05-01 (locks).
pub(crate) const LOCKS: &str = "2020-05-01";

/// A lock that is taken away for a while.
pub(crate) struct LiftedLock;

impl Object for LiftedLock {
    const NAME: &'static str = "lock.lift/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const TRACE: Trace = Trace::Nothing;
    type Input = ExpectedInput;

    fn id(input: &ExpectedInput) -> String {
        input.id.clone()
    }

    fn api(_: &ExpectedInput) -> String {
        LOCKS.to_owned()
    }

    fn body(input: &ExpectedInput) -> Value {
        json!({ "properties": input.expected })
    }
}

/// A lock that is put back, or copied.
pub(crate) struct RestoredLock;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockInput {
    id: String,
    body: Value,
}

impl Object for RestoredLock {
    const NAME: &'static str = "lock.restore/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const TRACE: Trace = Trace::Nothing;
    type Input = LockInput;

    fn id(input: &LockInput) -> String {
        input.id.clone()
    }

    fn api(_: &LockInput) -> String {
        LOCKS.to_owned()
    }

    fn body(input: &LockInput) -> Value {
        input.body.clone()
    }
}

/// A grant that is a child resource of some service.
pub(crate) struct ServiceGrant;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceGrantInput {
    id: String,
    api_version: String,
    body: Value,
    /// Locks that its removal lifts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    locks: Vec<KeptLock>,
}

impl Object for ServiceGrant {
    const NAME: &'static str = "grant.put/1";
    const READ_BACK: bool = true;
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const TRACE: Trace = Trace::Ours;
    type Input = ServiceGrantInput;

    fn kept(input: &ServiceGrantInput) -> &[KeptLock] {
        &input.locks
    }

    fn id(input: &ServiceGrantInput) -> String {
        input.id.clone()
    }

    fn api(input: &ServiceGrantInput) -> String {
        input.api_version.clone()
    }

    fn body(input: &ServiceGrantInput) -> Value {
        input.body.clone()
    }
}

/// The old identity's grant inside a service.
pub(crate) struct OldServiceGrant;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OldServiceGrantInput {
    id: String,
    api_version: String,
    expected: Value,
}

impl Object for OldServiceGrant {
    const NAME: &'static str = "grant.remove/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const TRACE: Trace = Trace::Anybodys;
    type Input = OldServiceGrantInput;

    fn id(input: &OldServiceGrantInput) -> String {
        input.id.clone()
    }

    fn api(input: &OldServiceGrantInput) -> String {
        input.api_version.clone()
    }

    fn body(input: &OldServiceGrantInput) -> Value {
        input.expected.clone()
    }

    /// What it is made of beside its properties: a policy has a place and an identity.
    fn writable(input: &OldServiceGrantInput, live: &Value) -> Value {
        let members = input.expected.as_object().into_iter().flatten();
        let live = |name: &String| match name.as_str() {
            "identity" => attached(&live["identity"]),
            name => live[name].clone(),
        };
        Value::Object(members.map(|(name, _)| (name.clone(), live(name))).collect())
    }
}

/// A block of identities as it may be sent: what Azure says of each is its own.
fn attached(block: &Value) -> Value {
    let mut block = block.clone();
    if let Some(map) = block["userAssignedIdentities"].as_object_mut() {
        map.values_mut().for_each(|value| *value = json!({}));
    }
    block
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
