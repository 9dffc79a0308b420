//! Official example bodies of types that use an identity, each with ours in it.

use crate::support::kills::say;
use crate::support::neighbours::{
    CLIENT, OTHER_CLIENT, OTHER_PRINCIPAL, PRINCIPAL, estate, id_of, identity, stage,
};
use crate::support::oracle::{differences, mentioned_by, names, plain, rest};
use crate::support::rehome::text;
use serde_json::{Map, Value, json};
use std::path::Path;

/// The bodies, if they are at hand. They are Microsoft's and are not kept here.
fn bodies() -> Option<Vec<Value>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/azure/example-bodies.json");
    let Ok(file) = std::fs::read_to_string(&path) else {
        say(&format!("SKIPPED: {} is not here, so no official example was tried", path.display()));
        return None;
    };
    let file: Value = serde_json::from_str(&file).expect("JSON");
    Some(file["bodies"].as_array().expect("bodies").clone())
}

/// The first identity of a body becomes ours, every other one its neighbour; the rest stays as it is.
fn with_ours(body: &Value, first: &mut Option<String>) -> Value {
    const KIND: &str = "/providers/microsoft.managedidentity/userassignedidentities/";
    let ours = |id: &str, first: &mut Option<String>| {
        let id = id.to_lowercase();
        let is_first = *first.get_or_insert_with(|| id.clone()) == id;
        identity(if is_first { "id1" } else { "id10" })
    };
    match body {
        Value::String(id) if id.to_lowercase().contains(KIND) => Value::String(ours(id, first)),
        Value::Array(items) => Value::Array(items.iter().map(|item| with_ours(item, first)).collect()),
        Value::Object(members) => {
            let mut out = Map::new();
            for (name, value) in members {
                if name.to_lowercase().contains(KIND) {
                    let id = ours(name, first);
                    let (client, principal) = if id == identity("id1") {
                        (CLIENT, PRINCIPAL)
                    } else {
                        (OTHER_CLIENT, OTHER_PRINCIPAL)
                    };
                    out.insert(id, json!({"clientId": client, "principalId": principal}));
                } else {
                    out.insert(name.clone(), with_ours(value, first));
                }
            }
            Value::Object(out)
        }
        other => other.clone(),
    }
}

/// What Azure computes in an identity block is as it would be in this tenant.
fn at_home(body: &mut Value) {
    let Some(block) = body.get_mut("identity").and_then(Value::as_object_mut) else { return };
    let system = block.get("type").is_some_and(|kind| text(kind).to_lowercase().contains("systemassigned"));
    block.remove("tenantId");
    if system {
        block.insert("tenantId".to_owned(), json!("7a1c9f52-0000-4000-8000-00000000c0de"));
        block.entry("principalId").or_insert(json!("5e1f0000-0000-4000-8000-00000000ab1e"));
    } else {
        block.remove("principalId");
    }
}

fn resources(bodies: &[Value]) -> Vec<Value> {
    let one = |(nth, example): (usize, &Value)| {
        let kind = text(&example["type"]);
        let mut body = with_ours(&example["body"], &mut None);
        let id = format!("{}-{nth}", id_of(kind));
        body["id"] = json!(id);
        body["name"] = json!(id.rsplit('/').next());
        body["type"] = json!(kind);
        at_home(&mut body);
        // Some examples were taken in the middle of a change, during which nobody may begin another.
        if let Some(state) = body.pointer_mut("/properties/provisioningState") {
            *state = json!("Succeeded");
        }
        body
    };
    // A deployment is a record of what was done, and no resource.
    let kept = |(_, example): &(usize, &Value)| text(&example["type"]) != "Microsoft.Resources/deployments";
    bodies.iter().enumerate().filter(kept).map(one).collect()
}

#[test]
fn every_official_example_names_the_new_identity_or_is_left_to_people_and_comes_back_to_the_byte() {
    let Some(bodies) = bodies() else { return };
    let (azure, rehome) = stage(&estate(resources(&bodies).into_iter()));
    let before = azure.estate();
    rehome.say_with_people(&["run", "plan.json", "--yes"]).expect(0);
    let moved = azure.estate();
    let old = names(&before, &identity("id1")).expect("the old one");
    let new = names(&moved, &identity("id1").replace("/rg/", "/rg-new/")).expect("the new one");
    let plan = std::fs::read_to_string(rehome.path("plan.json")).expect("a plan");
    let plan: Value = serde_json::from_str(&plan).expect("JSON");
    let steps = plan["moves"][0]["plan"]["steps"].as_array().into_iter().flatten();
    let hands: Vec<&str> =
        steps.filter(|s| s["node"].get("by_hand").is_some()).map(|s| text(&s["title"])).collect();
    // Overlapping hosts still have both until clean-up; whatever else names the old one is a person's to change.
    let overlapping = |id: &str| {
        let all = moved["arm"].as_array().into_iter().flatten();
        let found = all.into_iter().find(|o| text(&o["id"]).eq_ignore_ascii_case(id));
        let map = found.and_then(|o| o["identity"]["userAssignedIdentities"].as_object());
        map.is_some_and(|map| map.keys().any(|id| id.eq_ignore_ascii_case(&new.rid)))
    };
    let mut left = mentioned_by(&moved, &old);
    left.retain(|id| !overlapping(id));
    left.retain(|id| {
        !hands.iter().any(|title| title.to_lowercase().contains(id.rsplit('/').next().unwrap_or_default()))
    });
    assert_eq!(left, Vec::<String>::new(), "the old one is mentioned; by hand: {hands:?}");
    let pairs = [(old, new)];
    let count = |estate: &Value| rest(estate, &pairs)["arm"].as_array().map_or(0, Vec::len);
    assert_eq!(count(&before), count(&moved), "nothing came or went");
    let rollback = ["rollback", "all", "--reason", "a test", "--yes"];
    rehome.say_with_people(&rollback).expect(0);
    assert_eq!(differences(&plain(&before), &plain(&azure.estate()), ""), Vec::<String>::new());
}
