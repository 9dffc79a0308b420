//! What the four ways of looking say of each other, and scopes that say no: in the plan, never silence.

use crate::azure::{Azure, example};
use crate::rehome::{Rehome, text};
use serde_json::{Value, json};

const GROUP: &str =
    "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg-shop-weu/providers";

/// The smallest estate and these things.
pub(crate) fn estate(more: &[Value]) -> tempfile::NamedTempFile {
    let text = std::fs::read_to_string(example("minimal").join("estate.json")).expect("an estate");
    let mut estate: Value = serde_json::from_str(&text).expect("JSON");
    estate["arm"].as_array_mut().expect("arm").extend_from_slice(more);
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), estate.to_string()).expect("written");
    file
}

pub(crate) fn at(rest: &str) -> String {
    format!("{GROUP}/{rest}")
}

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
    let plan = rehome.json(&["plan", "-f", batch, "--save", "plan.json"]);
    let about = &plan["document"]["moves"][0]["about"];
    let notice = |code: &str, target: &str| {
        let warnings = about["warnings"].as_array().expect("warnings");
        warnings.iter().any(|w| text(&w["code"]) == code && text(&w["target"]).ends_with(target))
    };
    assert!(notice("W351", "/onlineEndpoints/score"), "{about}");
    assert!(notice("W350", "Microsoft.Authorization/locks"), "{about}");
    let text = rehome.say(&["show", "plan.json"]).expect(0).out;
    assert!(text.contains("W351") && text.contains("W350"), "{text}");
}
