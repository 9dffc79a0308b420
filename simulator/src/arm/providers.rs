//! ARM: resource providers: what they offer, and whether a subscription has registered them.
//!
//! Source: <https://learn.microsoft.com/rest/api/resources/providers/get>

use super::regions::REGIONS;
use super::{msi_versions, types};
use crate::authorization::{Call, Objects};
use crate::http::Reply;
use crate::objects::ArmPath;
use crate::world::World;
use serde_json::{Value, json};

/// Answers what is asked of a provider as such; `None` for everything else. Registration belongs to a subscription.
pub(super) fn handle(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    let parts: Vec<&str> = path.path.split('/').filter(|part| !part.is_empty()).collect();
    let at = parts.iter().rposition(|part| part.eq_ignore_ascii_case("providers"))?;
    let subscription = match parts.get(..at)? {
        [] => None,
        [word, id] if word.eq_ignore_ascii_case("subscriptions") => Some((*id).to_owned()),
        _ => return None,
    };
    let subscription = subscription.as_deref();
    match (call.method, parts.get(at + 1..)?) {
        ("GET", []) => {
            let all = types::namespaces().into_iter().map(|space| provider(world, subscription, space));
            let value: Vec<Value> = all.collect();
            Some(Reply::json(200, json!({ "value": value })))
        }
        ("GET", [namespace]) => Some(Reply::json(200, provider(world, subscription, namespace))),
        ("POST", [namespace, verb]) if verb.eq_ignore_ascii_case("register") => {
            let id = format!("/subscriptions/{}/providers/{namespace}", subscription?);
            if world.get(&id).is_some() {
                world.put(&id, json!({"id": id, "registrationState": "Registered"}));
            }
            Some(Reply::json(200, provider(world, subscription, namespace)))
        }
        ("POST", [namespace, verb]) if verb.eq_ignore_ascii_case("unregister") => {
            let id = format!("/subscriptions/{}/providers/{namespace}", subscription?);
            world.put(&id, json!({"id": id, "registrationState": "Unregistered"}));
            Some(Reply::json(200, provider(world, subscription, namespace)))
        }
        _ => None,
    }
}

/// What a provider says of itself.
fn provider(world: &World, subscription: Option<&str>, namespace: &str) -> Value {
    let id = match subscription {
        Some(subscription) => format!("/subscriptions/{subscription}/providers/{namespace}"),
        None => format!("/providers/{namespace}"),
    };
    let known = world.get(&id);
    // An estate may bring the whole answer of a real provider.
    if let Some(whole) = known.filter(|provider| provider.get("resourceTypes").is_some()) {
        return whole.clone();
    }
    let state = known.and_then(|p| p["registrationState"].as_str()).unwrap_or("Registered");
    let mut body = json!({"id": id, "namespace": namespace, "resourceTypes": offered(namespace)});
    if subscription.is_some() {
        body["registrationState"] = Value::from(state);
        body["registrationPolicy"] = Value::from("RegistrationRequired");
    }
    body
}

/// The types of a namespace, each with its versions: of identities all that are served, of the others the newest.
fn offered(namespace: &str) -> Vec<Value> {
    let shown = |(kind, version): (&str, &str)| {
        let newest = Some(version).filter(|version| !version.is_empty());
        let identity = kind.eq_ignore_ascii_case("userAssignedIdentities");
        let versions = if identity {
            json!(msi_versions::names())
        } else {
            json!(newest.into_iter().collect::<Vec<_>>())
        };
        json!({"resourceType": kind, "locations": REGIONS, "apiVersions": versions, "capabilities": "None"})
    };
    types::of(namespace).map(shown).collect()
}
