//! A world of many small moves, each with one thing to grant, link, trust or re-point, at a place of its own.

use crate::support::azure::Azure;
use crate::support::neighbours::SUB;
use crate::support::rehome::Rehome;
use serde_json::{Value, json};

/// Which write of a move is struck.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Surface {
    /// The role assignment.
    Grant,
    /// The membership of a group.
    Link,
    /// The federated credential.
    Credential,
    /// The machine that carries the identity.
    Host,
}

/// One move.
pub(crate) struct Cell {
    pub(crate) name: String,
    pub(crate) surface: Surface,
    nth: usize,
}

impl Cell {
    /// The method and a part of the path of the write that is struck.
    pub(crate) fn strikes(&self) -> (&'static str, String) {
        let name = &self.name;
        match self.surface {
            Surface::Grant => {
                ("PUT", format!("/storageAccounts/{name}/providers/Microsoft.Authorization/roleAssignments/"))
            }
            Surface::Link => ("POST", format!("groups/{}/members/$ref", guid(self.nth, 'd'))),
            Surface::Credential => {
                ("PUT", format!("/userAssignedIdentities/{name}/federatedIdentityCredentials/"))
            }
            Surface::Host => ("PATCH", format!("/virtualMachines/{name}")),
        }
    }
}

fn guid(nth: usize, what: char) -> String {
    format!("{what}0000000-0000-4000-8000-{nth:012}")
}

const TENANT: &str = "7a1c9f52-0000-4000-8000-00000000c0de";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

/// Slow enough that the patience of a step (half an hour) outlasts a busy machine.
const SCALE: &str = "300";

pub(crate) struct World {
    batch: &'static str,
    pub(crate) arm: Vec<Value>,
    graph: Vec<Value>,
    identities: Vec<String>,
    pub(crate) settings: Value,
    /// What the batch file answers for by name.
    pub(crate) accepted: Vec<String>,
}

impl World {
    pub(crate) fn new(batch: &'static str) -> Self {
        let group = |name: &str, location: &str| {
            json!({"id": format!("{SUB}/resourceGroups/{name}"), "name": name, "location": location,
                "type": "Microsoft.Resources/resourceGroups", "properties": {"provisioningState": "Succeeded"}})
        };
        let subscription = json!({"id": SUB, "subscriptionId": SUB.rsplit('/').next(), "displayName": "one",
            "state": "Enabled", "tenantId": TENANT});
        let arm = vec![subscription, group("rg", "westeurope"), group("rg-new", "swedencentral")];
        Self {
            batch,
            arm,
            graph: Vec::new(),
            identities: Vec::new(),
            settings: json!({}),
            accepted: Vec::new(),
        }
    }

    /// One more move, whose write at this place is struck.
    pub(crate) fn cell(&mut self, surface: Surface) -> Cell {
        let nth = self.identities.len();
        // Of one length, so that no name is the beginning of another.
        let name = format!("cell{nth:03}");
        let resource = |kind: &str| format!("{SUB}/resourceGroups/rg/providers/{kind}/{name}");
        let id = resource("Microsoft.ManagedIdentity/userAssignedIdentities");
        let (client, principal) = (guid(nth, 'a'), guid(nth, 'b'));
        self.arm.push(json!({"id": id, "name": name, "location": "westeurope", "tags": {},
            "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
            "properties": {"clientId": client, "principalId": principal, "tenantId": TENANT}}));
        match surface {
            Surface::Grant => {
                let store = resource("Microsoft.Storage/storageAccounts");
                self.arm.push(json!({"id": store, "name": name, "type": "Microsoft.Storage/storageAccounts",
                    "location": "westeurope", "properties": {"provisioningState": "Succeeded"}}));
                let grant = guid(nth, 'c');
                self.arm.push(json!({
                    "id": format!("{store}/providers/Microsoft.Authorization/roleAssignments/{grant}"),
                    "name": grant, "type": "Microsoft.Authorization/roleAssignments",
                    "properties": {"principalId": principal, "principalType": "ServicePrincipal", "scope": store,
                        "roleDefinitionId": format!("{SUB}/providers/Microsoft.Authorization/roleDefinitions/{READER}"),
                        "createdOn": "2025-03-01T08:00:00.0000000Z"}}));
            }
            Surface::Link => self.graph.push(json!({"@odata.type": "#microsoft.graph.group",
                "id": guid(nth, 'd'), "displayName": name, "groupTypes": [], "securityEnabled": true,
                "members": [principal], "owners": []})),
            Surface::Credential => self.arm.push(json!({
                "id": format!("{id}/federatedIdentityCredentials/outside"), "name": "outside",
                "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
                "properties": {"issuer": "https://issuer.example", "subject": name,
                    "audiences": ["api://AzureADTokenExchange"]}})),
            Surface::Host => self.arm.push(json!({
                "id": resource("Microsoft.Compute/virtualMachines"), "name": name, "location": "westeurope",
                "type": "Microsoft.Compute/virtualMachines", "tags": {},
                "properties": {"provisioningState": "Succeeded"},
                "identity": {"type": "UserAssigned",
                    "userAssignedIdentities": {(id.as_str()): {"clientId": client, "principalId": principal}}}})),
        }
        self.identities.push(id);
        Cell { name, surface, nth }
    }

    /// Writes the estate, the faults and the batch, and serves it.
    pub(crate) fn serve(self, rehome: &mut Rehome, rules: Vec<Value>) -> Azure {
        let write = |name: &str, text: String| {
            let path = rehome.path(name);
            std::fs::write(&path, text).expect("written");
            path
        };
        let whole = json!({"arm": self.arm, "graph": self.graph, "settings": self.settings});
        let estate = write("estate.json", whole.to_string());
        let faults = write("faults.json", json!({"rules": rules}).to_string());
        let head = format!(
            "format_version = \"1.0\"\n[batch]\nname = \"{}\"\nto = \"swedencentral\"\nsoak = \"0s\"\n",
            self.batch
        );
        let accepted = match &self.accepted[..] {
            [] => String::new(),
            some => format!("accept_unseen = {}\n", json!(some)),
        };
        let one = |id: &String| {
            format!("[[identity]]\nid = \"{id}\"\ntarget_resource_group = \"rg-new\"\n{accepted}")
        };
        write("batch.toml", head + &self.identities.iter().map(one).collect::<String>());
        let azure = Azure::serve_at(SCALE, &estate, Some(&faults));
        rehome.turn_to(&azure);
        azure
    }
}
