//! Writes of every kind that change more than they were to change: what was lost is named, the step stops, `verify` and
//! the way back say so as long as it is so, and what the log knows is put back.

use crate::support::azure::Azure;
use crate::support::estates::{at, signed_in, whole};
use crate::support::oracle::{differences, plain};
use crate::support::rehome::{Rehome, Said, contains, text};
use serde_json::{Value, json};

const TENANT: &str = "7a1c9f52-0000-4000-8000-00000000c0de";
const CLIENT: &str = "0a1b2c3d-1111-4000-8000-00000000c1d1";
const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";
const STRANGER: &str = "0b5ec7ed-0000-4000-8000-0000000005f1";

const ROLLBACK: [&str; 5] = ["rollback", "minimal", "--reason", "a test", "--yes"];
const CLEAN_UP: [&str; 5] = ["cleanup", "minimal", "--confirm", "minimal", "--yes"];

/// The smallest estate and these things, where writes are struck.
struct Stage {
    azure: Azure,
    rehome: Rehome,
    before: Value,
}

fn stage(arm: Vec<Value>, graph: Vec<Value>, rules: Value) -> Stage {
    let file = whole(arm, graph, json!([]));
    let faults = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(faults.path(), json!({ "rules": rules }).to_string()).expect("written");
    let (azure, rehome) = signed_in(file.path(), Some(faults.path()));
    rehome.approve(&rehome.path("batch.toml"));
    let before = plain(&azure.estate());
    Stage { azure, rehome, before }
}

fn rule(method: &str, path: &str, times: u64, what: Value) -> Value {
    json!({"method": method, "path": path, "times": times, "what": {"otherwise": what}})
}

impl Stage {
    fn run(&self) -> Said {
        self.rehome.say_with_people(&["run", "plan.json", "--yes"])
    }

    /// What the step that stopped names.
    fn named(&self) -> Vec<String> {
        let status = self.rehome.json(&["status"]);
        let waits = status["moves"][0]["waiting_for"].as_array().expect("a list");
        let stopped = waits.iter().find(|wait| wait["kind"] == "failed");
        let why = &stopped.unwrap_or_else(|| panic!("nothing stopped: {status}"))["why"];
        let facts = why["differences"].as_array().into_iter().flatten().map(|one| text(&one["fact"]));
        facts.map(|fact| fact.rsplit_once('#').map_or(fact, |(_, at)| at).to_owned()).collect()
    }

    /// It stopped and names these places, and nobody says that all is well.
    fn stopped(&self, places: &[&str]) {
        self.run().expect(10);
        assert_eq!(self.named(), places);
        let verified = self.rehome.say(&["verify"]).expect(14);
        assert!(verified.out.contains(places[0]), "{}", verified.out);
    }

    fn is_as_before(&self) {
        assert_eq!(differences(&self.before, &plain(&self.azure.estate()), ""), Vec::<String>::new());
    }

    /// It stopped and names these places, and the way back puts them back.
    fn is_put_back(&self, places: &[&str]) {
        self.stopped(places);
        let said = self.rehome.say_with_people(&ROLLBACK);
        assert_eq!(said.code, 0, "{}{}{}", said.out, said.err, self.rehome.say(&["status"]).out);
        self.is_as_before();
    }

    /// It stopped and names these places, and so does the way back, because nobody can put them back.
    fn stays_lost(&self, places: &[&str]) {
        self.stopped(places);
        let said = self.rehome.say_with_people(&ROLLBACK).expect(10);
        assert!((said.out.clone() + &said.err).contains(places[0]), "{}{}", said.out, said.err);
        assert!(!contains(&self.rehome.remains(), b"planted-secret"), "no value is on the disk");
    }
}

fn object(rest: &str, properties: Value) -> Value {
    let parts: Vec<&str> = rest.split('/').collect();
    let kind = std::iter::once(parts[0]).chain(parts[1..].iter().step_by(2).copied());
    json!({"id": at(rest), "name": parts.last(), "location": "westeurope", "tags": {"team": "shop"},
        "type": kind.collect::<Vec<_>>().join("/"), "properties": properties})
}

const SETTINGS: &str = "app-shop/config/appsettings";

#[test]
fn settings_that_a_service_lost_are_put_back_at_once_by_who_knows_them() {
    let lost = json!({"without": ["/properties/API_KEY", "/properties/WEBSITE_RUN_FROM_PACKAGE"]});
    let stage = stage(Vec::new(), Vec::new(), json!([rule("PUT", SETTINGS, 1, lost)]));
    assert_eq!(stage.run().code, 0, "{}", stage.rehome.say(&["status"]).out);
    stage.rehome.say(&["verify"]).expect(0);
    let settings = stage.azure.estate();
    let settings =
        settings["arm"].as_array().expect("arm").iter().find(|o| text(&o["id"]).ends_with(SETTINGS));
    assert_eq!(settings.expect("a map")["properties"]["API_KEY"], "planted-secret-minimal-1");
    stage.rehome.say_with_people(&ROLLBACK).expect(0);
    stage.is_as_before();
    assert!(!contains(&stage.rehome.remains(), b"planted-secret-minimal-1"), "no value is on the disk");
}

#[test]
fn settings_that_a_service_loses_each_time_are_named_as_long_as_they_are_lost() {
    let lost = json!({"without": ["/properties/API_KEY"]});
    stage(Vec::new(), Vec::new(), json!([rule("PUT", SETTINGS, 100, lost)]))
        .stays_lost(&["/properties/API_KEY"]);
}

#[test]
fn a_setting_that_a_service_changed_is_named_as_long_as_it_is_changed() {
    let changed = json!({"with": {"properties": {"WEBSITE_RUN_FROM_PACKAGE": "0"}}});
    stage(Vec::new(), Vec::new(), json!([rule("PUT", SETTINGS, 1, changed)]))
        .stays_lost(&["/properties/WEBSITE_RUN_FROM_PACKAGE"]);
}

fn strings() -> Vec<Value> {
    let string = |text: String| json!({"value": text, "type": "SQLAzure"});
    let map = json!({"Db": string(format!("Server=x;User Id={CLIENT}")), "Other": string("Server=y;Password=planted-secret-2".into())});
    let id = at("Microsoft.Web/sites/app-shop/config/connectionstrings");
    vec![
        json!({"id": id, "name": "connectionstrings", "type": "Microsoft.Web/sites/config", "properties": map}),
    ]
}

#[test]
fn connection_strings_that_a_service_lost_are_put_back_or_named() {
    let lost = |times| {
        json!([rule("PUT", "config/connectionstrings", times, json!({"without": ["/properties/Other"]}))])
    };
    let once = stage(strings(), Vec::new(), lost(1));
    assert_eq!(once.run().code, 0, "{}", once.rehome.say(&["status"]).out);
    once.rehome.say_with_people(&ROLLBACK).expect(0);
    once.is_as_before();
    stage(strings(), Vec::new(), lost(100)).stays_lost(&["/properties/Other"]);
}

const ASSIGNMENT: &str = "5ec00000-0000-4000-8000-00000000a552";

/// Somebody else's assignment with a condition that names the identity.
fn conditioned() -> Value {
    let group = at("").trim_end_matches("/providers/").to_owned();
    let condition = format!(
        "(@Request[Microsoft.Authorization/roleAssignments:PrincipalId] ForAnyOfAnyValues:GuidEquals {{{PRINCIPAL}}})"
    );
    let role = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/providers/Microsoft.Authorization/roleDefinitions/f58310d9-a9f6-439a-9e8d-f62e7b41a168";
    json!({"id": format!("{group}/providers/Microsoft.Authorization/roleAssignments/{ASSIGNMENT}"), "name": ASSIGNMENT,
        "type": "Microsoft.Authorization/roleAssignments", "properties": {"scope": group, "roleDefinitionId": role,
            "principalId": STRANGER, "principalType": "ServicePrincipal", "description": "why it is there",
            "condition": condition, "conditionVersion": "2.0"}})
}

#[test]
fn what_a_condition_that_was_written_again_lost_is_named_and_put_back() {
    let lost = json!({"with": {"properties": {"description": "another"}}});
    let stranger =
        json!({"@odata.type": "#microsoft.graph.servicePrincipal", "id": STRANGER, "displayName": "x"});
    stage(vec![conditioned()], vec![stranger], json!([rule("PUT", ASSIGNMENT, 1, lost)]))
        .is_put_back(&["/properties/description"]);
}

fn vault() -> Value {
    let entry =
        |who: &str| json!({"tenantId": TENANT, "objectId": who, "permissions": {"secrets": ["get", "list"]}});
    object(
        "Microsoft.KeyVault/vaults/kv-shop",
        json!({"tenantId": TENANT, "enableRbacAuthorization": false, "publicNetworkAccess": "Disabled",
            "sku": {"family": "A", "name": "standard"}, "accessPolicies": [entry(PRINCIPAL), entry(STRANGER)]}),
    )
}

fn of_stranger() -> String {
    format!("/properties/accessPolicies/{TENANT} {STRANGER} ")
}

/// The vault is opened, and somebody else's entry is lost.
fn opened(operation: &str, entry: u8) -> Value {
    let also = json!({"id": at("Microsoft.KeyVault/vaults/kv-shop"),
        "without": [format!("/properties/accessPolicies/{entry}")], "with": {"properties": {"publicNetworkAccess": "Enabled"}}});
    rule("PUT", &format!("kv-shop/accessPolicies/{operation}"), 1, json!({ "also": [also] }))
}

#[test]
fn what_a_vault_lost_when_an_entry_came_is_named_and_put_back_its_network_too() {
    stage(vec![vault()], Vec::new(), json!([opened("add", 1)]))
        .is_put_back(&[&of_stranger(), "/properties/publicNetworkAccess"]);
}

#[test]
fn what_a_vault_lost_when_an_entry_went_is_named_and_put_back() {
    let stage = stage(vec![vault()], Vec::new(), json!([opened("remove", 0)]));
    assert_eq!(stage.run().code, 0, "{}", stage.rehome.say(&["status"]).out);
    stage.rehome.say_with_people(&CLEAN_UP).expect(10);
    assert_eq!(stage.named(), [of_stranger().as_str(), "/properties/publicNetworkAccess"]);
    stage.rehome.say(&["verify"]).expect(14);
    let said = stage.rehome.say_with_people(&ROLLBACK);
    assert_eq!(said.code, 0, "{}{}{}", said.out, said.err, stage.rehome.say(&["status"]).out);
    stage.is_as_before();
}

fn principal(more: Value) -> Value {
    let mut one = json!({"@odata.type": "#microsoft.graph.servicePrincipal", "id": PRINCIPAL});
    one.as_object_mut().expect("an object").extend(more.as_object().expect("members").clone());
    one
}

/// Settings of the new principal are written, and it may not sign in any more.
fn disabled() -> Value {
    let mut rule = rule("PATCH", "/servicePrincipals/", 1, json!({"with": {"accountEnabled": false}}));
    rule["host"] = json!("graph");
    json!([rule])
}

#[test]
fn what_a_principal_lost_when_its_settings_were_written_is_named_and_put_back() {
    stage(Vec::new(), vec![principal(json!({"notes": "kept for the audit"}))], disabled())
        .is_put_back(&["/accountEnabled"]);
}

#[test]
fn what_a_principal_lost_when_its_attributes_were_written_is_named_and_put_back() {
    let kind = "#microsoft.graph.customSecurityAttributeValue";
    let attributes = json!({"Engineering": {"@odata.type": kind, "Level": "planted-secret-3"}});
    let stage =
        stage(Vec::new(), vec![principal(json!({"customSecurityAttributes": attributes}))], disabled());
    stage.is_put_back(&["/accountEnabled"]);
    assert!(!contains(&stage.rehome.remains(), b"planted-secret"), "no value is on the disk");
}

/// A site that lets the identity in, and somebody else.
fn called() -> Vec<Value> {
    let callers = json!({"identities": [PRINCIPAL, STRANGER]});
    let policy = json!({"defaultAuthorizationPolicy": {"allowedPrincipals": callers}});
    vec![
        object("Microsoft.Web/sites/called", json!({"state": "Running"})),
        object(
            "Microsoft.Web/sites/called/config/authsettingsV2",
            json!({"platform": {"enabled": true}, "globalValidation": {"unauthenticatedClientAction": "Return401"},
                "identityProviders": {"azureActiveDirectory": {"enabled": true, "validation": policy}}}),
        ),
    ]
}

const CALLERS: &str = "/properties/identityProviders/azureActiveDirectory/validation/defaultAuthorizationPolicy/allowedPrincipals/identities";

fn anybody(nth: u64) -> Value {
    let mut rule = rule(
        "PUT",
        "called/config/authsettingsV2",
        1,
        json!({"with": {"properties": {"globalValidation": {"unauthenticatedClientAction": "AllowAnonymous"}}}}),
    );
    rule["nth"] = json!(nth);
    json!([rule])
}

const ACTION: &str = "/properties/globalValidation/unauthenticatedClientAction";

#[test]
fn what_a_site_lost_when_a_caller_was_let_in_is_named_and_put_back() {
    stage(called(), Vec::new(), anybody(1)).is_put_back(&[ACTION]);
}

#[test]
fn what_a_site_lost_when_a_caller_was_let_in_no_more_is_named_and_put_back() {
    let stage = stage(called(), Vec::new(), anybody(2));
    assert_eq!(stage.run().code, 0, "{}", stage.rehome.say(&["status"]).out);
    stage.rehome.say_with_people(&CLEAN_UP).expect(10);
    assert_eq!(stage.named(), [ACTION]);
    stage.rehome.say(&["verify"]).expect(14);
    let said = stage.rehome.say_with_people(&ROLLBACK);
    assert_eq!(said.code, 0, "{}{}{}", said.out, said.err, stage.rehome.say(&["status"]).out);
    stage.is_as_before();
}

#[test]
fn another_caller_that_a_site_lost_is_named_and_let_in_again() {
    let alone = json!({"with": {"properties": {"identityProviders": {"azureActiveDirectory": {"validation":
        {"defaultAuthorizationPolicy": {"allowedPrincipals": {"identities": [PRINCIPAL]}}}}}}}});
    let stage = stage(called(), Vec::new(), json!([rule("PUT", "called/config/authsettingsV2", 1, alone)]));
    stage.run().expect(10);
    stage.rehome.say(&["verify"]).expect(14);
    let said = stage.rehome.say_with_people(&ROLLBACK);
    assert_eq!(said.code, 0, "{}{}{}", said.out, said.err, stage.rehome.say(&["status"]).out);
    assert_eq!(CALLERS.split('/').count(), 8);
    stage.is_as_before();
}

fn cache() -> Vec<Value> {
    let of = |name: &str| {
        object(
            &format!("Microsoft.Cache/redis/redis-shop/accessPolicies/{name}"),
            json!({"permissions": "+get", "type": "Custom"}),
        )
    };
    vec![
        object("Microsoft.Cache/redis/redis-shop", json!({"redisConfiguration": {"aad-enabled": "true"}})),
        of("orders"),
        of("others"),
        object(
            "Microsoft.Cache/redis/redis-shop/accessPolicyAssignments/shop",
            json!({"objectId": PRINCIPAL, "objectIdAlias": "id-shop", "accessPolicyName": "orders"}),
        ),
    ]
}

fn weaker(nth: &[u64]) -> Value {
    let strike = |nth: &u64| {
        let with = json!({"with": {"properties": {"accessPolicyName": "others"}}});
        let mut rule = rule("PUT", "/accessPolicyAssignments/", 1, with);
        rule["nth"] = json!(nth);
        rule
    };
    nth.iter().map(strike).collect()
}

#[test]
fn a_grant_inside_a_service_that_is_not_as_it_was_sent_is_not_done() {
    let stage = stage(cache(), Vec::new(), weaker(&[1]));
    stage.run().expect(10);
    let status = stage.rehome.say(&["status"]).out;
    assert!(status.contains("accessPolicyName") && status.contains("others"), "{status}");
}

#[test]
fn a_grant_inside_a_service_that_does_not_come_back_as_it_was_is_not_rolled_back() {
    let mut rules = weaker(&[1]);
    rules[0]["path"] = json!(at("Microsoft.Cache/redis/redis-shop/accessPolicyAssignments/shop"));
    rules[0]["exact"] = json!(true);
    let refused = json!({"method": "DELETE", "path": "rg-shop-weu/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop", "exact": false,
        "what": {"answer": {"status": 400, "code": "BadRequest"}}});
    rules.as_array_mut().expect("rules").push(refused);
    let stage = stage(cache(), Vec::new(), rules);
    assert_eq!(stage.run().code, 0, "{}", stage.rehome.say(&["status"]).out);
    stage.rehome.say_with_people(&CLEAN_UP).expect(10);
    let there = |estate: &Value| {
        estate["arm"]
            .as_array()
            .expect("arm")
            .iter()
            .any(|o| text(&o["id"]).ends_with("/accessPolicyAssignments/shop"))
    };
    assert!(!there(&stage.azure.estate()), "it was taken away");
    let said = stage.rehome.say_with_people(&ROLLBACK).expect(10);
    assert!((said.out.clone() + &said.err).contains("accessPolicyName"), "{}{}", said.out, said.err);
}

#[test]
fn an_operation_that_nobody_answers_for_comes_to_an_end_and_the_thing_itself_is_looked_at() {
    let refused = json!({"method": "GET", "path": "/locations/local/operation",
        "what": {"answer": {"status": 503, "code": "ServiceUnavailable"}}});
    let stage = stage(Vec::new(), Vec::new(), json!([refused]));
    assert_eq!(stage.run().code, 0, "{}", stage.rehome.say(&["status"]).out);
    stage.rehome.say(&["verify"]).expect(0);
    let asked = stage.azure.requests();
    let asked = asked.iter().filter(|r| text(&r["path"]).contains("/locations/local/operation")).count();
    assert!((1..=80).contains(&asked), "asked {asked} times");
}
