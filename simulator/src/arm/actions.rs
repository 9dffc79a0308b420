//! ARM: what is done to a resource by a POST, and questions about names: the ones that everyday clients send.
//!
//! Sources: storage/2023-05-01 (`listKeys`, `checkNameAvailability`), compute/2024-07-01 (`start` and the like are
//! long-running), containerservice/2024-05-01 (`listCluster…Credential`), web/2023-12-01 (`publishxml`, `listkeys` of
//! the host), keyvault/2023-07-01 (`checkNameAvailability`).

use super::{answers, poll};
use crate::authorization::{Call, Objects, canonical};
use crate::http::Reply;
use crate::objects::ArmPath;
use crate::world::World;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use uuid::Uuid;

/// Actions that take time and change nothing that a read shows, but for whether it runs.
const POWER: [(&str, &[&str]); 4] = [
    (
        "microsoft.compute/virtualmachines",
        &["start", "restart", "poweroff", "deallocate", "redeploy", "reapply"],
    ),
    (
        "microsoft.compute/virtualmachinescalesets",
        &["start", "restart", "poweroff", "deallocate", "reimage", "manualupgrade"],
    ),
    ("microsoft.containerservice/managedclusters", &["start", "stop"]),
    ("microsoft.containerinstance/containergroups", &["start", "restart", "stop"]),
];

/// Answers an action that is played here; `None` for every other request.
pub(super) fn handle(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    if call.method != "POST" {
        return None;
    }
    let kind = path.kind.to_lowercase();
    if path.names.is_empty() {
        return name_check(world, call, &kind);
    }
    let verb = path.verb.as_deref()?.to_lowercase();
    let of = path.parent_kind().to_lowercase();
    let power = POWER.iter().any(|(kind, verbs)| *kind == of && verbs.contains(&verb.as_str()));
    let answer: fn(&Value) -> Reply = match (of.as_str(), verb.as_str()) {
        _ if power => |_| Reply::empty(202),
        ("microsoft.storage/storageaccounts", "listkeys" | "regeneratekey") => {
            |account| Reply::json(200, json!({"keys": [key(account, "key1"), key(account, "key2")]}))
        }
        (
            "microsoft.containerservice/managedclusters",
            "listclusterusercredential" | "listclusteradmincredential",
        ) => |cluster| {
            Reply::json(200, json!({"kubeconfigs": [{"name": "clusterUser", "value": config(cluster)}]}))
        },
        ("microsoft.web/sites" | "microsoft.web/sites/slots", "publishxml") => {
            |site| Reply::json(200, Value::String(profile(site))).with("content-type", "application/xml")
        }
        ("microsoft.web/sites/host", "listkeys") => |site| {
            let key = secret(site, "host");
            Reply::json(200, json!({"masterKey": key, "functionKeys": {"default": key}, "systemKeys": {}}))
        },
        _ => return None,
    };
    // The host of functions is no resource of its own.
    let place = if of == "microsoft.web/sites/host" {
        path.path.rsplitn(4, '/').nth(3).unwrap_or_default()
    } else {
        path.parent_path()
    };
    let Some(found) = world.get(place).cloned() else {
        return Some(answers::not_found(&ArmPath::parse(place)));
    };
    if !power {
        return Some(answer(&found));
    }
    if matches!(verb.as_str(), "poweroff" | "deallocate" | "stop") {
        world.stopped.insert(canonical(place));
    } else {
        world.stopped.remove(&canonical(place));
    }
    Some(poll::started(world, call, &ArmPath::parse(place), 202, None, true))
}

/// A secret that depends on the resource alone; nothing opens with it.
fn secret(of: &Value, what: &str) -> String {
    let name = format!("{}\n{what}", of["id"].as_str().unwrap_or_default());
    STANDARD.encode(Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).as_bytes())
}

fn key(account: &Value, name: &str) -> Value {
    json!({"keyName": name, "value": secret(account, name), "permissions": "FULL"})
}

fn config(cluster: &Value) -> String {
    let name = cluster["name"].as_str().unwrap_or("cluster");
    let server = cluster.pointer("/properties/fqdn").and_then(Value::as_str).unwrap_or("localhost");
    let text = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": format!("https://{server}:443")}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": format!("user_{name}")}}],
        "users": [{"name": format!("user_{name}"), "user": {"token": secret(cluster, "token")}}],
    });
    STANDARD.encode(text.to_string())
}

fn profile(site: &Value) -> String {
    let name = site["id"].as_str().and_then(|id| id.rsplit('/').next()).unwrap_or_default();
    let one = |kind: &str, url: &str| {
        format!(
            "<publishProfile profileName=\"{name} - {kind}\" publishMethod=\"{}\" publishUrl=\"{url}\" userName=\"${name}\" userPWD=\"{}\" />",
            if kind == "FTP" { "FTP" } else { "MSDeploy" },
            secret(site, "publish")
        )
    };
    let deploy = one("Web Deploy", &format!("{name}.scm.azurewebsites.net:443"));
    let ftp = one("FTP", "ftps://waws-prod-local.ftp.azurewebsites.windows.net/site/wwwroot");
    format!("<publishData>{deploy}{ftp}</publishData>")
}

/// Whether a name can be had: names of these types are taken once in the world, here once in the estate.
fn name_check(world: &World, call: &Call<'_>, kind: &str) -> Option<Reply> {
    let of = match kind {
        "microsoft.storage/checknameavailability" => "microsoft.storage/storageaccounts",
        "microsoft.keyvault/checknameavailability" => "microsoft.keyvault/vaults",
        "microsoft.keyvault/checkmhsmnameavailability" => "microsoft.keyvault/managedhsms",
        "microsoft.web/checknameavailability" => "microsoft.web/sites",
        "microsoft.containerregistry/checknameavailability" => "microsoft.containerregistry/registries",
        _ => return None,
    };
    let Some(name) = call.body["name"].as_str() else {
        return Some(Reply::error(400, "InvalidRequestContent", "The name is missing."));
    };
    let end = format!("/providers/{of}/{}", name.to_lowercase());
    let taken = world
        .of_type(of)
        .iter()
        .any(|one| one["id"].as_str().is_some_and(|id| canonical(id).ends_with(&end)));
    let body = if taken {
        json!({"nameAvailable": false, "reason": "AlreadyExists", "message": format!("The name '{name}' is already in use.")})
    } else {
        json!({"nameAvailable": true, "reason": null, "message": null})
    };
    Some(Reply::json(200, body))
}
