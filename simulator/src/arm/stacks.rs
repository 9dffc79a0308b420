//! ARM: deployment stacks: what a template makes, held together; and template specs, which only keep a template.
//!
//! Source: <https://learn.microsoft.com/rest/api/resources/deployment-stacks>

use super::deployments::{Send, Template};
use super::{poll, resources};
use crate::authorization::{Call, Objects};
use crate::http::{Reply, not_here};
use crate::objects::ArmPath;
use crate::world::World;
use serde_json::{Value, json};

const KIND: &str = "microsoft.resources/deploymentstacks";

/// Whether a lower-case type is one that this room answers for.
pub(super) fn owns(kind: &str) -> bool {
    kind == KIND || kind.starts_with("microsoft.resources/deploymentstacks/")
}

/// Answers a request about stacks.
pub(super) fn handle(world: &mut World, call: &Call<'_>, path: &ArmPath, send: Send<'_>) -> Reply {
    let verb = path.verb.as_deref().map(str::to_lowercase);
    match (call.method, verb.as_deref(), path.is_instance()) {
        // An estate has stacks as they were read, without their templates: those are written like any resource.
        ("PUT", None, true) if call.body.pointer("/properties/template").is_some_and(|t| !t.is_null()) => {
            put(world, call, path, send).unwrap_or_else(|refusal| refusal)
        }
        ("DELETE", None, true) => delete(world, call, path),
        ("POST", Some("exporttemplate"), _) => match world.get(path.parent_path()) {
            Some(found) => Reply::json(200, json!({"template": found.pointer("/properties/template")})),
            None => missing(&ArmPath::parse(path.parent_path())),
        },
        ("POST", Some("validate"), _) => match Template::read(world, call, path) {
            Ok(_) => {
                let at = path.parent_path();
                Reply::json(
                    200,
                    json!({"id": at, "name": at.rsplit('/').next(), "type": "Microsoft.Resources/deploymentStacks",
                    "properties": {"parameters": call.body["properties"]["parameters"], "validatedResources": []}}),
                )
            }
            Err(reply) => reply,
        },
        ("POST", Some(_), _) => not_here("this operation on a deployment stack"),
        ("GET", None, true) if world.get(call.path).is_none() => missing(path),
        _ => resources::handle(world, call, path),
    }
}

fn missing(path: &ArmPath) -> Reply {
    let message = format!("The deployment stack '{}' could not be found.", path.name());
    Reply::error(404, "DeploymentStackNotFound", &message)
}

fn put(world: &mut World, call: &Call<'_>, path: &ArmPath, send: Send<'_>) -> Result<Reply, Reply> {
    let before = world.get(call.path).cloned();
    let template = Template::read(world, call, path)?;
    let made = template.write(world, call, send).map_err(|(_, refusal)| refusal)?;
    let status = |one: Value| json!({"id": one["id"], "status": "managed", "denyStatus": "none"});
    let mut properties = call.body["properties"].clone();
    properties["resources"] = made.into_iter().map(status).collect();
    for name in ["detachedResources", "deletedResources", "failedResources"] {
        properties[name] = json!([]);
    }
    properties["provisioningState"] = Value::from("succeeded");
    let body = json!({"id": path.path, "name": path.name(), "type": "Microsoft.Resources/deploymentStacks",
        "location": call.body["location"], "tags": call.body["tags"], "properties": properties});
    world.put(call.path, body.clone());
    Ok(poll::started(world, call, path, if before.is_some() { 200 } else { 201 }, Some(body), false))
}

/// What a stack held stays behind, unless the client says otherwise.
fn delete(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Reply {
    let asked = |name: &str| call.query.get(name).is_some_and(|word| word.eq_ignore_ascii_case("delete"));
    if ["unmanageaction.resources", "unmanageaction.resourcegroups", "unmanageaction.managementgroups"]
        .into_iter()
        .any(asked)
    {
        return not_here("a deployment stack that is deleted with what it holds");
    }
    match world.remove(call.path) {
        Some(_) => poll::started(world, call, path, 202, None, true),
        None => Reply::empty(204),
    }
}
