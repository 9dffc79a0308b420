//! Activities: the commands that give another identity to what takes it only with new machines. Pure.

use crate::azure::ResourceId;
use crate::commands::shell::quoted;
use crate::relocate::facts::Host;
use serde_json::{Value, json};

/// What a person types to make a pool of Batch, or a cluster of nodes of Machine Learning, carry `wanted` in the place
/// of `gone`; `None` for other types.
/// Sources: batch/2025-06-01 (Pool_Update: `identity`), <https://learn.microsoft.com/cli/azure/ml/compute>
pub(crate) fn commands(host: &Host, wanted: &ResourceId, gone: &ResourceId) -> Option<String> {
    match host.kind.folded().as_str() {
        "microsoft.batch/batchaccounts/pools" => Some(pool(host, wanted, gone)),
        "microsoft.machinelearningservices/workspaces/computes" => Some(compute(host, wanted)),
        _ => None,
    }
}

fn pool(host: &Host, wanted: &ResourceId, gone: &ResourceId) -> String {
    let kept = host.attached.iter().filter(|id| ![gone, wanted].contains(id));
    let mut body = json!({"identity": {"type": "UserAssigned", "userAssignedIdentities": {}}});
    for id in kept.chain([wanted]) {
        body["identity"]["userAssignedIdentities"][id.as_str()] = Value::Object(serde_json::Map::new());
    }
    let url = quoted(&format!("{}?api-version={}", host.id, host.api_version));
    let [subscription, group, account, pool] = ["subscriptions", "resourceGroups", "batchAccounts", "pools"]
        .map(|word| quoted(host.id.after(word).unwrap_or_default()));
    format!(
        "az rest --method patch --url {url} --body {}\n\
         az batch account login --subscription {subscription} --resource-group {group} --name {account}\n\
         az batch pool resize --pool-id {pool} --target-dedicated-nodes 0 --target-low-priority-nodes 0\n\
         (a pool that scales by a formula: az batch pool autoscale disable --pool-id {pool} first; once it has no \
         nodes, resize it to as many as it had: only those have it)",
        quoted(&body.to_string())
    )
}

fn compute(host: &Host, wanted: &ResourceId) -> String {
    let [subscription, group, workspace, name] =
        ["subscriptions", "resourceGroups", "workspaces", "computes"]
            .map(|word| quoted(host.id.after(word).unwrap_or_default()));
    format!(
        "az ml compute update --subscription {subscription} --resource-group {group} --workspace-name {workspace} \
         --name {name} --identity-type user_assigned --user-assigned-identities {}\n\
         (a cluster of nodes; an instance is deleted and made again: az ml compute create)",
        quoted(wanted)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::testing::{OLD, host};

    #[test]
    fn a_pool_keeps_its_other_identities_and_is_shrunk_to_none() {
        let mut pool = host("Microsoft.Batch/batchAccounts", "b/pools/p q");
        pool.kind = "Microsoft.Batch/batchAccounts/pools".into();
        pool.attached.push("/other".into());
        let text = commands(&pool, &"/new".into(), &OLD.into()).expect("it is a pool");
        assert!(text.contains(r#""userAssignedIdentities":{"/new":{},"/other":{}}"#), "{text}");
        assert!(!text.contains(OLD) && text.contains("--target-dedicated-nodes 0"), "{text}");
        assert!(text.contains("--pool-id 'p q'"), "{text}");
        assert_eq!(
            commands(&host("Microsoft.Compute/virtualMachines", "vm"), &"/new".into(), &OLD.into()),
            None
        );
    }

    #[test]
    fn a_cluster_of_nodes_is_updated_and_an_instance_made_again() {
        let mut compute = host("Microsoft.MachineLearningServices/workspaces", "w/computes/c");
        compute.kind = "Microsoft.MachineLearningServices/workspaces/computes".into();
        let text = commands(&compute, &"/new".into(), &OLD.into()).expect("it is a compute");
        assert!(text.starts_with("az ml compute update") && text.contains("made again"), "{text}");
    }
}
