//! ARM: what a provider computes inside a resource. What a client sends of it is not taken, and it is there afterwards
//! as it was before. Pure. The table is made by `simulator/tools/tables.py` out of what descriptions mark as read-only.

use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Places below `properties` by type in lower case; `[]` is every item, `*` every member.
static ROWS: LazyLock<BTreeMap<String, Vec<Vec<&str>>>> = LazyLock::new(|| {
    let rows = include_str!("computed.csv").lines().skip(1).filter_map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let [kind, places, _source] = cells[..] else { return None };
        let places = places.split_ascii_whitespace().map(|place| place.split('.').collect());
        Some((kind.to_lowercase(), places.collect()))
    });
    rows.collect()
});

/// Puts back into a resource that was sent whole what its provider computes.
pub(crate) fn keep(kind: &str, before: &Value, after: &mut Value) {
    for path in ROWS.get(&kind.to_lowercase()).into_iter().flatten() {
        if let (Some(before), Some(after)) = (before.get("properties"), after.get_mut("properties")) {
            restore(before, after, path);
        }
    }
}

/// Takes out of a new resource what only its provider can say.
pub(crate) fn strip(kind: &str, after: &mut Value) {
    for path in ROWS.get(&kind.to_lowercase()).into_iter().flatten() {
        if let Some(after) = after.get_mut("properties") {
            remove(after, path);
        }
    }
}

/// Ids of an identity that a provider looks up where the identity itself is named: beside them, or as the key around them.
/// An estate may leave them out; then they stay so.
pub(crate) fn look_up(kind: &str, after: &mut Value, ids: &dyn Fn(&str) -> Option<(String, String)>) {
    for path in ROWS.get(&kind.to_lowercase()).into_iter().flatten() {
        let Some((last, around)) = path.split_last() else { continue };
        if let Some(properties) = after.get_mut("properties").filter(|_| LOOKED_UP.contains(last)) {
            fill(properties, around, last, None, ids);
        }
    }
}

const LOOKED_UP: [&str; 4] = ["principalId", "objectId", "clientId", "managedIdentityObjectId"];
const NAMING: [&str; 3] = ["resourceId", "userAssignedIdentity", "managedIdentityResourceId"];

fn fill(
    at: &mut Value,
    path: &[&str],
    last: &str,
    key: Option<&str>,
    ids: &dyn Fn(&str) -> Option<(String, String)>,
) {
    let Some((name, list, rest)) = named(path) else {
        let beside = NAMING.iter().find_map(|name| at[*name].as_str());
        if let Some((principal, client)) = beside.or(key).and_then(ids)
            && at.get(last).is_some()
        {
            at[last] = Value::from(if last == "clientId" { client } else { principal });
        }
        return;
    };
    for (key, member) in
        at.as_object_mut().into_iter().flatten().filter(|(key, _)| name == "*" || *key == name)
    {
        match member.as_array_mut() {
            Some(items) if list => items.iter_mut().for_each(|item| fill(item, rest, last, None, ids)),
            None if !list => fill(member, rest, last, Some(key), ids),
            Some(_) | None => {}
        }
    }
}

fn named<'a>(path: &'a [&str]) -> Option<(&'a str, bool, &'a [&'a str])> {
    let (part, rest) = path.split_first()?;
    let (name, list) = part.strip_suffix("[]").map_or((*part, false), |name| (name, true));
    Some((name, list, rest))
}

fn remove(from: &mut Value, path: &[&str]) {
    let (Some((name, list, rest)), Some(members)) = (named(path), from.as_object_mut()) else { return };
    if rest.is_empty() {
        members.retain(|key, _| name != "*" && key != name);
        return;
    }
    for (_, member) in members.iter_mut().filter(|(key, _)| name == "*" || *key == name) {
        match member.as_array_mut() {
            Some(items) if list => items.iter_mut().for_each(|item| remove(item, rest)),
            None if !list => remove(member, rest),
            Some(_) | None => {}
        }
    }
}

fn restore(before: &Value, after: &mut Value, path: &[&str]) {
    let (Some((name, list, rest)), Some(is)) = (named(path), after.as_object_mut()) else { return };
    let none = serde_json::Map::new();
    let was = before.as_object().unwrap_or(&none);
    if rest.is_empty() {
        is.retain(|key, _| name != "*" && key != name || was.contains_key(key));
        is.extend(
            was.iter().filter(|(key, _)| name == "*" || *key == name).map(|(k, v)| (k.clone(), v.clone())),
        );
        return;
    }
    for (key, was) in was.iter().filter(|(key, _)| name == "*" || *key == name) {
        if let Some(is) = is.get_mut(key) {
            match (was.as_array(), is.as_array_mut()) {
                (Some(was), Some(is)) if list => {
                    was.iter().zip(is).for_each(|(was, is)| restore(was, is, rest));
                }
                _ if !list => restore(was, is, rest),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_computed_survives_a_whole_resource_without_it_and_cannot_be_set() {
        assert_eq!(ROWS.len(), include_str!("computed.csv").lines().count() - 1);
        let before = json!({"properties": {"fqdn": "a.example", "dnsPrefix": "a",
            "agentPoolProfiles": [{"name": "p", "currentOrchestratorVersion": "1"}]}});
        let kind = "Microsoft.ContainerService/managedClusters";
        let sent = json!({"properties": {"fqdn": "mine", "agentPoolProfiles": [{"name": "p", "count": 3}], "maxAgentPools": 9}});
        let mut after = sent.clone();
        keep(kind, &before, &mut after);
        let pools = json!([{"name": "p", "count": 3, "currentOrchestratorVersion": "1"}]);
        assert_eq!(after, json!({"properties": {"fqdn": "a.example", "agentPoolProfiles": pools}}));
        let mut new = sent;
        strip(kind, &mut new);
        assert_eq!(new, json!({"properties": {"agentPoolProfiles": [{"name": "p", "count": 3}]}}));
    }
}
