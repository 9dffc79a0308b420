//! ARM: what is done to many resources of a group at once: their template, and moving them to another group.
//!
//! Sources: <https://learn.microsoft.com/rest/api/resources/resource-groups/export-template>,
//! <https://learn.microsoft.com/rest/api/resources/resources/move-resources>; which types can be moved:
//! <https://learn.microsoft.com/azure/azure-resource-manager/management/move-support-resources>

use super::poll;
use crate::authorization::{Call, Objects, canonical};
use crate::http::Reply;
use crate::objects::ArmPath;
use crate::world::World;
use serde_json::{Value, json};

/// Answers an action on a group; `None` for every other request.
pub(super) fn handle(world: &mut World, call: &Call<'_>) -> Option<Reply> {
    let (group, verb) = call.path.trim_end_matches('/').rsplit_once('/')?;
    let path = ArmPath::parse(group);
    if call.method != "POST" || !path.kind.is_empty() || path.group().is_none() {
        return None;
    }
    match verb.to_lowercase().as_str() {
        "exporttemplate" => Some(export(world, call, group)),
        "moveresources" => Some(moved(world, call, group, true)),
        "validatemoveresources" => Some(moved(world, call, group, false)),
        _ => None,
    }
}

/// The resources of a group as a template.
fn export(world: &World, call: &Call<'_>, group: &str) -> Reply {
    let asked: Vec<&str> =
        call.body["resources"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let prefix = format!("{}/", canonical(group));
    let wanted = |object: &&Value| {
        let id = object["id"].as_str().unwrap_or_default();
        let top = object["type"].as_str().is_some_and(|kind| kind.split('/').count() == 2);
        top && (asked.contains(&"*") || asked.iter().any(|one| canonical(one) == canonical(id)))
    };
    let part = |object: &Value| {
        let mut out = json!({"type": object["type"], "apiVersion": "2024-01-01", "name": object["name"]});
        for name in ["location", "tags", "sku", "kind", "identity", "properties"] {
            if let Some(value) = object.get(name) {
                out[name] = value.clone();
            }
        }
        out
    };
    let resources: Vec<Value> = world.below(&prefix).into_iter().filter(wanted).map(part).collect();
    Reply::json(
        200,
        json!({"template": {
            "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
            "contentVersion": "1.0.0.0", "parameters": {}, "variables": {}, "resources": resources,
        }}),
    )
}

/// Moves resources with everything below them; roles that are assigned on them stay behind, as in Azure.
fn moved(world: &mut World, call: &Call<'_>, group: &str, really: bool) -> Reply {
    let Some(target) = call.body["targetResourceGroup"].as_str() else {
        return Reply::error(400, "InvalidRequestContent", "The target resource group is missing.");
    };
    if world.get(target).is_none() {
        return Reply::error(404, "ResourceGroupNotFound", "The target resource group could not be found.");
    }
    let ids: Vec<String> = call.body["resources"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(canonical)
        .collect();
    for id in &ids {
        let path = ArmPath::parse(id);
        if world.get(id).is_none() || !id.starts_with(&format!("{}/", canonical(group))) {
            return super::answers::not_found(&path);
        }
        if path.kind.eq_ignore_ascii_case("Microsoft.ManagedIdentity/userAssignedIdentities") {
            let message = "Resource move is not supported for resource types 'Microsoft.ManagedIdentity/userAssignedIdentities'.";
            return Reply::error(400, "ResourceMoveNotSupported", message);
        }
    }
    if really {
        for id in &ids {
            carry(world, id, group, target);
        }
    }
    poll::started(world, call, &ArmPath::parse(group), 202, None, true)
}

fn carry(world: &mut World, id: &str, group: &str, target: &str) {
    let inside = world.below(&format!("{id}/")).into_iter();
    let stays = |object: &&Value| !object["id"].as_str().is_some_and(super::extensions::outlives);
    let mut all: Vec<Value> = inside.filter(stays).cloned().collect();
    all.extend(world.get(id).cloned());
    for mut object in all {
        let old = object["id"].as_str().unwrap_or_default().to_owned();
        world.remove(&old);
        let new = format!("{target}{}", old.get(group.len()..).unwrap_or_default());
        object["id"] = Value::from(new.clone());
        world.put(&new, object);
    }
}
