//! Errors that are not answers to a write: of the sign-in server, of rights that are new, of operations that
//! fail after they were accepted.

use crate::errors::world::{Surface, World};
use crate::support::azure::Azure;
use crate::support::rehome::{Rehome, text};
use rehome_activities::azure::errors::{Meaning, On, TABLE};
use serde_json::{Value, json};

fn logins(azure: &Azure) -> Vec<u64> {
    let requests = azure.requests();
    requests.iter().filter(|r| r["host"] == "login").filter_map(|r| r["status"].as_u64()).collect()
}

fn grants(azure: &Azure) -> Vec<Value> {
    let put = |r: &Value| r["method"] == "PUT" && text(&r["path"]).contains("/roleAssignments/");
    azure.requests().into_iter().filter(put).collect()
}

/// A refusal of the sign-in server.
fn refusal(status: u16, code: &str) -> Value {
    json!({"answer": {"status": status, "code": code, "message": "The words."}})
}

/// Every process signs in twice: to Resource Manager and to Graph. Planning and beginning to run is two.
const BEFORE_THE_WRITE: u64 = 4;

/// A world with one grant, whose first attempt meets a token that has expired, and is renewed.
fn renewed(mut rules: Vec<Value>) -> (Rehome, Azure) {
    let mut world = World::new("signing");
    let (method, path) = world.cell(Surface::Grant).strikes();
    let expired = json!({"answer": {"status": 401, "code": "ExpiredAuthenticationToken"}});
    rules.push(json!({"method": method, "path": path, "times": 1, "what": expired}));
    let mut rehome = Rehome::offline();
    let azure = world.serve(&mut rehome, rules);
    rehome.approve(&rehome.path("batch.toml"));
    (rehome, azure)
}

/// Status and code of the sign-in rows that mean this, as the server says them.
fn rows(passing: bool) -> Vec<(u16, &'static str)> {
    let fits = |meaning: Meaning| matches!(meaning, Meaning::Later) == passing;
    let of_sign_in = TABLE.iter().filter(|row| row.on == On::SignIn && fits(row.meaning));
    of_sign_in.map(|row| (row.status, if row.code == "*" { "AADSTS99999" } else { row.code })).collect()
}

#[test]
fn a_sign_in_that_fails_for_now_delays_the_write_and_nothing_is_sent_meanwhile() {
    let passing = rows(true);
    assert_eq!(passing.len(), 5);
    let nth = |n: usize| BEFORE_THE_WRITE + 1 + n as u64;
    let rules = passing
        .iter()
        .enumerate()
        .map(|(n, (status, code))| json!({"host": "login", "nth": nth(n), "what": refusal(*status, code)}));
    let (rehome, azure) = renewed(rules.collect());
    assert_eq!(rehome.run_with_people(), 0);
    let said = logins(&azure);
    let failed: Vec<u64> = said.iter().copied().filter(|status| *status != 200).collect();
    assert_eq!(failed, passing.iter().map(|(status, _)| u64::from(*status)).collect::<Vec<_>>(), "{said:?}");
    let sent = grants(&azure);
    assert!(sent.iter().filter(|r| r["changed"] == true).count() == 1 && sent.len() == 2, "{sent:?}");
    let history = rehome.say(&["history"]).expect(0).out;
    assert!(history.contains("nothing was sent, because signing in failed"), "{history}");
    assert!(!history.contains(" run unknown "), "what was not sent is in no doubt:\n{history}");
}

#[test]
fn a_sign_in_that_is_refused_in_the_middle_stops_the_step_and_says_what_is_wrong() {
    let rule = json!({"host": "login", "from": BEFORE_THE_WRITE + 1, "what": refusal(401, "AADSTS7000222")});
    let (rehome, azure) = renewed(vec![rule]);
    assert_eq!(rehome.run_with_people(), 10);
    assert!(grants(&azure).iter().all(|r| r["changed"] == false), "nothing was granted");
    let status = rehome.say(&["status"]);
    let text = status.out;
    for part in ["AADSTS7000222", "has expired", "nothing of this step was done", "rehome retry"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn who_cannot_sign_in_is_told_which_part_is_wrong_before_anything_is_asked() {
    let mut world = World::new("refused");
    world.cell(Surface::Grant);
    let refused = rows(false);
    assert_eq!(refused.len(), 6);
    let mut rules: Vec<Value> = refused
        .iter()
        .enumerate()
        .map(|(n, (status, code))| json!({"host": "login", "nth": n + 1, "what": refusal(*status, code)}))
        .collect();
    // Then twice out of order, and after that for good, but for the two sign-ins of one plan.
    let from = refused.len() as u64 + 1;
    rules.push(json!({"host": "login", "nth": from, "what": refusal(503, "AADSTS90033")}));
    rules.push(json!({"host": "login", "nth": from + 1, "what": "cut_before"}));
    rules.push(json!({"host": "login", "from": from + 4, "what": refusal(503, "AADSTS90033")}));
    let mut rehome = Rehome::offline();
    let azure = world.serve(&mut rehome, rules);
    let plan = ["plan", "-f", "batch.toml", "--save", "plan.json"];
    for (_, code) in &refused {
        let said = rehome.say(&plan).expect(4);
        let advised = TABLE.iter().any(|row| row.on == On::SignIn && said.err.contains(row.advice));
        assert!(said.err.contains(code) && advised, "{}", said.err);
        assert!(said.err.contains("nothing was changed"), "{}", said.err);
    }
    assert!(
        azure.requests().iter().all(|r| r["host"] == "login" || text(&r["path"]).starts_with("/metadata"))
    );
    rehome.say(&plan).expect(0);
    let said = rehome.say(&["discover", "-f", "batch.toml"]).expect(1);
    assert!(said.err.contains("out of reach for now"), "{}", said.err);
}

#[test]
fn who_got_rights_a_moment_ago_is_not_turned_away_by_a_replica_that_does_not_know_them_yet() {
    let mut world = World::new("rights");
    let (method, path) = world.cell(Surface::Grant).strikes();
    let sub = crate::support::neighbours::SUB;
    let (owner, name) = ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "f0000000-0000-4000-8000-000000000001");
    // The simulated clock runs ahead of the client's: a date ahead is as new as can be.
    world.arm.push(json!({
        "id": format!("{sub}/providers/Microsoft.Authorization/roleAssignments/{name}"), "name": name,
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": {"principalId": "0b5ec7ed-0000-4000-8000-00000000c11e", "principalType": "ServicePrincipal",
            "roleDefinitionId": format!("{sub}/providers/Microsoft.Authorization/roleDefinitions/{owner}"),
            "scope": sub, "createdOn": "2099-01-01T00:00:00.0000000Z"}}));
    let denied = json!({"answer": {"status": 403, "code": "AuthorizationFailed"}});
    let rules = vec![json!({"method": method, "path": path, "times": 2, "what": denied})];
    let mut rehome = Rehome::offline();
    let azure = world.serve(&mut rehome, rules);
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0);
    assert_eq!(grants(&azure).len(), 3);
    assert!(logins(&azure).len() as u64 > BEFORE_THE_WRITE, "with a new token each time");
}

#[test]
fn an_operation_that_fails_after_it_was_accepted_is_looked_at_before_anything_is_sent_again() {
    for body in [
        json!({"status": "Failed"}),
        json!({"status": "Canceled", "error": {"code": "OperationPreempted", "message": "Another one came."}}),
    ] {
        let mut world = World::new("operation");
        let (method, path) = world.cell(Surface::Host).strikes();
        let failed = json!({"answer": {"status": 200, "body": body}});
        let rules = vec![json!({"path": "/locations/local/operations/", "times": 1, "what": failed})];
        let mut rehome = Rehome::offline();
        let azure = world.serve(&mut rehome, rules);
        rehome.approve(&rehome.path("batch.toml"));
        assert_eq!(rehome.run_with_people(), 0);
        let sent = |r: &&Value| r["method"] == method && text(&r["path"]).contains(&path);
        assert_eq!(azure.requests().iter().filter(sent).count(), 1, "it is there, so it is not sent again");
    }
}

/// A machine whose PATCH is accepted and then fails without any effect, so often.
fn fails_later(error: Value, times: Option<u64>) -> (Rehome, Azure, usize) {
    let mut world = World::new("operation");
    let (method, path) = world.cell(Surface::Host).strikes();
    let place = format!(
        "{}/providers/Microsoft.Compute/locations/x/operations/dead",
        crate::support::neighbours::SUB
    );
    let accepted = json!({"answer": {"status": 202, "body": "",
        "headers": {"azure-asyncoperation": format!("{{arm}}{place}?api-version=2024-07-01"), "retry-after": "1"}}});
    let mut strikes = json!({"method": method, "path": path, "what": accepted});
    if let Some(times) = times {
        strikes["times"] = json!(times);
    }
    let failed = json!({"answer": {"status": 200, "body": {"status": "Failed", "error": error}}});
    let rules = vec![strikes, json!({"path": "/operations/dead", "what": failed})];
    let mut rehome = Rehome::offline();
    let azure = world.serve(&mut rehome, rules);
    rehome.approve(&rehome.path("batch.toml"));
    let code = rehome.run_with_people();
    assert_eq!(code, if times.is_some() { 0 } else { 10 });
    let sent =
        azure.requests().iter().filter(|r| r["method"] == method && text(&r["path"]).contains(&path)).count();
    (rehome, azure, sent)
}

#[test]
fn an_operation_that_failed_for_good_is_shown_with_its_reason_and_one_that_may_pass_is_begun_again() {
    let error = json!({"code": "SkuNotAvailable", "message": "The words."});
    let (rehome, _azure, sent) = fails_later(error, None);
    assert_eq!(sent, 1, "what was refused is not sent again");
    let said = rehome.say(&["status"]).out;
    assert!(said.contains("SkuNotAvailable: The words.") && said.contains("rehome retry"), "{said}");
    let (_, _azure, sent) =
        fails_later(json!({"code": "InternalServerError", "message": "The words."}), Some(2));
    assert_eq!(sent, 3);
}
