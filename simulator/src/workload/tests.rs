//! Workload room of the local Azure: moments of a life, looked at one by one.

use chrono::TimeDelta;

use super::*;
use crate::authorization::Small;

const OLD: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/old";
const NEW: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/new";
const SITE: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/web";
const VM: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm";
const VAULT: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv";
const TEAM: &str = "00000000-0000-0000-0000-00000000000a";

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

fn identity(id: &str, name: &str) -> Value {
    json!({"id": id, "properties": {"principalId": format!("{name}-oid"), "clientId": format!("{name}-cid")}})
}

fn site(attached: &[&str]) -> Value {
    let map: serde_json::Map<String, Value> =
        attached.iter().map(|id| ((*id).to_owned(), json!({}))).collect();
    json!({"id": SITE, "identity": {"type": "UserAssigned", "userAssignedIdentities": map}})
}

fn world(attached: &[&str]) -> Small {
    let settings =
        json!({"id": format!("{SITE}/config/appsettings"), "properties": {"AZURE_CLIENT_ID": "old-cid"}});
    Small::with(vec![identity(OLD, "old"), identity(NEW, "new"), site(attached), settings])
}

fn one(asks: Value, needs: Value) -> Workloads {
    Workloads::load(&json!([{"name": "w", "host": SITE, "asks": asks, "needs": needs}])).unwrap()
}

/// Why the workload does not work after a look at this second, or the principal it works as.
fn look(workloads: &mut Workloads, world: &Small, second: i64) -> Result<String, String> {
    workloads.look(world, start() + TimeDelta::seconds(second));
    workloads.standing["w"].clone()
}

/// A machine in the place of the site.
fn machine(attached: &[&str]) -> Small {
    let mut machine = site(attached);
    machine["id"] = json!(VM);
    Small::with(vec![identity(OLD, "old"), identity(NEW, "new"), machine])
}

fn on_machine(asks: Value) -> Workloads {
    Workloads::load(&json!([{"name": "w", "host": VM, "asks": asks}])).unwrap()
}

#[test]
fn a_site_gives_callers_that_name_no_identity_the_systems_and_never_the_only_one() {
    let mut workloads = one(Value::Null, json!([]));
    assert!(look(&mut workloads, &world(&[OLD]), 0).unwrap_err().contains("must be named"));
    let both = json!({"type": "SystemAssigned, UserAssigned", "principalId": "own", "userAssignedIdentities": {OLD: {}}});
    let mut with_own = world(&[]);
    with_own.put(SITE, json!({"id": SITE, "identity": both}));
    assert_eq!(look(&mut workloads, &with_own, 1), Ok("own".into()));
    let app = SITE.replace("Microsoft.Web/sites", "Microsoft.App/containerApps");
    let mut of_app = Workloads::load(&json!([{"name": "w", "host": app}])).unwrap();
    let mut with_app = world(&[]);
    with_app.put(&app, json!({"id": app, "identity": site(&[OLD])["identity"]}));
    assert!(look(&mut of_app, &with_app, 2).unwrap_err().contains("must be named"));
}

#[test]
fn the_code_of_a_machine_may_be_told_by_a_tag_whom_to_ask_for() {
    let mut workloads = on_machine(json!({"setting": "AZURE_CLIENT_ID"}));
    let mut told = machine(&[OLD, NEW]);
    assert!(look(&mut workloads, &told, 0).unwrap_err().contains("multiple"));
    let mut vm = site(&[OLD, NEW]);
    (vm["id"], vm["tags"]) = (json!(VM), json!({"AZURE_CLIENT_ID": "new-cid"}));
    told.put(VM, vm);
    assert_eq!(look(&mut workloads, &told, 1), Ok("new-oid".into()));
}

#[test]
fn a_default_identity_is_handed_out_only_while_it_is_the_only_one() {
    let mut workloads = on_machine(Value::Null);
    assert_eq!(look(&mut workloads, &machine(&[OLD]), 0), Ok("old-oid".into()));
    assert!(look(&mut workloads, &machine(&[OLD, NEW]), 10).unwrap_err().contains("multiple"));
    assert_eq!(look(&mut workloads, &machine(&[NEW]), 25), Ok("new-oid".into()));
    let outage = workloads.outages.first().unwrap();
    assert_eq!(
        (outage.from, outage.until),
        (start() + TimeDelta::seconds(10), start() + TimeDelta::seconds(25))
    );
    let both = json!({"type": "SystemAssigned, UserAssigned", "principalId": "own", "userAssignedIdentities": {OLD: {}, NEW: {}}});
    let mut with_own = machine(&[]);
    with_own.put(VM, json!({"id": VM, "identity": both}));
    assert_eq!(look(&mut workloads, &with_own, 30), Ok("own".into()));
}

#[test]
fn a_named_identity_must_be_attached_and_follows_its_setting() {
    let mut workloads = one(json!({"setting": "AZURE_CLIENT_ID"}), json!([]));
    let mut both = world(&[OLD, NEW]);
    assert_eq!(look(&mut workloads, &both, 0), Ok("old-oid".into()));
    let id = format!("{SITE}/config/appsettings");
    both.put(&id, json!({"id": id, "properties": {"AZURE_CLIENT_ID": "NEW-CID"}}));
    assert_eq!(look(&mut workloads, &both, 1), Ok("new-oid".into()));
    assert!(workloads.outages.is_empty() && workloads.down.is_empty());
    assert!(look(&mut workloads, &world(&[NEW]), 2).unwrap_err().contains("old-cid"));
}

#[test]
fn a_service_uses_the_identity_that_its_own_place_names_and_only_while_it_is_attached() {
    let mut workloads = one(json!({"reference": "/properties/key"}), json!([]));
    let named = |attached: &[&str], text: &str| {
        let mut host = site(attached);
        host["properties"] = json!({"key": text});
        let mut world = world(&[]);
        world.put(SITE, host);
        world
    };
    assert_eq!(look(&mut workloads, &named(&[OLD, NEW], OLD), 0), Ok("old-oid".into()));
    let inside = format!("UserAssignedIdentity={}", NEW.to_uppercase());
    assert_eq!(look(&mut workloads, &named(&[OLD, NEW], &inside), 1), Ok("new-oid".into()));
    assert_eq!(look(&mut workloads, &named(&[OLD, NEW], "OLD-cid"), 2), Ok("old-oid".into()));
    assert!(look(&mut workloads, &named(&[NEW], OLD), 3).unwrap_err().contains("not attached"));
}

#[test]
fn an_identity_made_anew_under_the_same_name_is_dead_to_its_host() {
    let mut workloads = one(json!("old-cid"), json!([]));
    let mut world = world(&[]);
    let held = json!({"clientId": "first-cid", "principalId": "first-oid"});
    world.put(
        SITE,
        json!({"id": SITE, "identity": {"type": "UserAssigned", "userAssignedIdentities": {OLD: held}}}),
    );
    assert!(look(&mut workloads, &world, 0).is_err());
}

#[test]
fn a_late_group_membership_acts_only_with_the_next_token() {
    let mut workloads = one(json!("old-cid"), json!([{"group": TEAM}]));
    let mut world = world(&[OLD]);
    assert!(look(&mut workloads, &world, 0).is_err());
    world.members.push((TEAM.to_owned(), "old-oid".to_owned()));
    assert!(look(&mut workloads, &world, 24 * 3600 - 1).is_err(), "the token of the first moment is cached");
    assert_eq!(look(&mut workloads, &world, 24 * 3600), Ok("old-oid".into()));
}

#[test]
fn an_app_role_is_a_claim_too() {
    let mut workloads = one(json!("old-cid"), json!([{"app_role": "Role", "resource": "Api"}]));
    let mut world = world(&[OLD]);
    world.app_roles.push(("old-oid".to_owned(), "api".to_owned(), "role".to_owned()));
    assert!(look(&mut workloads, &world, 0).is_ok());
}

#[test]
fn a_role_assignment_acts_after_its_delay_and_at_once_no_more_when_it_goes() {
    let needs = json!([{"action": "Microsoft.KeyVault/vaults/read", "scope": VAULT}]);
    let mut workloads = one(json!("old-cid"), needs);
    let mut world = world(&[OLD]);
    let id = "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/88888888-0000-0000-0000-000000000001";
    let reader = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7";
    world.put(
        id,
        json!({"id": id, "properties": {"roleDefinitionId": reader, "principalId": "OLD-OID",
                         "createdOn": "2026-09-21T13:33:20.0000000Z"}}),
    );
    let made: DateTime<Utc> = "2026-09-21T13:33:20Z".parse().unwrap();
    let offset = (made - start()).num_seconds();
    assert!(look(&mut workloads, &world, offset + 599).is_err());
    assert!(look(&mut workloads, &world, offset + 600).is_ok());
    world.remove(id);
    assert!(look(&mut workloads, &world, offset + 601).is_err());
    assert_eq!(workloads.show()["outages"][1]["until"], Value::Null);
}

#[test]
fn a_vault_is_open_by_its_policies_or_by_roles_never_by_both() {
    let mut workloads = one(json!("old-cid"), json!([{"vault": VAULT, "permission": "secrets/get"}]));
    let mut world = world(&[OLD]);
    let policies = json!([{"objectId": "OLD-oid", "permissions": {"secrets": ["Get"]}}]);
    world.put(VAULT, json!({"id": VAULT, "properties": {"accessPolicies": policies}}));
    assert!(look(&mut workloads, &world, 0).is_ok());
    let by_roles = json!({"accessPolicies": policies, "enableRbacAuthorization": true});
    world.put(VAULT, json!({"id": VAULT, "properties": by_roles}));
    assert!(look(&mut workloads, &world, 1).is_err());
    let id = format!(
        "{VAULT}/providers/Microsoft.Authorization/roleAssignments/88888888-0000-0000-0000-000000000001"
    );
    let user = "/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6";
    world.put(&id, json!({"id": id, "properties": {"roleDefinitionId": user, "principalId": "old-oid"}}));
    assert!(look(&mut workloads, &world, 2).is_ok());
}

#[test]
fn what_cannot_be_read_is_named_with_its_place() {
    let table = [
        (json!([{"host": SITE}]), "workloads[0]"),
        (
            json!([{"name": "a", "host": SITE, "needs": [{"group": "g", "scope": "s"}]}]),
            "workloads[0].needs[0]",
        ),
        (json!([{"name": "a", "host": SITE}, {"name": "a", "host": SITE}]), "workloads[1]"),
        (json!([{"name": "a", "host": SITE, "asks": {"file": "x"}}]), "workloads[0].asks"),
        (json!({}), "workloads"),
    ];
    for (list, place) in table {
        assert_eq!(Workloads::load(&list).unwrap_err().place, place);
    }
}

#[test]
fn who_may_read_everything_of_resource_manager_reads_no_data() {
    let container = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/st";
    let blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
    let mut workloads = one(json!("old-cid"), json!([{"action": blobs, "scope": container}]));
    let mut world = world(&[OLD]);
    let grant = |world: &mut Small, n: u32, role: &str| {
        let id = format!(
            "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/88888888-0000-0000-0000-00000000000{n}"
        );
        let role = format!("/providers/Microsoft.Authorization/roleDefinitions/{role}");
        world.put(&id, json!({"id": id, "properties": {"roleDefinitionId": role, "principalId": "old-oid"}}));
    };
    grant(&mut world, 1, "acdd72a7-3385-48ef-bd42-f606fba81ae7");
    assert!(look(&mut workloads, &world, 0).unwrap_err().contains("may not do"), "a reader reads no blobs");
    grant(&mut world, 2, "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1");
    assert_eq!(look(&mut workloads, &world, 10), Ok("old-oid".into()));
}
