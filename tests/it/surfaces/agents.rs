//! Blueprints of agent identities that trust an identity as their credential, or that it owns: there, back, and away with the
//! old one. Graph knows them only where a path calls them by their type.

use crate::support::estates::signed_in;
use crate::support::estates::whole;
use crate::support::oracle::{differences, plain};
use crate::support::rehome::text;
use crate::surfaces::principal::{PRINCIPAL, ROLLBACK, all_ways, estate, moved, rights, stage};
use serde_json::{Value, json};

const AGENT: &str = "0a1b2c3d-9999-4000-8000-0000000000d1";
const CAST: &str = "microsoft.graph.agentIdentityBlueprint";

fn blueprint() -> Value {
    let issuer = "https://login.microsoftonline.com/7a1c9f52-0000-4000-8000-00000000c0de/v2.0";
    json!({"@odata.type": "#microsoft.graph.agentIdentityBlueprint", "id": AGENT,
        "appId": "0a1b2c3d-9999-4000-8000-0000000000d2", "displayName": "clerk", "owners": [PRINCIPAL],
        "federatedIdentityCredentials": [{"id": "0a1b2c3d-9999-4000-8000-0000000000d3", "name": "from-shop",
            "issuer": issuer, "subject": PRINCIPAL, "audiences": ["api://AzureADTokenExchange"]}]})
}

/// Whom a blueprint trusts, and who owns it.
fn trusted(estate: &Value) -> [usize; 2] {
    let all = estate["graph"].as_array().expect("graph");
    let one = all.iter().find(|object| text(&object["id"]) == AGENT).expect("the blueprint");
    ["federatedIdentityCredentials", "owners"].map(|list| one[list].as_array().map_or(0, Vec::len))
}

#[test]
fn a_blueprint_of_agents_trusts_the_new_identity_beside_the_old_one_and_alone_after_the_clean_up() {
    let [before, there, back, after] = all_ways(&[blueprint()]);
    assert_eq!([trusted(&before), trusted(&there), trusted(&after)], [[1, 1], [2, 2], [1, 1]]);
    assert_eq!(differences(&plain(&before), &plain(&back), ""), Vec::<String>::new());
    let [had, has] = rights(&before, &there);
    assert_eq!(had, has);
    assert!(!after["graph"].to_string().contains(PRINCIPAL), "nothing names the old one");
}

#[test]
fn it_is_asked_and_written_by_its_type_and_the_plan_says_what_right_that_takes() {
    let (azure, rehome) = stage(&estate(&[blueprint()], json!([])), None);
    moved(&azure, &rehome);
    let plan = rehome.say(&["show", "plan.json"]).expect(0).out;
    assert!(
        plan.contains("+ agent identity blueprint clerk trusts it") && plan.contains("+ owner of clerk"),
        "{plan}"
    );
    assert!(plan.contains("AgentIdentityBlueprint.AddRemoveCreds.All"), "{plan}");
    let writes: Vec<String> = azure
        .requests()
        .iter()
        .filter(|request| request["changed"] == true && text(&request["path"]).contains(AGENT))
        .map(|request| text(&request["path"]).to_owned())
        .collect();
    let by_type = format!("applications/{AGENT}/{CAST}/");
    assert_eq!(writes.len(), 2, "{writes:?}");
    assert!(writes.iter().all(|path| path.contains(&by_type)), "{writes:?}");
    assert_eq!(rehome.say_with_people(&ROLLBACK).code, 0, "{}", rehome.say(&["status"]).out);
}

#[test]
fn blueprints_that_may_not_be_listed_or_looked_into_block_the_plan() {
    let list = format!("applications/{CAST}");
    let one = format!("applications/{AGENT}/{CAST}/federatedIdentityCredentials");
    for (path, scope) in [(&list, "Entra ID: agent identity blueprints"), (&one, one.as_str())] {
        let refused = json!([{"path": path, "status": 403, "code": "Authorization_RequestDenied"}]);
        let (_azure, rehome) = signed_in(whole(Vec::new(), vec![blueprint()], refused).path(), None);
        let said = rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(12).out;
        assert!(said.contains("B133") && said.contains(scope), "{scope}: {said}");
    }
}

#[test]
fn a_snapshot_of_a_blueprint_can_be_rehearsed() {
    let (azure, rehome) = stage(&estate(&[blueprint()], json!([])), None);
    rehome.say(&["discover", "-f", "batch.toml", "--snapshot", "estate.json"]).expect(0);
    drop(azure);
    let rehearsed = rehome.json(&["rehearse", "batch.toml", "--estate", "estate.json"]);
    let plan = rehearsed["commands"][0]["result"]["document"].to_string();
    assert!(plan.contains("agent identity blueprint clerk trusts it"), "{plan}");
}
