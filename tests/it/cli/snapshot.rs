//! What is read of one Azure is an estate: a rehearsal on it plans the same and ends as planned.

use crate::support::azure::{Azure, example};
use crate::support::estates::whole;
use crate::support::rehome::contains;
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Reads an Azure into a file.
fn snapshot(rehome: &Rehome, batch: &Path, name: &str) -> PathBuf {
    let to = rehome.path(name);
    let batch = batch.to_str().expect("a plain path");
    rehome.say(&["discover", "-f", batch, "--snapshot", to.to_str().expect("a plain path")]).expect(0);
    to
}

/// The plan of a batch, without what is named after the hour, and without digests of what was masked.
fn plan(rehome: &Rehome, batch: &Path) -> Value {
    rehome.say(&["plan", "-f", batch.to_str().expect("a plain path"), "--save", "plan.json"]);
    let plan = std::fs::read_to_string(rehome.path("plan.json")).expect("a plan");
    let plan: Value = serde_json::from_str(&plan).expect("JSON");
    let about = |m: &Value| {
        let (mut facts, mut about) = (m["facts"].clone(), m["about"].clone());
        for host in facts["hosts"].as_array_mut().into_iter().flatten() {
            host["rest"] = Value::Null;
        }
        for gaps in [&mut facts["gaps"], &mut about["gaps"]] {
            for gap in gaps.as_array_mut().into_iter().flatten() {
                // The two clouds say no in words of their own.
                gap["why"] = Value::Null;
            }
        }
        json!({"plan": m["plan"], "facts": facts, "about": about})
    };
    Value::from(plan["moves"].as_array().expect("moves").iter().map(about).collect::<Vec<_>>())
}

/// Reads an Azure, reads another that was loaded with what was read, and compares files and plans.
fn round_trip(estate: &Path, batch: &Path, faults: Option<&Path>) -> (Value, Value) {
    let azure = Azure::serve(estate, faults);
    let mut rehome = Rehome::at(&azure);
    let first = snapshot(&rehome, batch, "first.json");
    assert!(azure.requests().iter().all(|r| r["changed"] == false), "a snapshot changes nothing");
    let planned = plan(&rehome, batch);
    drop(azure);
    let copy = Azure::serve(&first, None);
    rehome.turn_to(&copy);
    let second = snapshot(&rehome, batch, "second.json");
    let read = |path: &Path| std::fs::read_to_string(path).expect("a snapshot");
    let left = crate::support::oracle::differences(&json_of(&first), &json_of(&second), "");
    assert_eq!(left, Vec::<String>::new(), "a snapshot of a snapshot");
    assert_eq!(read(&first), read(&second));
    let again = plan(&rehome, batch);
    assert_eq!(
        crate::support::oracle::differences(&planned, &again, ""),
        Vec::<String>::new(),
        "the same plan"
    );
    assert!(!contains(read(&first).as_bytes(), b"planted-secret"), "no secret is in it");
    (json_of(&first), planned)
}

fn json_of(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).expect("a file")).expect("JSON")
}

#[test]
fn a_snapshot_of_contoso_plans_the_same() {
    let folder = example("contoso");
    round_trip(&folder.join("estate.json"), &folder.join("batch.toml"), None);
}

#[test]
fn a_rehearsal_on_a_snapshot_ends_as_planned_with_faults_on_the_way() {
    let folder = example("minimal");
    let (estate, _) = round_trip(&folder.join("estate.json"), &folder.join("batch.toml"), None);
    let (file, faults) =
        (written(&estate), written(&json!({"rules": [{"nth": 1, "method": "PATCH", "what": "cut_after"}]})));
    let path = |file: &tempfile::NamedTempFile| file.path().to_str().expect("a plain path").to_owned();
    let batch = folder.join("batch.toml");
    let batch = batch.to_str().expect("a plain path");
    let said = Rehome::offline()
        .say(&["rehearse", batch, "--estate", &path(&file), "--faults", &path(&faults)])
        .expect(0);
    assert!(said.err.contains("== cleanup"), "{}", said.err);
}

fn written(value: &Value) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), value.to_string()).expect("written");
    file
}

const GROUP: &str =
    "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg-shop-weu/providers";

/// The smallest estate, and what a real one has beside: secrets in plain sight, another identity on a host,
/// a role of one's own, and things that whoever is signed in may not read.
fn hard() -> Value {
    let mut estate = json_of(&example("minimal").join("estate.json"));
    let id = format!("{GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop");
    let beside = format!("{GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/id-beside");
    let role = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/providers/Microsoft.Authorization/roleDefinitions/bbbbbbbb-0000-4000-8000-000000000001";
    let add = [
        json!({"id": beside, "name": "id-beside", "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "location": "westeurope",
            "properties": {"clientId": "0a1b2c3d-5555-4000-8000-00000000c1d1", "principalId": "0a1b2c3d-6666-4000-8000-00000000c1d1", "tenantId": "7a1c9f52-0000-4000-8000-00000000c0de"}}),
        json!({"id": format!("{GROUP}/Microsoft.App/containerApps/ca-shop"), "name": "ca-shop", "type": "Microsoft.App/containerApps", "location": "westeurope",
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {&id: {}, &beside: {}}},
            "tags": {"db-password": "planted-secret-tag"},
            "properties": {"configuration": {"secrets": [{"name": "s", "value": "planted-secret-app"}]},
                "template": {"containers": [{"env": [{"name": "DB", "value": "User Id=0a1b2c3d-1111-4000-8000-00000000c1d1;x=planted-secret-env"}]}]}}}),
        json!({"id": format!("{GROUP}/Microsoft.Storage/storageAccounts/sthidden"), "name": "sthidden", "type": "Microsoft.Storage/storageAccounts", "location": "westeurope",
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {&id: {}}}, "properties": {"note": "planted-secret-unread"}}),
        json!({"id": role, "name": "bbbbbbbb-0000-4000-8000-000000000001", "type": "Microsoft.Authorization/roleDefinitions",
            "properties": {"roleName": "own", "type": "CustomRole", "assignableScopes": ["/subscriptions/5b0c6d1e-0000-4000-8000-000000000001"], "permissions": [{"actions": ["Microsoft.Web/*"]}]}}),
    ];
    estate["arm"].as_array_mut().expect("arm").extend(add);
    let kind = "#microsoft.graph.customSecurityAttributeValue";
    estate["graph"].as_array_mut().expect("graph").push(
        json!({"@odata.type": "#microsoft.graph.servicePrincipal", "id": "0a1b2c3d-2222-4000-8000-0000000001d1",
            "tags": ["audit"], "customSecurityAttributes": {"Engineering": {"@odata.type": kind, "Level": "planted-secret-level", "Vendors": 4,
                "Project@odata.type": "#Collection(String)", "Project": ["planted-secret-a", "planted-secret-b"]}}}),
    );
    estate["graph"].as_array_mut().expect("graph").push(
        json!({"@odata.type": "#microsoft.graph.oAuth2PermissionGrant", "id": "0a1b2c3d-7777-4000-8000-000000000001",
            "clientId": "0a1b2c3d-2222-4000-8000-0000000001d1", "consentType": "Principal", "scope": "Files.Read",
            "principalId": "0a1b2c3d-7777-4000-8000-0000000005e1", "resourceId": "0a1b2c3d-3333-4000-8000-0000000000aa"}),
    );
    let refused = |path: String, hidden: bool| json!({"path": path, "status": 403, "code": "AuthorizationFailed", "hidden": hidden});
    estate["settings"] = json!({"cloud": "AzureUSGovernment"});
    estate["unread"] = json!([
        refused(format!("{GROUP}/Microsoft.Compute/virtualMachines/vm-batch"), false),
        refused(format!("{GROUP}/Microsoft.Storage/storageAccounts/sthidden"), true),
        refused(
            "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/providers/Microsoft.Authorization/locks"
                .to_owned(),
            false
        ),
        json!({"path": "applications", "status": 403, "code": "Authorization_RequestDenied", "hidden": false}),
    ]);
    estate
}

#[test]
fn what_may_not_be_read_is_a_gap_in_the_rehearsal_too_and_planted_secrets_stay_at_home() {
    let file = written(&hard());
    let (copy, planned) = round_trip(file.path(), &example("minimal").join("batch.toml"), None);
    let unread: Vec<&str> =
        copy["unread"].as_array().expect("unread").iter().map(|u| text(&u["path"])).collect();
    assert_eq!(unread.len(), 4, "{unread:?}");
    let gaps = planned[0]["facts"]["gaps"].as_array().expect("gaps");
    let gap = |part: &str| gaps.iter().any(|g| text(&g["scope"]).contains(part));
    assert!(gap("sthidden") && gap("locks") && gap("applications") && gap("vm-batch"), "{gaps:?}");
    assert_eq!(copy["settings"]["cloud"], "AzureUSGovernment");
    let warnings = planned[0]["about"]["warnings"].as_array().expect("warnings");
    assert!(
        warnings.iter().any(|w| w["code"] == "W331"),
        "its credential is for the public cloud: {warnings:?}"
    );
    let credential = planned[0]["facts"]["credentials"][0]["audiences"].clone();
    assert_eq!(credential, json!(["api://AzureADTokenExchange"]), "and is copied as it is");
    let mut attributes = copy["graph"]
        .as_array()
        .expect("graph")
        .iter()
        .filter_map(|o| o.pointer("/customSecurityAttributes/Engineering/Project"));
    assert_eq!(attributes.next(), Some(&json!(["(masked)"])));
    let objects = copy["arm"].to_string();
    for needed in ["id-beside", "\"CustomRole\"", "(masked)0a1b2c3d-1111-4000-8000-00000000c1d1(masked)"] {
        assert!(objects.contains(needed), "{needed}: {objects}");
    }
}

#[test]
fn what_no_program_changes_is_in_a_snapshot_and_so_is_that_it_may_not_be_read() {
    let (arm, graph) = crate::surfaces::named::everything();
    let batch = example("minimal").join("batch.toml");
    let (copy, planned) = round_trip(whole(arm, graph, json!([])).path(), &batch, None);
    let named = planned[0]["facts"]["named"].as_array().expect("it names the identity");
    assert_eq!(named.len(), 7, "{named:?}");
    let scheduled = planned[0]["facts"]["directory"]["scheduled"].as_array().expect("it has some for a time");
    assert_eq!(scheduled.len(), 2, "{scheduled:?}");
    let has = |side: &str, end: &str| {
        let all = copy[side].as_array().expect("objects");
        all.iter().any(|o| text(&o["type"]).ends_with(end) || text(&o["@odata.type"]).ends_with(end))
    };
    assert!(has("arm", "/denyAssignments") && has("arm", "/roleEligibilitySchedules"));
    assert!(has("graph", ".privilegedAccessGroupEligibilitySchedule"));
    let path = "roleManagement/directory/roleEligibilitySchedules";
    let refused = json!([{"path": path, "status": 400, "code": "AadPremiumLicenseRequired"}]);
    let unread = whole(Vec::new(), Vec::new(), refused);
    let (copy, _) = round_trip(unread.path(), &batch, None);
    assert_eq!(copy["unread"][0]["path"], path);
}
