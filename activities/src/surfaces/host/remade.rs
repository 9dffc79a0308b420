//! Activities: the commands that give another identity to what takes it only with new machines, or by a tool of its own. Pure.

use crate::azure::ResourceId;
use crate::commands::shell::quoted;
use crate::relocate::facts::Host;
use serde_json::{Value, json};

/// What a person types to make a pool of Batch, a cluster of nodes of Machine Learning or one of OpenShift carry `wanted` in
/// the place of `gone`, or a connection of Service Connector use it; `None` for other types.
/// Sources: batch/2025-06-01 (Pool_Update: `identity`), <https://learn.microsoft.com/cli/azure/ml/compute>
pub(crate) fn commands(host: &Host, wanted: &ResourceId, gone: &ResourceId) -> Option<String> {
    match host.kind.folded().as_str() {
        "microsoft.batch/batchaccounts/pools" => Some(pool(host, wanted, gone)),
        "microsoft.machinelearningservices/workspaces/computes" => Some(compute(host, wanted)),
        "microsoft.redhatopenshift/openshiftclusters" => Some(operators(host, wanted)),
        "microsoft.servicelinker/linkers" => Some(connection(host)),
        _ => None,
    }
}

/// Source: <https://learn.microsoft.com/cli/azure/aro> (`az aro update --assign-platform-workload-identity`)
fn operators(host: &Host, wanted: &ResourceId) -> String {
    let [subscription, group, name] = ["subscriptions", "resourceGroups", "openShiftClusters"]
        .map(|word| quoted(host.id.after(word).unwrap_or_default()));
    let at = format!("--subscription {subscription} --resource-group {group} --name {name}");
    format!(
        "az aro show {at} --query platformWorkloadIdentityProfile\n\
         az aro update {at} --assign-platform-workload-identity OPERATOR {}\n\
         (OPERATOR is the operator that has the old one; the new one needs its roles first)",
        quoted(wanted)
    )
}

/// Source: <https://learn.microsoft.com/cli/azure/webapp/connection>
fn connection(host: &Host) -> String {
    let at = host.id.find("/providers/Microsoft.ServiceLinker/").unwrap_or(host.id.len());
    let url = quoted(&format!("{}?api-version={}", host.id, host.api_version));
    format!(
        "az rest --method get --url {url}\n\
         (says what it connects to; make it again with --user-identity client-id=CLIENT subs-id=SUBSCRIPTION of the identity below:\n\
         az webapp connection create TARGET --source-id {}, or az containerapp and az aks in the place of webapp; compare the \
         application settings before and after)",
        quoted(&host.id[..at])
    )
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

    #[test]
    fn a_cluster_of_openshift_and_a_connection_have_commands_of_their_own_tools() {
        let text = commands(
            &host("Microsoft.RedHatOpenShift/openShiftClusters", "o p"),
            &"/new".into(),
            &OLD.into(),
        );
        let text = text.expect("a cluster");
        assert!(text.contains("--name 'o p' --assign-platform-workload-identity OPERATOR /new"), "{text}");
        let mut linker = host("Microsoft.Web/sites", "app");
        linker.id = format!("{}/providers/Microsoft.ServiceLinker/linkers/l", linker.id).into();
        linker.kind = "Microsoft.ServiceLinker/linkers".into();
        let text = commands(&linker, &"/new".into(), &OLD.into()).expect("a connection");
        assert!(text.contains("/sites/app,") && text.contains("/linkers/l?api-version="), "{text}");
    }
}
