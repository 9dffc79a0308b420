//! Activities: of a resource only what a rehearsal needs. Pure.
//!
//! A copy of a tenant is handed on, and a secret may stand anywhere in a resource: in an argument, a command, a header,
//! a parameter. So nothing stays because it looks harmless. What stays is listed: the structure with its numbers and
//! truth values, what says what a thing is, ids, the identities, and by type what the survey and the local Azure read.
//! Of every other text only the mentions of identities and database servers are left. What is copied to the new
//! identity, or only says who may do what, is kept as a whole, without what gives itself away as a secret.

use super::known;
use super::secrets::{MASK, mask};
use super::text::only_mentions;
use crate::surfaces::database::servers::named_in_text;
use rehome_orchestrator::has_secret;
use serde_json::{Value, json};

/// Types that are kept as a whole beside the grants of services, in lower case: grants, and what is copied to the new
/// identity. The first part of a type, and how the last one ends.
const WHOLE: [(&str, &str); 10] = [
    ("microsoft.authorization/", ""),
    ("microsoft.managedidentity/", ""),
    ("microsoft.management/managementgroups", ""),
    ("microsoft.resources/subscriptions", ""),
    ("microsoft.resources/resourcegroups", ""),
    ("microsoft.resources/tags", ""),
    ("microsoft.managedservices/", ""),
    ("microsoft.insights/", "diagnosticsettings"),
    ("", "assignments"),
    ("", "roledefinitions"),
];

/// Members of every type whose text says what a thing is or how it stands.
const SAYS_WHAT: [&str; 17] = [
    "name",
    "type",
    "kind",
    "location",
    "@odata.type",
    "tier",
    "size",
    "family",
    "mode",
    "vmSize",
    "osType",
    "format",
    "version",
    "languageVersion",
    "scope",
    "level",
    "state",
];

/// Members in which people write what they like, whatever its parts are called.
const FREE: [&str; 17] = [
    "parameters",
    "globalparameters",
    "definition",
    "inputs",
    "outputs",
    "headers",
    "args",
    "arguments",
    "command",
    "commands",
    "typeproperties",
    "environmentvariables",
    "settings",
    "protectedsettings",
    "metadata",
    "variables",
    "body",
];

/// Endings of such members.
const SAYS_HOW: [&str; 6] = ["State", "Status", "status", "Type", "Mode", "Tier"];

/// What else of a type is read: by the survey, by the local Azure, or by the commands that people are given.
const OF_TYPE: [(&str, &[&str]); 18] = [
    ("microsoft.app/containerapps", &["fqdn", "latestRevisionName"]),
    ("microsoft.apimanagement/service", &["gatewayUrl"]),
    ("microsoft.batch/batchaccounts", &["accountEndpoint"]),
    ("microsoft.containerservice/managedclusters", &["nodeResourceGroup", "issuerURL", "kubernetesVersion"]),
    ("microsoft.compute/virtualmachines", &["vmId", "code"]),
    ("microsoft.databricks/workspaces", &["workspaceUrl"]),
    ("microsoft.dbformysql/flexibleservers", &["fullyQualifiedDomainName"]),
    ("microsoft.dbforpostgresql/flexibleservers", &["fullyQualifiedDomainName"]),
    ("microsoft.documentdb/databaseaccounts", &["documentEndpoint"]),
    ("microsoft.keyvault/vaults", &["vaultUri"]),
    ("microsoft.kusto/clusters", &["uri"]),
    ("microsoft.loadtestservice/loadtests", &["dataPlaneURI"]),
    ("microsoft.purview/accounts", &["scan"]),
    ("microsoft.search/searchservices", &["endpoint"]),
    ("microsoft.sql/servers", &["fullyQualifiedDomainName"]),
    ("microsoft.storage/storageaccounts", &["blob", "queue", "table", "file"]),
    ("microsoft.synapse/workspaces", &["dev"]),
    ("microsoft.web/sites", &["defaultHostName"]),
];

/// Members beside `properties` that are kept: what Azure itself says of every resource.
const ENVELOPE: [&str; 8] = ["id", "name", "type", "kind", "location", "identity", "zones", "managedBy"];

/// Leaves of a resource what a rehearsal needs; `keep` has the names of the identities that were read. Masking twice is
/// masking once.
pub fn mask_for_rehearsal(resource: &mut Value, keep: &[String]) {
    let kind = resource["type"].as_str().unwrap_or_default().to_lowercase();
    let provider = resource["resourceTypes"].is_array();
    let grant = known::of(&kind).is_some_and(|known| known.grants.is_some());
    if provider || grant || WHOLE.iter().any(|(first, last)| kind.starts_with(first) && kind.ends_with(last))
    {
        return mask(resource, keep);
    }
    let own = OF_TYPE.iter().find(|(of, _)| *of == kind).map_or(&[][..], |(_, members)| *members);
    let around = Around { keep, own, free: false };
    for (name, member) in resource.as_object_mut().into_iter().flatten() {
        if name == "tags" {
            // What people wrote for everybody to read, without what gives itself away.
            let mut tags = json!({ "tags": member.take() });
            mask(&mut tags, keep);
            *member = tags["tags"].take();
        } else if !ENVELOPE.contains(&name.as_str()) {
            around.walk(name, member);
        }
    }
}

#[derive(Clone, Copy)]
struct Around<'a> {
    keep: &'a [String],
    own: &'static [&'static str],
    /// Whether this is inside of what people write as they like.
    free: bool,
}

impl Around<'_> {
    fn walk(self, name: &str, value: &mut Value) {
        let free = self.free || FREE.iter().any(|free| name.eq_ignore_ascii_case(free));
        let inside = Self { free, ..self };
        match value {
            Value::String(text) => {
                if !inside.stays(name, text) {
                    *text = self.mentions(text);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| inside.walk(name, item)),
            Value::Object(members) => {
                for (name, member) in members {
                    // The entries of a vault say what may be done with secrets.
                    if name != "accessPolicies" {
                        inside.walk(name, member);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn stays(self, name: &str, text: &str) -> bool {
        if text.is_empty() || text == MASK {
            return true;
        }
        let says = SAYS_WHAT.contains(&name) || SAYS_HOW.iter().any(|end| name.ends_with(end));
        let listed = says && is_name(text) || self.own.contains(&name);
        let names_thing = name.to_ascii_lowercase().ends_with("id") && uuid::Uuid::try_parse(text).is_ok();
        (!self.free && (listed || names_thing) || is_id(text)) && !has_secret(text)
    }

    fn mentions(self, text: &str) -> String {
        let mut keep = self.keep.to_vec();
        keep.extend(named_in_text(text));
        only_mentions(text, &keep, MASK)
    }
}

/// An id of Azure's, or a thing in a vault.
fn is_id(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.()".contains(c);
    let vault = text.strip_prefix("https://").and_then(|rest| rest.split('/').next());
    let vault = vault
        .is_some_and(|host| [".vault.azure.net", ".managedhsm.azure.net"].iter().any(|v| host.ends_with(v)));
    let scope = ["/subscriptions/", "/providers/"].iter().any(|begins| text.starts_with(begins));
    scope && text.chars().all(plain) || vault && !text.contains(['?', ' ', '@'])
}

/// A short name: what a thing, a state or a version is called.
fn is_name(text: &str) -> bool {
    text.len() <= 80 && text.chars().all(|c| c.is_alphanumeric() || " -_./()#".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::references::secrets::tests::{CID, RID, masked_by};

    fn masked(value: Value) -> Value {
        masked_by(mask_for_rehearsal, value)
    }

    /// Where people put secrets, and nothing gives them away.
    #[test]
    fn whatever_people_wrote_into_a_resource_stays_at_home() {
        for (kind, properties) in [
            (
                "Microsoft.Resources/deploymentScripts",
                json!({"arguments": "-Pwd PLANTED", "scriptContent": "echo PLANTED"}),
            ),
            (
                "Microsoft.App/containerApps",
                json!({"template": {"containers": [{"args": ["--x", "PLANTED"], "command": ["PLANTED"]}]}}),
            ),
            ("Microsoft.App/jobs", json!({"template": {"containers": [{"args": ["PLANTED"]}]}})),
            (
                "Microsoft.ContainerInstance/containerGroups",
                json!({"containers": [{"properties": {"command": ["run", "PLANTED"]}}]}),
            ),
            (
                "Microsoft.Logic/workflows",
                json!({"parameters": {"p": {"type": "String", "value": "PLANTED"}}}),
            ),
            (
                "Microsoft.Logic/workflows",
                json!({"definition": {"actions": {"h": {"inputs": {"headers": {"x": "PLANTED"}, "uri": "https://x/PLANTED"}}}}}),
            ),
            (
                "Microsoft.DataFactory/factories",
                json!({"globalParameters": {"g": {"type": "String", "value": "PLANTED"}}}),
            ),
            (
                "Microsoft.DataFactory/factories/pipelines",
                json!({"activities": [{"typeProperties": {"body": "PLANTED"}}]}),
            ),
            ("Microsoft.Compute/virtualMachines/extensions", json!({"settings": {"x": "PLANTED"}})),
            (
                "Microsoft.Compute/virtualMachines/runCommands",
                json!({"parameters": [{"name": "p", "value": "PLANTED"}]}),
            ),
            ("Microsoft.Automation/automationAccounts/jobs", json!({"parameters": {"p": "PLANTED"}})),
            ("Microsoft.Web/sites", json!({"siteConfig": {"appCommandLine": "run PLANTED"}})),
            ("Microsoft.ApiManagement/service/namedValues", json!({"displayName": "n", "value": "PLANTED"})),
            (
                "Microsoft.Logic/workflows",
                json!({"parameters": {"p": {"type": "String", "name": "PLANTED"}}}),
            ),
            ("Microsoft.Nobody/knows", json!({"anything": ["PLANTED"], "deep": {"deeper": "PLANTED"}})),
        ] {
            let told = masked(json!({"id": "/x", "type": kind, "properties": properties}));
            assert!(!told.to_string().contains("PLANTED"), "{kind}: {told}");
        }
    }

    #[test]
    fn the_structure_ids_and_identities_stay() {
        let body = json!({
            "id": RID, "name": "app", "type": "Microsoft.Web/sites", "location": "westeurope", "kind": "functionapp,linux",
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {RID: {"clientId": CID}}},
            "tags": {"env": "prod"},
            "sku": {"name": "Standard_LRS", "tier": "Standard"},
            "properties": {
                "provisioningState": "Succeeded", "state": "Running", "httpsOnly": true, "maxReplicas": 3,
                "keyVaultReferenceIdentity": RID, "vmId": "11111111-2222-4000-8000-000000000009", "defaultHostName": "app.azurewebsites.net",
                "keyVaultUri": "https://kv.vault.azure.net/keys/k/0123456789abcdef0123456789abcdef",
                "accessPolicies": [{"objectId": CID, "permissions": {"secrets": ["get"]}}],
            },
        });
        assert_eq!(masked(body.clone()), body);
        let mentions = masked(json!({"type": "Microsoft.Web/sites", "properties": {
            "x": format!("User Id={CID};Server=sql-a.database.windows.net;PLANTED"), "url": format!("https://x/?id={}", RID.replace('/', "%2F"))}}));
        assert_eq!(
            mentions["properties"]["x"],
            format!("(masked){CID}(masked)sql-a.database.windows.net(masked)")
        );
        assert_eq!(mentions["properties"]["url"], format!("(masked){}", RID.replace('/', "%2F")));
    }

    #[test]
    fn what_is_copied_or_says_who_may_do_what_is_kept_as_a_whole() {
        for (kind, properties) in [
            (
                "Microsoft.Authorization/roleAssignments",
                json!({"principalId": CID, "condition": "@Resource[x] StringEquals 'y'"}),
            ),
            (
                "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
                json!({"issuer": "https://x", "subject": "repo:a/b"}),
            ),
            (
                "Microsoft.Kusto/clusters/principalAssignments",
                json!({"principalId": CID, "role": "AllDatabasesViewer"}),
            ),
            ("Microsoft.Sql/servers/administrators", json!({"login": "ada", "sid": CID})),
            ("Microsoft.Insights/diagnosticSettings", json!({"logs": [{"category": "Audit Logs"}]})),
        ] {
            let body = json!({"id": "/x", "type": kind, "properties": properties});
            assert_eq!(masked(body.clone()), body);
        }
    }
}
