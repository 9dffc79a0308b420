//! What people change by hand in a resource, in a rehearsal: it is changed there, so that verify and the clean-up see what
//! people would leave.

use crate::support::estates::{at, whole};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const CLIENT: &str = "0a1b2c3d-1111-4000-8000-00000000c1d1";
const AUTOMATION: &str = "Microsoft.Automation/automationAccounts";
const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";

fn carrying(id: &str, kind: &str, properties: Value) -> Value {
    let old = at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop");
    json!({"id": at(id), "name": id.rsplit('/').next(), "type": kind, "location": "westeurope", "tags": {},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {old: {"clientId": CLIENT, "principalId": PRINCIPAL}}},
        "properties": properties})
}

fn child(id: &str, kind: &str, properties: Value) -> Value {
    json!({"id": at(id), "name": id.rsplit('/').next(), "type": kind, "location": "westeurope", "properties": properties})
}

/// A container group, an extension whose protected settings nobody reads, and a connection of Service Connector.
fn by_hand() -> Vec<Value> {
    vec![
        carrying(
            "Microsoft.ContainerInstance/containerGroups/cg",
            "Microsoft.ContainerInstance/containerGroups",
            json!({"provisioningState": "Succeeded", "osType": "Linux", "containers": [{"name": "a", "properties":
                {"image": "i", "environmentVariables": [{"name": "AZURE_CLIENT_ID", "value": CLIENT}]}}]}),
        ),
        child(&format!("{AUTOMATION}/auto-job"), AUTOMATION, json!({"state": "Ok"})),
        child(
            &format!("{AUTOMATION}/auto-job/variables/who"),
            &format!("{AUTOMATION}/variables"),
            json!({"isEncrypted": false, "value": format!("\"{CLIENT}\"")}),
        ),
        child(
            &format!("{AUTOMATION}/auto-job/runbooks/sync"),
            &format!("{AUTOMATION}/runbooks"),
            json!({"runbookType": "PowerShell", "state": "Published"}),
        ),
        json!({"id": at(&format!("{AUTOMATION}/auto-job/runbooks/sync/content")), "type": format!("{AUTOMATION}/runbooks/content"),
            "content": format!("Connect-AzAccount -Identity -AccountId {CLIENT}\n")}),
        carrying(
            "Microsoft.Compute/virtualMachines/vm-job",
            "Microsoft.Compute/virtualMachines",
            json!({"provisioningState": "Succeeded"}),
        ),
        child(
            "Microsoft.Compute/virtualMachines/vm-job/extensions/job",
            "Microsoft.Compute/virtualMachines/extensions",
            json!({"publisher": "Contoso", "type": "Job", "typeHandlerVersion": "1.0", "settings": {"clientId": CLIENT}}),
        ),
        carrying("Microsoft.Web/sites/app-linked", "Microsoft.Web/sites", json!({"state": "Running"})),
        child(
            "Microsoft.Web/sites/app-linked/providers/Microsoft.ServiceLinker/linkers/orders",
            "Microsoft.ServiceLinker/linkers",
            json!({"authInfo": {"authType": "userAssignedIdentity", "clientId": CLIENT, "subscriptionId": "5b0c6d1e-0000-4000-8000-000000000001"},
                "targetService": {"type": "AzureResource", "id": at("Microsoft.Storage/storageAccounts/stshop")}}),
        ),
    ]
}

#[test]
fn what_people_change_in_resources_is_changed_in_a_rehearsal_and_it_ends_as_it_should() {
    let estate = whole(by_hand(), Vec::new(), json!([]));
    let rehome = Rehome::offline();
    let batch = crate::support::azure::minimal_without_soak();
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    let file = estate.path().to_str().expect("a plain path");
    let said = rehome.say(&["rehearse", "batch.toml", "--estate", file, "-v"]).expect(0);
    for part in [
        "auto-job/runbooks/sync/content: use NEW",
        "auto-job/variables/who: use NEW",
        "cg: use NEW",
        "job: use NEW",
        "orders: use NEW",
    ] {
        let line = said.err.lines().find(|line| line.contains(part)).unwrap_or_default();
        assert!(line.ends_with(": played in this rehearsal"), "{part}: {}", said.err);
    }
    assert!(said.out.contains("played"), "{}", said.out);
    let json = rehome.json(&["rehearse", "batch.toml", "--estate", file]);
    assert!(text(&json["commands"][0]["command"]) == "plan", "{json}");
}
