//! The log of sign-ins: services that no list of grants shows, and whether the old identity is still used when it is to
//! be taken away.

use crate::support::azure::{Azure, minimal_without_soak};
use crate::support::estates::whole;
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";
const PLAN: [&str; 5] = ["plan", "-f", "batch.toml", "--save", "plan.json"];

fn signed_in(to: &str, name: &str) -> Value {
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    json!({"@odata.type": "#microsoft.graph.signIn", "id": format!("log-{to}"), "createdDateTime": now,
        "servicePrincipalId": PRINCIPAL, "resourceId": to, "resourceDisplayName": name,
        "signInEventTypes": ["managedIdentity"]})
}

fn stage(log: Vec<Value>, unread: Value) -> (Azure, Rehome) {
    let azure = Azure::serve(whole(Vec::new(), log, unread).path(), None);
    let rehome = Rehome::at(&azure);
    let batch = minimal_without_soak().replace("soak = ", "quiet = \"26h\"\nsoak = ");
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    (azure, rehome)
}

#[test]
fn a_service_that_only_the_log_shows_is_in_the_plan_and_one_that_goes_by_roles_is_not() {
    let log = vec![
        signed_in("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d", "AzureDatabricks"),
        signed_in("e406a681-f3d4-42a8-90b6-c2b029497af1", "Azure Storage"),
    ];
    let (_azure, rehome) = stage(log, json!([]));
    let plan = rehome.say(&PLAN).expect(0).out;
    assert!(plan.contains("W380") && plan.contains("it signs in to AzureDatabricks"), "{plan}");
    assert!(!plan.contains("it signs in to Azure Storage"), "{plan}");
}

#[test]
fn a_plan_that_could_never_know_whether_it_is_quiet_is_blocked() {
    let path = json!([{"path": "auditLogs/signIns", "status": 403,
        "code": "Authentication_RequestFromNonPremiumTenantOrB2CTenant"}]);
    let (_azure, rehome) = stage(Vec::new(), path);
    let said = rehome.say(&PLAN).expect(12);
    assert!(said.out.contains("B132") && said.out.contains("AuditLog.Read.All"), "{}", said.out);
}

#[test]
fn nothing_is_taken_from_the_old_identity_until_nobody_has_signed_in_as_it_for_so_long() {
    let log = signed_in("cfa8b339-82a2-471a-a3c9-0fc0be7a4093", "Azure Key Vault");
    let (azure, rehome) = stage(vec![log.clone()], json!([]));
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    let clean_up = ["cleanup", "minimal", "--confirm", "minimal", "--yes"];
    let first = rehome.say(&clean_up);
    let mut code = first.code;
    // On a very slow machine the day is over by now.
    if code == 11 {
        let said = rehome.say(&["status", "-o", "json"]).out;
        assert!(said.contains("StillUsed") && said.contains("to Azure Key Vault: find out who"), "{said}");
        let gone = |r: &Value| text(&r["method"]) == "DELETE" && text(&r["path"]).contains("roleAssignments");
        assert!(!azure.requests().iter().any(gone), "it still has everything");
    }
    for _ in 0..1_000 {
        if code != 11 {
            break;
        }
        rehome.acknowledge();
        code = rehome.say(&["run", "plan.json", "--yes"]).code;
    }
    assert_eq!(code, 0, "{}", rehome.say(&["status"]).out);
    let time = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().expect("a date");
    let requests = azure.requests();
    let removed = requests.iter().filter(|r| r["changed"] == true && text(&r["method"]) == "DELETE");
    let first = removed.map(|r| time(text(&r["time"]))).min().expect("something is removed");
    assert!(first - time(text(&log["createdDateTime"])) >= chrono::TimeDelta::hours(26), "{first}");
    let estate = azure.estate();
    let there = estate["arm"]
        .as_array()
        .expect("arm")
        .iter()
        .any(|o| text(&o["properties"]["principalId"]) == PRINCIPAL);
    assert!(!there, "the old identity is gone");
}
