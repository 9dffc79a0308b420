//! Types whose write is a run: what has ended is left alone and named, what would run again is a person's.

use crate::support::azure::Azure;
use crate::support::estates::{at, estate, signed_in};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const CLIENT: &str = "0a1b2c3d-1111-4000-8000-00000000c1d1";
const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";

fn old() -> String {
    at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop")
}

/// A resource that has the old identity.
pub(crate) fn carries(kind: &str, name: &str, properties: Value) -> Value {
    let mut one = names(kind, name, properties);
    let map = json!({old(): {"principalId": PRINCIPAL, "clientId": CLIENT}});
    one["identity"] = json!({"type": "UserAssigned", "userAssignedIdentities": map});
    one
}

/// A resource that names it, or nothing.
pub(crate) fn names(kind: &str, name: &str, properties: Value) -> Value {
    let mut id = at(kind.split('/').next().unwrap_or_default());
    for (part, name) in kind.split('/').skip(1).zip(name.split('/')) {
        id = format!("{id}/{part}/{name}");
    }
    json!({"id": id, "name": name.rsplit('/').next(), "type": kind, "location": "westeurope", "tags": {},
        "properties": properties})
}

pub(crate) fn stage(more: &[Value]) -> (Azure, Rehome) {
    signed_in(estate(more).path(), None)
}

/// The same as it is now.
pub(crate) fn now(azure: &Azure, one: &Value) -> Value {
    let estate = azure.estate();
    let all = estate["arm"].as_array().into_iter().flatten();
    all.into_iter()
        .find(|o| text(&o["id"]).eq_ignore_ascii_case(text(&one["id"])))
        .cloned()
        .unwrap_or_default()
}

/// Whether anything was written there.
fn written(azure: &Azure, one: &Value) -> bool {
    let is = |path: &str| path.split('?').next().is_some_and(|p| p.eq_ignore_ascii_case(text(&one["id"])));
    azure.requests().iter().any(|r| r["changed"] == true && is(text(&r["path"])))
}

const PLAN: [&str; 5] = ["plan", "-f", "batch.toml", "--save", "plan.json"];

/// Runs that have ended, of every kind that a small estate can have.
fn ended() -> Vec<Value> {
    let done = |mut more: Value| {
        more["provisioningState"] = json!("Succeeded");
        more
    };
    let script = done(
        json!({"azCliVersion": "2.50.0", "scriptContent": "./reset-and-seed.sh", "retentionInterval": "P1D"}),
    );
    let build = done(json!({"runRequest": {"type": "DockerBuildRequest", "imageNames": ["a:1"]}}));
    let command =
        done(json!({"source": {"script": "echo"}, "outputBlobManagedIdentity": {"clientId": CLIENT}}));
    let kql = done(json!({"scriptUrl": "https://x", "managedIdentityResourceId": old()}));
    let job = json!({"jobType": "Command", "status": "Completed", "identity": {"identityType": "Managed", "clientId": CLIENT}});
    vec![
        carries("Microsoft.Resources/deploymentScripts", "seed-db", script),
        carries("Microsoft.ContainerRegistry/registries/taskRuns", "acr1/build1", build),
        names("Microsoft.Compute/virtualMachines/runCommands", "vm-batch/restart1", command),
        names("Microsoft.Kusto/clusters/databases/scripts", "adx/db/seed1", kql),
        names("Microsoft.MachineLearningServices/workspaces/jobs", "ml/train1", job),
        carries(
            "Microsoft.Compute/locations/launchBulkInstancesOperations",
            "westeurope/launch1",
            done(json!({})),
        ),
    ]
}

fn parents() -> Vec<Value> {
    vec![
        names("Microsoft.ContainerRegistry/registries", "acr1", json!({"provisioningState": "Succeeded"})),
        carries(
            "Microsoft.Kusto/clusters",
            "adx",
            json!({"state": "Running", "provisioningState": "Succeeded"}),
        ),
        names("Microsoft.Kusto/clusters/databases", "adx/db", json!({"provisioningState": "Succeeded"})),
        carries(
            "Microsoft.MachineLearningServices/workspaces",
            "ml",
            json!({"provisioningState": "Succeeded"}),
        ),
        names("Microsoft.Compute/locations", "westeurope", json!({})),
    ]
}

#[test]
fn a_run_that_has_ended_is_named_and_never_written_and_does_not_keep_the_old_identity() {
    let ended = ended();
    let (azure, rehome) = stage(&[parents(), ended.clone()].concat());
    let plan = rehome.say(&PLAN).expect(0).out;
    for one in &ended {
        let name = text(&one["name"]);
        let told = plan.lines().any(|line| line.contains("W220") && line.contains(name));
        assert!(told, "{name} is not named: {plan}");
    }
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    rehome.say(&["verify"]).expect(0);
    let cleanup = rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]);
    assert_eq!(cleanup.code, 0, "{}{}", cleanup.out, rehome.say(&["status"]).out);
    for one in &ended {
        assert!(!written(&azure, one), "{} ran again", one["id"]);
        assert_eq!(now(&azure, one)["properties"], one["properties"], "{}", one["id"]);
    }
    let gone = json!({"id": old()});
    assert_eq!(now(&azure, &gone), Value::Null, "the old identity is deleted");
}

#[test]
fn what_each_write_would_run_again_is_a_persons_with_the_warning_and_a_command() {
    let settings = json!({"fileUris": [], "managedIdentity": {"clientId": CLIENT}});
    let script = json!({"publisher": "Microsoft.Azure.Extensions", "type": "CustomScript", "settings": settings,
        "provisioningState": "Succeeded"});
    let monthly = json!({"type": "Recurrence", "recurrence": {"frequency": "Month", "interval": 1}});
    let flow = json!({"state": "Enabled", "definition": {"triggers": {"monthly": monthly}, "actions": {}}, "parameters": {}});
    let image = json!({"provisioningState": "Succeeded", "autoRun": {"state": "Enabled"}});
    let running = json!({"provisioningState": "Succeeded", "asyncExecution": true, "errorBlobManagedIdentity": {"clientId": CLIENT}});
    let ours = [
        names("Microsoft.Compute/virtualMachines/extensions", "vm-batch/setup", script),
        carries("Microsoft.Logic/workflows", "payroll", flow),
        carries("Microsoft.VirtualMachineImages/imageTemplates", "golden", image),
        names("Microsoft.Compute/virtualMachines/runCommands", "vm-batch/import1", running),
    ];
    let (azure, rehome) = stage(&ours);
    let plan = rehome.say(&PLAN).expect(0).out;
    for one in &ours {
        let name = text(&one["name"]);
        let warned = plan.lines().any(|line| line.contains("W204") && line.contains(name));
        assert!(warned, "{name}: {plan}");
        assert!(
            plan.contains(&format!("az rest --method get --url '{}", text(&one["id"]))),
            "{name}: {plan}"
        );
    }
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    assert!(!ours.iter().any(|one| written(&azure, one)), "nothing of it is written by the program");
}
