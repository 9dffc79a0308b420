//! Workload room of the local Azure: which identity a host hands out, by the rules of the instance metadata service and of
//! the endpoints that platforms have in its place.

use serde_json::Value;

use super::estate::{Asks, Workload};
use crate::authorization::{Objects, canonical};
use crate::objects::ArmPath;

/// The object id of the principal that the workload gets a token for, or why it gets none.
pub(super) fn resolve(objects: &dyn Objects, workload: &Workload) -> Result<String, String> {
    let host = objects.get(&workload.host).ok_or("the host does not exist")?;
    let client = match &workload.asks {
        Asks::Default => None,
        Asks::Client(client) => Some(client.clone()),
        Asks::Setting(name) => setting(objects, &workload.host, host, name),
        Asks::Reference(pointer) => return referenced(objects, host, pointer),
    };
    match client {
        Some(client) => named(objects, host, &client),
        None => default(objects, host),
    }
}

/// Resource ids in the host's identity map.
fn attached(host: &Value) -> impl Iterator<Item = (&String, &Value)> {
    host.pointer("/identity/userAssignedIdentities").and_then(Value::as_object).into_iter().flatten()
}

/// Principal and client id of an attached identity, if it still lives: an identity made anew under the same name
/// has other ids than those that the host holds, and is not the one that was attached.
fn living(objects: &dyn Objects, id: &str, held: &Value) -> Option<(String, String)> {
    let identity = objects
        .get(id)
        .filter(|found| found.get("id").and_then(Value::as_str).is_some_and(|its| same_id(its, id)))?;
    let field = |name: &str| identity.pointer(&format!("/properties/{name}")).and_then(Value::as_str);
    let (principal, client) = (field("principalId")?, field("clientId")?);
    let is_that = |name: &str, live: &str| {
        held.get(name).and_then(Value::as_str).is_none_or(|held| held.eq_ignore_ascii_case(live))
    };
    (is_that("principalId", principal) && is_that("clientId", client))
        .then(|| (principal.to_owned(), client.to_owned()))
}

/// The identity that a place of the host names; it must be attached, as any other.
fn referenced(objects: &dyn Objects, host: &Value, pointer: &str) -> Result<String, String> {
    let text =
        host.pointer(pointer).and_then(Value::as_str).ok_or_else(|| format!("{pointer} is not there"))?;
    let Some(at) = text.to_ascii_lowercase().find("/subscriptions/") else {
        return named(objects, host, text);
    };
    let id = &text[at..];
    let (_, held) = attached(host)
        .find(|(key, _)| same_id(key, id))
        .ok_or_else(|| format!("{pointer} names {id}, which is not attached"))?;
    let found = living(objects, id, held);
    found.map(|(principal, _)| principal).ok_or_else(|| format!("the identity {id} does not exist any more"))
}

fn named(objects: &dyn Objects, host: &Value, client: &str) -> Result<String, String> {
    let mut found = attached(host).filter_map(|(id, held)| living(objects, id, held));
    let found = found.find(|(_, its)| its.eq_ignore_ascii_case(client));
    found.map(|(principal, _)| principal).ok_or_else(|| format!("400 identity not found: client id {client}"))
}

/// Types on which code asks an endpoint of its platform: whoever names no identity asks for the system-assigned one,
/// and a user-assigned one must be named, be it the only one. On machines the metadata service hands out the only one.
/// Sources: <https://learn.microsoft.com/azure/container-apps/managed-identity>,
/// <https://learn.microsoft.com/azure/app-service/overview-managed-identity>,
/// <https://learn.microsoft.com/azure/automation/add-user-assigned-identity>
const NAMED_ONLY: [&str; 5] = [
    "microsoft.app/containerapps",
    "microsoft.app/jobs",
    "microsoft.automation/automationaccounts",
    "microsoft.web/sites",
    "microsoft.web/sites/slots",
];

/// The type that a host's id says, in lower case.
fn kind_of(host: &Value) -> String {
    ArmPath::parse(host.get("id").and_then(Value::as_str).unwrap_or_default()).kind.to_lowercase()
}

/// The system-assigned identity where there is one, else the only user-assigned one, where the host gives it
/// to callers that name none; with several they must name one.
fn default(objects: &dyn Objects, host: &Value) -> Result<String, String> {
    let kind =
        host.pointer("/identity/type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    if kind.contains("systemassigned") {
        let own = host.pointer("/identity/principalId").and_then(Value::as_str);
        return own
            .map(str::to_owned)
            .ok_or_else(|| "the system-assigned identity has no principal".to_owned());
    }
    if NAMED_ONLY.contains(&kind_of(host).as_str()) {
        return Err("400 no system-assigned identity: a user-assigned one must be named".to_owned());
    }
    let mut all = attached(host);
    match (all.next(), all.next()) {
        (None, _) => Err("400 identity not found: the host has none".to_owned()),
        (Some((id, held)), None) => {
            let found = living(objects, id, held);
            found
                .map(|(principal, _)| principal)
                .ok_or_else(|| format!("the identity {id} does not exist any more"))
        }
        (Some(_), Some(_)) => Err("400 multiple user assigned identities exist, none was named".to_owned()),
    }
}

/// A setting of the host: an app setting of a site, an environment variable of a container, or a tag of a machine,
/// which its code reads from the metadata service.
fn setting(objects: &dyn Objects, id: &str, host: &Value, name: &str) -> Option<String> {
    let settings = format!("{}/config/appsettings", id.trim_end_matches('/'));
    let of_site =
        objects.get(&settings).and_then(|settings| settings.get("properties")).and_then(Value::as_object);
    if let Some(value) = of_site.and_then(|settings| settings.get(name)).and_then(Value::as_str) {
        return Some(value.to_owned());
    }
    let tag = host.get("tags").and_then(|tags| tags.get(name)).and_then(Value::as_str);
    if let Some(tag) = tag.filter(|_| kind_of(host).starts_with("microsoft.compute/")) {
        return Some(tag.to_owned());
    }
    let containers = ["/properties/template/containers", "/properties/containers"];
    let containers = containers.iter().filter_map(|pointer| host.pointer(pointer)?.as_array()).flatten();
    let variables = containers
        .flat_map(|container| {
            ["/env", "/properties/environmentVariables"].map(|pointer| container.pointer(pointer))
        })
        .flatten()
        .filter_map(Value::as_array)
        .flatten();
    let named = |variable: &&Value| variable.get("name").and_then(Value::as_str) == Some(name);
    variables.clone().find(named)?.get("value").and_then(Value::as_str).map(str::to_owned)
}

/// Whether two ids name one resource.
fn same_id(one: &str, other: &str) -> bool {
    canonical(one) == canonical(other)
}
