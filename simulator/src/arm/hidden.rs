//! ARM: what a service keeps to itself: values that no read gives, that some give to who asks for them, and that a
//! write must bring again. Pure.
//!
//! Sources: app/2024-03-01 (secrets, listSecrets), logic/2019-05-01 (secured parameters),
//! iotdps and iothub/2023-06-30 (masked connection strings), containerregistry/2019-04-01 (secret arguments),
//! apimanagement/2022-08-01, machinelearningservices/2024-04-01, containerinstance/2023-05-01,
//! compute/2024-07-01 (protected settings), eventgrid/2022-06-15 (the address of a web hook).

use crate::authorization::{Call, Objects};
use crate::http::Reply;
use crate::objects::ArmPath;
use crate::world::World;
use serde_json::{Map, Value, json};

/// What a read leaves of a list's item.
#[derive(Clone, Copy)]
enum Veil {
    /// These members are not given.
    Without(&'static [&'static str]),
    /// The value is null where the item says that it is a secret.
    IfSecret,
    /// The key inside a connection string is four stars.
    Stars,
}

/// By type in lower case, below `properties`: `[]` is every item, `*` every member.
const VEILS: [(&str, &str, Veil); 24] = [
    ("microsoft.app/containerapps", "configuration.secrets[]", Veil::Without(&["value"])),
    ("microsoft.app/jobs", "configuration.secrets[]", Veil::Without(&["value"])),
    ("microsoft.app/managedenvironments/daprcomponents", "secrets[]", Veil::Without(&["value"])),
    ("microsoft.app/connectedenvironments/daprcomponents", "secrets[]", Veil::Without(&["value"])),
    (
        "microsoft.apimanagement/service",
        "hostnameConfigurations[]",
        Veil::Without(&["encodedCertificate", "certificatePassword"]),
    ),
    ("microsoft.apimanagement/service/namedvalues", "", Veil::IfSecret),
    (
        "microsoft.cognitiveservices/accounts/connections",
        "credentials",
        Veil::Without(&["key", "keys", "clientSecret", "pat"]),
    ),
    (
        "microsoft.machinelearningservices/workspaces/connections",
        "credentials",
        Veil::Without(&["key", "keys", "clientSecret", "pat"]),
    ),
    ("microsoft.compute/virtualmachines/extensions", "", Veil::Without(&["protectedSettings"])),
    ("microsoft.compute/virtualmachinescalesets/extensions", "", Veil::Without(&["protectedSettings"])),
    (
        "microsoft.compute/virtualmachinescalesets",
        "virtualMachineProfile.extensionProfile.extensions[].properties",
        Veil::Without(&["protectedSettings"]),
    ),
    (
        "microsoft.compute/virtualmachines/runcommands",
        "",
        Veil::Without(&["protectedParameters", "runAsPassword"]),
    ),
    ("microsoft.hybridcompute/machines/extensions", "", Veil::Without(&["protectedSettings"])),
    (
        "microsoft.containerinstance/containergroups",
        "containers[].properties.environmentVariables[]",
        Veil::Without(&["secureValue"]),
    ),
    (
        "microsoft.containerinstance/containergroups",
        "imageRegistryCredentials[]",
        Veil::Without(&["password"]),
    ),
    ("microsoft.containerregistry/registries/tasks", "step.arguments[]", Veil::IfSecret),
    ("microsoft.containerregistry/registries/tasks", "step.values[]", Veil::IfSecret),
    (
        "microsoft.containerregistry/registries/tasks",
        "credentials.customRegistries.*.password",
        Veil::Without(&["value"]),
    ),
    ("microsoft.containerregistry/registries/taskruns", "runRequest.arguments[]", Veil::IfSecret),
    ("microsoft.containerregistry/registries/taskruns", "runRequest.values[]", Veil::IfSecret),
    ("microsoft.devices/provisioningservices", "iotHubs[]", Veil::Stars),
    ("microsoft.devices/iothubs", "routing.endpoints.*[]", Veil::Stars),
    ("microsoft.devices/iothubs", "storageEndpoints.*", Veil::Stars),
    ("microsoft.eventgrid/eventsubscriptions", "destination.properties", Veil::Without(&["endpointUrl"])),
];

/// An answer without what no read gives.
pub(crate) fn veiled(mut reply: Reply) -> Reply {
    if let Some(body) = reply.body.as_mut() {
        for list in ["value", "data"] {
            for item in body.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                veil(item);
            }
        }
        veil(body);
    }
    reply
}

fn veil(resource: &mut Value) {
    let kind = resource["type"].as_str().unwrap_or_default().to_lowercase();
    let Some(properties) = resource.get_mut("properties").filter(|p| p.is_object()) else { return };
    for (_, path, veil) in VEILS.iter().filter(|(name, _, _)| *name == kind) {
        each(properties, path, &mut |item| hide(item, *veil));
    }
    if kind == "microsoft.logic/workflows" {
        let secure = secure(properties);
        let given = properties.get_mut("parameters").and_then(Value::as_object_mut);
        given.into_iter().for_each(|given| {
            given.retain(|name, one| !secure.contains(name) || one.get("value").is_none());
        });
    }
}

fn each(value: &mut Value, path: &str, call: &mut dyn FnMut(&mut Map<String, Value>)) {
    let Some(members) = value.as_object_mut() else { return };
    if path.is_empty() {
        call(members);
        return;
    }
    let (part, rest) = path.split_once('.').unwrap_or((path, ""));
    let (name, list) = part.strip_suffix("[]").map_or((part, false), |name| (name, true));
    for (_, member) in members.iter_mut().filter(|(key, _)| name == "*" || *key == name) {
        match member.as_array_mut() {
            Some(items) if list => items.iter_mut().for_each(|item| each(item, rest, call)),
            Some(_) => {}
            None => each(member, rest, call),
        }
    }
}

fn hide(item: &mut Map<String, Value>, veil: Veil) {
    match veil {
        Veil::Without(names) => {
            item.retain(|name, _| !names.contains(&name.as_str()));
        }
        Veil::IfSecret => {
            let secret = ["isSecret", "secret"].iter().any(|n| item.get(*n) == Some(&Value::Bool(true)));
            if let Some(value) = item.get_mut("value").filter(|_| secret) {
                *value = Value::Null;
            }
        }
        Veil::Stars => {
            const KEY: &str = "SharedAccessKey=";
            let Some(text) = item.get("connectionString").and_then(Value::as_str) else { return };
            let parts =
                text.split(';').map(|part| if part.starts_with(KEY) { "SharedAccessKey=****" } else { part });
            let text = parts.collect::<Vec<_>>().join(";");
            item.insert("connectionString".to_owned(), Value::String(text));
        }
    }
}

/// Parameters that a workflow declares as secured.
fn secure(properties: &Value) -> Vec<String> {
    let declared = properties.pointer("/definition/parameters").and_then(Value::as_object);
    let is = |d: &Value| {
        let kind = d["type"].as_str().unwrap_or_default();
        kind.eq_ignore_ascii_case("SecureString") || kind.eq_ignore_ascii_case("SecureObject")
    };
    declared.into_iter().flatten().filter(|(_, d)| is(d)).map(|(name, _)| name.clone()).collect()
}

/// Where the types that give their secrets to who asks have them.
const LISTED: [(&str, &str); 4] = [
    ("microsoft.app/containerapps", "/properties/configuration/secrets"),
    ("microsoft.app/jobs", "/properties/configuration/secrets"),
    ("microsoft.app/managedenvironments/daprcomponents", "/properties/secrets"),
    ("microsoft.app/connectedenvironments/daprcomponents", "/properties/secrets"),
];

fn list_of<'a>(kind: &str, resource: &'a Value) -> Option<&'a Vec<Value>> {
    let (_, place) = LISTED.iter().find(|(name, _)| name.eq_ignore_ascii_case(kind))?;
    resource.pointer(place)?.as_array()
}

/// The value of a secret of which an estate tells the name alone.
fn unsaid(name: &Value) -> String {
    format!("value-of-{}", name.as_str().unwrap_or_default())
}

fn is_in_vault(secret: &Value) -> bool {
    secret["keyVaultUrl"].is_string() && secret["identity"].is_string()
}

/// Answers `POST …/listSecrets`.
pub(crate) fn asked(world: &World, call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    let verb = path.verb.as_deref().filter(|_| call.method == "POST")?;
    let known = LISTED.iter().any(|(kind, _)| kind.eq_ignore_ascii_case(path.parent_kind()));
    if !known || !verb.eq_ignore_ascii_case("listSecrets") {
        return None;
    }
    let Some(resource) = world.get(path.parent_path()) else {
        return Some(super::answers::not_found(&ArmPath::parse(path.parent_path())));
    };
    let give = |secret: &Value| {
        let mut given = secret.clone();
        if !is_in_vault(secret) && !secret["value"].is_string() {
            given["value"] = Value::String(unsaid(&secret["name"]));
        }
        given
    };
    let secrets: Vec<Value> = list_of(path.parent_kind(), resource).into_iter().flatten().map(give).collect();
    Some(Reply::json(200, json!({ "value": secrets })))
}

/// The refusal of a resource that is sent without what its reads hide.
pub(crate) fn refused(call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    if !matches!(call.method, "PUT" | "PATCH") {
        return None;
    }
    let kind = path.kind.to_lowercase();
    if matches!(kind.as_str(), "microsoft.app/containerapps" | "microsoft.app/jobs") {
        let lacks = |secret: &&Value| !secret["value"].is_string() && !is_in_vault(secret);
        let secret = list_of(&kind, call.body)?.iter().find(lacks)?;
        let message = format!(
            "Invalid Request: Container app secret(s) with name(s) '{}' are invalid: value or keyVaultUrl and identity should be provided.",
            secret["name"].as_str().unwrap_or_default()
        );
        return Some(Reply::error(400, "ContainerAppSecretInvalid", &message));
    }
    if kind == "microsoft.logic/workflows" && call.method == "PUT" {
        let properties = &call.body["properties"];
        let missing = secure(properties).into_iter().find(|name| {
            let given = &properties["parameters"][name.as_str()];
            let declared = &properties["definition"]["parameters"][name.as_str()];
            given.get("value").or_else(|| given.get("reference")).is_none()
                && declared.get("defaultValue").is_none()
        })?;
        let message = format!(
            "The template validation failed: 'The value for the workflow parameter '{missing}' is not provided.'."
        );
        return Some(Reply::error(400, "InvalidTemplate", &message));
    }
    None
}

/// What was sent as the value that an estate did not tell is not told by it afterwards either.
pub(crate) fn settle(world: &mut World, call: &Call<'_>, path: &ArmPath) {
    if !matches!(call.method, "PUT" | "PATCH") || list_of(&path.kind, call.body).is_none() {
        return;
    }
    let Some(mut resource) = world.get(call.path).cloned() else { return };
    let place =
        LISTED.iter().find(|(name, _)| name.eq_ignore_ascii_case(&path.kind)).map(|(_, place)| *place);
    let list = place.and_then(|place| resource.pointer_mut(place)?.as_array_mut());
    let mut any = false;
    for secret in list.into_iter().flatten().filter_map(Value::as_object_mut) {
        let told = secret.get("name").map(unsaid);
        if told.is_some() && secret.get("value").and_then(Value::as_str) == told.as_deref() {
            secret.remove("value");
            any = true;
        }
    }
    if any {
        world.put(call.path, resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: &str, properties: Value) -> Value {
        let reply = veiled(Reply::json(200, json!({"value": [{"type": kind, "properties": properties}]})));
        reply.body.map(|body| body["value"][0]["properties"].clone()).unwrap_or_default()
    }

    #[test]
    fn no_read_gives_a_secret_and_each_hides_it_in_its_own_way() {
        let secrets = json!({"configuration": {"secrets": [{"name": "a", "value": "s3cret"}]}});
        let expected = json!({"configuration": {"secrets": [{"name": "a"}]}});
        assert_eq!(shown("Microsoft.App/containerApps", secrets), expected);
        let hubs = json!({"iotHubs": [{"connectionString": "HostName=h;SharedAccessKey=abc="}]});
        let expected = json!({"iotHubs": [{"connectionString": "HostName=h;SharedAccessKey=****"}]});
        assert_eq!(shown("Microsoft.Devices/provisioningServices", hubs), expected);
        let task = json!({"step": {"arguments": [{"name": "T", "value": "x", "isSecret": true}, {"name": "U", "value": "y"}]}});
        let expected = json!({"step": {"arguments": [{"name": "T", "value": null, "isSecret": true}, {"name": "U", "value": "y"}]}});
        assert_eq!(shown("Microsoft.ContainerRegistry/registries/tasks", task), expected);
        let flow = json!({"definition": {"parameters": {"k": {"type": "SecureString"}, "p": {"type": "String"}}},
            "parameters": {"k": {"value": "x"}, "p": {"value": "y"}}});
        assert_eq!(shown("Microsoft.Logic/workflows", flow)["parameters"], json!({"p": {"value": "y"}}));
        let extension = json!({"settings": {"a": 1}, "protectedSettings": {"b": 2}});
        assert_eq!(
            shown("Microsoft.Compute/virtualMachines/extensions", extension),
            json!({"settings": {"a": 1}})
        );
    }
}
