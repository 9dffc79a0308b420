//! The world: identities that are used as identities are, among resources that have nothing to do with them.

use serde_json::{Value, json};

const TENANT: &str = "7a1c9f52-0000-4000-8000-00000000c0de";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const BLOB_READER: &str = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";
const OPERATOR: &str = "f1a07417-d97a-45cb-824c-7a7467783830";

/// Federated credentials of each identity.
pub(crate) const CREDENTIALS: u64 = 2;

/// What the world has of everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) identities: u64,
    /// Resources beside each identity that have nothing to do with it.
    pub(crate) unrelated: u64,
    /// Identities in a subscription.
    pub(crate) together: u64,
    /// Sites that use each identity.
    pub(crate) sites: u64,
}

impl Size {
    pub(crate) fn subscriptions(self) -> u64 {
        self.identities.div_ceil(self.together.max(1)).max(1)
    }
}

/// A GUID of its own for the n-th thing of a kind.
fn guid(kind: u32, n: u64) -> String {
    format!("5ca1e000-{:04x}-4000-8000-{n:012x}", kind & 0xffff)
}

fn subscription(n: u64) -> String {
    format!("/subscriptions/{}", guid(1, n))
}

/// One identity, by its number.
#[derive(Clone, Copy)]
struct One {
    n: u64,
    size: Size,
}

impl One {
    fn group(self) -> String {
        format!("{}/resourceGroups/rg-weu", subscription(self.n / self.size.together.max(1)))
    }

    fn resource(self, kind: &str, name: &str) -> String {
        format!("{}/providers/{kind}/{name}-{}", self.group(), self.n)
    }

    fn identity(self) -> String {
        self.resource("Microsoft.ManagedIdentity/userAssignedIdentities", "id")
    }

    fn principal(self) -> String {
        guid(2, self.n)
    }

    fn client(self) -> String {
        guid(3, self.n)
    }

    fn body(self, kind: &str, name: &str, properties: Value) -> Value {
        let mut properties = properties;
        properties["provisioningState"] = json!("Succeeded");
        json!({"id": self.resource(kind, name), "name": format!("{name}-{}", self.n), "type": kind,
            "location": "westeurope", "tags": {}, "properties": properties})
    }

    /// The same, with the identity attached.
    fn carrier(self, kind: &str, name: &str, properties: Value) -> Value {
        let mut body = self.body(kind, name, properties);
        body["identity"] = json!({"type": "UserAssigned"});
        body["identity"]["userAssignedIdentities"][self.identity()] =
            json!({"principalId": self.principal(), "clientId": self.client()});
        body
    }

    fn assignment(self, nth: u64, scope: &str, role: &str, principal: &str) -> Value {
        let name = guid(4, self.n * 8 + nth);
        let role = format!(
            "{}/providers/Microsoft.Authorization/roleDefinitions/{role}",
            subscription(self.n / self.size.together.max(1))
        );
        json!({"id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"), "name": name,
            "type": "Microsoft.Authorization/roleAssignments", "properties": {"roleDefinitionId": role,
                "principalId": principal, "principalType": "ServicePrincipal", "scope": scope}})
    }

    fn credential(self, nth: u64) -> Value {
        let name = format!("gh-{nth}");
        json!({"id": format!("{}/federatedIdentityCredentials/{name}", self.identity()), "name": name,
            "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
            "properties": {"issuer": "https://token.actions.githubusercontent.com",
                "subject": format!("repo:contoso/r{}-{nth}:ref:refs/heads/main", self.n),
                "audiences": ["api://AzureADTokenExchange"]}})
    }

    fn arm(self, out: &mut Vec<Value>) {
        let (site, machine) = ("Microsoft.Web/sites", "Microsoft.Compute/virtualMachines");
        let (storage, vault) = ("Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults");
        out.push(json!({"id": self.identity(), "name": format!("id-{}", self.n), "location": "westeurope", "tags": {},
            "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "properties": {"clientId": self.client(),
                "principalId": self.principal(), "tenantId": TENANT, "isolationScope": "None"}}));
        for nth in 0..self.size.sites {
            let name = format!("app{nth}");
            let own = self.carrier(site, &name, json!({"keyVaultReferenceIdentity": self.identity()}));
            out.push(json!({"id": format!("{}/config/appsettings", self.resource(site, &name)), "name": "appsettings",
                "type": "Microsoft.Web/sites/config", "location": "westeurope",
                "properties": {"AZURE_CLIENT_ID": self.client(), "WEBSITE_RUN_FROM_PACKAGE": "1"}}));
            out.push(own);
        }
        out.push(self.carrier(machine, "vm", json!({"hardwareProfile": {"vmSize": "Standard_B2s"}})));
        out.push(self.body(storage, "st", json!({"minimumTlsVersion": "TLS1_2"})));
        let entry = json!({"tenantId": TENANT, "objectId": self.principal(), "permissions": {"secrets": ["get", "list"]}});
        out.push(self.body(
            vault,
            "kv",
            json!({"tenantId": TENANT, "enableRbacAuthorization": false, "accessPolicies": [entry]}),
        ));
        let (store, keys) = (self.resource(storage, "st"), self.resource(vault, "kv"));
        out.push(self.assignment(0, &store, BLOB_READER, &self.principal()));
        out.push(self.assignment(1, &keys, READER, &self.principal()));
        out.push(self.assignment(2, &self.resource(site, "app0"), READER, &self.principal()));
        out.push(self.assignment(3, &self.identity(), OPERATOR, &guid(5, 0)));
        out.extend((0..CREDENTIALS).map(|nth| self.credential(nth)));
        const UNRELATED: [&str; 5] = [
            "Microsoft.Compute/disks",
            "Microsoft.Network/networkInterfaces",
            "Microsoft.Network/publicIPAddresses",
            "Microsoft.Network/virtualNetworks",
            "Microsoft.Storage/storageAccounts",
        ];
        for (nth, kind) in (0..self.size.unrelated).zip(UNRELATED.iter().cycle()) {
            out.push(self.body(kind, &format!("other{nth}"), json!({"note": "it names nobody"})));
        }
    }

    fn graph(self, out: &mut Vec<Value>) {
        out.push(json!({"@odata.type": "#microsoft.graph.servicePrincipal", "id": self.principal(),
            "appId": self.client(), "displayName": format!("id-{}", self.n), "servicePrincipalType": "ManagedIdentity"}));
        out.push(json!({"@odata.type": "#microsoft.graph.group", "id": guid(6, self.n), "groupTypes": [],
            "displayName": format!("group-{}", self.n), "securityEnabled": true, "members": [self.principal()]}));
    }
}

fn all(size: Size) -> impl Iterator<Item = One> {
    (0..size.identities).map(move |n| One { n, size })
}

/// The estate; `settings` is how Azure behaves in it.
pub(crate) fn estate(size: Size, settings: &Value) -> Value {
    let group = |of: &str, name: &str, location: &str| {
        json!({"id": format!("{of}/resourceGroups/{name}"), "name": name, "location": location, "tags": {},
            "type": "Microsoft.Resources/resourceGroups", "properties": {"provisioningState": "Succeeded"}})
    };
    let (mut arm, mut graph) = (Vec::new(), Vec::new());
    for id in (0..size.subscriptions()).map(subscription) {
        arm.push(json!({"id": id, "subscriptionId": id.rsplit('/').next(), "displayName": "scale",
            "tenantId": TENANT, "state": "Enabled"}));
        arm.push(group(&id, "rg-weu", "westeurope"));
        arm.push(group(&id, "rg-sdc", "swedencentral"));
    }
    graph.push(
        json!({"@odata.type": "#microsoft.graph.servicePrincipal", "id": guid(5, 0), "appId": guid(5, 1),
        "displayName": "operator", "servicePrincipalType": "Application"}),
    );
    for one in all(size) {
        one.arm(&mut arm);
        one.graph(&mut graph);
    }
    json!({"arm": arm, "graph": graph, "settings": settings})
}

/// The batch file that moves all of them and waits for nothing that Azure does not show.
pub(crate) fn batch(size: Size) -> String {
    let head = "format_version = \"1.0\"\n[batch]\nname = \"scale\"\nto = \"swedencentral\"\nsoak = \"0s\"\n\
         unpinned_host = \"swap\"\n[waits]\ngrants = \"0s\"\nhigh_grants = \"0s\"\nclaims = \"0s\"\ndrain = \"0s\"\n";
    let entry =
        |one: One| format!("[[identity]]\nid = \"{}\"\ntarget_resource_group = \"rg-sdc\"\n", one.identity());
    all(size).map(entry).fold(head.to_owned(), |batch, more| batch + &more)
}
