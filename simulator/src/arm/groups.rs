//! ARM: subscriptions, resource groups and what is in them, regions, tenants.

use super::{regions, resource_filter};
use crate::authorization::{Call, Objects};
use crate::http::{Reply, Request, not_here};
use crate::objects::{ArmPath, Key};
use crate::world::World;
use serde_json::{Value, json};

/// Azure's 404 where the subscription or the resource group of a path is not there.
pub(crate) fn missing(world: &World, call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    let subscription = path.subscription()?;
    if world.get(&format!("/subscriptions/{subscription}")).is_none() {
        let message = format!("The subscription '{subscription}' could not be found.");
        return Some(Reply::error(404, "SubscriptionNotFound", &message));
    }
    let group = path.group()?;
    let id = format!("/subscriptions/{subscription}/resourceGroups/{group}");
    let itself = path.path.eq_ignore_ascii_case(&id);
    if world.get(&id).is_none() && !(itself && matches!(call.method, "PUT" | "HEAD" | "DELETE")) {
        let message = format!("Resource group '{group}' could not be found.");
        return Some(Reply::error(404, "ResourceGroupNotFound", &message));
    }
    None
}

/// Answers what is not under a provider.
pub(crate) fn handle(world: &mut World, call: &Call<'_>, request: &Request) -> Reply {
    let refusal = |refusal| refusal;
    let parts: Vec<&str> = call.path.split('/').filter(|p| !p.is_empty()).collect();
    let lower: Vec<String> = parts.iter().map(|p| p.to_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    match (call.method, &lower[..]) {
        ("GET", ["tenants"]) => tenants(world),
        // This list alone has to say that there is no further page (resources/2022-12-01).
        ("GET", ["subscriptions"]) => {
            Reply::json(200, json!({"value": subscriptions(world), "nextLink": ""}))
        }
        ("GET", ["subscriptions", _]) => one(world, call.path),
        ("GET", ["subscriptions", _, "locations"]) => regions::locations(parts[1]),
        // Deployments have this path too, without their provider.
        ("GET", ["subscriptions", .., "deployments", _, "operations"]) => {
            super::deployments::operations_of(world, call.path)
        }
        ("GET", ["subscriptions", _, "resourcegroups"]) => {
            groups(world, call, parts[1]).unwrap_or_else(refusal)
        }
        (_, ["subscriptions", _, "tagnames", ..]) => super::tag_names::handle(world, call, &parts),
        ("GET", ["subscriptions", _, "resources"]) => {
            resources(world, call, &format!("/subscriptions/{}/", parts[1])).unwrap_or_else(refusal)
        }
        ("GET", ["subscriptions", _, "resourcegroups", group, "resources"]) => {
            resources(world, call, &format!("/subscriptions/{}/resourcegroups/{group}/", lower[1]))
                .unwrap_or_else(refusal)
        }
        ("GET", ["subscriptions", _, "resourcegroups", _]) => one(world, call.path),
        ("HEAD", ["subscriptions", _, "resourcegroups", _]) => {
            Reply::empty(if world.get(call.path).is_some() { 204 } else { 404 })
        }
        ("PUT", ["subscriptions", _, "resourcegroups", _]) => put(world, call, parts[1], parts[3]),
        ("PATCH", ["subscriptions", _, "resourcegroups", _]) => patch(world, call),
        ("DELETE", ["subscriptions", _, "resourcegroups", _]) => delete(world, call, request),
        ("GET" | "HEAD" | "POST", _) => not_here(&format!("{} {}", call.method, call.path)),
        _ => Reply::error(404, "InvalidResourceType", "There is no such resource type at this place."),
    }
}

fn one(world: &World, path: &str) -> Reply {
    match world.get(path) {
        Some(found) => Reply::json(200, found.clone()),
        None => Reply::error(404, "ResourceNotFound", &format!("The resource '{path}' was not found.")),
    }
}

fn list(value: Vec<Value>) -> Reply {
    Reply::json(200, json!({ "value": value }))
}

fn depth(object: &Value) -> usize {
    object["id"].as_str().unwrap_or_default().trim_matches('/').split('/').count()
}

/// All subscriptions.
pub(crate) fn subscriptions(world: &World) -> Vec<Value> {
    world
        .found_below(&Key::Kind(String::new()), "/subscriptions/")
        .into_iter()
        .filter(|o| depth(o) == 2)
        .cloned()
        .collect()
}

fn groups(world: &World, call: &Call<'_>, subscription: &str) -> Result<Reply, Reply> {
    let wanted = filter(call)?;
    let prefix = format!("/subscriptions/{}/resourcegroups/", subscription.to_lowercase());
    let fits = |o: &&Value| depth(o) == 4 && wanted.as_ref().is_none_or(|wanted| wanted.fits(o));
    let found = world.found_below(&Key::Kind(String::new()), &prefix).into_iter().filter(fits);
    Ok(list(found.cloned().collect()))
}

/// The filter of a list. The Azure CLI sends an empty one where it wants none.
fn filter(call: &Call<'_>) -> Result<Option<resource_filter::Filter>, Reply> {
    let asked = call.query.get("$filter").filter(|text| !text.trim().is_empty());
    asked.map(|text| resource_filter::parse(text)).transpose()
}

fn resources(world: &World, call: &Call<'_>, prefix: &str) -> Result<Reply, Reply> {
    let wanted = filter(call)?;
    let kind = |o: &Value| o["type"].as_str().unwrap_or_default().to_lowercase();
    let generic = |o: &&Value| {
        let kind = kind(o);
        !kind.is_empty()
            && !kind.starts_with("microsoft.authorization/")
            && !kind.starts_with("microsoft.resources/")
            // Only top-level resources are listed, as in Azure.
            && kind.split('/').count() == 2
            && wanted.as_ref().is_none_or(|wanted| wanted.fits(o))
    };
    let trim = |o: &Value| {
        let keep = [
            "id",
            "name",
            "type",
            "location",
            "tags",
            "kind",
            "sku",
            "identity",
            "managedBy",
            "plan",
            "zones",
        ];
        let members = o.as_object().into_iter().flatten().filter(|(k, _)| keep.contains(&k.as_str()));
        Value::Object(members.map(|(k, v)| (k.clone(), v.clone())).collect())
    };
    Ok(list(world.below(&prefix.to_lowercase()).into_iter().filter(generic).map(trim).collect()))
}

fn tenants(world: &World) -> Reply {
    let tenant = &world.settings.tenant;
    list(vec![json!({"id": format!("/tenants/{tenant}"), "tenantId": tenant, "displayName": "Local"})])
}

fn put(world: &mut World, call: &Call<'_>, subscription: &str, group: &str) -> Reply {
    let Some(location) = call.body["location"].as_str() else {
        let message = "The location property is required for this definition.";
        return Reply::error(400, "LocationRequired", message);
    };
    let before = world.get(call.path).cloned();
    if let Some(was) = before.as_ref().and_then(|b| b["location"].as_str())
        && !was.eq_ignore_ascii_case(location)
    {
        let message = format!(
            "Invalid resource group location '{location}'. The Resource group already exists in location '{was}'."
        );
        return Reply::error(409, "InvalidResourceGroupLocation", &message);
    }
    let body = json!({
        "id": format!("/subscriptions/{subscription}/resourceGroups/{group}"), "name": group,
        "type": "Microsoft.Resources/resourceGroups", "location": location,
        "tags": call.body.get("tags").cloned().unwrap_or_else(|| json!({})),
        "properties": {"provisioningState": "Succeeded"},
    });
    world.put(call.path, body.clone());
    Reply::json(if before.is_some() { 200 } else { 201 }, body)
}

fn patch(world: &mut World, call: &Call<'_>) -> Reply {
    let Some(mut group) = world.get(call.path).cloned() else { return one(world, call.path) };
    if let Some(tags) = call.body.get("tags") {
        group["tags"] = tags.clone();
    }
    world.put(call.path, group.clone());
    Reply::json(200, group)
}

fn delete(world: &mut World, call: &Call<'_>, _: &Request) -> Reply {
    if world.get(call.path).is_none() {
        let name = call.path.rsplit('/').next().unwrap_or_default();
        let message = format!("Resource group '{name}' could not be found.");
        return Reply::error(404, "ResourceGroupNotFound", &message);
    }
    let prefix = format!("{}/", crate::authorization::canonical(call.path));
    let inside: Vec<String> =
        world.below(&prefix).iter().filter_map(|o| o["id"].as_str().map(ToOwned::to_owned)).collect();
    for id in inside {
        super::msi::forget(world, &id);
        world.remove(&id);
    }
    world.remove(call.path);
    let path = ArmPath::parse(call.path);
    super::poll::started(world, call, &path, 202, None, true)
}
