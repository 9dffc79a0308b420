//! ARM: vaults that were deleted: they can be listed and purged, and until then their name is taken.
//!
//! Source: keyvault/2023-07-01 (`Vaults_ListDeleted`, `Vaults_GetDeleted`, `Vaults_PurgeDeleted`); recovery through
//! `createMode` is in the same description.

use super::poll;
use crate::authorization::{Call, Objects};
use crate::http::Reply;
use crate::objects::ArmPath;
use crate::world::World;
use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Value, json};

/// Types that leave something behind, and what it is called.
const KINDS: [(&str, &str); 2] = [
    ("microsoft.keyvault/vaults", "deletedVaults"),
    ("microsoft.keyvault/managedhsms", "deletedManagedHSMs"),
];
const VAULTS: &str = KINDS[0].0;

fn place(subscription: &str, region: &str, kind: &str, name: &str) -> String {
    format!("/subscriptions/{subscription}/providers/Microsoft.KeyVault/locations/{region}/{kind}/{name}")
}

/// Answers a question about deleted vaults; `None` for every other request.
pub(super) fn handle(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    let kind = path.kind.to_lowercase();
    let rest = kind.strip_prefix("microsoft.keyvault/")?;
    let one = |(_, deleted): &(&str, &str)| rest.contains(&deleted.to_lowercase());
    let deleted = KINDS.iter().find(|row| one(row)).map(|(_, deleted)| deleted.to_lowercase())?;
    let (all, purge) = (format!("locations/{deleted}"), format!("locations/{deleted}/purge"));
    match (call.method, rest, path.is_instance()) {
        ("GET", rest, false) if rest == deleted => {
            let all: Vec<Value> =
                world.of_type(&format!("microsoft.keyvault/{all}")).into_iter().cloned().collect();
            let mine = |one: &Value| {
                ArmPath::parse(one["id"].as_str().unwrap_or_default()).subscription().map(str::to_lowercase)
                    == path.subscription().map(str::to_lowercase)
            };
            let value: Vec<Value> = all.into_iter().filter(mine).collect();
            Some(Reply::json(200, json!({ "value": value })))
        }
        ("GET", rest, true) if rest == all => Some(match world.get(call.path) {
            Some(found) => Reply::json(200, found.clone()),
            None => missing(path.name()),
        }),
        ("POST", rest, _) if rest == purge => {
            let Some(found) = world.remove(path.parent_path()) else {
                return Some(missing(path.names.last().map(String::as_str).unwrap_or_default()));
            };
            drop(found);
            Some(poll::started(world, call, &ArmPath::parse(path.parent_path()), 202, None, true))
        }
        _ => None,
    }
}

fn missing(name: &str) -> Reply {
    Reply::error(
        404,
        "DeletedVaultNotFound",
        &format!("The specified deleted vault '{name}' does not exist."),
    )
}

/// Remembers a vault that goes.
pub(super) fn remember(world: &mut World, path: &ArmPath) {
    let Some((_, deleted)) = KINDS.iter().find(|(kind, _)| kind.eq_ignore_ascii_case(&path.kind)) else {
        return;
    };
    let Some(vault) = world.get(&path.path).cloned() else { return };
    let region = vault["location"].as_str().unwrap_or_default().replace(' ', "").to_lowercase();
    let id = place(path.subscription().unwrap_or_default(), &region, deleted, path.name());
    let now = world.now();
    let stamp = |days| (now + TimeDelta::days(days)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let body = json!({
        "id": id, "name": path.name(), "type": format!("Microsoft.KeyVault/{deleted}"),
        "properties": {"vaultId": vault["id"], "location": region, "tags": vault["tags"],
            "deletionDate": stamp(0), "scheduledPurgeDate": stamp(90)},
    });
    world.put(&id, body);
}

/// The refusal of a vault whose name a deleted one has; one that is recovered is there again.
pub(super) fn refused(world: &World, call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    if call.method != "PUT" || !path.kind.eq_ignore_ascii_case(VAULTS) || world.get(call.path).is_some() {
        return None;
    }
    let region = call.body["location"].as_str().unwrap_or_default().replace(' ', "").to_lowercase();
    world.get(&place(path.subscription()?, &region, KINDS[0].1, path.name()))?;
    if call.body.pointer("/properties/createMode").and_then(Value::as_str) == Some("recover") {
        return Some(crate::http::not_here("the recovery of a vault"));
    }
    let message = format!("A vault with the same name already exists in deleted state: '{}'.", path.name());
    Some(Reply::error(409, "ConflictError", &message))
}

/// What only the service says of a vault: where its data is.
pub(super) fn complete(path: &ArmPath, body: &mut Value) {
    let known = body.pointer("/properties/vaultUri").is_some_and(|uri| !uri.is_null());
    if path.kind.eq_ignore_ascii_case(VAULTS) && body["properties"].is_object() && !known {
        body["properties"]["vaultUri"] =
            Value::from(format!("https://{}.vault.azure.net/", path.name().to_lowercase()));
    }
}
