//! Activities: what becomes of a resource when it is re-pointed, and back. Pure.

use crate::activity::spilt::Parts;
use crate::activity::splice::Splice;
use crate::azure::ResourceId;
use crate::references::rest::Spill;
use crate::references::rewrite::{Pair, rewrite_at};
use crate::references::table::Verb;
use crate::references::text::mentions;
use crate::references::writable::{with_required, without_computed};
use crate::references::writes;
use crate::surfaces::host::input::{HostBefore, HostInput};
use rehome_orchestrator::Difference;
use serde_json::{Map, Value, json};

/// What is sent.
#[derive(Debug, PartialEq)]
pub(crate) enum Shape {
    Patch(Value),
    Put(Value),
}

const MAP: &str = "/identity/userAssignedIdentities";

/// The keys of a resource's identity map, as they are spelt.
pub(crate) fn identities(resource: &Value) -> Vec<ResourceId> {
    let map = resource.pointer(MAP).and_then(Value::as_object);
    map.into_iter().flat_map(|map| map.keys().map(ResourceId::from)).collect()
}

/// How much of the change is in place; the difference where somebody else's text stands in ours.
pub(crate) fn parts(live: &Value, input: &HostInput, before: &HostBefore) -> Result<Parts, Difference> {
    let now = identities(live);
    let mut done: Vec<bool> = input.attach.iter().map(|id| now.contains(id)).collect();
    // What was not there before cannot be detached, and is not waited for.
    done.extend(input.detach.iter().filter(|id| before.attached.contains(id)).map(|id| !now.contains(id)));
    for (pointer, splice) in &before.splices {
        let text = live.pointer(pointer).and_then(Value::as_str);
        match text {
            Some(text) if splice.is_now(text) => done.push(true),
            Some(text) if input.replace.iter().any(|p| mentions(text, &p.from)) => done.push(false),
            Some(_) | None => return Err(strange(input, pointer, text)),
        }
    }
    Ok(match (done.iter().any(|d| *d), done.iter().all(|d| *d)) {
        (_, true) => Parts::All,
        (true, false) => Parts::Some,
        (false, false) => Parts::None,
    })
}

fn strange(input: &HostInput, pointer: &str, text: Option<&str>) -> Difference {
    Difference {
        fact: format!("{}#{pointer}", input.id),
        expected: Some("a text that names the old or the new identity".to_owned()),
        // The text itself may be a secret.
        found: text.map(|_| "another text".to_owned()),
    }
}

/// What was there before a change that may be in place, worked out from what is there; `None` where more than
/// one text can have become what is there. Letter case is that of the plan.
pub(crate) fn reconstruct_before(live: &Value, input: &HostInput) -> Option<HostBefore> {
    let mut attached = identities(live);
    // The plan attaches what was not there, and detaches what was.
    attached.retain(|id| !input.attach.contains(id));
    let missing = input.detach.iter().filter(|id| !attached.contains(id)).cloned();
    let missing: Vec<ResourceId> = missing.collect();
    attached.extend(missing);
    let mut splices = std::collections::BTreeMap::new();
    for pointer in &input.pointers {
        // What is no text is not changed by this step either.
        if let Value::String(text) = live.pointer(pointer)? {
            splices.insert(pointer.clone(), Splice::reconstruct_before(text, &input.replace)?);
        }
    }
    let identity_type = live.pointer("/identity/type").and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(HostBefore { attached, identity_type, splices, rest: None })
}

/// The resource as it is to become.
pub(crate) fn forward(live: &Value, input: &HostInput, before: &HostBefore) -> Result<Value, Difference> {
    if !live.is_object() {
        return Err(strange(input, "", None));
    }
    let mut target = live.clone();
    for (pointer, splice) in &before.splices {
        let text = live.pointer(pointer).and_then(Value::as_str);
        match text {
            Some(text) if splice.is_now(text) => {}
            Some(_) => {
                let (changed, _) = rewrite_at(&target, &input.replace, std::slice::from_ref(pointer));
                let fits = changed.pointer(pointer).and_then(Value::as_str).is_some_and(|t| splice.is_now(t));
                if !fits {
                    return Err(strange(input, pointer, text));
                }
                target = changed;
            }
            None => return Err(strange(input, pointer, None)),
        }
    }
    let mut keys = identities(live);
    keys.retain(|key| !input.detach.contains(key));
    keys.extend(input.attach.iter().filter(|id| !identities(live).contains(id)).cloned());
    set_identities(&mut target, &keys, None);
    Ok(target)
}

/// The resource without our change, where our part still is what we wrote.
pub(crate) fn backward(live: &Value, input: &HostInput, before: &HostBefore) -> Result<Value, Difference> {
    if !live.is_object() {
        return Err(strange(input, "", None));
    }
    let mut target = live.clone();
    let back: Vec<Pair> = input.replace.iter().map(Pair::back).collect();
    for (pointer, splice) in &before.splices {
        let text = live.pointer(pointer).and_then(Value::as_str);
        match (text, text.and_then(|t| splice.back(t))) {
            (_, Some(was)) => {
                if let Some(place) = target.pointer_mut(pointer) {
                    *place = Value::String(was);
                }
            }
            // Never changed, or changed back already.
            (Some(text), None) if input.replace.iter().any(|p| mentions(text, &p.from)) => {}
            (Some(text), None) if back.iter().any(|p| mentions(text, &p.from)) => {
                return Err(strange(input, pointer, Some(text)));
            }
            (Some(_) | None, None) => return Err(strange(input, pointer, text)),
        }
    }
    let mut keys = identities(live);
    keys.retain(|key| !input.attach.contains(key) || before.attached.contains(key));
    let missing = before.attached.iter().filter(|id| input.detach.contains(id) && !keys.contains(id));
    let missing: Vec<ResourceId> = missing.cloned().collect();
    keys.extend(missing);
    let as_before = keys.len() == before.attached.len() && keys.iter().all(|k| before.attached.contains(k));
    set_identities(&mut target, &keys, as_before.then_some(before.identity_type.as_str()));
    Ok(target)
}

/// Our places that are not as in the target.
pub(crate) fn missed(live: &Value, target: &Value, input: &HostInput) -> Vec<String> {
    let (now, wanted) = (identities(live), identities(target));
    let ours = input.attach.iter().chain(&input.detach);
    let map = ours.filter(|id| now.contains(id) != wanted.contains(id)).map(|id| format!("{MAP}/{id}"));
    let texts = input.pointers.iter().filter(|at| live.pointer(at) != target.pointer(at)).cloned();
    map.chain(texts).collect()
}

/// Puts what a write has changed beside our places into a resource that has our change no more.
pub(crate) fn put_back(target: &mut Value, before: &HostBefore, lost: &[Spill]) {
    lost.iter().filter(|spill| !spill.is_identity()).for_each(|spill| spill.put_back(target));
    if !lost.iter().any(Spill::is_identity) {
        return;
    }
    let mut keys = identities(target);
    for spill in lost.iter().filter(|spill| spill.is_identity()) {
        match spill.lost_identity() {
            Some(id) if !keys.contains(&id) => {
                let spelt = before.attached.iter().find(|key| **key == id).cloned();
                keys.push(spelt.unwrap_or(id));
            }
            Some(_) => {}
            None => keys.retain(|key| !spill.is_of(key)),
        }
    }
    let as_before = keys.len() == before.attached.len() && keys.iter().all(|k| before.attached.contains(k));
    set_identities(target, &keys, as_before.then_some(before.identity_type.as_str()));
    if as_before && !before.identity_type.is_empty() {
        target["identity"]["type"] = Value::from(before.identity_type.clone());
    }
}

/// Writes a set of keys into the map, and the type that goes with it.
fn set_identities(resource: &mut Value, keys: &[ResourceId], exactly: Option<&str>) {
    let now = identities(resource);
    if now.len() == keys.len() && keys.iter().all(|k| now.contains(k)) {
        return;
    }
    let old = resource.pointer(MAP).cloned().unwrap_or_default();
    let map: Map<String, Value> = keys
        .iter()
        .map(|k| (k.to_string(), old.get(k.as_str()).cloned().unwrap_or_else(|| json!({}))))
        .collect();
    let kind = resource.pointer("/identity/type").and_then(Value::as_str).unwrap_or_default();
    let kind = match exactly {
        // A resource that had no block at all has an empty one again.
        Some("") => "None".to_owned(),
        Some(exactly) => exactly.to_owned(),
        None => type_text(kind, !keys.is_empty()),
    };
    if !resource["identity"].is_object() {
        resource["identity"] = json!({});
    }
    resource["identity"]["type"] = Value::from(kind);
    resource["identity"]["userAssignedIdentities"] = Value::Object(map);
}

/// `identity.type` with or without user-assigned identities, spelt as this provider spells it.
fn type_text(now: &str, user: bool) -> String {
    let system = now.to_lowercase().contains("systemassigned");
    let was_user = now.to_lowercase().contains("userassigned");
    match (system, user) {
        (true, true) if was_user => now.to_owned(),
        (true, true) => "SystemAssigned, UserAssigned".to_owned(),
        (true, false) => "SystemAssigned".to_owned(),
        (false, true) => "UserAssigned".to_owned(),
        (false, false) => "None".to_owned(),
    }
}

/// What has to be sent to turn one into the other.
pub(crate) fn shape(verb: Verb, live: &Value, target: &Value) -> Shape {
    match verb {
        Verb::Patch => Shape::Patch(patch(live, target)),
        Verb::Put => Shape::Put(put(target)),
    }
}

/// What would be sent by a write that changes what stands at these pointers, but for the texts there.
pub(crate) fn would_send(verb: Verb, live: &Value, pointers: &[&str]) -> Value {
    let mut target = live.clone();
    for pointer in pointers {
        if let Some(Value::String(text)) = target.pointer_mut(pointer) {
            text.push('~');
        }
    }
    match shape(verb, live, &target) {
        Shape::Patch(body) | Shape::Put(body) => body,
    }
}

fn patch(live: &Value, target: &Value) -> Value {
    let without = |value: &Value| {
        let mut value = value.clone();
        value.as_object_mut().map(|members| members.remove("identity"));
        value
    };
    let mut body = difference(&without(live), &without(target)).unwrap_or_else(|| json!({}));
    let (before, after) = (identities(live), identities(target));
    let gone = before.iter().filter(|k| !after.contains(k)).map(|k| (k.to_string(), Value::Null));
    let come = after.iter().filter(|k| !before.contains(k)).map(|k| (k.to_string(), json!({})));
    let changes: Map<String, Value> = gone.chain(come).collect();
    if !changes.is_empty() {
        let whole = writes::row(kind_of(target)).is_some_and(|row| row.whole_set);
        let all = || after.iter().map(|k| (k.to_string(), json!({}))).collect();
        let map = if whole { all() } else { changes };
        let kind = &target["identity"]["type"];
        // Without any left, some providers take only the type.
        body["identity"] = if after.is_empty() && kind == "None" {
            json!({"type": kind, "userAssignedIdentities": null})
        } else {
            json!({"type": kind, "userAssignedIdentities": map})
        };
    }
    let kind = &target["identity"]["type"];
    if body.get("identity").is_none() && !kind.is_null() && *kind != live["identity"]["type"] {
        body["identity"] = json!({ "type": kind });
    }
    with_required(kind_of(target), target, &mut body);
    body
}

/// The type that a resource says that it is.
fn kind_of(resource: &Value) -> &str {
    resource["type"].as_str().unwrap_or_default()
}

/// A JSON merge patch (RFC 7396) from one value to the other; arrays are sent whole.
fn difference(from: &Value, to: &Value) -> Option<Value> {
    if from == to {
        return None;
    }
    let (Some(left), Some(right)) = (from.as_object(), to.as_object()) else { return Some(to.clone()) };
    let gone = left.keys().filter(|k| !right.contains_key(*k)).map(|k| (k.clone(), Value::Null));
    let changed = right.iter().filter_map(|(key, to)| match left.get(key) {
        Some(from) => Some((key.clone(), difference(from, to)?)),
        None => Some((key.clone(), to.clone())),
    });
    Some(Value::Object(gone.chain(changed).collect()))
}

/// What Azure gives and does not take back.
const READ_ONLY: [&str; 5] = ["id", "name", "type", "etag", "systemData"];

fn put(target: &Value) -> Value {
    let mut body = target.clone();
    if let Some(members) = body.as_object_mut() {
        READ_ONLY.iter().for_each(|name| {
            members.remove(*name);
        });
    }
    without_computed(kind_of(target), &mut body);
    if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
        properties.remove("provisioningState");
    }
    if let Some(identity) = body.get_mut("identity").and_then(Value::as_object_mut) {
        identity.remove("principalId");
        identity.remove("tenantId");
    }
    if let Some(map) = body.pointer_mut(MAP).and_then(Value::as_object_mut) {
        map.values_mut().for_each(|value| *value = json!({}));
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const OLD: &str =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/old";
    const NEW: &str =
        "/subscriptions/s/resourceGroups/h/providers/Microsoft.ManagedIdentity/userAssignedIdentities/new";

    fn input(attach: &[&str], detach: &[&str], pointers: &[&str]) -> HostInput {
        HostInput {
            id: "/host".into(),
            api_version: "1".to_owned(),
            verb: Verb::Patch,
            leaves: Vec::new().into(),
            shared: false,
            attach: attach.iter().map(|s| ResourceId::from(*s)).collect(),
            detach: detach.iter().map(|s| ResourceId::from(*s)).collect(),
            replace: vec![Pair { from: OLD.to_owned(), to: NEW.into() }],
            pointers: pointers.iter().map(|s| (*s).to_owned()).collect(),
        }
    }

    fn before(live: &Value, input: &HostInput) -> HostBefore {
        let (_, changes) = rewrite_at(live, &input.replace, &input.pointers);
        let splices: BTreeMap<_, _> =
            changes.iter().map(|c| (c.pointer.clone(), Splice::of(&c.before, &c.after))).collect();
        let identity_type = live.pointer("/identity/type").and_then(Value::as_str).unwrap_or_default();
        HostBefore {
            attached: identities(live),
            identity_type: identity_type.to_owned(),
            splices,
            rest: None,
        }
    }

    fn host() -> Value {
        json!({
            "id": "/host", "identity": {"type": "SystemAssigned,UserAssigned", "principalId": "p",
                "userAssignedIdentities": {OLD.to_uppercase(): {"clientId": "c"}, "/other": {"clientId": "d"}}},
            "properties": {"list": [{"identity": OLD.to_uppercase()}, 1], "kept": "x"},
        })
    }

    #[test]
    fn a_swap_changes_exactly_our_places_and_the_way_back_gives_every_byte() {
        let (live, input) = (host(), input(&[NEW], &[OLD], &["/properties/list/0/identity"]));
        let before = before(&live, &input);
        assert_eq!(parts(&live, &input, &before), Ok(Parts::None));
        let target = forward(&live, &input, &before).expect("nobody changed it");
        assert_eq!(parts(&target, &input, &before), Ok(Parts::All));
        let Shape::Patch(body) = shape(Verb::Patch, &live, &target) else { panic!("a patch") };
        assert_eq!(body["identity"]["userAssignedIdentities"], json!({OLD.to_uppercase(): null, NEW: {}}));
        assert_eq!(body["identity"]["type"], "SystemAssigned,UserAssigned");
        assert_eq!(body["properties"], json!({"list": [{"identity": NEW}, 1]}));
        let mut back = backward(&target, &input, &before).expect("nobody changed it");
        back["identity"]["userAssignedIdentities"][OLD.to_uppercase()] = json!({"clientId": "c"});
        assert_eq!(back, live);
    }

    #[test]
    fn a_strangers_change_elsewhere_stays_and_one_in_our_place_is_shown() {
        let (live, input) = (host(), input(&[NEW], &[], &["/properties/list/0/identity"]));
        let before = before(&live, &input);
        let mut changed = forward(&live, &input, &before).expect("nobody changed it");
        changed["properties"]["kept"] = json!("theirs");
        changed["identity"]["userAssignedIdentities"]["/theirs"] = json!({});
        let back = backward(&changed, &input, &before).expect("our places are as we left them");
        assert_eq!(back["properties"]["kept"], "theirs");
        let back = identities(&back);
        assert!(back.contains(&"/theirs".into()) && !back.contains(&NEW.into()));
        changed["properties"]["list"][0]["identity"] = json!("/somebody/elses");
        let shown = backward(&changed, &input, &before).expect_err("it is not ours any more");
        assert_eq!(shown.fact, "/host#/properties/list/0/identity");
    }

    #[test]
    fn a_whole_resource_is_sent_without_what_azure_gives() {
        let (live, input) = (host(), input(&[NEW], &[], &[]));
        let target = forward(&live, &input, &before(&live, &input)).expect("nobody changed it");
        let Shape::Put(body) = shape(Verb::Put, &live, &target) else { panic!("a put") };
        assert!(body.get("id").is_none() && body["identity"].get("principalId").is_none());
        assert_eq!(body["identity"]["userAssignedIdentities"]["/other"], json!({}));
    }

    #[test]
    fn the_last_identity_leaves_a_type_without_users() {
        assert_eq!(type_text("SystemAssigned, UserAssigned", false), "SystemAssigned");
        assert_eq!(type_text("UserAssigned", false), "None");
        assert_eq!(type_text("", true), "UserAssigned");
        assert_eq!(type_text("SystemAssigned", true), "SystemAssigned, UserAssigned");
    }
}
