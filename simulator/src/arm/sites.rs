//! ARM: what App Service does differently: settings that are written as one map and read by POST
//! (web/2023-12-01). Sites and slots themselves are resources like others.

use super::{answers, generic, resources};
use crate::authorization::{Call, Objects};
use crate::http::Reply;
use crate::objects::ArmPath;
use crate::world::World;
use serde_json::{Value, json};

/// Configurations that are one map of text.
const MAPS: [&str; 3] = ["appsettings", "connectionstrings", "metadata"];

/// Others that are read by POST, as they hold secrets too.
const LISTED: [&str; 3] = ["authsettings", "azurestorageaccounts", "pushsettings"];

/// Whether a lower-case type is one that this room answers for.
pub(crate) fn owns(kind: &str) -> bool {
    SITES.contains(&kind)
        || [BINDINGS, NETWORKS].contains(&kind)
        || matches!(
            kind,
            "microsoft.web/sites/config"
                | "microsoft.web/sites/slots/config"
                | "microsoft.web/sites/config/list"
                | "microsoft.web/sites/slots/config/list"
        )
        || kind.rsplit_once('/').is_some_and(|(site, verb)| SITES.contains(&site) && ACTIONS.contains(&verb))
}

const BINDINGS: &str = "microsoft.web/sites/hostnamebindings";

/// A list of this type is an array and nothing around it.
const NETWORKS: &str = "microsoft.web/sites/virtualnetworkconnections";

const SITES: [&str; 2] = ["microsoft.web/sites", "microsoft.web/sites/slots"];

/// What is done to a site and leaves it as it is.
const ACTIONS: [&str; 4] = ["restart", "start", "stop", "syncfunctiontriggers"];

/// Configurations that every site has, whether anybody wrote them or not, as they are at first.
fn initial(name: &str) -> Option<Value> {
    Some(match name {
        "web" => {
            json!({"numberOfWorkers": 1, "defaultDocuments": ["index.html"], "netFrameworkVersion": "v4.0",
            "alwaysOn": false, "http20Enabled": false, "minTlsVersion": "1.2", "ftpsState": "FtpsOnly",
            "acrUseManagedIdentityCreds": false, "acrUserManagedIdentityID": null})
        }
        "slotconfignames" => {
            json!({"connectionStringNames": null, "appSettingNames": null, "azureStorageConfigNames": null})
        }
        _ => return None,
    })
}

/// Answers a request about a configuration, or an action on a site.
pub(crate) fn handle(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Reply {
    let kind = path.kind.to_lowercase();
    if SITES.contains(&kind.as_str()) {
        return site(world, call, path);
    }
    if kind == NETWORKS {
        let mut reply = generic::handle(world, call, path);
        if let Some(all) = reply.body.as_mut().and_then(|body| body.get_mut("value")).map(Value::take) {
            reply.body = Some(all);
        }
        return reply;
    }
    if kind == BINDINGS {
        return bindings(world, call, path);
    }
    if kind.rsplit_once('/').is_some_and(|(_, verb)| ACTIONS.contains(&verb)) {
        return match (call.method, world.get(path.parent_path())) {
            ("POST", Some(_)) => Reply::empty(200),
            ("POST", None) => answers::not_found(&ArmPath::parse(path.parent_path())),
            _ => answers::no_method(call),
        };
    }
    // With the name that has a verb behind it, a GET lists too.
    let listing = path.verb.as_deref().is_some_and(|v| v.eq_ignore_ascii_case("list"));
    let config = if listing { path.parent_path().to_owned() } else { path.path.clone() };
    let config = ArmPath::parse(&config);
    let name = config.name().to_lowercase();
    let site = config.parent_path().rsplit_once('/').map_or("", |(site, _)| site).to_owned();
    if world.get(&site).is_none() {
        return answers::not_found(&ArmPath::parse(&site));
    }
    let is_map = MAPS.contains(&name.as_str());
    match (call.method, listing, is_map) {
        ("POST", true, true) => Reply::json(200, stored(world, &config)),
        ("POST", true, false) if LISTED.contains(&name.as_str()) => {
            let mut found = stored(world, &config);
            if name == "authsettings" && found["properties"]["enabled"].is_null() {
                found["properties"]["enabled"] = Value::Bool(false);
            }
            Reply::json(200, found)
        }
        // A map holds secrets: a plain GET does not give it out.
        ("GET", false, true) => answers::no_method(call),
        ("GET" | "POST", true, false) if name == AUTHENTICATION => {
            let properties = json!({"platform": {"enabled": false}, "identityProviders": {}});
            let found = world.get(&config.path).cloned();
            Reply::json(200, found.unwrap_or_else(|| shape(&config, properties)))
        }
        ("PUT", false, true) => put(world, call, &config),
        ("GET", false, false) if name == AUTHENTICATION && world.get(&config.path).is_none() => {
            Reply::json(200, shape(&config, json!({"platform": {"enabled": false}, "identityProviders": {}})))
        }
        ("PUT", false, false) if name == AUTHENTICATION && !call.body["properties"].is_object() => {
            Reply::error(400, "BadRequest", "The properties are required.")
        }
        ("PATCH", false, false) if name == AUTHENTICATION => answers::no_method(call),
        ("GET", false, false) if world.get(call.path).is_none() => match initial(&name) {
            Some(properties) => Reply::json(200, shape(&config, properties)),
            None => resources::handle(world, call, path),
        },
        ("PATCH", false, false) if world.get(call.path).is_none() => {
            if let Some(properties) = initial(&name) {
                let first = shape(&config, properties);
                world.put(call.path, first);
            }
            resources::handle(world, call, path)
        }
        // A configuration is always there, so it is never made.
        _ => {
            let mut reply = resources::handle(world, call, path);
            reply.status = if reply.status == 201 { 200 } else { reply.status };
            reply
        }
    }
}

/// A site or a slot, or all of them, each with what App Service says of every one.
fn site(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Reply {
    let sent = world.get(call.path).filter(|_| call.method == "PUT").map(|site| unsaid(call.body, site));
    let call = &Call { body: sent.as_ref().unwrap_or(call.body), ..*call };
    let mut reply = generic::handle(world, call, path);
    if let Some(body) = reply.body.as_mut().filter(|_| reply.status < 300 && call.method != "DELETE") {
        body.get_mut("value").and_then(Value::as_array_mut).into_iter().flatten().for_each(told);
        told(body);
    }
    reply
}

/// What is sent back as it was told, of what an estate does not say: it is not said afterwards either.
fn unsaid(sent: &Value, site: &Value) -> Value {
    let (mut sent, mut whole) = (sent.clone(), site.clone());
    told(&mut whole);
    let known = |name: &str| site["properties"].get(name).is_some();
    if let Some(properties) = sent.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, value| known(name) || whole["properties"].get(name) != Some(value));
    }
    sent
}

fn told(site: &mut Value) {
    let Some(id) = site["id"].as_str().map(ToOwned::to_owned) else { return };
    let path = ArmPath::parse(&id);
    if !SITES.contains(&path.kind.to_lowercase().as_str()) {
        return;
    }
    if site["name"].is_null() {
        site["name"] = Value::from(path.full_name());
    }
    let group = path.group().unwrap_or_default();
    let plan = format!("{}/providers/Microsoft.Web/serverfarms/ASP-{group}", path.scope);
    let host = format!("{}.azurewebsites.net", path.names.join("-").to_lowercase());
    let Some(properties) = site.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, value) in [
        ("defaultHostName", json!(host)),
        ("enabled", json!(true)),
        ("enabledHostNames", json!([host])),
        ("hostNames", json!([host])),
        ("repositorySiteName", json!(path.names.first())),
        ("resourceGroup", json!(group)),
        ("serverFarmId", json!(plan)),
        ("sku", json!("Standard")),
        ("state", json!("Running")),
    ] {
        properties.entry(name).or_insert(value);
    }
}

/// The names that lead to a site: its own, and those that were bound.
fn bindings(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Reply {
    let reply = generic::handle(world, call, path);
    let list = call.method == "GET" && !path.is_instance();
    let Some(site) = world.get(path.parent_path()).filter(|_| list && reply.status == 200) else {
        return reply;
    };
    let name = site["id"].as_str().and_then(|id| id.rsplit('/').next()).unwrap_or_default();
    let host = format!("{}.azurewebsites.net", name.to_lowercase());
    let own = json!({"id": format!("{}/{host}", path.path), "name": format!("{name}/{host}"),
        "type": "Microsoft.Web/sites/hostNameBindings", "properties": {"siteName": name, "hostNameType": "Verified"}});
    let mut all = vec![own];
    all.extend(
        reply
            .body
            .and_then(|mut body| body["value"].as_array_mut().map(std::mem::take))
            .into_iter()
            .flatten(),
    );
    Reply::json(200, json!({ "value": all }))
}

/// Who may sign in: always there, replaced as a whole, and without the values of secrets.
/// Source: web/2023-12-01 (`WebApps_GetAuthSettingsV2WithoutSecrets`, `WebApps_UpdateAuthSettingsV2`)
const AUTHENTICATION: &str = "authsettingsv2";

fn stored(world: &World, config: &ArmPath) -> Value {
    world.get(&config.path).cloned().unwrap_or_else(|| shape(config, json!({})))
}

fn shape(config: &ArmPath, properties: Value) -> Value {
    json!({"id": config.path, "name": config.name(), "type": config.kind, "properties": properties})
}

/// What a connection string may lead to.
/// Source: <https://learn.microsoft.com/rest/api/appservice/web-apps/update-connection-strings>
const TYPES: [&str; 11] = [
    "MySql",
    "SQLServer",
    "SQLAzure",
    "Custom",
    "NotificationHub",
    "ServiceBus",
    "EventHub",
    "ApiHub",
    "DocDb",
    "RedisCache",
    "PostgreSQL",
];

/// The first entry that has not the form of its map: a connection string has a text and a type.
fn unfit<'a>(config: &ArmPath, properties: &'a Value) -> Option<&'a str> {
    let pairs = config.name().eq_ignore_ascii_case("connectionstrings");
    let fits = |entry: &Value| {
        if pairs {
            let kind = entry["type"].as_str();
            entry["value"].is_string() && kind.is_some_and(|kind| TYPES.contains(&kind))
        } else {
            entry.is_string()
        }
    };
    let mut entries = properties.as_object().into_iter().flatten();
    entries.find(|(_, entry)| !fits(entry)).map(|(name, _)| name.as_str())
}

/// The whole map is replaced; what is not sent is gone.
fn put(world: &mut World, call: &Call<'_>, config: &ArmPath) -> Reply {
    let Some(properties) = call.body.get("properties").filter(|p| p.is_object()) else {
        return Reply::error(400, "BadRequest", "The properties are required.");
    };
    if let Some(name) = unfit(config, properties) {
        let message = format!("The value of '{name}' is not one that '{}' takes.", config.name());
        return Reply::error(400, "BadRequest", &message);
    }
    let mut body = stored(world, config);
    body["properties"] = properties.clone();
    world.put(&config.path, body.clone());
    Reply::json(200, body)
}
