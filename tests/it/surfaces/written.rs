//! Each host is written by what its type takes: the local Azure sees of a PATCH what the model of the type has, and
//! carries as many identities as the type does.

use crate::support::azure::Azure;
use crate::support::neighbours::{
    CLIENT, OTHER_CLIENT, OTHER_PRINCIPAL, PRINCIPAL, estate, id_of, identity, stage,
};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

/// A host that carries the identity, so many others beside it, and has these properties.
fn host(kind: &str, others: usize, properties: &Value) -> Value {
    let id = id_of(kind);
    let mut map = json!({identity("id1"): {"principalId": PRINCIPAL, "clientId": CLIENT}});
    for nth in 0..others {
        map[other(nth)] = json!({"principalId": OTHER_PRINCIPAL, "clientId": OTHER_CLIENT});
    }
    let mut body = json!({"id": id, "name": id.rsplit('/').next(), "type": kind, "location": "westeurope", "tags": {},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": map}, "properties": properties});
    body["properties"]["provisioningState"] = json!("Succeeded");
    body
}

fn other(nth: usize) -> String {
    identity(&format!("other{nth}"))
}

/// The estate with as many identities as its hosts carry.
fn azure(hosts: &[Value]) -> (Azure, Rehome) {
    let mut estate = estate(hosts.iter().cloned());
    let mut neighbour = estate["arm"].as_array().into_iter().flatten();
    let neighbour = neighbour.find(|o| text(&o["id"]) == identity("id10")).cloned().expect("a neighbour");
    for nth in 0..10 {
        let mut one = neighbour.clone();
        (one["id"], one["name"]) = (json!(other(nth)), json!(format!("other{nth}")));
        estate["arm"].as_array_mut().expect("arm").push(one);
    }
    stage(&estate)
}

fn now(azure: &Azure, kind: &str) -> Value {
    let id = id_of(kind).to_lowercase();
    let all = azure.estate();
    let found = all["arm"].as_array().into_iter().flatten().find(|o| text(&o["id"]).to_lowercase() == id);
    found.cloned().unwrap_or_else(|| panic!("{id} is gone"))
}

fn attached(host: &Value) -> Vec<String> {
    let map = host.pointer("/identity/userAssignedIdentities").and_then(Value::as_object);
    map.into_iter()
        .flatten()
        .map(|(id, _)| id.rsplit_once('/').map_or("", |(_, name)| name).to_owned())
        .collect()
}

/// The verbs that a host was written with, one after the other.
fn verbs(azure: &Azure, kind: &str) -> Vec<String> {
    let id = id_of(kind).to_lowercase();
    let all = azure.requests();
    let written =
        all.iter().filter(|r| r["changed"] == true && text(&r["path"]).to_lowercase().starts_with(&id));
    written.map(|r| text(&r["method"]).to_owned()).collect()
}

/// All the way to the end of the run, and back.
fn there_and_back(hosts: &[(&str, Value)], check: impl Fn(&Azure)) {
    let bodies: Vec<Value> = hosts.iter().map(|(_, body)| body.clone()).collect();
    let (azure, rehome) = azure(&bodies);
    assert_eq!(rehome.run_with_people(), 0, "every step is done");
    check(&azure);
    let back = ["rollback", "all", "--reason", "a test", "--yes"];
    rehome.say_with_people(&back).expect(0);
    for (kind, was) in hosts {
        let is = now(&azure, kind);
        assert_eq!(is["properties"], was["properties"], "{kind}");
        let (mut is, mut was) = (attached(&is), attached(was));
        is.sort();
        was.sort();
        assert_eq!(is, was, "{kind}");
    }
}

const FACTORY: &str = "Microsoft.DataFactory/factories";
const HUB: &str = "Microsoft.Devices/IotHubs";
const MACHINE: &str = "Microsoft.SqlVirtualMachine/sqlVirtualMachines";

#[test]
fn what_a_patch_lacks_is_written_by_a_put_and_what_it_takes_by_a_patch() {
    let key = json!({"encryption": {"identity": {"userAssignedIdentity": identity("id1")}, "keyName": "k"}});
    let factory = host(FACTORY, 1, &key);
    let hub = host(
        HUB,
        1,
        &json!({"storageEndpoints": {"$default": {"identity": {"userAssignedIdentity": identity("id1")}}}}),
    );
    let mut machine = host(
        MACHINE,
        0,
        &json!({"serverConfigurationsManagementSettings":
        {"azureAdAuthenticationSettings": {"clientId": CLIENT}}}),
    );
    machine.as_object_mut().expect("a resource").remove("identity");
    let hosts = [(FACTORY, factory), (HUB, hub), (MACHINE, machine)];
    there_and_back(&hosts, |azure| {
        assert_eq!(
            verbs(azure, FACTORY),
            ["PATCH", "PUT"],
            "its identities by the one, its key by the other"
        );
        assert_eq!(verbs(azure, HUB), ["PUT", "PUT"]);
        assert_eq!(verbs(azure, MACHINE), ["PUT"]);
        let place = "/properties/encryption/identity/userAssignedIdentity";
        assert!(now(azure, FACTORY).pointer(place).is_some_and(|id| text(id).contains("/rg-new/")));
    });
}

const STORAGE: &str = "Microsoft.Storage/storageAccounts";
const TOPIC: &str = "Microsoft.EventGrid/topics";
const STORE: &str = "Microsoft.AppConfiguration/configurationStores";
const CONNECTOR: &str = "Microsoft.Databricks/accessConnectors";

#[test]
fn a_host_that_is_full_is_given_the_new_identity_for_the_old_one_in_one_write_forwards_and_back() {
    let key = json!({"encryption": {"identity": {"userAssignedIdentity": identity("id1")}}});
    let hosts = [
        (STORAGE, host(STORAGE, 0, &key)),
        (TOPIC, host(TOPIC, 1, &json!({}))),
        (STORE, host(STORE, 9, &json!({}))),
        (CONNECTOR, host(CONNECTOR, 0, &json!({}))),
    ];
    there_and_back(&hosts, |azure| {
        for (kind, has) in [(STORAGE, 1), (TOPIC, 2), (STORE, 10), (CONNECTOR, 1)] {
            assert_eq!(verbs(azure, kind).len(), 1, "{kind}");
            let map = now(azure, kind)["identity"]["userAssignedIdentities"].clone();
            let map: Vec<String> = map.as_object().into_iter().flatten().map(|(id, _)| id.clone()).collect();
            assert!(map.len() == has && map.iter().any(|id| id.contains("/rg-new/")), "{kind}: {map:?}");
        }
        let place = "/properties/encryption/identity/userAssignedIdentity";
        assert!(now(azure, STORAGE).pointer(place).is_some_and(|id| text(id).contains("/rg-new/")));
    });
}

#[test]
fn a_host_with_room_carries_both_until_the_clean_up() {
    let hosts = [(TOPIC, host(TOPIC, 0, &json!({}))), (STORE, host(STORE, 8, &json!({})))];
    there_and_back(&hosts, |azure| {
        assert_eq!((attached(&now(azure, TOPIC)).len(), attached(&now(azure, STORE)).len()), (2, 10));
    });
}

const CLUSTER: &str = "Microsoft.HDInsight/clusters";

#[test]
fn a_service_that_replaces_the_identities_is_sent_all_of_them() {
    let hosts = [(CLUSTER, host(CLUSTER, 2, &json!({})))];
    there_and_back(&hosts, |azure| {
        assert_eq!(verbs(azure, CLUSTER), ["PATCH"]);
        let mut names = attached(&now(azure, CLUSTER));
        names.sort();
        assert_eq!(names, ["id1", "id1", "other0", "other1"], "the old, the new, and both of the others");
    });
}
