//! ARM: deployments of small templates: their resources are written one after the other, each as if the client had sent
//! it. What a template asks for and this Azure does not play is refused as a whole, before anything is written.
//!
//! Sources: <https://learn.microsoft.com/rest/api/resources/deployments>,
//! <https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax>

use super::authorization::{self, Call, Objects};
use super::id::ArmPath;
use super::template::Scope;
use super::{poll, resources};
use crate::http::{Reply, Request, not_here};
use crate::world::World;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The type, in lower case.
pub(super) const KIND: &str = "microsoft.resources/deployments";

/// What a resource of a template may say; anything else is not played.
const MEMBERS: [&str; 17] = [
    "type",
    "apiVersion",
    "name",
    "location",
    "tags",
    "sku",
    "kind",
    "identity",
    "properties",
    "dependsOn",
    "condition",
    "comments",
    "zones",
    "plan",
    "scope",
    "metadata",
    "managedBy",
];

/// One resource as it will be written.
struct Piece {
    path: String,
    version: String,
    body: Value,
}

/// Answers a request about deployments.
pub(super) fn handle(world: &mut World, call: &Call<'_>, path: &ArmPath, request: &Request) -> Reply {
    let verb = path.verb.as_deref().map(str::to_lowercase);
    match (call.method, verb.as_deref(), path.is_instance()) {
        ("PUT", None, true) => deploy(world, call, path, request),
        ("POST", Some("validate"), _) => match pieces(world, call, path) {
            Ok(_) => Reply::json(200, record(call, path.parent_path(), "Succeeded", json!([]))),
            Err(reply) => reply,
        },
        ("GET", Some("operations"), _) => operations(world, path),
        ("POST", Some("exporttemplate"), _) => match world.get(path.parent_path()) {
            Some(found) => Reply::json(200, json!({"template": found.pointer("/properties/template")})),
            None => resources::not_found(&ArmPath::parse(path.parent_path())),
        },
        ("GET", None, _) | ("HEAD" | "DELETE", None, true) => resources::handle(world, call, path),
        ("PATCH", None, _) => resources::no_method(call),
        _ => not_here("this operation on a deployment"),
    }
}

fn deploy(world: &mut World, call: &Call<'_>, path: &ArmPath, request: &Request) -> Reply {
    let pieces = match pieces(world, call, path) {
        Ok(pieces) => pieces,
        Err(reply) => return reply,
    };
    let mut made = Vec::new();
    for piece in &pieces {
        let reply = write(world, call, piece, request);
        if reply.status >= 300 {
            let message = "At least one resource deployment operation failed. Please list deployment operations for details.";
            let error = json!({"error": {"code": "DeploymentFailed", "message": message,
                "details": [reply.body.as_ref().map(|body| body["error"].clone())]}});
            let failed = record(call, &path.path, "Failed", json!(made));
            world.put(&path.path, failed);
            return Reply::json(reply.status, error);
        }
        made.push(json!({"id": piece.path}));
    }
    let done = record(call, &path.path, "Succeeded", json!(made));
    world.put(&path.path, done.clone());
    let mut shown = done;
    shown["properties"]["provisioningState"] = Value::from("Accepted");
    poll::started(world, call, path, 201, Some(shown), false)
}

/// One resource, with the rights of the caller.
fn write(world: &mut World, call: &Call<'_>, piece: &Piece, request: &Request) -> Reply {
    let query = BTreeMap::from([("api-version".to_owned(), piece.version.clone())]);
    let (action, scope) = authorization::needed("PUT", &piece.path);
    if let Err(answer) = authorization::authorize(world, call.caller, &action, &scope, call.now) {
        return answer.into();
    }
    let one = Call { method: "PUT", path: &piece.path, query: &query, body: &piece.body, ..*call };
    super::answer(world, &one, request)
}

fn record(call: &Call<'_>, id: &str, state: &str, outputs: Value) -> Value {
    let given = &call.body["properties"];
    json!({
        "id": id, "name": id.rsplit('/').next(), "type": "Microsoft.Resources/deployments",
        "properties": {"provisioningState": state, "mode": given["mode"], "parameters": given["parameters"],
            "template": given["template"], "timestamp": call.now.to_rfc3339(), "outputResources": outputs,
            "outputs": {}, "dependencies": [], "providers": []},
    })
}

fn operations(world: &World, path: &ArmPath) -> Reply {
    let Some(deployment) = world.get(path.parent_path()) else {
        return resources::not_found(&ArmPath::parse(path.parent_path()));
    };
    let made = deployment.pointer("/properties/outputResources").and_then(Value::as_array);
    let one = |(n, resource): (usize, &Value)| {
        json!({"id": format!("{}/{n}", path.path), "operationId": n.to_string(), "properties": {
            "provisioningOperation": "Create", "provisioningState": "Succeeded",
            "targetResource": {"id": resource["id"]}}})
    };
    let value: Vec<Value> = made.into_iter().flatten().enumerate().map(one).collect();
    Reply::json(200, json!({ "value": value }))
}

/// What a deployment would write, in the order in which it can be written.
fn pieces(world: &World, call: &Call<'_>, path: &ArmPath) -> Result<Vec<Piece>, Reply> {
    let given = &call.body["properties"];
    let Some(template) = given["template"].as_object() else {
        return Err(not_here("a deployment without the template itself"));
    };
    if !given["mode"].as_str().is_some_and(|mode| mode.eq_ignore_ascii_case("Incremental")) {
        return Err(not_here("a deployment in another mode than Incremental"));
    }
    if template.get("outputs").and_then(Value::as_object).is_some_and(|outputs| !outputs.is_empty()) {
        return Err(not_here("a template with outputs"));
    }
    let nothing = Map::new();
    let subscription = path.subscription().and_then(|id| world.get(&format!("/subscriptions/{id}")));
    let scope = Scope {
        parameters: &parameters(template, &given["parameters"]),
        variables: template.get("variables").and_then(Value::as_object).unwrap_or(&nothing),
        group: path.group().and_then(|_| world.get(&path.scope)).unwrap_or(&Value::Null),
        subscription: subscription.unwrap_or(&Value::Null),
    };
    let listed: Vec<&Value> = match template.get("resources") {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(Value::Object(items)) => items.values().collect(),
        _ => Vec::new(),
    };
    let mut pieces = Vec::new();
    for resource in listed {
        pieces.extend(piece(&scope, resource, &path.scope)?);
    }
    // A child is longer than its parent, and nothing else here waits for another.
    pieces.sort_by_key(|piece: &Piece| piece.path.split('/').count());
    Ok(pieces)
}

fn parameters(template: &Map<String, Value>, given: &Value) -> Map<String, Value> {
    let declared = template.get("parameters").and_then(Value::as_object).into_iter().flatten();
    let value = |(name, about): (&String, &Value)| {
        let value = given[name.as_str()].get("value").or_else(|| about.get("defaultValue"))?;
        Some((name.clone(), value.clone()))
    };
    declared.filter_map(value).collect()
}

fn piece(scope: &Scope<'_>, resource: &Value, at: &str) -> Result<Option<Piece>, Reply> {
    let unknown = resource.as_object().into_iter().flatten().map(|(name, _)| name);
    if let Some(name) = unknown.into_iter().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(not_here(&format!("'{name}' in a template's resource")));
    }
    let whole = scope.resolve(resource).map_err(|what| not_here(&what))?;
    if whole.get("condition").is_some_and(|condition| condition != &Value::from(true)) {
        return Ok(None);
    }
    let text = |name: &str| whole[name].as_str().unwrap_or_default();
    let (kind, name) = (text("type"), text("name"));
    let at = if text("scope").is_empty() { at } else { text("scope") };
    let Some(path) = placed(at, kind, name) else {
        let message = format!(
            "Deployment template validation failed: the name '{name}' does not fit the type '{kind}'."
        );
        return Err(Reply::error(400, "InvalidTemplate", &message));
    };
    let mut body = whole.clone();
    for gone in ["type", "apiVersion", "name", "dependsOn", "condition", "comments", "scope", "metadata"] {
        body.as_object_mut().map(|members| members.remove(gone));
    }
    Ok(Some(Piece { path, version: text("apiVersion").to_owned(), body }))
}

/// The id of what a template calls by type and name, each with as many parts as the other.
fn placed(scope: &str, kind: &str, name: &str) -> Option<String> {
    let (namespace, types) = kind.split_once('/')?;
    let (types, names): (Vec<&str>, Vec<&str>) = (types.split('/').collect(), name.split('/').collect());
    if types.len() != names.len() || names.iter().any(|name| name.is_empty()) {
        return None;
    }
    let pairs: String = types.iter().zip(names).map(|(kind, name)| format!("/{kind}/{name}")).collect();
    Some(format!("{scope}/providers/{namespace}{pairs}"))
}
