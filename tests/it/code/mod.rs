//! A team's own code: where it names what moves, what is written into it, and what becomes of it in a plan.

mod patches;
pub(crate) mod scans;
mod steps;

use crate::support::rehome::Rehome;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) const CLIENT: &str = "0a1b2c3d-1111-4000-8000-00000000c1d1";
pub(crate) const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";
pub(crate) const OLD: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg-shop-weu/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop";
pub(crate) const NEW: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg-shop-sdc/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop";

/// What no report may show of a file.
pub(crate) const SECRET: &str = "hunter2-8f3a91";

/// A file of the repository: its path, its text, and what has to be found in it, each as line, column, id and form.
pub(crate) struct Sample(pub(crate) &'static str, pub(crate) String, pub(crate) &'static [&'static str]);

/// A file with the ids filled in.
fn sample(path: &'static str, text: &str, found: &'static [&'static str]) -> Sample {
    let text = text.replace("{rid}", OLD).replace("{cid}", CLIENT).replace("{pid}", PRINCIPAL);
    Sample(path, text, found)
}

/// A small repository with a file of each kind.
pub(crate) fn samples() -> Vec<Sample> {
    infrastructure().into_iter().chain(deployments()).chain(others()).collect()
}

fn infrastructure() -> Vec<Sample> {
    vec![
        sample(
            "infra/identity.tf",
            "resource \"azurerm_user_assigned_identity\" \"shop\" {\n  name                = \"id-shop\"\n  location            = var.location\n  resource_group_name = azurerm_resource_group.shop.name\n}\n",
            &["2:26 resource_id declaration terraform"],
        ),
        sample(
            "infra/main.tf",
            "data \"azurerm_user_assigned_identity\" \"shop\" {\n  name                = \"id-shop\"\n  resource_group_name = \"rg-shop-weu\"\n}\n\n\
             resource \"azurerm_role_assignment\" \"read\" {\n  principal_id = \"{pid}\"\n}\n\n# the app\nlocals {\n  identity_ids = [\"{rid}\"]\n  other        = \"{rid}-api\"\n}\n",
            &[
                "2:26 resource_id parts terraform",
                "7:19 principal_id whole terraform",
                "12:20 resource_id whole terraform",
            ],
        ),
        sample(
            "infra/prod.tfvars",
            "region = \"weu\"\r\nclient_id = \"{cid}\"\r\n",
            &["2:14 client_id whole terraform_variables"],
        ),
        sample(
            "infra/terraform.tfstate",
            "{\"version\":4,\"terraform_version\":\"1.9.0\",\"outputs\":{\"name\":{\"value\":\"id-shop\"}},\"resources\":[{\"attributes\":{\"id\":\"{rid}\",\"client_id\":\"{cid}\"}}]}",
            &["1:115 resource_id whole terraform_state", "1:275 client_id whole terraform_state"],
        ),
        sample(
            "infra/app.bicep",
            "resource id 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {\n  name: 'id-shop'\n  scope: resourceGroup('rg-shop-weu')\n}\n",
            &["2:10 resource_id parts bicep"],
        ),
        sample(
            "infra/azuredeploy.json",
            "{\"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",\n \"resources\": [{\"identity\": {\"type\": \"UserAssigned\", \"userAssignedIdentities\": {\n  \"[resourceId('rg-shop-weu', 'Microsoft.ManagedIdentity/userAssignedIdentities', 'id-shop')]\": {}}}}]}\n",
            &["3:84 resource_id parts arm_template"],
        ),
        sample(
            "infra/azuredeploy.parameters.json",
            "{\"$schema\": \"https://schema.management.azure.com/schemas/2015-01-01/deploymentParameters.json#\",\n \"parameters\": {\"clientId\": {\"value\": \"{cid}\"}}}\n",
            &["2:40 client_id whole deployment_parameters"],
        ),
    ]
}

fn deployments() -> Vec<Sample> {
    vec![
        sample("charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\n", &[]),
        sample(
            "charts/shop/values.yaml",
            "workloadIdentity:\n  clientId: {cid}\n",
            &["2:13 client_id whole helm"],
        ),
        sample(
            "k8s/account.yaml",
            "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: shop\n  annotations:\n    azure.workload.identity/client-id: {cid}\n",
            &["6:40 client_id whole kubernetes"],
        ),
        sample(
            "k8s/export.json",
            "{\"apiVersion\":\"v1\",\"items\":[{\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\",\"metadata\":{\"annotations\":{\"azure.workload.identity/client-id\":\"{cid}\"},\"resourceVersion\":\"7\"}}],\"kind\":\"List\"}",
            &["1:136 client_id whole kubernetes_export"],
        ),
        sample(
            ".github/workflows/deploy.yml",
            "on: push\njobs:\n  d:\n    steps:\n      - uses: azure/login@v2\n        with:\n          client-id: {cid}\n",
            &["7:22 client_id whole github_workflow"],
        ),
        sample(
            "azure-pipelines.yml",
            "steps:\n- script: az identity show -n id-shop -g rg-shop-weu\n  env:\n    AZURE_CLIENT_ID: {cid}\n",
            &["2:31 resource_id parts azure_pipelines", "4:22 client_id whole azure_pipelines"],
        ),
    ]
}

fn others() -> Vec<Sample> {
    vec![
        sample(
            ".env",
            "DB_PASSWORD=hunter2-8f3a91\nAZURE_CLIENT_ID={cid}\n",
            &["2:17 client_id whole environment_file"],
        ),
        sample(
            "src/Program.cs",
            "if (clientId == \"{cid}\") { Connect(\"hunter2-8f3a91\", \"{cid}\"); }\n",
            &["1:18 client_id whole source", "1:86 client_id whole source"],
        ),
        sample(
            "src/link.txt",
            "https://portal.azure.com/#resource{rid}/overview?x=%3D{cid}\n",
            &["1:35 resource_id whole document", "1:195 client_id whole document"],
        ),
        sample("CODEOWNERS", "* @contoso/shop\n*.tf @contoso/platform\n", &[]),
        sample("README.md", "The image id-shop is built by hand.\n", &[]),
    ]
}

/// The repository of the samples, below this folder; what else a test wants is put into it.
pub(crate) fn repository(rehome: &Rehome, name: &str) -> PathBuf {
    let root = rehome.path(name);
    for Sample(path, text, _) in samples() {
        put(&root, path, text.as_bytes());
    }
    git(&root, &["init", "-q"]);
    root
}

pub(crate) fn put(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, bytes).expect("written");
}

pub(crate) fn git(folder: &Path, arguments: &[&str]) {
    let done = Command::new("git").args(arguments).current_dir(folder).output().expect("git starts");
    assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// What a scan found in a file, each as line, column, id, form and kind.
pub(crate) fn found_in(scan: &Value, repository: &str, file: &str) -> Vec<String> {
    let all = scan["found"].as_array().expect("a list").iter();
    let all = all.filter(|one| one["file"] == file && one["repository"] == repository);
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    all.map(|one| {
        let (identifier, form, kind) = (text(one, "identifier"), text(one, "form"), text(one, "kind"));
        format!("{}:{} {identifier} {form} {kind}", one["line"], one["column"])
    })
    .collect()
}
