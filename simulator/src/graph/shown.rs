//! Graph: an object as it is shown.

use super::{Question, kind, not_found};
use crate::http::Reply;
use serde_json::{Map, Value, json};

/// One object, or that there is none with this id.
pub(super) fn one(found: Option<&Value>, id: &str, question: &Question<'_>) -> Reply {
    found.map_or_else(|| not_found(id), |found| Reply::json(200, shown(found, question.select)))
}

/// What every object of a type has, whether anybody said anything of it or not.
fn always(kind: &str) -> Vec<(&'static str, Value)> {
    match kind {
        "application" | "agentIdentityBlueprint" => vec![
            ("identifierUris", json!([])),
            ("keyCredentials", json!([])),
            ("passwordCredentials", json!([])),
            ("requiredResourceAccess", json!([])),
            ("signInAudience", json!("AzureADMyOrg")),
            ("appRoles", json!([])),
            ("api", json!({"oauth2PermissionScopes": [], "preAuthorizedApplications": []})),
            ("web", json!({"redirectUris": [], "implicitGrantSettings": {}})),
        ],
        "servicePrincipal" => vec![("keyCredentials", json!([])), ("passwordCredentials", json!([]))],
        _ => Vec::new(),
    }
}

/// An object as Graph shows it: links are relations of their own, and `$select` chooses members.
pub(super) fn shown(object: &Value, select: Option<&str>) -> Value {
    let hidden = ["members", "owners", "federatedIdentityCredentials"];
    let wanted: Option<Vec<&str>> = select.map(|s| s.split(',').map(str::trim).collect());
    let asked = |name: &str| wanted.as_ref().is_some_and(|w| w.iter().any(|w| w.eq_ignore_ascii_case(name)));
    let keep = |name: &str| match name {
        _ if hidden.contains(&name) => false,
        "@odata.type" => true,
        // Nobody sees these who does not ask for them by name.
        "customSecurityAttributes" => asked(name),
        _ => wanted.is_none() || asked(name),
    };
    let members = object.as_object().into_iter().flatten().filter(|(k, _)| keep(k));
    let mut out: Map<String, Value> = members.map(|(k, v)| (k.clone(), v.clone())).collect();
    for (name, value) in always(kind(object)) {
        if keep(name) && !out.contains_key(name) {
            out.insert(name.to_owned(), value);
        }
    }
    Value::Object(out)
}
