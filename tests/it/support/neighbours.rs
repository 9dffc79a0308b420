//! An identity and its neighbour, with whatever resources a test wants, and the parents that these need.

use crate::support::azure::Azure;
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) const SUB: &str = "/subscriptions/c0fe0000-0000-4000-8000-000000000001";
pub(crate) const CLIENT: &str = "c0fe0000-0000-4000-8000-00000000c11e";
pub(crate) const OTHER_CLIENT: &str = "c0fe0000-0000-4000-8000-00000000c110";
pub(crate) const OTHER_PRINCIPAL: &str = "c0fe0000-0000-4000-8000-000000000b10";
pub(crate) const PRINCIPAL: &str = "c0fe0000-0000-4000-8000-000000000b1d";

pub(crate) fn identity(name: &str) -> String {
    format!("{SUB}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}")
}

/// An id in this type: one name for each of its segments.
pub(crate) fn id_of(kind: &str) -> String {
    let mut parts = kind.split('/');
    let namespace = parts.next().unwrap_or_default();
    let names: String = parts.enumerate().map(|(n, part)| format!("/{part}/n{n}")).collect();
    let own = namespace.to_lowercase().replace('.', "-");
    let id = format!("{SUB}/resourceGroups/rg/providers/{namespace}{names}").replacen(
        "/n0",
        &format!("/{own}"),
        1,
    );
    // The one configuration that is not a list of settings has a name of its own.
    match id.rsplit_once("/config/") {
        Some((site, _)) => format!("{site}/config/web"),
        None => id,
    }
}

/// An estate of these resources, with the identity, its neighbour, and whatever parents they need.
pub(crate) fn estate(resources: impl Iterator<Item = Value>) -> Value {
    let uami = |name: &str, client: &str, principal: &str| {
        json!({"id": identity(name), "name": name, "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
            "location": "westeurope", "tags": {}, "properties": {"clientId": client, "principalId": principal, "tenantId": "7a1c9f52-0000-4000-8000-00000000c0de"}})
    };
    let group = |name: &str, location: &str| {
        json!({"id": format!("{SUB}/resourceGroups/{name}"), "name": name, "type": "Microsoft.Resources/resourceGroups",
            "location": location, "properties": {"provisioningState": "Succeeded"}})
    };
    let mut arm: BTreeMap<String, Value> = BTreeMap::new();
    for body in resources {
        arm.insert(text(&body["id"]).to_lowercase(), body);
    }
    let children: Vec<String> = arm.keys().cloned().collect();
    for child in children {
        let mut parent = child.as_str();
        while let Some((above, _)) = parent.rsplit_once('/').and_then(|(p, _)| p.rsplit_once('/')) {
            if above.rsplit_once("/providers/").is_none_or(|(_, tail)| tail.split('/').count() < 3) {
                break;
            }
            let kind: Vec<&str> =
                above.rsplit_once("/providers/").map(|(_, t)| t.split('/').collect()).unwrap_or_default();
            let kind = std::iter::once(kind[0])
                .chain(kind[1..].iter().step_by(2).copied())
                .collect::<Vec<_>>()
                .join("/");
            // Only what names the identity itself is in the index; what is below it is listed.
            let first = kind.split('/').count() == 2;
            // In a tag, which every PATCH takes: what else these types take is not known to whoever moves.
            let tags = if first { json!({"names": identity("id1")}) } else { json!({}) };
            arm.entry(above.to_owned()).or_insert_with(|| {
                json!({"id": above, "name": above.rsplit('/').next(), "type": kind,
                    "location": "westeurope", "tags": tags, "properties": {}})
            });
            parent = above;
        }
    }
    let mut all = vec![
        json!({"id": SUB, "subscriptionId": SUB.rsplit('/').next(), "displayName": "coverage", "state": "Enabled"}),
        group("rg", "westeurope"),
        group("rg-new", "swedencentral"),
        uami("id1", CLIENT, PRINCIPAL),
        uami("id10", OTHER_CLIENT, OTHER_PRINCIPAL),
    ];
    all.extend(arm.into_values());
    json!({"arm": all, "graph": [], "settings": {"throttling": false, "operation_s": 1}})
}

/// A batch that moves the one identity, in an Azure that has all of it.
pub(crate) fn stage(estate: &Value) -> (Azure, Rehome) {
    let mut rehome = Rehome::offline();
    std::fs::write(rehome.path("estate.json"), estate.to_string()).expect("written");
    let batch = format!(
        "format_version = \"1.0\"\n[batch]\nname = \"all\"\nto = \"swedencentral\"\nsoak = \"0s\"\n\
         unpinned_host = \"swap\"\nreplace_nodes = true\n[[identity]]\nid = \"{}\"\ntarget_resource_group = \"rg-new\"\n",
        identity("id1")
    );
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    let azure = Azure::serve(&rehome.path("estate.json"), None);
    rehome.turn_to(&azure);
    rehome.approve(&rehome.path("batch.toml"));
    (azure, rehome)
}
