//! ARM: types whose write is a run. Each run leaves its start in the resource, where Azure shows it.
//!
//! Sources: resources/2023-08-01 (deploymentScripts: run again when a property is changed; `status`),
//! containerregistry/2019-06-01-preview (taskRuns: `runResult`), compute/2024-07-01 (runCommands: `instanceView`),
//! machinelearningservices/2024-04-01 (jobs), kusto/2023-08-15 (scripts).

use crate::authorization::{Call, Objects};
use crate::objects::ArmPath;
use crate::world::World;
use chrono::SecondsFormat;
use serde_json::{Value, json};

/// The type in lower case, and the place below `properties` that tells when it ran.
const RUNS: [(&str, &str); 7] = [
    ("microsoft.compute/virtualmachines/runcommands", "instanceView"),
    ("microsoft.compute/virtualmachinescalesets/virtualmachines/runcommands", "instanceView"),
    ("microsoft.containerregistry/registries/taskruns", "runResult"),
    ("microsoft.hybridcompute/machines/runcommands", "instanceView"),
    ("microsoft.kusto/clusters/databases/scripts", "lastRun"),
    ("microsoft.machinelearningservices/workspaces/jobs", "lastRun"),
    ("microsoft.resources/deploymentscripts", "status"),
];

/// Runs what a write runs: everything that is put, unless nothing in it has changed, and commands that are patched.
pub(crate) fn start(world: &mut World, call: &Call<'_>, path: &ArmPath, before: Option<&Value>) {
    let Some((_, place)) = RUNS.iter().find(|(kind, _)| kind.eq_ignore_ascii_case(&path.kind)) else {
        return;
    };
    let only_tags = call.body.as_object().is_some_and(|sent| sent.keys().all(|key| key == "tags"));
    if !matches!(call.method, "PUT" | "PATCH") || only_tags {
        return;
    }
    let Some(mut resource) = world.get(call.path).cloned() else { return };
    let same = |name: &str| before.is_some_and(|before| before.get(name) == resource.get(name));
    if same("properties") && same("identity") || !resource["properties"].is_object() {
        return;
    }
    let now = world.now().to_rfc3339_opts(SecondsFormat::Millis, true);
    resource["properties"][*place] = json!({"startTime": now, "executionState": "Succeeded"});
    world.put(call.path, resource);
}
