//! What must be true of an estate after a move, worked out from the JSON of the estates alone.

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Members that say when or how often something was written, and not what.
const STAMPS: [&str; 6] = ["createdOn", "updatedOn", "createdBy", "updatedBy", "etag", "systemData"];

/// The three names of an identity, in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) rid: String,
    pub(crate) client: String,
    pub(crate) principal: String,
}

pub(crate) fn names(estate: &Value, rid: &str) -> Option<Names> {
    let rid = rid.to_lowercase();
    let found = objects(estate).remove(&rid)?;
    let text = |pointer: &str| found.pointer(pointer).and_then(Value::as_str).map(str::to_lowercase);
    Some(Names { rid, client: text("/properties/clientId")?, principal: text("/properties/principalId")? })
}

/// ARM objects by lower-case id.
fn objects(estate: &Value) -> BTreeMap<String, Value> {
    let list = estate["arm"].as_array().expect("an estate has arm");
    list.iter().map(|o| (o["id"].as_str().unwrap_or_default().to_lowercase(), o.clone())).collect()
}

/// Everything that an identity may do, is member of, owns, trusts and is used with; itself called ME.
pub(crate) fn powers(estate: &Value, who: &Names) -> BTreeSet<String> {
    let mut powers = BTreeSet::new();
    let me = |text: &str| {
        let text = text.to_lowercase().replace(&who.rid, "ME-RID");
        text.replace(&who.client, "ME-CID").replace(&who.principal, "ME-OID")
    };
    for (id, object) in objects(estate) {
        if let Some((scope, _)) = id.split_once("/providers/microsoft.authorization/roleassignments/") {
            let properties = &object["properties"];
            let mine =
                properties["principalId"].as_str().is_some_and(|p| p.eq_ignore_ascii_case(&who.principal));
            if mine || scope == who.rid {
                let role = properties["roleDefinitionId"].as_str().unwrap_or_default();
                let role = role.rsplit('/').next().unwrap_or_default();
                let to = if mine { "ME" } else { properties["principalId"].as_str().unwrap_or_default() };
                powers.insert(format!(
                    "role {role} at {} to {to} if {}",
                    me(scope),
                    me(&properties["condition"].to_string())
                ));
            }
        }
        if let Some(name) = id.strip_prefix(&format!("{}/federatedidentitycredentials/", who.rid)) {
            powers.insert(format!("credential {name} {}", me(&object["properties"].to_string())));
        }
        for entry in
            object.pointer("/properties/accessPolicies").and_then(Value::as_array).into_iter().flatten()
        {
            if entry["objectId"].as_str().is_some_and(|o| o.eq_ignore_ascii_case(&who.principal)) {
                powers.insert(format!("vault {id} {}", me(&entry["permissions"].to_string())));
            }
        }
        if id.contains("/sqlroleassignments/") && mentions(&object.to_string(), &who.principal) {
            powers.insert(format!(
                "inside {} {}",
                id.rsplit_once('/').map_or("", |(p, _)| p),
                object["properties"]["roleDefinitionId"]
            ));
        }
    }
    powers.extend(in_the_directory(estate, who));
    powers
}

/// What of it is in Entra ID.
fn in_the_directory(estate: &Value, who: &Names) -> BTreeSet<String> {
    let mut powers = BTreeSet::new();
    for object in estate["graph"].as_array().into_iter().flatten() {
        let holds = |list: &str| {
            object[list].as_array().is_some_and(|l| {
                l.iter().any(|m| m.as_str().is_some_and(|m| m.eq_ignore_ascii_case(&who.principal)))
            })
        };
        let id = object["id"].as_str().unwrap_or_default();
        for list in ["members", "owners"] {
            if holds(list) {
                powers.insert(format!("{list} of {id}"));
            }
        }
        powers.extend(of_principal(object, who));
        if object["principalId"].as_str().is_some_and(|p| p.eq_ignore_ascii_case(&who.principal)) {
            let (of, role) =
                (&object["resourceId"], object.get("appRoleId").unwrap_or(&object["roleDefinitionId"]));
            powers.insert(format!("directory {of} {role}"));
        }
        for trusted in object["federatedIdentityCredentials"].as_array().into_iter().flatten() {
            if trusted["subject"].as_str().is_some_and(|s| s.eq_ignore_ascii_case(&who.principal)) {
                powers.insert(format!("trusted by {id}"));
            }
        }
    }
    powers
}

/// What is set on a principal itself, and what it may do on behalf of others.
fn of_principal(object: &Value, who: &Names) -> Vec<String> {
    let mut out = Vec::new();
    if object["id"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(&who.principal)) {
        if object["accountEnabled"] == false {
            out.push("disabled".to_owned());
        }
        let tags = object["tags"].as_array().into_iter().flatten();
        out.extend(tags.map(|tag| format!("tagged {tag}")));
        out.extend(object["notes"].as_str().map(|notes| format!("notes {notes}")));
        let attributes = object["customSecurityAttributes"].as_object().into_iter().flatten();
        out.extend(attributes.map(|(set, held)| format!("attributes {set} {}", attributes_of(held))));
    }
    if object["clientId"].as_str().is_some_and(|p| p.eq_ignore_ascii_case(&who.principal)) {
        let scopes: BTreeSet<&str> =
            object["scope"].as_str().unwrap_or_default().split_whitespace().collect();
        let (on, of) = (&object["resourceId"], object["principalId"].as_str());
        out.push(format!("delegated {scopes:?} on {on} by {} for {of:?}", object["consentType"]));
    }
    out
}

/// The attributes of a set, without what Graph says of their types.
fn attributes_of(set: &Value) -> String {
    let held = set.as_object().into_iter().flatten().filter(|(name, _)| !name.contains('@'));
    json!(held.collect::<BTreeMap<_, _>>()).to_string()
}

/// Whether a text holds a name as a whole: `id1` is not in `id10`.
pub(crate) fn mentions(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    let inside =
        |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    [name.clone(), name.replace('/', "%2f")].iter().any(|name| {
        text.match_indices(name.as_str()).any(|(at, _)| {
            !inside(text[at + name.len()..].chars().next()) && !inside(text[..at].chars().next_back())
        })
    })
}

/// Everything outside the identity's own things that still mentions it.
pub(crate) fn mentioned_by(estate: &Value, who: &Names) -> Vec<String> {
    let own = format!("{}/", who.rid);
    let all = objects(estate).into_iter().filter(|(id, _)| *id != who.rid && !id.starts_with(&own));
    let naming = all
        .filter(|(_, o)| [&who.rid, &who.client, &who.principal].iter().any(|n| mentions(&o.to_string(), n)));
    naming.map(|(id, _)| id).collect()
}

/// An estate in which only what matters is left, so that two can be compared: no stamps, ids in lower case.
pub(crate) fn plain(estate: &Value) -> Value {
    let mut graph: BTreeMap<String, Value> = BTreeMap::new();
    for object in estate["graph"].as_array().into_iter().flatten() {
        graph.insert(object["id"].to_string(), strip(object));
    }
    json!({"arm": objects(estate).values().map(strip).collect::<Vec<_>>(), "graph": graph})
}

fn strip(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(k, _)| !STAMPS.contains(&k.as_str()));
            let mut kept: Map<String, Value> = kept.map(|(k, v)| (k.clone(), strip(v))).collect();
            // A vault's entries are a set: Azure promises no order of them.
            if let Some(entries) = kept.get_mut("accessPolicies").and_then(Value::as_array_mut) {
                entries.sort_by_key(ToString::to_string);
            }
            Value::Object(kept)
        }
        Value::Array(items) => Value::Array(items.iter().map(strip).collect()),
        other => other.clone(),
    }
}

/// Where two plain estates differ, for a message.
pub(crate) fn differences(left: &Value, right: &Value, at: &str) -> Vec<String> {
    match (left, right) {
        _ if left == right => Vec::new(),
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            names
                .iter()
                .flat_map(|n| differences(&left[n.as_str()], &right[n.as_str()], &format!("{at}/{n}")))
                .collect()
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .flat_map(|(n, (l, r))| differences(l, r, &format!("{at}/{n}")))
            .collect(),
        (Value::Array(a), Value::Array(b)) => {
            let only = |x: &[Value], y: &[Value]| {
                x.iter().filter(|v| !y.contains(v)).map(ToString::to_string).collect::<Vec<_>>()
            };
            vec![format!("{at}: only left {:?}, only right {:?}", only(a, b), only(b, a))]
        }
        (left, right) => vec![format!("{at}: {left} became {right}")],
    }
}

/// Puts the new names where the old ones stood, and takes the identities themselves and their assignments
/// out of both, so that what is left must be equal byte for byte.
pub(crate) fn rest(estate: &Value, moves: &[(Names, Names)]) -> Value {
    let mut arm = Vec::new();
    for (id, object) in objects(estate) {
        let own = moves.iter().any(|(old, new)| {
            [old, new].iter().any(|n| id == n.rid || id.starts_with(&format!("{}/", n.rid)))
        });
        if own || id.contains("/roleassignments/") {
            continue;
        }
        let mut text = strip(&object).to_string();
        for (old, new) in moves {
            for (from, to) in
                [(&old.rid, &new.rid), (&old.client, &new.client), (&old.principal, &new.principal)]
            {
                text = replace(&text, from, to);
            }
        }
        arm.push(strip(&serde_json::from_str(&text).expect("still JSON")));
    }
    json!({ "arm": arm })
}

/// Replaces a whole name in any case, and folds the case of what is there already.
fn replace(text: &str, from: &str, to: &str) -> String {
    let mut out = text.to_owned();
    for (from, to) in [
        (from.to_owned(), to.to_owned()),
        (from.replace('/', "%2F"), to.replace('/', "%2F")),
        (to.to_owned(), to.to_owned()),
        (to.replace('/', "%2F"), to.replace('/', "%2F")),
    ] {
        let (folded, wanted) = (out.to_lowercase(), from.to_lowercase());
        let mut fresh = String::new();
        let mut last = 0;
        for (at, _) in folded.match_indices(&wanted) {
            let inside = |c: Option<char>| {
                c.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
            };
            if at < last || inside(folded[at + wanted.len()..].chars().next()) {
                continue;
            }
            fresh.push_str(&out[last..at]);
            fresh.push_str(&to);
            last = at + wanted.len();
        }
        fresh.push_str(&out[last..]);
        out = fresh;
    }
    out
}

#[test]
fn the_oracle_sees_a_missing_right_a_forgotten_mention_and_a_changed_byte() {
    let rid =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1";
    let identity = json!({"id": rid, "properties": {"clientId": "C-1", "principalId": "P-1"}});
    let host = json!({"id": "/h", "properties": {"x": rid.to_uppercase(), "n": 1}});
    let grant = json!({"id": "/s/providers/Microsoft.Authorization/roleAssignments/n", "properties": {"principalId": "p-1", "roleDefinitionId": "/r"}});
    let full = json!({"arm": [identity, host, grant], "graph": []});
    let less = json!({"arm": [identity, host], "graph": []});
    let who = names(&full, rid).expect("it is there");
    assert_ne!(powers(&full, &who), powers(&less, &who));
    assert_eq!(mentioned_by(&less, &who), ["/h"]);
    assert!(!mentions(&format!("{rid}0"), rid) && mentions(&rid.replace('/', "%2F"), rid));
    let changed = json!({"arm": [identity, {"id": "/h", "properties": {"x": rid, "n": 2}}], "graph": []});
    assert_ne!(plain(&less), plain(&changed));
    assert_eq!(differences(&plain(&less), &plain(&changed), "").len(), 2);
}
