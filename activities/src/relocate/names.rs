//! Activities: the names under which what two identities have is compared. Pure; the same for what a plan gives as for
//! what Azure answers.

use super::facts::FederatedCredential;
use crate::azure::ResourceId;
use crate::surfaces::cluster::bindings::is_made_by_aks;
use serde_json::Value;

fn text<'a>(body: &'a Value, name: &str) -> Option<&'a str> {
    body[name].as_str()
}

/// A role at a scope.
pub(crate) fn role(definition: &ResourceId, scope: &str) -> String {
    format!("role {} at {scope}", definition.name())
}

pub(crate) fn role_of(properties: &Value) -> Option<String> {
    Some(role(&text(properties, "roleDefinitionId")?.into(), text(properties, "scope")?))
}

/// A role on the identity that somebody else has.
pub(crate) fn role_of_other(definition: &ResourceId, principal: &str) -> String {
    format!("role {} on it for {principal}", definition.name())
}

pub(crate) fn role_on(properties: &Value) -> Option<String> {
    Some(role_of_other(&text(properties, "roleDefinitionId")?.into(), text(properties, "principalId")?))
}

/// A federated credential, by what it lets in.
pub(crate) fn credential(properties: &Value) -> Option<String> {
    let claims = properties.pointer("/claimsMatchingExpression/value").and_then(Value::as_str);
    let whom = text(properties, "subject").or(claims)?;
    let audiences = properties["audiences"].as_array().into_iter().flatten().filter_map(Value::as_str);
    Some(trusts(text(properties, "issuer")?, whom, audiences))
}

fn trusts<'a>(issuer: &str, whom: &str, audiences: impl Iterator<Item = &'a str>) -> String {
    let audiences: Vec<&str> = audiences.collect();
    format!("federated credential of {issuer} for {whom} ({})", audiences.join(" "))
}

/// The same, of a fact.
pub(crate) fn credential_of(c: &FederatedCredential) -> String {
    let claims = c.claims_matching.as_ref().map(|claims| claims.value.as_str());
    let whom = c.subject.as_deref().or(claims).unwrap_or_default();
    trusts(&c.issuer, whom, c.audiences.iter().map(String::as_str))
}

/// Whether AKS keeps a credential for the bindings of the identity with this client id.
pub(crate) fn is_of_aks(body: &Value, client_id: &str) -> bool {
    let issuer = body.pointer("/properties/issuer").and_then(Value::as_str).unwrap_or_default().to_owned();
    let none = FederatedCredential {
        name: String::new(),
        issuer,
        subject: None,
        audiences: Vec::new(),
        claims_matching: None,
        unknown: std::collections::BTreeSet::new(),
    };
    is_made_by_aks(&none, client_id)
}

/// What it is a member of: `group …`, `administrativeUnit …`.
pub(crate) fn member(kind: &str, id: &str) -> String {
    format!("{kind} {id}")
}

pub(crate) fn member_of(object: &Value) -> Option<String> {
    Some(member(kind(object), text(object, "id")?))
}

fn kind(object: &Value) -> &str {
    text(object, "@odata.type").unwrap_or("object").trim_start_matches("#microsoft.graph.")
}

/// An application permission.
pub(crate) fn permission(resource: &str, role: &str) -> String {
    format!("application permission {role} of {resource}")
}

pub(crate) fn app_role(body: &Value) -> Option<String> {
    Some(permission(text(body, "resourceId")?, text(body, "appRoleId")?))
}

/// Something that it owns.
pub(crate) fn ownership(id: &str) -> String {
    format!("ownership of {id}")
}

pub(crate) fn owned(object: &Value) -> Option<String> {
    Some(ownership(text(object, "id")?))
}

/// A role of the directory.
pub(crate) fn directory_role_at(role: &str, scope: &str) -> String {
    format!("directory role {role} at {scope}")
}

pub(crate) fn directory_role(body: &Value) -> Option<String> {
    let scope = text(body, "directoryScopeId").unwrap_or("/");
    Some(directory_role_at(text(body, "roleDefinitionId")?, scope))
}

/// What it may do on behalf of others.
pub(crate) fn on_behalf(resource: &str, principal: Option<&str>, scope: &str) -> String {
    let mut permissions: Vec<&str> = scope.split_whitespace().collect();
    permissions.sort_unstable();
    let of = principal.filter(|p| !p.is_empty()).unwrap_or("everybody");
    format!("delegated grant of {} on {resource} for {of}", permissions.join(" "))
}

pub(crate) fn delegated(body: &Value) -> Option<String> {
    Some(on_behalf(text(body, "resourceId")?, text(body, "principalId"), text(body, "scope")?))
}
