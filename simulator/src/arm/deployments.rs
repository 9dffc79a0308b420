//! ARM: deployments of small templates: their resources are written one after the other, each as if the client had sent
//! it. What a template asks for and this Azure does not play is refused as a whole, before anything is written.
//!
//! Sources: <https://learn.microsoft.com/rest/api/resources/deployments>,
//! <https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax>

use super::template::{NOT_THERE, Scope};
use super::{answers, poll, resources};
use crate::authorization::{self, Call, Objects};
use crate::http::{Reply, not_here};
use crate::objects::ArmPath;
use crate::world::World;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What writes a resource of a template: the way of every request.
pub(super) type Send<'a> = &'a dyn Fn(&mut World, &Call<'_>) -> Reply;

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

/// One resource that will be written; what it says is worked out when its turn comes, as it may refer to those before.
pub(super) struct Piece {
    pub(super) path: String,
    version: String,
    raw: Value,
}

/// A template with its parameters, at the scope that it is deployed to.
pub(super) struct Template {
    variables: Map<String, Value>,
    parameters: Map<String, Value>,
    outputs: Map<String, Value>,
    group: Value,
    subscription: Value,
    pub(super) pieces: Vec<Piece>,
}

/// Answers a request about deployments.
pub(super) fn handle(world: &mut World, call: &Call<'_>, path: &ArmPath, send: Send<'_>) -> Reply {
    let verb = path.verb.as_deref().map(str::to_lowercase);
    match (call.method, verb.as_deref(), path.is_instance()) {
        ("PUT", None, true) => deploy(world, call, path, send).unwrap_or_else(|refusal| refusal),
        ("POST", Some("validate"), _) => match Template::read(world, call, path) {
            Ok(_) => Reply::json(200, record(call, path.parent_path(), "Succeeded", json!([]), json!({}))),
            Err(reply) => reply,
        },
        ("POST", Some("whatif"), _) => Template::read(world, call, path)
            .map_or_else(|refusal| refusal, |template| template.foretell(world)),
        ("POST", Some("cancel"), _) => match world.get(path.parent_path()) {
            Some(_) => {
                let message =
                    "The deployment cannot be cancelled: it has reached a terminal provisioning state.";
                Reply::error(409, "DeploymentCannotBeCancelled", message)
            }
            None => missing(&ArmPath::parse(path.parent_path())),
        },
        ("GET", Some("operations"), _) => operations_of(world, call.path),
        ("POST", Some("exporttemplate"), _) => match world.get(path.parent_path()) {
            Some(found) => Reply::json(200, json!({"template": found.pointer("/properties/template")})),
            None => missing(&ArmPath::parse(path.parent_path())),
        },
        ("GET", None, true) if world.get(call.path).is_none() => missing(path),
        ("GET", None, _) | ("HEAD", None, true) => resources::handle(world, call, path),
        ("DELETE", None, true) => match world.remove(call.path) {
            Some(_) => poll::started(world, call, path, 202, None, true),
            None => Reply::empty(204),
        },
        ("PATCH", None, _) => answers::no_method(call),
        _ => not_here("this operation on a deployment"),
    }
}

fn missing(path: &ArmPath) -> Reply {
    let message = format!("Deployment '{}' could not be found.", path.name());
    Reply::error(404, "DeploymentNotFound", &message)
}

fn deploy(world: &mut World, call: &Call<'_>, path: &ArmPath, send: Send<'_>) -> Result<Reply, Reply> {
    let template = Template::read(world, call, path)?;
    let made = match template.write(world, call, send) {
        Ok(made) => made,
        Err((made, error)) => {
            let message = "At least one resource deployment operation failed. Please list deployment operations for details.";
            let failed = record(call, &path.path, "Failed", json!(made), json!({}));
            world.put(&path.path, failed);
            let details = [error.body.as_ref().map(|body| body["error"].clone())];
            let body = json!({"error": {"code": "DeploymentFailed", "message": message, "details": details}});
            return Err(Reply::json(error.status, body));
        }
    };
    let outputs = template.outputs(world)?;
    let done = record(call, &path.path, "Succeeded", json!(made), outputs);
    world.put(&path.path, done.clone());
    let mut shown = done;
    shown["properties"]["provisioningState"] = Value::from("Accepted");
    Ok(poll::started(world, call, path, 201, Some(shown), false))
}

fn record(call: &Call<'_>, id: &str, state: &str, made: Value, outputs: Value) -> Value {
    let given = &call.body["properties"];
    json!({
        "id": id, "name": id.rsplit('/').next(), "type": "Microsoft.Resources/deployments", "location": call.body["location"],
        "properties": {"provisioningState": state, "mode": given["mode"], "parameters": given["parameters"],
            "template": given["template"], "timestamp": call.now.to_rfc3339(), "duration": "PT1S",
            "correlationId": uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, id.as_bytes()).to_string(),
            "outputResources": made, "outputs": outputs, "dependencies": [], "providers": []},
    })
}

/// What a deployment did, by the path of its operations, with its provider or without.
pub(super) fn operations_of(world: &World, path: &str) -> Reply {
    let at = path.rsplit_once('/').map_or(path, |(at, _)| at);
    let (scope, name) = at.rsplit_once('/').unwrap_or((at, ""));
    let scope = scope.rsplit_once('/').map_or(scope, |(scope, _)| scope);
    let scope = scope.strip_suffix("/providers/Microsoft.Resources").unwrap_or(scope);
    let id = format!("{scope}/providers/Microsoft.Resources/deployments/{name}");
    let Some(deployment) = world.get(&id) else { return missing(&ArmPath::parse(&id)) };
    let made = deployment.pointer("/properties/outputResources").and_then(Value::as_array);
    let one = |(n, resource): (usize, &Value)| {
        let id = resource["id"].as_str().unwrap_or_default();
        let target = ArmPath::parse(id);
        json!({"id": format!("{path}/{n}"), "operationId": n.to_string(), "properties": {
            "provisioningOperation": "Create", "provisioningState": "Succeeded", "statusCode": "OK",
            "targetResource": {"id": id, "resourceType": target.kind, "resourceName": target.full_name()}}})
    };
    let value: Vec<Value> = made.into_iter().flatten().enumerate().map(one).collect();
    Reply::json(200, json!({ "value": value }))
}

impl Template {
    /// What a deployment would write, in the order in which it can be written.
    pub(super) fn read(world: &World, call: &Call<'_>, path: &ArmPath) -> Result<Self, Reply> {
        let given = &call.body["properties"];
        let Some(template) = given["template"].as_object() else {
            return Err(not_here("a deployment without the template itself"));
        };
        if given["mode"].as_str().is_some_and(|mode| !mode.eq_ignore_ascii_case("Incremental")) {
            return Err(not_here("a deployment in another mode than Incremental"));
        }
        let of = |name: &str| template.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
        let subscription = path.subscription().and_then(|id| world.get(&format!("/subscriptions/{id}")));
        let mut read = Self {
            variables: of("variables"),
            parameters: parameters(template, &given["parameters"]),
            outputs: of("outputs"),
            group: path.group().and_then(|_| world.get(&path.scope)).cloned().unwrap_or_default(),
            subscription: subscription.cloned().unwrap_or_default(),
            pieces: Vec::new(),
        };
        let listed: Vec<&Value> = match template.get("resources") {
            Some(Value::Array(items)) => items.iter().collect(),
            Some(Value::Object(items)) => items.values().collect(),
            _ => Vec::new(),
        };
        for resource in listed {
            let piece = read.piece(world, resource, &path.scope)?;
            read.pieces.extend(piece);
        }
        // A child is longer than its parent, and whatever refers to another comes behind it.
        let refers = |piece: &Piece| piece.raw.to_string().to_lowercase().contains("reference(");
        read.pieces.sort_by_key(|piece| (refers(piece), piece.path.split('/').count()));
        let outputs = Value::Object(read.outputs.clone());
        for said in read.pieces.iter().map(|piece| &piece.raw).chain([&outputs]) {
            if let Err(what) = read.resolve(world, said)
                && !read.makes(&what)
            {
                return Err(not_here(&what));
            }
        }
        Ok(read)
    }

    /// Whether what could not be worked out is a reference to something that the template itself makes.
    fn makes(&self, what: &str) -> bool {
        let Some(name) = what.strip_prefix(NOT_THERE).map(|name| name.trim().to_lowercase()) else {
            return false;
        };
        self.pieces.iter().any(|piece| {
            let path = piece.path.to_lowercase();
            path == name || path.ends_with(&format!("/{name}"))
        })
    }

    fn resolve(&self, world: &World, value: &Value) -> Result<Value, String> {
        let there = |what: &str| {
            let ends = format!("/{}", what.to_lowercase());
            let own = self.pieces.iter().map(|piece| piece.path.as_str());
            let id = if what.starts_with('/') {
                Some(what)
            } else {
                own.into_iter().find(|id| id.to_lowercase().ends_with(&ends))
            };
            id.and_then(|id| world.get(id)).cloned()
        };
        let scope = Scope {
            parameters: &self.parameters,
            variables: &self.variables,
            group: &self.group,
            subscription: &self.subscription,
            there: &there,
        };
        scope.resolve(value)
    }

    fn piece(&self, world: &World, resource: &Value, at: &str) -> Result<Option<Piece>, Reply> {
        let mut unknown = resource.as_object().into_iter().flatten().map(|(name, _)| name);
        if let Some(name) = unknown.find(|name| !MEMBERS.contains(&name.as_str())) {
            return Err(not_here(&format!("'{name}' in a template's resource")));
        }
        let mut head = Map::new();
        for name in ["type", "apiVersion", "name", "scope", "condition"] {
            if let Some(value) = resource.get(name) {
                head.insert(name.to_owned(), value.clone());
            }
        }
        let head = self.resolve(world, &Value::Object(head)).map_err(|what| not_here(&what))?;
        if head.get("condition").is_some_and(|condition| condition != &Value::from(true)) {
            return Ok(None);
        }
        let text = |name: &str| head[name].as_str().unwrap_or_default();
        let (kind, name) = (text("type"), text("name"));
        let at = if text("scope").is_empty() { at } else { text("scope") };
        let group = kind.eq_ignore_ascii_case("Microsoft.Resources/resourceGroups") && !name.is_empty();
        let path = if group { Some(format!("{at}/resourceGroups/{name}")) } else { placed(at, kind, name) };
        let Some(path) = path else {
            let message = format!(
                "Deployment template validation failed: the name '{name}' does not fit the type '{kind}'."
            );
            return Err(Reply::error(400, "InvalidTemplate", &message));
        };
        let mut raw = resource.clone();
        for gone in ["type", "apiVersion", "name", "dependsOn", "condition", "comments", "scope", "metadata"]
        {
            raw.as_object_mut().map(|members| members.remove(gone));
        }
        Ok(Some(Piece { path, version: text("apiVersion").to_owned(), raw }))
    }

    /// Writes each resource with the rights of the caller: the ids, or those before the one that failed and its answer.
    pub(super) fn write(
        &self,
        world: &mut World,
        call: &Call<'_>,
        send: Send<'_>,
    ) -> Result<Vec<Value>, (Vec<Value>, Reply)> {
        let mut made = Vec::new();
        for piece in &self.pieces {
            let reply = match self.resolve(world, &piece.raw) {
                Ok(body) => write(world, call, piece, &body, send),
                Err(what) => not_here(&what),
            };
            if reply.status >= 300 {
                return Err((made, reply));
            }
            made.push(json!({"id": piece.path}));
        }
        Ok(made)
    }

    fn outputs(&self, world: &World) -> Result<Value, Reply> {
        let mut out = Map::new();
        for (name, output) in &self.outputs {
            let value = self.resolve(world, &output["value"]).map_err(|what| not_here(&what))?;
            let kind = output["type"].as_str().unwrap_or("string");
            // Azure spells the types of outputs its own way: `String`, `Object`.
            let kind = kind[..1].to_uppercase() + &kind[1..];
            out.insert(name.clone(), json!({"type": kind, "value": value}));
        }
        Ok(Value::Object(out))
    }

    /// What would change: what is not there is made, and what is there is compared in what the template says of it.
    fn foretell(&self, world: &World) -> Reply {
        let mut changes = Vec::new();
        for piece in &self.pieces {
            let wished = match self.resolve(world, &piece.raw) {
                Ok(wished) => wished,
                Err(what) if what.starts_with(NOT_THERE) => piece.raw.clone(),
                Err(what) => return not_here(&what),
            };
            let before = world.get(&piece.path);
            let change = match before {
                None => "Create",
                Some(before) if covers(before, &wished) => "NoChange",
                Some(_) => "Modify",
            };
            changes.push(json!({"resourceId": piece.path, "changeType": change, "before": before, "after": wished, "delta": []}));
        }
        Reply::json(200, json!({"status": "Succeeded", "properties": {"changes": changes}}))
    }
}

/// Whether everything that is wished is so already.
fn covers(is: &Value, wished: &Value) -> bool {
    match (is, wished) {
        (Value::Object(is), Value::Object(wished)) => {
            wished.iter().all(|(name, value)| is.get(name).is_some_and(|own| covers(own, value)))
        }
        (is, wished) => is == wished,
    }
}

fn write(world: &mut World, call: &Call<'_>, piece: &Piece, body: &Value, send: Send<'_>) -> Reply {
    let query = BTreeMap::from([("api-version".to_owned(), piece.version.clone())]);
    let (action, scope) = authorization::needed("PUT", &piece.path);
    if let Err(answer) = authorization::authorize(world, call.caller, &action, &scope, call.now) {
        return answer.into();
    }
    let one = Call { method: "PUT", path: &piece.path, query: &query, body, ..*call };
    send(world, &one)
}

fn parameters(template: &Map<String, Value>, given: &Value) -> Map<String, Value> {
    let declared = template.get("parameters").and_then(Value::as_object).into_iter().flatten();
    let value = |(name, about): (&String, &Value)| {
        let value = given[name.as_str()].get("value").or_else(|| about.get("defaultValue"))?;
        Some((name.clone(), value.clone()))
    };
    declared.filter_map(value).collect()
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
