//! Kubernetes clusters of Azure: the identity of their kubelets, which costs every node, and what binds an identity
//! to a cluster.

use crate::support::azure::{Azure, minimal_without_soak};
use crate::support::estates::{at, estate};
use crate::support::oracle::{mentioned_by, names};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const SUB: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001";
const CLIENT: &str = "0a1b2c3d-1111-4000-8000-00000000c1d1";
const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";

fn old() -> String {
    at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop")
}

fn new() -> String {
    old().replace("rg-shop-weu", "rg-shop-sdc")
}

fn cluster() -> String {
    at("Microsoft.ContainerService/managedClusters/aks-shop")
}

fn pool() -> String {
    format!("{SUB}/resourceGroups/MC_shop/providers/Microsoft.Compute/virtualMachineScaleSets/aks-pool-1")
}

/// A cluster whose kubelets have the identity, and one pool of its nodes.
fn with_nodes() -> Vec<Value> {
    let users = json!({"type": "UserAssigned", "userAssignedIdentities": {old(): {"clientId": CLIENT, "principalId": PRINCIPAL}}});
    vec![
        json!({"id": format!("{SUB}/resourceGroups/MC_shop"), "name": "MC_shop", "type": "Microsoft.Resources/resourceGroups",
            "location": "westeurope", "properties": {"provisioningState": "Succeeded"}}),
        json!({"id": cluster(), "name": "aks-shop", "type": "Microsoft.ContainerService/managedClusters", "location": "westeurope",
            "identity": {"type": "SystemAssigned", "principalId": "0a1b2c3d-7777-4000-8000-0000000000aa"},
            "properties": {"provisioningState": "Succeeded", "nodeResourceGroup": "MC_shop", "identityProfile": {
                "kubeletidentity": {"resourceId": old(), "clientId": CLIENT, "objectId": PRINCIPAL}}}}),
        json!({"id": pool(), "name": "aks-pool-1", "type": "Microsoft.Compute/virtualMachineScaleSets",
            "location": "westeurope", "identity": users, "properties": {"provisioningState": "Succeeded"}}),
    ]
}

fn stage(more: &[Value], batch: &str) -> (Azure, Rehome) {
    let azure = Azure::serve(estate(more).path(), None);
    let rehome = Rehome::at(&azure);
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    rehome.approve(&rehome.path("batch.toml"));
    (azure, rehome)
}

fn read(azure: &Azure, id: &str) -> Value {
    let estate = azure.estate();
    let all = estate["arm"].as_array().expect("arm").iter();
    all.clone().find(|o| text(&o["id"]).eq_ignore_ascii_case(id)).cloned().unwrap_or_default()
}

fn carried(azure: &Azure, id: &str) -> Vec<String> {
    let found = read(azure, id);
    let map = found["identity"]["userAssignedIdentities"].as_object().cloned().unwrap_or_default();
    map.keys().map(|key| key.to_lowercase()).collect()
}

/// What was sent to anything at or below this.
fn written(azure: &Azure, below: &str) -> usize {
    let below = below.to_lowercase();
    let wrote = |r: &&Value| !["GET", "HEAD", "POST"].contains(&text(&r["method"]));
    azure
        .requests()
        .iter()
        .filter(wrote)
        .filter(|r| text(&r["path"]).to_lowercase().starts_with(&below))
        .count()
}

fn nothing_is_left(azure: &Azure, before: &Value) {
    let names = names(before, &old()).expect("the old one");
    assert_eq!(mentioned_by(&azure.estate(), &names), Vec::<String>::new(), "the old one is mentioned");
}

#[test]
fn a_person_gives_kubelets_the_new_identity_with_the_command_of_the_plan_and_no_node_is_written() {
    let (azure, rehome) = stage(&with_nodes(), &minimal_without_soak());
    let before = azure.estate();
    let plan = rehome.say(&["show", "plan.json"]).expect(0).out;
    let command = format!(
        "az aks update --subscription {} --resource-group rg-shop-weu --name aks-shop --assign-kubelet-identity {}",
        &SUB[15..],
        new()
    );
    assert!(plan.contains(&command) && plan.contains("W208") && plan.contains("W209"), "{plan}");
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    assert_eq!((written(&azure, &cluster()), written(&azure, &pool())), (0, 0));
    // What the command does.
    let mut mended = read(&azure, &cluster());
    let made = read(&azure, &new());
    mended["properties"]["identityProfile"]["kubeletidentity"] = json!({"resourceId": new(),
        "clientId": made["properties"]["clientId"], "objectId": made["properties"]["principalId"]});
    azure.write("PUT", &format!("{}?api-version=2025-05-01", cluster()), &mended);
    assert_eq!(rehome.run_with_people(), 0);
    assert_eq!(carried(&azure, &pool()), [new().to_lowercase()], "its cluster has replaced the nodes");
    rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]).expect(0);
    nothing_is_left(&azure, &before);
}

#[test]
fn kubelets_are_moved_by_the_tool_only_where_the_batch_file_says_that_nodes_may_be_replaced() {
    let batch = minimal_without_soak().replace("[batch]\n", "[batch]\nreplace_nodes = true\n");
    let (azure, rehome) = stage(&with_nodes(), &batch);
    let before = azure.estate();
    let plan = rehome.say(&["show", "plan.json"]).expect(0).out;
    assert!(plan.contains("W207") && !plan.contains("az aks update"), "{plan}");
    assert_eq!(rehome.run_with_people(), 0);
    let kubelet = &read(&azure, &cluster())["properties"]["identityProfile"]["kubeletidentity"];
    assert_eq!(text(&kubelet["resourceId"]).to_lowercase(), new().to_lowercase());
    assert_eq!((carried(&azure, &pool()), written(&azure, &pool())), (vec![new().to_lowercase()], 0));
    assert!(written(&azure, &cluster()) > 0);
    rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]).expect(0);
    nothing_is_left(&azure, &before);
}

fn bare_cluster() -> Value {
    json!({"id": cluster(), "name": "aks-shop", "type": "Microsoft.ContainerService/managedClusters",
        "location": "westeurope", "identity": {"type": "SystemAssigned", "principalId": "0a1b2c3d-7777-4000-8000-0000000000aa"},
        "properties": {"provisioningState": "Succeeded"}})
}

/// Binds an identity to the cluster, as a person does.
fn bind(azure: &Azure, name: &str, identity: &str) {
    let body = json!({"properties": {"managedIdentity": {"resourceId": identity}}});
    azure.write("PUT", &format!("{}/identityBindings/{name}?api-version=2026-04-01", cluster()), &body);
}

fn of_aks(identity: &str) -> String {
    format!("{identity}/federatedIdentityCredentials/aks-identity-binding")
}

#[test]
fn the_credential_that_aks_keeps_for_bindings_is_not_copied_and_the_binding_is_made_anew() {
    let azure = Azure::serve(estate(&[bare_cluster()]).path(), None);
    bind(&azure, "ib-shop", &old());
    let before = azure.estate();
    assert!(text(&read(&azure, &of_aks(&old()))["properties"]["issuer"]).ends_with(CLIENT));
    let rehome = Rehome::at(&azure);
    std::fs::write(rehome.path("batch.toml"), minimal_without_soak()).expect("written");
    rehome.approve(&rehome.path("batch.toml"));
    let plan = rehome.say(&["show", "plan.json"]).expect(0).out;
    let command = format!(
        "az aks identity-binding create --subscription {} --resource-group rg-shop-weu --cluster-name aks-shop \
         --name ib-shop-new --managed-identity-resource-id {}",
        &SUB[15..],
        new()
    );
    assert!(plan.contains(&command) && plan.contains("use-managed-identity"), "{plan}");
    assert!(!plan.contains("federated credential aks-identity-binding"), "{plan}");
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    assert_eq!(read(&azure, &of_aks(&new())), Value::Null, "AKS makes that, and nobody else");
    bind(&azure, "ib-shop-new", &new());
    assert_eq!(rehome.run_with_people(), 0);
    let client = text(&read(&azure, &new())["properties"]["clientId"]).to_owned();
    assert!(text(&read(&azure, &of_aks(&new()))["properties"]["issuer"]).ends_with(&client));
    azure.write(
        "DELETE",
        &format!("{}/identityBindings/ib-shop?api-version=2026-04-01", cluster()),
        &json!({}),
    );
    rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]).expect(0);
    nothing_is_left(&azure, &before);
}

#[test]
fn a_credential_that_aks_has_left_behind_is_named_and_not_copied() {
    let name = "aks-identity-binding";
    let left = json!({"id": of_aks(&old()), "name": name,
        "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
        "properties": {"issuer": format!("https://ib.oic.prod-aks.azure.com/t/{CLIENT}"), "subject": name,
            "audiences": ["api://AzureADTokenExchange"]}});
    let (_azure, rehome) = stage(&[bare_cluster(), left], &minimal_without_soak());
    let plan = rehome.say(&["show", "plan.json"]).expect(0).out;
    assert!(plan.contains("W210") && plan.contains(name), "{plan}");
    assert!(!plan.contains("identity-binding create"), "{plan}");
    let saved = std::fs::read_to_string(rehome.path("plan.json")).expect("a plan");
    assert!(
        saved.contains("\"federated credential gh-main of ")
            && !saved.contains(&format!("\"federated credential {name} of "))
    );
}
