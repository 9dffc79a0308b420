//! What reads hide: a secret is never written back as a mask or as nothing, and what is read for one write alone
//! stays nowhere.

use crate::support::rehome::text;
use crate::surfaces::runs::{carries, names, now, stage};
use serde_json::{Value, json};

const SECRET: &str = "sk-live-0123456789abcdef";
const PLAN: [&str; 5] = ["plan", "-f", "batch.toml", "--save", "plan.json"];

fn old() -> String {
    crate::support::estates::at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop")
}

fn secrets() -> Value {
    json!([{"name": "sql", "keyVaultUrl": "https://kv.vault.azure.net/secrets/sql", "identity": old()},
        {"name": "stripe", "value": SECRET}])
}

fn app() -> Value {
    carries(
        "Microsoft.App/containerApps",
        "ca1",
        json!({"provisioningState": "Succeeded",
        "configuration": {"secrets": secrets(), "registries": [{"server": "acr", "identity": old()}]},
        "template": {"containers": [{"name": "c", "image": "a:1"}]}}),
    )
}

fn component() -> Value {
    names(
        "Microsoft.App/managedEnvironments/daprComponents",
        "env1/state",
        json!({"componentType": "state.redis", "version": "v1", "secrets": secrets()}),
    )
}

fn environment() -> Value {
    carries("Microsoft.App/managedEnvironments", "env1", json!({"provisioningState": "Succeeded"}))
}

#[test]
fn a_secret_that_its_service_gives_is_read_for_the_write_alone_and_is_there_afterwards() {
    let (app, component) = (app(), component());
    let (azure, rehome) = stage(&[app.clone(), environment(), component.clone()]);
    rehome.say(&PLAN).expect(0);
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    for (one, place) in [(&app, "/properties/configuration/secrets"), (&component, "/properties/secrets")] {
        let secrets = now(&azure, one).pointer(place).cloned().unwrap_or_default();
        assert!(text(&secrets[0]["identity"]).contains("rg-shop-sdc"), "{secrets}");
        assert_eq!(secrets[1], json!({"name": "stripe", "value": SECRET}), "the other one is as it was");
    }
    let remains = rehome.remains();
    assert!(!remains.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()), "it was recorded");
    rehome.say_with_people(&["rollback", "minimal", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(now(&azure, &app)["properties"], app["properties"]);
    assert_eq!(now(&azure, &component)["properties"], component["properties"]);
}

#[test]
fn a_secret_that_nobody_gives_makes_the_write_a_persons() {
    let call = json!({"type": "Http", "inputs": {"authentication": {"type": "ManagedServiceIdentity", "identity": old()}}});
    let flow = json!({"state": "Enabled", "definition": {"parameters": {"apiKey": {"type": "SecureString"}}, "triggers": {},
        "actions": {"Call": call}}, "parameters": {"apiKey": {"value": SECRET}}});
    let hubs = json!([{"name": "h1", "authenticationType": "UserAssigned", "selectedUserAssignedIdentityResourceId": old()},
        {"name": "h2", "connectionString": format!("HostName=h2;SharedAccessKeyName=owner;SharedAccessKey={SECRET}")}]);
    let build = json!({"provisioningState": "Succeeded", "status": "Enabled", "step": {"type": "Docker",
        "arguments": [{"name": "TOKEN", "value": SECRET, "isSecret": true}]},
        "credentials": {"customRegistries": {"acr": {"identity": old()}}}});
    let host = json!({"provisioningState": "Succeeded", "hostnameConfigurations": [
        {"type": "Proxy", "hostName": "a.example", "certificateSource": "KeyVault", "keyVaultId": "https://kv", "identityClientId": "0a1b2c3d-1111-4000-8000-00000000c1d1"},
        {"type": "Portal", "hostName": "b.example", "certificateSource": "Custom", "encodedCertificate": SECRET}]});
    let ours = [
        carries("Microsoft.Logic/workflows", "wf1", flow),
        carries(
            "Microsoft.Devices/provisioningServices",
            "dps1",
            json!({"state": "Active", "iotHubs": hubs}),
        ),
        carries("Microsoft.ApiManagement/service", "apim1", host),
    ];
    let registry =
        names("Microsoft.ContainerRegistry/registries", "acr1", json!({"provisioningState": "Succeeded"}));
    // Its PATCH takes what names the identity by itself, and need not say what a read hides.
    let task = carries("Microsoft.ContainerRegistry/registries/tasks", "acr1/build", build);
    let (azure, rehome) = stage(&[ours.as_slice(), &[registry, task.clone()]].concat());
    let plan = rehome.say(&PLAN).expect(0).out;
    for one in &ours {
        let name = text(&one["name"]);
        let warned =
            |line: &str| line.contains("W204") && line.contains(name) && line.contains("a read hides");
        assert!(plan.lines().any(warned), "{name}: {plan}");
    }
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    for one in &ours {
        assert_eq!(now(&azure, one)["properties"], one["properties"], "{} keeps its secret", one["id"]);
    }
    let built = now(&azure, &task)["properties"].clone();
    assert_eq!(built["step"], task["properties"]["step"], "the task keeps its secret argument");
    assert_ne!(built["credentials"], task["properties"]["credentials"], "and signs in as the new one");
}

#[test]
fn a_mask_that_comes_after_the_plan_stops_the_write_and_nothing_is_sent() {
    let hubs = |more: &[Value]| {
        let first = json!({"name": "h1", "authenticationType": "UserAssigned", "selectedUserAssignedIdentityResourceId": old()});
        let all = [&[first], more].concat();
        json!({"state": "Active", "iotHubs": all})
    };
    let service = carries("Microsoft.Devices/provisioningServices", "dps1", hubs(&[]));
    let (azure, rehome) = stage(std::slice::from_ref(&service));
    rehome.say(&PLAN).expect(0);
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    let hub = json!({"name": "h2", "connectionString": format!("HostName=h2;SharedAccessKey={SECRET}")});
    let mut body = service.clone();
    body["properties"] = hubs(std::slice::from_ref(&hub));
    for name in ["id", "name", "type", "identity"] {
        body.as_object_mut().expect("a resource").remove(name);
    }
    azure.write("PUT", &format!("{}?api-version=2022-12-12", text(&service["id"])), &body);
    assert_eq!(rehome.run_with_people(), 10);
    let status = rehome.say(&["status"]).out;
    assert!(status.contains("HiddenValue") && status.contains("dps1"), "{status}");
    assert_eq!(now(&azure, &service)["properties"]["iotHubs"][1], hub, "its key is what it was");
}
