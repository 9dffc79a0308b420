//! Every row of docs/surfaces.md that is moved, by hand or found is reached by a survey of a local Azure: two estates, which
//! together have one of each, are planned, and each row is told of in one of the plans. A row without an entry here fails.

use crate::support::azure::{Azure, minimal_without_soak};
use crate::support::rehome::Rehome;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// How a row begins, and what a plan says of it.
const REACHED: [(&str, &str); 83] = [
    ("the identity: name, tags", "+ identity rg-shop-sdc/id-shop (1 tag, isolation None)"),
    ("role assignments of it", "+ Reader on rg-shop-weu"),
    ("role assignments on it, of others", "+ Managed Identity Operator on id-shop for ServicePrincipal"),
    ("time-bound role assignments", "end Reader on stshop (it ends 2098-12-31"),
    ("conditions of others that name it", "~ condition of Role Based Access Control Administrator"),
    ("membership of groups, role-assignable", "+ member of group grp-shop-readers"),
    ("application permissions", "+ application permission dc50a0fb"),
    ("directory roles, also in", "+ directory role 88d8e3e3"),
    ("ownership of groups", "+ owner of owned"),
    ("applications that trust it", "+ application ledger trusts it"),
    ("blueprints of agent identities", "+ agent identity blueprint clerk trusts it"),
    ("membership and ownership of groups and directory roles that begin", "for a time"),
    ("custom security attributes", "+ custom security attributes Engineering.Certified"),
    ("whether its service principal may sign in", "+ settings of the service principal: notes, tags"),
    ("delegated grants", "+ delegated grant of Files.Read.All"),
    ("its federated credentials", "+ federated credential flex of"),
    ("access policies of key vaults", "+ access policy in kv-shop"),
    ("grants inside Microsoft.DocumentDB/databaseAccounts", "+ grant inside cosmos-shop"),
    ("grants inside Microsoft.DocumentDB/mongoClusters", "+ grant inside mongo-shop"),
    ("grants inside Microsoft.Kusto/clusters", "+ grant inside adxshop"),
    ("grants inside Microsoft.Synapse/workspaces", "+ grant inside kp"),
    ("grants inside Microsoft.Cache/redis:", "+ grant inside redis-shop"),
    ("grants inside Microsoft.Cache/redisEnterprise", "+ grant inside default"),
    ("grants inside Microsoft.DBforPostgreSQL", "+ grant inside pg-shop"),
    ("grants inside Microsoft.Web/connections", "+ grant inside sb-shop"),
    ("grants inside Microsoft.ApiManagement", "+ grant inside a "),
    ("policies assigned on it, exemptions", "+ policy assignment here on NEW"),
    ("lists of callers", "+ called/config/authsettingsV2: let NEW in beside old"),
    ("resources that carry it", "~ app-shop: attach [old] -> [old, NEW]"),
    ("resources and their children that name it", "~ one: deep old -> NEW"),
    ("administrators of SQL and MySQL", "~ activeDirectory: sid old -> NEW"),
    ("policies, fragments, back ends", "~ apim/policyFragments/f: value old -> NEW"),
    ("parameters of policies that give it by name", "~ ama: 2 places old -> NEW"),
    ("application settings of sites", "~ app-shop: AZURE_CLIENT_ID old -> NEW"),
    ("connection strings of sites", "~ app-shop: connection string Db old -> NEW"),
    ("locks on it", "+ lock keep (CanNotDelete) on id-shop"),
    ("dynamic groups", "W341"),
    ("users in databases", "H Azure SQL sql-shop: user for NEW"),
    ("roles on tables of Azure Data Explorer", "H Data Explorer adxshop: user for NEW"),
    ("deployment stacks that exclude it", "H deployment stack rg-shop-weu/stack: name NEW"),
    ("local roles of Managed HSM", "H managed HSM hsm-shop"),
    ("roles on it that others could activate", "to be activated by"),
    ("roles inside Synapse", "H Synapse workspace syn-shop: roles of OLD"),
    ("policies assigned on it that have an identity of their own", "H policy assignment own on NEW"),
    ("code that names no identity", "vm-plain: make its code name the old identity"),
    ("connections of Standard Logic Apps and actions", "H flows: connections.json old -> NEW"),
    ("what each write would run again", "each write of it runs a script on a machine again"),
    ("what would be written with a secret", "a read hides /properties, and a write would lose it"),
    ("resources that Azure names and you may not read", "B118"),
    ("microsoft.automation/automationaccounts/connections", "H auto-shop/connections/azure: use NEW"),
    ("microsoft.automation/automationaccounts/jobschedules", "H auto-shop/jobSchedules/0a1b2c3d"),
    (
        "microsoft.automation/automationaccounts/runbooks/content",
        "H auto-shop/runbooks/sync/content: use NEW",
    ),
    ("microsoft.automation/automationaccounts/variables", "H auto-shop/variables/who: use NEW"),
    ("microsoft.batch/batchaccounts/pools", "H rg-shop-weu/p: use NEW (only nodes that are made after"),
    ("microsoft.containerinstance/containergroups", "H rg-shop-weu/cg: use NEW"),
    ("microsoft.machinelearningservices/workspaces/computes", "H rg-shop-weu/c: use NEW"),
    ("microsoft.botservice/botservices", "H rg-shop-weu/bot: use NEW"),
    ("microsoft.containerservice/managedclusters/identitybindings", "H rg-shop-weu/ib: bind NEW beside"),
    ("microsoft.redhatopenshift/openshiftclusters", "H rg-shop-weu/aro: use NEW"),
    ("microsoft.redhatopenshift/hcpopenshiftclusters", "H rg-shop-weu/hcp: use NEW"),
    ("microsoft.servicelinker/linkers", "H rg-shop-weu/orders: use NEW"),
    ("client ids in GitHub repositories", "H GitHub contoso/shop: client id"),
    ("annotations of Kubernetes service accounts", "H service account shop/w: annotation client-id"),
    ("service connections of Azure DevOps", "H Azure DevOps service connection contoso/shop/azure"),
    ("what else a federated credential lets in", "H https://idp.example/x: client id that somebody"),
    ("runs of Terraform workspaces", "H Terraform workspace contoso/w"),
    ("pipelines of GitLab projects", "H GitLab contoso/shop"),
    ("steps of Buildkite pipelines", "H Buildkite pipeline contoso/shop"),
    ("plug-ins and other components of Dataverse", "H Dataverse environment 7a1c9f52"),
    ("mailboxes that Exchange limits it to", "H Exchange Online: mailboxes"),
    ("the identity of the kubelets", "aks-shop: give its kubelets NEW"),
    ("what binds it to a cluster of AKS", "H rg-shop-weu/ib: delete the old binding"),
    ("what puts it back from outside", "H deployment stack stack: its next deployment puts old back"),
    ("what Unity Catalog, AI Search", "H rg-shop-weu/dbc: storage credentials"),
    ("its ids in code, charts, pipelines and states", "main.tf"),
    ("deny assignments that exclude it", "B130"),
    ("properties of it and of its credentials", "B140"),
    ("an identity that Azure Policy makes", "B143"),
    ("deny assignments that deny it, or a group", "W370"),
    ("deny assignments that deny whoever is signed in", "B142"),
    ("what of groups and directory roles ends", "B131"),
    ("services that it signs in to", "W380"),
    ("lists, scopes, parts of the index", "B133"),
];

/// Rows of which the page names the notice, and a few whose words are in every plan.
const ALSO: [(&str, &str); 11] = [
    ("its ids, its `systemData`", "POINT OF NO RETURN"),
    ("all that it may do by Azure's own word", "until NEW may do all that old may"),
    ("role assignments on it of those who are gone", "W353"),
    ("membership of administrative units", "C8"),
    ("sites and mailboxes behind an application permission", "C7"),
    ("eligible assignments (PIM)", "W371"),
    ("runs that have ended", "W220"),
    ("who matches a flexible credential's expression", "C6"),
    ("differences between the ways of looking", "W351"),
    // No list has these, so nothing finds one that no index shows; `coverage` holds that nothing writes one.
    ("microsoft.servicelinker/locations/connectors", ""),
    // What services keep is asked only where the batch file names them; `data_planes` has a test for each.
    ("inside ", ""),
];

fn world(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/surfaces/worlds").join(name)
}

/// The estate with one of each surface, and somebody who signed in as it just now.
fn every_surface() -> tempfile::NamedTempFile {
    let mut estate: Value =
        serde_json::from_slice(&std::fs::read(world("every_surface.json")).expect("an estate"))
            .expect("JSON");
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    estate["graph"].as_array_mut().expect("graph").push(json!({"@odata.type": "#microsoft.graph.signIn", "id": "log",
        "createdDateTime": now, "servicePrincipalId": "0a1b2c3d-2222-4000-8000-0000000001d1", "resourceId": "fabric",
        "resourceDisplayName": "Fabric", "signInEventTypes": ["managedIdentity"]}));
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), estate.to_string()).expect("written");
    file
}

/// The plan of what can be moved: a person signs in, and their code has been scanned.
fn planned() -> String {
    let azure = Azure::serve(every_surface().path(), None);
    let rehome = Rehome::at(&azure);
    let options = "[batch]\nquiet = \"26h\"\nunpinned_host = \"pin-first\"\n";
    let batch = minimal_without_soak().replace("[batch]\n", options);
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    let code = rehome.path("shop");
    std::fs::create_dir(&code).expect("a folder");
    let named = "locals {\n  client_id = \"0a1b2c3d-1111-4000-8000-00000000c1d1\"\n}\n";
    std::fs::write(code.join("main.tf"), named).expect("written");
    rehome.say(&["plan", "-f", "batch.toml", "--save", "first.json"]).expect(0);
    let scanned = rehome.say(&["scan", "shop", "--plan", "first.json", "--save", "scan.json"]);
    assert!(rehome.path("scan.json").exists(), "{}{}", scanned.out, scanned.err);
    rehome.say(&["plan", "-f", "batch.toml", "--scan", "scan.json", "--save", "plan.json"]).expect(0).out
}

/// The plan of what blocks one.
fn blocked() -> String {
    let azure = Azure::serve(&world("what_blocks.json"), None);
    let rehome = Rehome::at(&azure);
    let identity = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg-shop-weu/providers/\
                    Microsoft.ManagedIdentity/userAssignedIdentities/built-in-identity-westeurope";
    let batch = format!(
        "{}\n[[identity]]\nid = \"{identity}\"\ntarget_resource_group = \"rg-shop-sdc\"\n",
        minimal_without_soak()
    );
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(12).out
}

#[test]
fn every_row_of_the_page_of_surfaces_is_told_of_in_a_plan_of_an_estate_that_has_it() {
    let page = include_str!("../../../docs/surfaces.md");
    let rows: Vec<[&str; 2]> = page
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split(" | ").collect();
            Some([cells.first()?.strip_prefix("| ")?, *cells.get(1)?])
        })
        .filter(|[what, handling]| !["surface", "---"].contains(what) && !handling.contains("not visible"))
        .collect();
    assert!(rows.len() > 80, "{} rows", rows.len());
    let told = planned() + &blocked();
    let mut missed = Vec::new();
    for [what, handling] in &rows {
        match REACHED.iter().chain(&ALSO).find(|(begins, _)| what.starts_with(begins)) {
            None => missed.push(format!("nothing here is of the row: {what} | {handling}")),
            Some((_, says)) if !told.contains(says) => missed.push(format!("{what}: no plan says {says:?}")),
            Some(_) => {}
        }
    }
    let of_no_row =
        REACHED.iter().filter(|(begins, _)| !rows.iter().any(|[what, _]| what.starts_with(begins)));
    missed.extend(of_no_row.map(|(begins, _)| format!("no row begins so: {begins}")));
    assert!(missed.is_empty(), "{}\n\n{told}", missed.join("\n"));
    assert!(!told.contains("planted-secret"), "a secret is told");
}
