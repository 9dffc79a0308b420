//! What the four ways of looking say of each other, and scopes that say no: in the plan, never silence.

use crate::support::azure::{Azure, example};
use crate::support::estates::{at, estate};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

#[test]
fn a_difference_between_the_ways_and_a_scope_that_says_no_are_in_discover_and_in_the_plan() {
    let id = at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop");
    // No index shows what is below a workspace; Azure's own list of users does.
    let workspace = at("Microsoft.MachineLearningServices/workspaces/ml");
    let endpoint = format!("{workspace}/onlineEndpoints/score");
    let file = estate(&[
        json!({"id": workspace, "name": "ml", "type": "Microsoft.MachineLearningServices/workspaces", "location": "westeurope", "properties": {}}),
        json!({"id": endpoint, "name": "score", "type": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints", "location": "westeurope",
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {&id: {}}}, "properties": {}}),
    ]);
    let faults = tempfile::NamedTempFile::new().expect("a file");
    let rule = r#"{"rules": [{"method": "GET", "path": "providers/Microsoft.Authorization/locks",
        "what": {"answer": {"status": 403, "code": "AuthorizationFailed"}}}]}"#;
    std::fs::write(faults.path(), rule).expect("written");
    let azure = Azure::serve(file.path(), Some(faults.path()));
    let rehome = Rehome::at(&azure);
    let batch = example("minimal").join("batch.toml");
    let batch = batch.to_str().expect("a plain path");
    let said = rehome.say(&["discover", "-f", batch]).expect(0).out;
    assert!(
        said.contains("the ways of looking differ") && said.contains("Resource Graph does not show it"),
        "{said}"
    );
    assert!(said.contains("could not be read") && said.contains("Microsoft.Authorization/locks: "), "{said}");
    rehome.say(&["plan", "-f", batch, "--save", "plan.json"]).expect(12);
    let plan = std::fs::read(rehome.path("plan.json")).expect("a plan");
    let plan: Value = serde_json::from_slice(&plan).expect("JSON");
    let about = &plan["moves"][0]["about"];
    let notice = |list: &str, code: &str, target: &str| {
        let notices = about[list].as_array().expect("notices");
        notices.iter().any(|w| text(&w["code"]) == code && text(&w["target"]).ends_with(target))
    };
    assert!(notice("warnings", "W351", "/onlineEndpoints/score"), "{about}");
    assert!(notice("blockers", "B133", "Microsoft.Authorization/locks"), "{about}");
    let text = rehome.say(&["show", "plan.json"]).expect(0).out;
    assert!(text.contains("W351") && text.contains("B133"), "{text}");
}

#[test]
fn azures_own_list_of_users_is_read_to_its_last_page() {
    let id = at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop");
    let workspace = at("Microsoft.MachineLearningServices/workspaces/ml");
    let endpoint = format!("{workspace}/onlineEndpoints/zz-last");
    let file = estate(&[
        json!({"id": workspace, "name": "ml", "type": "Microsoft.MachineLearningServices/workspaces", "location": "westeurope", "properties": {}}),
        json!({"id": endpoint, "name": "zz-last", "type": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints", "location": "westeurope",
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {&id: {}}}, "properties": {}}),
    ]);
    let mut world: Value =
        serde_json::from_slice(&std::fs::read(file.path()).expect("an estate")).expect("JSON");
    world["settings"]["page_size"] = json!(1);
    std::fs::write(file.path(), world.to_string()).expect("written");
    let azure = Azure::serve(file.path(), None);
    let rehome = Rehome::at(&azure);
    let batch = example("minimal").join("batch.toml");
    rehome.say(&["plan", "-f", batch.to_str().expect("a plain path"), "--save", "plan.json"]).expect(0);
    let plan = std::fs::read_to_string(rehome.path("plan.json")).expect("a plan");
    assert!(plan.contains("/onlineEndpoints/zz-last"), "no other way shows it: {plan}");
    let pages = azure.requests();
    let pages = pages.iter().filter(|r| text(&r["path"]).contains("listAssociatedResources"));
    assert!(pages.count() > 2, "it has more than one page");
}

/// Something of a type that no table has.
fn strange() -> Value {
    let id = at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop");
    json!({"id": at("Contoso.Odd/things/odd"), "name": "odd", "type": "Contoso.Odd/things", "location": "westeurope",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {&id: {}}},
        "properties": {"runAs": &id, "list": [{"as": &id, "password": "planted-secret-odd"}], "other": 1}})
}

fn run(faults: &str) -> (Rehome, Azure, i32) {
    let file = estate(&[strange()]);
    let rules = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(rules.path(), faults).expect("written");
    let azure = Azure::serve(file.path(), Some(rules.path()));
    let rehome = Rehome::at(&azure);
    rehome.approve(&example("minimal").join("batch.toml"));
    let code = rehome.run_with_people();
    (rehome, azure, code)
}

#[test]
fn a_type_that_no_table_has_is_found_and_re_pointed_where_its_patch_answers_as_expected() {
    let (_rehome, azure, code) = run(r#"{"rules": []}"#);
    assert_eq!(code, 0);
    let estate = azure.estate();
    let odd =
        estate["arm"].as_array().expect("arm").iter().find(|o| o["name"] == "odd").expect("it is there");
    let run_as = text(&odd["properties"]["runAs"]);
    assert!(
        run_as.ends_with("rg-shop-sdc/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop")
    );
    assert_eq!(
        (&odd["properties"]["list"][0]["as"], &odd["properties"]["other"]),
        (&json!(run_as), &json!(1))
    );
}

#[test]
fn where_its_patch_is_refused_or_without_effect_a_person_gets_the_path_and_the_body() {
    for (status, code) in [(405, "MethodNotAllowed"), (200, "Nothing")] {
        let rule = json!({"rules": [{"method": "PATCH", "path": "Contoso.Odd/things/odd",
            "what": {"answer": {"status": status, "code": code}}}]});
        let (rehome, _azure, code) = run(&rule.to_string());
        assert_eq!(code, 10);
        let said = rehome.say(&["status"]).expect(0).out;
        let path = format!("PATCH {}?api-version=", at("Contoso.Odd/things/odd"));
        for part in [path.as_str(), "\"userAssignedIdentities\":{", "rg-shop-sdc/providers", "mark-done"] {
            assert!(said.contains(part), "{status}: {part}: {said}");
        }
        let remains = rehome.remains();
        assert!(!crate::support::rehome::contains(&remains, b"planted-secret"), "no secret is on the disk");
    }
}

#[test]
fn delegated_grants_and_security_attributes_are_moved_and_not_being_allowed_to_see_them_blocks_the_plan() {
    let text_of = std::fs::read_to_string(example("minimal").join("estate.json")).expect("an estate");
    let mut estate: Value = serde_json::from_str(&text_of).expect("JSON");
    let principal = "0a1b2c3d-2222-4000-8000-0000000001d1";
    estate["graph"].as_array_mut().expect("graph").extend([
        json!({"@odata.type": "#microsoft.graph.oAuth2PermissionGrant", "id": "0a1b2c3d-7777-4000-8000-000000000001",
            "clientId": principal, "consentType": "AllPrincipals", "resourceId": "0a1b2c3d-3333-4000-8000-0000000000aa",
            "scope": " Files.Read.All"}),
        json!({"@odata.type": "#microsoft.graph.servicePrincipal", "id": principal,
            "appId": "0a1b2c3d-1111-4000-8000-00000000c1d1", "displayName": "id-shop", "servicePrincipalType": "ManagedIdentity",
            "customSecurityAttributes": {"Engineering": {"@odata.type": "#microsoft.DirectoryServices.CustomSecurityAttributeValue", "Project": "Shop"}}}),
    ]);
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), estate.to_string()).expect("written");
    let batch = example("minimal").join("batch.toml");
    let batch = batch.to_str().expect("a plain path");
    let azure = Azure::serve(file.path(), None);
    let said = Rehome::at(&azure).say(&["plan", "-f", batch, "--save", "plan.json"]).expect(0).out;
    assert!(said.contains("delegated grant of Files.Read.All on service principal 0a1b2c3d-3333"), "{said}");
    assert!(said.contains("custom security attributes Engineering.Project"), "{said}");
    assert!(!said.contains("Shop\""), "its value is nobody's business: {said}");
    estate["unread"] = json!([{"path": format!("servicePrincipals/{principal}/oauth2PermissionGrants"), "status": 403,
        "code": "Authorization_RequestDenied"}]);
    std::fs::write(file.path(), estate.to_string()).expect("written");
    let azure = Azure::serve(file.path(), None);
    let said = Rehome::at(&azure).say(&["plan", "-f", batch, "--save", "plan.json"]).expect(12).out;
    assert!(said.contains("B133") && said.contains("oauth2PermissionGrants"), "{said}");
}
