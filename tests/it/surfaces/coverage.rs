//! Every type that can carry or name an identity, each using it in every place that its schema names, among
//! decoys: afterwards nothing mentions the old one, everything else is as it was, and there is a way back.

use crate::support::neighbours::{
    CLIENT, OTHER_CLIENT, OTHER_PRINCIPAL, PRINCIPAL, estate, id_of, identity, stage,
};
use crate::support::oracle::{differences, mentioned_by, names, plain, rest};
use crate::support::rehome::text;
use rehome_activities::references::scan::Identifier;
use rehome_activities::references::table::{self, TypeRow};
use rehome_activities::references::writes;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Puts a value at a path of the table: `a.b[].c`, `a.{*}.b`, with the variants of unions in angle brackets.
fn put(into: &mut Value, path: &str, value: Value) {
    let mut plain = String::new();
    let mut depth = 0;
    for c in path.chars() {
        match c {
            '<' => depth += 1,
            '>' => depth -= 1,
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    let mut at = into;
    for part in plain.split('.').filter(|p| !p.is_empty()) {
        let name = if part == "{*}" { "some" } else { part };
        let (name, list) = match name.strip_suffix("[]") {
            Some(name) => (name, true),
            None => (name, false),
        };
        if !at.is_object() {
            *at = json!({});
        }
        at = &mut at[name];
        if list {
            if !at.is_array() {
                *at = json!([{}]);
            }
            at = &mut at[0];
        }
    }
    if at.is_null() || at.as_object().is_some_and(Map::is_empty) {
        *at = value;
    }
}

fn resource(nth: usize, row: &TypeRow) -> Value {
    let id = id_of(row.name);
    let mut body = json!({
        "id": id, "name": id.rsplit('/').next(), "type": row.name, "location": "westeurope",
        "tags": {"n": nth.to_string()},
        "properties": {"provisioningState": "Succeeded", "neighbours": [identity("id10"), "c0fe0000-0000-4000-8000-00000000ffff"]},
    });
    let rid = if nth.is_multiple_of(3) {
        identity("id1").to_uppercase().replace("/SUBSCRIPTIONS", "/subscriptions")
    } else {
        identity("id1")
    };
    if row.name == "Microsoft.Authorization/policyAssignments" {
        body["properties"]["policyDefinitionId"] =
            json!("/providers/Microsoft.Authorization/policyDefinitions/d");
    }
    if row.name == "Microsoft.KeyVault/vaults" {
        body["properties"]["accessPolicies"] = json!([{"tenantId": "7a1c9f52-0000-4000-8000-00000000c0de",
            "objectId": PRINCIPAL, "permissions": {"secrets": ["get"]}}]);
    }
    if row.name == "Microsoft.Authorization/policyAssignments" {
        let definition = "/providers/Microsoft.Authorization/policyDefinitions/c0fe";
        body["properties"]["policyDefinitionId"] = json!(definition);
    }
    // Where the identity encrypts a geo-redundant backup, no move is planned at all.
    let refused = |path: &str| path.ends_with("geoBackupUserAssignedIdentityId");
    // These came with previews after the version that their types are read in, which shows nothing of them.
    let newer = |path: &str| match row.name {
        "Microsoft.Devices/IotHubs" => path.starts_with("properties.deviceRegistry"),
        "Microsoft.EventGrid/topics" | "Microsoft.EventGrid/systemTopics" => {
            path.starts_with("properties.encryption")
        }
        _ => false,
    };
    let references = row.references.iter().filter(|(_, path)| !refused(path) && !newer(path));
    for (kind, path) in references.filter(|_| row.name != "Microsoft.KeyVault/vaults") {
        let value = match kind {
            Identifier::ResourceId => json!(rid),
            Identifier::ClientId => json!(CLIENT),
            Identifier::PrincipalId => json!(PRINCIPAL),
            Identifier::Name | Identifier::Group => unreachable!("no schema says this of a place"),
        };
        put(&mut body, path, value);
    }
    // Where a vault keeps the secret, its address stands beside the identity that reads it.
    let beside =
        ["/properties/configuration/secrets/0", "/properties/secrets/0"].map(|at| (at, "keyVaultUrl"));
    for (at, name) in beside.into_iter().chain([("/properties/hostnameConfigurations/0", "keyVaultId")]) {
        if let Some(place) = body.pointer_mut(at).filter(|place| place.is_object()) {
            place[name] = json!("https://kv.vault.azure.net/secrets/s");
        }
    }
    if row.identity_map {
        body["identity"] = json!({"type": "UserAssigned", "userAssignedIdentities": {
                identity("id1"): {"principalId": PRINCIPAL, "clientId": CLIENT},
                identity("id10"): {"principalId": OTHER_PRINCIPAL, "clientId": OTHER_CLIENT}}});
        if writes::row(row.name).is_some_and(|row| row.most == Some(1)) {
            let map = body["identity"]["userAssignedIdentities"].as_object_mut();
            map.expect("a map").retain(|id, _| *id == identity("id1"));
        }
        let inside = format!("https://x.example/?mi={}&as={CLIENT}", identity("id1").replace('/', "%2F"));
        body["properties"]["link"] = json!(inside);
    }
    body
}

fn every_type() -> Value {
    estate(table::rows().enumerate().map(|(nth, row)| resource(nth, row)))
}

/// What a person has to do: the plan says so, and why.
const BY_HAND: [&str; 13] = [
    "microsoft.blueprint/blueprintassignments/microsoft-blueprint",
    "microsoft.machinelearningservices/workspaces/microsoft-machinelearningservices/labelingjobs/n1",
    "microsoft.batch/batchaccounts/microsoft-batch/pools/n1",
    "microsoft.botservice/botservices/microsoft-botservice",
    "microsoft.containerinstance/containergroups/microsoft-containerinstance",
    "microsoft.containerservice/managedclusters/microsoft-containerservice/identitybindings/n1",
    "microsoft.hdinsight/clusters/microsoft-hdinsight",
    "microsoft.machinelearningservices/workspaces/microsoft-machinelearningservices/computes/n1",
    "microsoft.redhatopenshift/hcpopenshiftclusters/microsoft-redhatopenshift",
    "microsoft.redhatopenshift/openshiftclusters/microsoft-redhatopenshift",
    "microsoft.servicelinker/linkers/microsoft-servicelinker",
    "microsoft.servicelinker/locations/microsoft-servicelinker/connectors/n1",
    // It lets another tenant in, and is that tenant's to write.
    "microsoft.managedservices/registrationdefinitions/microsoft-managedservices",
];

/// Runs that have ended, by the types in their ids: they are left alone.
const ENDED: [&str; 9] = [
    "/bulkcreatecustom/",
    "/launchbulkinstancesoperations/",
    "/diagnosticruncommands/",
    "/runcommands/",
    "/taskruns/",
    "/microsoft-kusto/databases/n1/scripts/",
    "/microsoft-machinelearningservices/jobs/",
    "microsoft.resources/deployments/",
    "microsoft.resources/deploymentscripts/",
];

/// Whether nobody writes this: a person has to, or it is a run that has ended.
fn is_left(id: &str) -> bool {
    BY_HAND.iter().any(|hand| id.ends_with(hand)) || ENDED.iter().any(|ended| id.contains(ended))
}

/// Grants inside services: made anew under another name, so they are counted and not compared.
fn is_grant(id: &str) -> bool {
    let kinds = ["roleassignments/", "principalassignments/", "accesspolicyassignments/", "/accesspolicies/"];
    kinds.iter().any(|kind| id.to_lowercase().contains(kind))
}

/// An estate without grants and without what people have to do.
fn compared(estate: &Value) -> Value {
    let arm = estate["arm"].as_array().expect("arm").iter().filter(|o| {
        let id = text(&o["id"]).to_lowercase();
        !is_grant(&id) && !is_left(&id)
    });
    json!({"arm": arm.collect::<Vec<_>>(), "graph": estate["graph"]})
}

/// How many grants inside services name one of these.
fn grants(estate: &Value, names: [&str; 2]) -> usize {
    let all = estate["arm"].as_array().expect("arm").iter().filter(|o| is_grant(text(&o["id"])));
    all.filter(|o| names.iter().any(|name| o["properties"].to_string().contains(name))).count()
}

/// The first cell of each row that `wanted` takes.
fn kinds(table: &'static str, wanted: impl Fn(&[&str]) -> bool) -> BTreeSet<String> {
    let cells = table.lines().skip(1).map(|row| row.split([',', ';']).collect::<Vec<_>>());
    cells.filter(|cells| wanted(cells)).map(|cells| cells[0].to_lowercase()).collect()
}

#[test]
fn the_local_azure_plays_every_grant_that_a_service_keeps() {
    let known = include_str!("../../../activities/src/references/known.csv");
    let grants = kinds(known, |cells| !cells[2].is_empty());
    assert!(grants.len() > 15, "{grants:?}");
    let played = kinds(include_str!("../../../simulator/src/arm/types.csv"), |_| true);
    let missing: Vec<&String> = grants.difference(&played).collect();
    assert!(missing.is_empty(), "no row of the local Azure's types.csv: {missing:?}");
}

#[test]
fn every_type_that_can_name_an_identity_names_the_new_one_and_nothing_else_changes() {
    let (azure, rehome) = stage(&every_type());
    let before = azure.estate();
    assert!(table::rows().count() > 400, "the whole table is in the estate");
    let plan = std::fs::read_to_string(rehome.path("plan.json")).expect("a plan");
    let plan: Value = serde_json::from_str(&plan).expect("JSON");
    let hands = plan["moves"][0]["plan"]["steps"].as_array().into_iter().flatten();
    // Users inside databases are beside what Azure keeps, and no host has them.
    let inside = |step: &&Value| {
        text(&step["title"]).contains("user for NEW") || text(&step["title"]).ends_with("drop the old user")
    };
    let (users, hands): (Vec<_>, Vec<_>) =
        hands.filter(|step| step["node"].get("by_hand").is_some()).partition(inside);
    // What a service keeps inside, nobody sees from outside.
    let (kept, hands): (Vec<_>, Vec<_>) =
        hands.into_iter().partition(|step| text(&step["title"]).ends_with("if they name old"));
    assert_eq!(kept.len(), 11, "{kept:?}");
    let (unbound, hands): (Vec<_>, Vec<_>) =
        hands.into_iter().partition(|step| text(&step["title"]).ends_with("delete the old binding"));
    // And one each for the roles that a managed HSM and a workspace of Synapse may keep, which nobody can see from
    // outside.
    assert_eq!((hands.len(), unbound.len()), (BY_HAND.len() + 2, 1));
    assert!(users.len() >= 8 && users.len() % 2 == 0, "{} steps for users of databases", users.len());
    rehome.say_with_people(&["run", "plan.json", "--yes"]).expect(0);
    let moved = azure.estate();
    // What was taken as done by hand was not done, so these still have the old one: nothing is revoked, until somebody
    // insists, and it is not deleted even then.
    let cleanup = ["cleanup", "all", "--confirm", "all", "--yes"];
    rehome.say_with_people(&cleanup).expect(10);
    assert_eq!(grants(&azure.estate(), [CLIENT, PRINCIPAL]), grants(&before, [CLIENT, PRINCIPAL]));
    let status = rehome.json(&["status"]);
    let one = &status["moves"][0];
    let stuck = one["waiting_for"].as_array().into_iter().flatten().find(|w| w["kind"] == "failed");
    let step = format!("{}:{}", text(&one["run"]), text(&stuck.expect("it has stopped")["step"]));
    rehome.say(&["skip", &step, "--reason", "they are done"]).expect(0);
    rehome.say_with_people(&cleanup).expect(10);
    let after = azure.estate();
    let old = names(&before, &identity("id1")).expect("the old one");
    let new = names(&moved, &identity("id1").replace("/rg/", "/rg-new/")).expect("the new one");
    let mut left = mentioned_by(&after, &old);
    left.retain(|id| !is_left(id));
    assert_eq!(left, Vec::<String>::new(), "the old one is mentioned");
    let (client, principal) =
        (text_of(&moved, &new.rid, "clientId"), text_of(&moved, &new.rid, "principalId"));
    let (had, has) = (grants(&before, [CLIENT, PRINCIPAL]), grants(&after, [&client, &principal]));
    assert!(had > 10 && has == had, "{has} grants inside services, and there were {had}");
    let pairs = [(old, new)];
    let differing = differences(&rest(&compared(&before), &pairs), &rest(&compared(&after), &pairs), "");
    assert_eq!(differing, Vec::<String>::new(), "every other byte is as before");
}

fn text_of(estate: &Value, rid: &str, name: &str) -> String {
    let all = estate["arm"].as_array().into_iter().flatten();
    let found = all.into_iter().find(|o| text(&o["id"]).eq_ignore_ascii_case(rid)).expect("it is there");
    text(&found["properties"][name]).to_owned()
}

#[test]
fn every_type_is_taken_back_to_the_byte() {
    let (azure, rehome) = stage(&every_type());
    let before = plain(&azure.estate());
    rehome.say_with_people(&["run", "plan.json", "--yes"]).expect(0);
    let rollback = ["rollback", "all", "--reason", "a test", "--yes"];
    rehome.say_with_people(&rollback).expect(0);
    assert_eq!(differences(&before, &plain(&azure.estate()), ""), Vec::<String>::new());
}
