//! Activities: a key vault but for one entry of its access policies, in a form in which each entry of others has a place of
//! its own. Pure.

use crate::references::rest::{Lens, Rest, Spill};
use crate::references::settings_key::SettingsKey;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What was there before, as the log has it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Image {
    /// The whole vault.
    Vault { vault: Rest },
    /// What it allows others; logs of older programs have only that.
    Policies(Rest),
}

/// What the pointers of entries begin with.
const ENTRIES: &str = "/properties/accessPolicies/";

/// All permissions as `secrets/get`, without case.
pub(crate) fn flat(permissions: &Value) -> BTreeSet<String> {
    let kinds = permissions.as_object().into_iter().flatten();
    kinds
        .flat_map(|(kind, list)| {
            let list = list.as_array().into_iter().flatten().filter_map(Value::as_str);
            list.map(move |p| format!("{kind}/{p}").to_lowercase())
        })
        .collect()
}

/// Whose entry it is: tenant, object and application.
fn holder(entry: &Value) -> String {
    let text = |name: &str| entry[name].as_str().unwrap_or_default().to_lowercase();
    format!("{} {} {}", text("tenantId"), text("objectId"), text("applicationId"))
}

/// The vault without one entry, and the others' entries alone.
pub(crate) fn image(vault: &Value, key: &SettingsKey, is_mine: impl Fn(&Value) -> bool) -> (Rest, Rest) {
    let entries = vault.pointer("/properties/accessPolicies").and_then(Value::as_array);
    let others = entries.into_iter().flatten().filter(|entry| !is_mine(entry));
    let others: Map<String, Value> =
        others.map(|entry| (holder(entry), json!(flat(&entry["permissions"])))).collect();
    let mut plain = vault.clone();
    if let Some(place) = plain.pointer_mut("/properties/accessPolicies") {
        *place = Value::Object(others.clone());
    }
    let id = vault["id"].as_str().unwrap_or_default();
    let rest = Rest::of(&plain, &Lens { key, id, places: &[], identities: Vec::new() });
    (rest, Rest::of_values(others.into_iter()))
}

/// Whose entry a place is, in the image or in that of an older log.
fn holder_of(spill: &Spill) -> Option<&str> {
    let name = spill.pointer.strip_prefix(ENTRIES).or_else(|| spill.pointer.strip_prefix('/'))?;
    name.contains(' ').then_some(name)
}

/// Whether it is told as older logs tell it.
pub(crate) fn is_of_before(spill: &Spill) -> bool {
    holder_of(spill).is_some() && !spill.pointer.starts_with(ENTRIES)
}

/// Whether it is about somebody's entry.
pub(crate) fn is_entry(spill: &Spill) -> bool {
    holder_of(spill).is_some()
}

/// What a write has taken out of somebody's entry, as it can be added again; what came into one is told only.
pub(crate) fn entry_of(lost: &Spill) -> Option<Value> {
    let mut names = holder_of(lost)?.split(' ');
    let (tenant, object, application) = (names.next()?, names.next()?, names.next().unwrap_or_default());
    let list = |side: &Option<Value>| -> BTreeSet<String> {
        let items = side.as_ref().and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|one| one.as_str().map(ToOwned::to_owned)).collect()
    };
    let (was, now) = (list(&lost.was), list(&lost.now));
    let gone: Vec<&str> = was.difference(&now).map(String::as_str).collect();
    let mut permissions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (kind, permission) in gone.iter().filter_map(|one| one.split_once('/')) {
        permissions.entry(kind).or_default().push(permission);
    }
    let mut entry = json!({"tenantId": tenant, "objectId": object, "permissions": permissions});
    if !application.is_empty() {
        entry["applicationId"] = json!(application);
    }
    (!gone.is_empty()).then_some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_entry_has_a_place_of_its_own_and_what_it_lost_can_be_added_again() {
        let entry = |who: &str, secrets: Value| json!({"tenantId": "T", "objectId": who, "permissions": {"secrets": secrets}});
        let vault = |entries: Value, mode: &str| json!({"id": "/kv", "properties": {"accessPolicies": entries, "publicNetworkAccess": mode}});
        let key = SettingsKey::new([7; 32]);
        let of = |entries: Value, mode: &str| {
            image(&vault(entries, mode), &key, |entry| entry["objectId"] == "mine").0
        };
        let was = of(
            json!([
                entry("mine", json!(["get"])),
                entry("A", json!(["Get", "list"])),
                entry("b", json!(["get"]))
            ]),
            "Disabled",
        );
        let spilt = was.spilt(&of(json!([entry("a", json!(["get", "set"]))]), "Enabled"));
        let at: Vec<&str> = spilt.iter().map(|spill| spill.pointer.as_str()).collect();
        assert_eq!(
            at,
            [
                "/properties/accessPolicies/t a ",
                "/properties/accessPolicies/t b ",
                "/properties/publicNetworkAccess"
            ]
        );
        assert_eq!(
            entry_of(&spilt[0]),
            Some(json!({"tenantId": "t", "objectId": "a", "permissions": {"secrets": ["list"]}}))
        );
        assert_eq!(
            entry_of(&spilt[1]),
            Some(json!({"tenantId": "t", "objectId": "b", "permissions": {"secrets": ["get"]}}))
        );
        assert_eq!((entry_of(&spilt[2]), is_entry(&spilt[2]), is_entry(&spilt[0])), (None, false, true));
        let old = Rest::of_values([("t b ".to_owned(), json!(["secrets/get"]))].into_iter());
        let spilt = old.spilt(&Rest::of_values(std::iter::empty()));
        assert!(entry_of(&spilt[0]).is_some() && is_entry(&spilt[0]), "as older logs have it");
    }
}
