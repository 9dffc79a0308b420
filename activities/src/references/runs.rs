//! Activities: types whose write is a run: what an API calls creating or updating a resource starts a script, a job, a
//! build or machines. Pure.
//!
//! What such a run has left behind when it has ended is a record: nobody uses its identity any more, and a write
//! would run it again. What stays and would run again at each write is for a person.
//!
//! Sources: <https://learn.microsoft.com/azure/azure-resource-manager/templates/deployment-script-template>,
//! containerregistry/2019-06-01-preview (TaskRuns, PipelineRuns), compute/2024-07-01 (runCommands, extensions),
//! <https://learn.microsoft.com/azure/data-explorer/database-script>, machinelearningservices/2024-04-01 (jobs),
//! automation/2023-11-01 (jobs), sql/2021-11-01 (job executions), imagebuilder/2024-02-01 (autoRun),
//! <https://learn.microsoft.com/azure/connectors/connectors-native-recurrence> (a start that is not given),
//! <https://learn.microsoft.com/azure/governance/blueprints/overview>.

use crate::references::known;
use serde_json::Value;

/// What a write of a resource would start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    /// Nothing any more: it has ended.
    Ended(&'static str),
    /// This, once more, or still.
    Again(&'static str),
}

/// What a write of this resource would start, if anything, when it changes what stands at these pointers.
pub(crate) fn of(kind: &str, body: &Value, pointers: &[&str]) -> Option<Run> {
    let (what, when) = known::of(kind)?.runs?;
    match when {
        "ends" if has_ended(body) => Some(Run::Ended(what)),
        "ends" | "stays" => Some(Run::Again(what)),
        when => is_now(when, body, pointers).then_some(Run::Again(what)),
    }
}

/// Whether a write runs it now, by the name of the check.
fn is_now(when: &str, body: &Value, pointers: &[&str]) -> bool {
    match when {
        "is_script" => runs_script(&body["properties"]),
        "names_in_script" => names_in_script(body, pointers),
        "starts_at_once" => starts_at_once(body),
        "builds_itself" => builds_itself(body),
        _ => false,
    }
}

/// Where runs say how far they are.
const STATES: [&str; 4] = [
    "/properties/provisioningState",
    "/properties/status",
    "/properties/instanceView/executionState",
    "/properties/runResult/properties/status",
];

/// Words for what has come to an end, in lower case.
const OVER: [&str; 9] =
    ["succeeded", "failed", "canceled", "cancelled", "completed", "timedout", "timeout", "stopped", "error"];

/// Whether every place that tells says that it is over; where none tells, nobody knows.
fn has_ended(body: &Value) -> bool {
    let text = |pointer: &&str| body.pointer(pointer).and_then(Value::as_str);
    let states: Vec<String> = STATES.iter().filter_map(text).map(str::to_lowercase).collect();
    // A command that nobody waits for counts as made when it has been started.
    let unwatched = body.pointer("/properties/asyncExecution") == Some(&Value::Bool(true))
        && body.pointer("/properties/instanceView/executionState").is_none();
    !states.is_empty() && !unwatched && states.iter().all(|state| OVER.contains(&state.as_str()))
}

/// Extensions that run what their settings say, by the ends of their types in lower case.
/// Source: <https://learn.microsoft.com/azure/virtual-machines/extensions/custom-script-linux>, and beside it
const SCRIPTS: [&str; 8] = [
    "customscript",
    "customscriptextension",
    "customscriptforlinux",
    "runcommandlinux",
    "runcommandwindows",
    "runcommandhandlerlinux",
    "runcommandhandlerwindows",
    "dsc",
];

fn runs_script(properties: &Value) -> bool {
    let kind = properties["type"].as_str().unwrap_or_default().to_lowercase();
    SCRIPTS.contains(&kind.as_str())
}

/// Whether what changes stands in a script that the machines of a scale set run.
fn names_in_script(body: &Value, pointers: &[&str]) -> bool {
    const LIST: &str = "/properties/virtualMachineProfile/extensionProfile/extensions/";
    pointers.iter().filter_map(|pointer| pointer.strip_prefix(LIST)).any(|rest| {
        let number = rest.split('/').next().unwrap_or_default();
        body.pointer(&format!("{LIST}{number}/properties")).is_some_and(runs_script)
    })
}

/// Whether a workflow that is on repeats itself from no given moment: then the moment is whenever it is saved.
fn starts_at_once(body: &Value) -> bool {
    let triggers = body.pointer("/properties/definition/triggers").and_then(Value::as_object);
    let at_once = |trigger: &Value| {
        let kind = trigger["type"].as_str().unwrap_or_default();
        ["Recurrence", "SlidingWindow"].iter().any(|own| kind.eq_ignore_ascii_case(own))
            && trigger.pointer("/recurrence/startTime").is_none_or(Value::is_null)
    };
    let on = body.pointer("/properties/state").and_then(Value::as_str) != Some("Disabled");
    on && triggers.into_iter().flatten().any(|(_, trigger)| at_once(trigger))
}

fn builds_itself(body: &Value) -> bool {
    let state = body.pointer("/properties/autoRun/state").and_then(Value::as_str);
    state.is_some_and(|state| state.eq_ignore_ascii_case("Enabled"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ended(kind: &str, properties: &Value) -> Option<bool> {
        of(kind, &json!({ "properties": properties }), &[]).map(|run| matches!(run, Run::Ended(_)))
    }

    #[test]
    fn what_has_ended_in_any_of_its_words_is_a_record_and_what_has_not_or_does_not_say_is_a_run() {
        let script = "Microsoft.Resources/deploymentScripts";
        for state in ["Succeeded", "failed", "CANCELED"] {
            assert_eq!(ended(script, &json!({"provisioningState": state})), Some(true), "{state}");
        }
        for state in ["Running", "ProvisioningResources", ""] {
            assert_eq!(ended(script, &json!({"provisioningState": state})), Some(false), "{state}");
        }
        assert_eq!(ended(script, &json!({})), Some(false));
        let job = "Microsoft.MachineLearningServices/workspaces/jobs";
        assert_eq!(ended(job, &json!({"status": "Completed"})), Some(true));
        assert_eq!(ended(job, &json!({"status": "NotResponding"})), Some(false));
        let command = "microsoft.compute/VIRTUALMACHINES/runCommands";
        let started = json!({"provisioningState": "Succeeded", "asyncExecution": true});
        assert_eq!(ended(command, &started), Some(false), "it was only started");
        let mut seen = started.clone();
        seen["instanceView"] = json!({"executionState": "TimedOut"});
        assert_eq!(ended(command, &seen), Some(true));
    }

    #[test]
    fn an_extension_is_a_run_where_it_is_a_script_and_a_scale_set_where_its_script_names_the_identity() {
        let extension =
            |kind: &str| json!({"publisher": "p", "type": kind, "provisioningState": "Succeeded"});
        let of_machine = "Microsoft.Compute/virtualMachines/extensions";
        assert_eq!(ended(of_machine, &extension("CustomScript")), Some(false), "it stays on the machine");
        assert_eq!(ended(of_machine, &extension("AzureMonitorLinuxAgent")), None);
        let agents = json!([{"properties": extension("AzureMonitorLinuxAgent")}, {"properties": extension("CustomScript")}]);
        let body =
            json!({"properties": {"virtualMachineProfile": {"extensionProfile": {"extensions": agents}}}});
        let at = |n: u8| {
            format!("/properties/virtualMachineProfile/extensionProfile/extensions/{n}/properties/settings/x")
        };
        let of_set = |pointers: &[&str]| of("Microsoft.Compute/virtualMachineScaleSets", &body, pointers);
        assert_eq!((of_set(&[]), of_set(&[&at(0)])), (None, None));
        assert!(matches!(of_set(&[&at(1)]), Some(Run::Again(_))));
    }

    #[test]
    fn a_workflow_starts_when_it_is_saved_only_where_it_repeats_itself_from_no_given_moment() {
        let workflow =
            |state: &str, trigger: Value| json!({"state": state, "definition": {"triggers": {"t": trigger}}});
        let kind = "Microsoft.Logic/workflows";
        let every = json!({"type": "Recurrence", "recurrence": {"frequency": "Month", "interval": 1}});
        assert_eq!(ended(kind, &workflow("Enabled", every.clone())), Some(false));
        assert_eq!(ended(kind, &workflow("Disabled", every.clone())), None);
        let mut from = every;
        from["recurrence"]["startTime"] = json!("2026-01-01T00:00:00Z");
        assert_eq!(ended(kind, &workflow("Enabled", from)), None);
        assert_eq!(ended(kind, &workflow("Enabled", json!({"type": "Request"}))), None);
        let image = "Microsoft.VirtualMachineImages/imageTemplates";
        assert_eq!(ended(image, &json!({"autoRun": {"state": "Enabled"}})), Some(false));
        assert_eq!(ended(image, &json!({"provisioningState": "Succeeded"})), None);
    }
}
