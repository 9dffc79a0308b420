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
        "microsoft.automation/automationaccounts/runbooks/content" => Some(runbook(host)),
        "microsoft.automation/automationaccounts/variables" => Some(variable(host)),
        "microsoft.automation/automationaccounts/connections" => Some(fields(host)),
        "microsoft.automation/automationaccounts/jobschedules" => Some(schedule(host)),
        _ => None,
    }
}

/// Source: `az aro update` of azure-cli 2.91.0 (`--assign-platform-workload-identity`, which takes an operator and an
/// identity and may stand several times; `--assign-cluster-identity`)
fn operators(host: &Host, wanted: &ResourceId) -> String {
    let [subscription, group, name] = ["subscriptions", "resourceGroups", "openShiftClusters"]
        .map(|word| quoted(host.id.after(word).unwrap_or_default()));
    let at = format!("--subscription {subscription} --resource-group {group} --name {name}");
    let wanted = quoted(wanted);
    let mut set: Vec<String> = host
        .references
        .iter()
        .filter_map(|place| operator(&place.pointer))
        .map(|operator| format!("--assign-platform-workload-identity {} {wanted}", quoted(&operator)))
        .collect();
    set.dedup();
    if host.carries || set.is_empty() {
        set.push(format!("--assign-cluster-identity {wanted}"));
    }
    format!(
        "az aro show {at} --query '[identity, platformWorkloadIdentityProfile]'\n\
         az aro update {at} {}\n\
         (the new one needs the roles of the old one first, on the networks of the cluster and on its other identities too)",
        set.join(" ")
    )
}

/// The operator whose identity stands at this pointer.
fn operator(pointer: &str) -> Option<String> {
    let mut parts = pointer.rsplit('/');
    let (last, name, list) = (parts.next()?, parts.next()?, parts.next()?);
    let is =
        last.eq_ignore_ascii_case("resourceId") && list.eq_ignore_ascii_case("platformWorkloadIdentities");
    is.then(|| name.replace("~1", "/").replace("~0", "~"))
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

fn url(host: &Host) -> String {
    quoted(&format!("{}?api-version={}", host.id, host.api_version))
}

/// Source: <https://learn.microsoft.com/cli/azure/automation/runbook>
fn runbook(host: &Host) -> String {
    let [subscription, group, account, name] =
        ["subscriptions", "resourceGroups", "automationAccounts", "runbooks"]
            .map(|word| quoted(host.id.after(word).unwrap_or_default()));
    let at = format!(
        "--subscription {subscription} --resource-group {group} --automation-account-name {account} --name {name}"
    );
    format!(
        "az rest --method get --url {} > runbook.txt\n\
         (put the names below into runbook.txt, and into the repository that it is kept in)\n\
         az automation runbook replace-content {at} --content @runbook.txt\n\
         az automation runbook publish {at}",
        url(host)
    )
}

/// Source: automation/2023-11-01 (`Variable_CreateOrUpdate`)
fn variable(host: &Host) -> String {
    let url = url(host);
    format!(
        "az rest --method get --url {url} > variable.json\n\
         (put the names below into properties.value of variable.json)\n\
         az rest --method put --url {url} --body @variable.json"
    )
}

/// Source: automation/2023-11-01 (`Connection_Update`: `fieldDefinitionValues`)
fn fields(host: &Host) -> String {
    let last =
        |pointer: &str| pointer.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
    let values: serde_json::Map<String, Value> =
        host.references.iter().map(|place| (last(&place.pointer), Value::from("VALUE"))).collect();
    let body = json!({"name": host.id.name(), "properties": {"fieldDefinitionValues": values}});
    let url = url(host);
    format!(
        "az rest --method get --url {url}\n\
         az rest --method patch --url {url} --body {}\n\
         (VALUE is what stands there with the names below; fields that are not named stay as they are)",
        quoted(&body.to_string())
    )
}

/// Source: automation/2023-11-01 (`JobSchedule_Create`, which no verb changes)
fn schedule(host: &Host) -> String {
    let url = url(host);
    let list = host.id.list().unwrap_or_default();
    format!(
        "az rest --method get --url {url} > schedule.json\n\
         (put the names below into properties.parameters of schedule.json)\n\
         az rest --method delete --url {url}\n\
         az rest --method put --url {}\"$(uuidgen)\"'?api-version={}' --body @schedule.json",
        quoted(&format!("{list}/")),
        host.api_version
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
    use crate::references::scan::Identifier;
    use crate::relocate::facts::Reference;
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
        let mut cluster = host("Microsoft.RedHatOpenShift/openShiftClusters", "o p");
        let said = |cluster: &Host| commands(cluster, &"/new".into(), &OLD.into()).expect("a cluster");
        assert!(said(&cluster).contains("--name 'o p' --assign-cluster-identity /new\n"), "it carries it");
        let list = "/properties/platformWorkloadIdentityProfile/platformWorkloadIdentities";
        cluster.references = ["ingress/resourceId", "a b/resourceId", "a b/clientId"]
            .map(|end| Reference { pointer: format!("{list}/{end}"), identifier: Identifier::ResourceId })
            .to_vec();
        cluster.carries = false;
        let wanted = "--name 'o p' --assign-platform-workload-identity ingress /new \
                      --assign-platform-workload-identity 'a b' /new\n";
        assert!(said(&cluster).contains(wanted), "{}", said(&cluster));
        let mut linker = host("Microsoft.Web/sites", "app");
        linker.id = format!("{}/providers/Microsoft.ServiceLinker/linkers/l", linker.id).into();
        linker.kind = "Microsoft.ServiceLinker/linkers".into();
        let text = commands(&linker, &"/new".into(), &OLD.into()).expect("a connection");
        assert!(text.contains("/sites/app,") && text.contains("/linkers/l?api-version="), "{text}");
    }
}
