//! Authorization room of the local Azure, as a client sees it: requests in, answers out.

use super::scope::{canonical, id_of};
use super::view::{Call, Delays, Principal};
use super::{Answer, Objects, authorize, forbids, handle};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const GROUP: &str = "/subscriptions/11111111-0000-0000-0000-000000000000/resourceGroups/rg-pay";
const IDENTITY: &str = "/subscriptions/11111111-0000-0000-0000-000000000000/resourceGroups/rg-pay/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-pay";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const OLD: &str = "aaaaaaaa-0000-0000-0000-000000000001";
const NEW: &str = "aaaaaaaa-0000-0000-0000-000000000002";
const TEAM: &str = "aaaaaaaa-0000-0000-0000-000000000003";
const CALLER: &str = "cccccccc-0000-0000-0000-000000000001";
const FIRST: &str = "88888888-0000-0000-0000-000000000001";
const SECOND: &str = "88888888-0000-0000-0000-000000000002";

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

fn world() -> Small {
    let mut world = Small::with(vec![
        json!({"id": "/subscriptions/11111111-0000-0000-0000-000000000000"}),
        json!({"id": GROUP}),
        json!({"id": IDENTITY}),
        json!({"id": "/providers/Microsoft.Management/managementGroups/corp"}),
        json!({"id": "/providers/Microsoft.Management/managementGroups/corp/subscriptions/11111111-0000-0000-0000-000000000000"}),
    ])
    .principal_since(OLD, "ServicePrincipal", None)
    .principal_since(NEW, "ServicePrincipal", Some(start()))
    .principal_since(TEAM, "Group", None);
    world.members.push((TEAM.to_owned(), OLD.to_owned()));
    world
}

fn send(world: &mut Small, seconds: i64, method: &str, url: &str, body: Value) -> Answer {
    let now = start() + TimeDelta::seconds(seconds);
    with_call(method, url, &body, now, |call| handle(world, call).expect("the path belongs to this room"))
}

fn at(scope: &str, name: &str) -> String {
    format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}")
}

fn role(guid: &str, to: &str) -> Value {
    let definition = format!("/providers/Microsoft.Authorization/roleDefinitions/{guid}");
    json!({"properties": {"roleDefinitionId": definition, "principalId": to}})
}

fn typed(guid: &str, to: &str) -> Value {
    let mut body = role(guid, to);
    body["properties"]["principalType"] = json!("ServicePrincipal");
    body
}

fn code(answer: &Answer) -> (u16, String) {
    let code = answer.body.as_ref().and_then(|body| body.pointer("/error/code")).and_then(Value::as_str);
    (answer.status, code.unwrap_or_default().to_owned())
}

fn names(answer: &Answer) -> Vec<String> {
    let list = answer.body.as_ref().unwrap()["value"].as_array().unwrap().clone();
    list.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_new_principal_is_unknown_for_a_while_and_for_less_with_its_type_given() {
    let mut world = world();
    let url = at(GROUP, FIRST);
    assert_eq!(code(&send(&mut world, 1, "PUT", &url, role(READER, NEW))), (400, "PrincipalNotFound".into()));
    assert_eq!(
        code(&send(&mut world, 1, "PUT", &url, typed(READER, NEW))),
        (400, "PrincipalNotFound".into())
    );
    assert_eq!(
        code(&send(&mut world, 10, "PUT", &url, role(READER, NEW))),
        (400, "PrincipalNotFound".into())
    );
    assert!(world.get(&url).is_none(), "a refused request has no effect");
    assert_eq!(send(&mut world, 10, "PUT", &url, typed(READER, NEW)).status, 201);
}

#[test]
fn an_assignment_is_created_once_and_a_taken_triple_or_name_is_refused() {
    let mut world = world();
    let created = send(&mut world, 0, "PUT", &at(GROUP, FIRST), typed(READER, OLD));
    assert_eq!(created.status, 201);
    let properties = &created.body.as_ref().unwrap()["properties"];
    assert_eq!(properties["createdBy"], Value::Null);
    assert_eq!(properties["condition"], Value::Null);
    assert_eq!(properties["scope"], GROUP);
    assert_eq!(send(&mut world, 0, "PUT", &at(GROUP, FIRST), typed(READER, OLD)).status, 200);

    let taken = send(&mut world, 0, "PUT", &at(GROUP, SECOND), typed(READER, OLD));
    assert_eq!(code(&taken), (409, "RoleAssignmentExists".into()));
    assert!(
        taken.body.unwrap()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("88888888000000000000000000000001")
    );
    for (scope, body) in
        [(GROUP, typed(READER, CALLER)), (IDENTITY, typed(READER, OLD)), (GROUP, typed(CONTRIBUTOR, OLD))]
    {
        world = world.principal_since(CALLER, "ServicePrincipal", None);
        let reused = send(&mut world, 0, "PUT", &at(scope, FIRST), body);
        assert_eq!(code(&reused), (400, "RoleAssignmentUpdateNotPermitted".into()));
    }
}

#[test]
fn what_is_malformed_or_points_at_nothing_is_refused_with_azures_code() {
    let table = [
        (at(GROUP, "not-a-guid"), typed(READER, OLD), (400, "InvalidRoleAssignmentId")),
        (at(GROUP, FIRST), json!({}), (400, "InvalidRequestContent")),
        (at(GROUP, FIRST), typed(READER, "x"), (400, "InvalidPrincipalId")),
        (at(GROUP, FIRST), typed(SECOND, OLD), (400, "RoleDefinitionDoesNotExist")),
        (at(GROUP, FIRST), typed(READER, TEAM), (400, "UnmatchedPrincipalType")),
        (at(&format!("{GROUP}-no"), FIRST), typed(READER, OLD), (404, "ResourceGroupNotFound")),
        (at(&format!("{IDENTITY}0"), FIRST), typed(READER, OLD), (404, "ResourceNotFound")),
    ];
    for (url, body, expected) in table {
        let mut world = world();
        let answer = send(&mut world, 0, "PUT", &url, body);
        assert_eq!(code(&answer), (expected.0, expected.1.to_owned()), "{url}");
        assert!(world.get(&url).is_none());
    }
    let mut body = typed(READER, OLD);
    body["properties"]["condition"] = json!("true");
    body["properties"]["conditionVersion"] = json!("1.0");
    assert_eq!(send(&mut world(), 0, "PUT", &at(GROUP, FIRST), body).status, 400);
}

#[test]
fn lists_reach_above_and_below_as_the_filter_says() {
    let mut world = world();
    let corp = "/providers/Microsoft.Management/managementGroups/corp";
    let scopes = ["", corp, GROUP, IDENTITY];
    for (number, scope) in scopes.iter().enumerate() {
        let url = at(scope, &format!("88888888-0000-0000-0000-00000000000{number}"));
        assert_eq!(send(&mut world, 0, "PUT", &url, typed(READER, OLD)).status, 201, "{url}");
    }
    let team =
        send(&mut world, 0, "PUT", &at(GROUP, "99999999-0000-0000-0000-000000000000"), role(READER, TEAM));
    assert_eq!(team.status, 201);
    let mut count = |scope: &str, filter: &str| {
        let url = format!("{scope}/providers/Microsoft.Authorization/roleAssignments?$filter={filter}");
        let url = if filter.is_empty() { url.split('?').next().unwrap().to_owned() } else { url };
        names(&send(&mut world, 0, "GET", &url, Value::Null)).len()
    };
    assert_eq!(count(GROUP, ""), 5);
    assert_eq!(count(GROUP, "atScope()"), 4);
    assert_eq!(count(GROUP, &format!("principalId eq '{OLD}'")), 4);
    assert_eq!(count(GROUP, &format!("assignedTo('{OLD}')")), 5);
    assert_eq!(count(GROUP, &format!("atScope() and assignedTo('{OLD}')")), 4);
    assert_eq!(count(IDENTITY, &format!("principalId eq '{OLD}'")), 4);
    assert_eq!(count("", &format!("principalId eq '{OLD}'")), 4);
    assert_eq!(count("", "atScope()"), 1);
}

#[test]
fn a_role_is_shown_with_the_prefix_of_the_subscription_asked_through() {
    let mut world = world();
    assert_eq!(send(&mut world, 0, "PUT", &at("", FIRST), typed(READER, OLD)).status, 201);
    let url = format!("{GROUP}/providers/Microsoft.Authorization/roleAssignments");
    let listed = send(&mut world, 0, "GET", &url, Value::Null).body.unwrap();
    let role = listed["value"][0]["properties"]["roleDefinitionId"].as_str().unwrap().to_owned();
    assert!(role.starts_with("/subscriptions/11111111-0000-0000-0000-000000000000/providers/"), "{role}");
    assert_eq!(listed["value"][0]["properties"]["scope"], "/");
}

#[test]
fn a_deleted_assignment_is_answered_whole_and_a_missing_one_with_204() {
    let mut world = world();
    send(&mut world, 0, "PUT", &at(GROUP, FIRST), typed(READER, OLD));
    let gone = send(&mut world, 0, "DELETE", &at(&GROUP.to_uppercase(), FIRST), Value::Null);
    assert_eq!((gone.status, gone.body.unwrap()["name"].clone()), (200, json!(FIRST)));
    assert_eq!(send(&mut world, 0, "DELETE", &at(GROUP, FIRST), Value::Null), Answer::empty(204));
}

#[test]
fn a_lock_forbids_deletes_at_below_and_around_it_but_its_own_removal() {
    let mut world = world();
    let lock = format!("{IDENTITY}/providers/Microsoft.Authorization/locks/keep");
    let body = json!({"properties": {"level": "CanNotDelete", "notes": "ask first"}});
    assert_eq!(send(&mut world, 0, "PUT", &lock, body.clone()).status, 201);
    assert_eq!(send(&mut world, 0, "PUT", &lock, body).status, 200);
    for path in [IDENTITY, GROUP, &at(IDENTITY, FIRST), &IDENTITY.to_uppercase()] {
        let refusal = forbids(&world, "DELETE", path).expect(path);
        assert_eq!(code(&refusal), (409, "ScopeLocked".into()));
    }
    assert_eq!(forbids(&world, "DELETE", &format!("{IDENTITY}2")), None);
    assert_eq!(forbids(&world, "PUT", IDENTITY), None);
    assert_eq!(forbids(&world, "DELETE", &lock), None);
}

#[test]
fn a_read_only_lock_forbids_writes_and_actions_too() {
    let mut world = world();
    let lock = format!("{GROUP}/providers/Microsoft.Authorization/locks/frozen");
    send(&mut world, 0, "PUT", &lock, json!({"properties": {"level": "ReadOnly"}}));
    assert!(forbids(&world, "PUT", &at(IDENTITY, FIRST)).is_some());
    assert!(forbids(&world, "PATCH", IDENTITY).is_some());
    assert!(forbids(&world, "POST", &format!("{IDENTITY}/listAssociatedResources")).is_some());
    assert_eq!(forbids(&world, "GET", IDENTITY), None);
    assert_eq!(send(&mut world, 0, "DELETE", &lock, Value::Null).status, 200);
    assert_eq!(forbids(&world, "PATCH", IDENTITY), None);
}

#[test]
fn a_caller_with_roles_may_do_what_they_grant_once_they_have_effect() {
    let mut world = world().principal_since(CALLER, "ServicePrincipal", None);
    let write = "Microsoft.Authorization/roleAssignments/write";
    assert_eq!(authorize(&world, CALLER, write, GROUP, start()), Ok(()), "no role in the estate: everything");
    assert_eq!(send(&mut world, 0, "PUT", &at(GROUP, FIRST), typed(CONTRIBUTOR, CALLER)).status, 201);
    let later = start() + TimeDelta::hours(1);
    let sites = "Microsoft.Web/sites/write";
    assert_eq!(send(&mut world, 3600, "PUT", &at(GROUP, FIRST), typed(CONTRIBUTOR, CALLER)).status, 200);
    assert!(authorize(&world, CALLER, sites, IDENTITY, start()).is_err(), "a grant takes time");
    assert_eq!(authorize(&world, CALLER, sites, IDENTITY, later), Ok(()));
    let refusal = authorize(&world, CALLER, write, IDENTITY, later).unwrap_err();
    assert_eq!(code(&refusal), (403, "AuthorizationFailed".into()));
    assert!(
        authorize(&world, CALLER, sites, "/subscriptions/11111111-0000-0000-0000-000000000000", later)
            .is_err()
    );
}

#[test]
fn a_deny_assignment_wins_over_a_role_unless_the_caller_is_excluded() {
    let mut world = world().principal_since(CALLER, "ServicePrincipal", None);
    send(&mut world, 0, "PUT", &at(GROUP, FIRST), typed(CONTRIBUTOR, CALLER));
    let later = start() + TimeDelta::hours(1);
    let mut deny = json!({
        "id": format!("{GROUP}/providers/Microsoft.Authorization/denyAssignments/{SECOND}"),
        "properties": {"permissions": [{"actions": ["*/write"]}],
                       "principals": [{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}]},
    });
    let id = deny["id"].as_str().unwrap().to_owned();
    world.put(&id, deny.clone());
    assert!(authorize(&world, CALLER, "Microsoft.Web/sites/write", IDENTITY, later).is_err());
    assert_eq!(authorize(&world, CALLER, "Microsoft.Web/sites/read", IDENTITY, later), Ok(()));
    deny["properties"]["excludePrincipals"] = json!([{"id": CALLER}]);
    world.put(&id, deny);
    assert_eq!(authorize(&world, CALLER, "Microsoft.Web/sites/write", IDENTITY, later), Ok(()));
}

#[test]
fn role_definitions_are_found_by_id_and_by_name_and_custom_ones_live_and_die() {
    let mut world = world();
    let base = format!("{GROUP}/providers/Microsoft.Authorization/roleDefinitions");
    let listed = send(&mut world, 0, "GET", &format!("{base}?$filter=roleName eq 'reader'"), Value::Null);
    assert_eq!(names(&listed), [READER]);
    assert_eq!(send(&mut world, 0, "GET", &format!("{base}/{SECOND}"), Value::Null).status, 404);
    let custom = json!({"properties": {"roleName": "Pay Deployer", "assignableScopes": [GROUP],
                        "permissions": [{"actions": ["Microsoft.Web/sites/*"]}]}});
    assert_eq!(send(&mut world, 0, "PUT", &format!("{base}/{SECOND}"), custom.clone()).status, 201);
    let twin = send(&mut world, 0, "PUT", &format!("{base}/{FIRST}"), custom);
    assert_eq!(code(&twin), (409, "RoleDefinitionWithSameNameExists".into()));
    assert_eq!(send(&mut world, 0, "PUT", &at(IDENTITY, FIRST), typed(SECOND, OLD)).status, 201);
    let above = "/subscriptions/11111111-0000-0000-0000-000000000000";
    let outside = send(&mut world, 0, "PUT", &at(above, CALLER), typed(SECOND, OLD));
    assert_eq!(code(&outside), (400, "RoleDefinitionDoesNotExist".into()));
    let used = send(&mut world, 0, "DELETE", &format!("{base}/{SECOND}"), Value::Null);
    assert_eq!(code(&used), (400, "RoleDefinitionHasAssignments".into()));
    send(&mut world, 0, "DELETE", &at(IDENTITY, FIRST), Value::Null);
    assert_eq!(send(&mut world, 0, "DELETE", &format!("{base}/{SECOND}"), Value::Null).status, 200);
    assert_eq!(send(&mut world, 0, "DELETE", &format!("{base}/{SECOND}"), Value::Null).status, 204);
}

#[test]
fn a_time_bound_assignment_shows_as_a_plain_one_and_ends_in_time() {
    let mut world = world();
    let requests = format!("{GROUP}/providers/Microsoft.Authorization/roleAssignmentScheduleRequests");
    let mut body = typed(READER, OLD);
    body["properties"]["requestType"] = json!("AdminAssign");
    body["properties"]["scheduleInfo"] = json!({"expiration": {"type": "AfterDuration", "duration": "PT1H"}});
    assert_eq!(send(&mut world, 0, "PUT", &format!("{requests}/{FIRST}"), body.clone()).status, 201);
    assert!(world.get(&at(GROUP, FIRST)).is_some());
    let again = send(&mut world, 0, "PUT", &format!("{requests}/{SECOND}"), body.clone());
    assert_eq!(code(&again), (400, "RoleAssignmentExists".into()));
    let schedules = format!(
        "{GROUP}/providers/Microsoft.Authorization/roleAssignmentSchedules?$filter=principalId eq {OLD}"
    );
    assert_eq!(names(&send(&mut world, 0, "GET", &schedules, Value::Null)), [FIRST]);

    body["properties"]["requestType"] = json!("AdminRemove");
    let early = send(&mut world, 60, "PUT", &format!("{requests}/{SECOND}"), body);
    assert_eq!(code(&early), (400, "ActiveDurationTooShort".into()));
    super::expire(&mut world, start() + TimeDelta::minutes(59));
    assert!(world.get(&at(GROUP, FIRST)).is_some());
    super::expire(&mut world, start() + TimeDelta::minutes(60));
    assert!(world.get(&at(GROUP, FIRST)).is_none());
    assert!(names(&send(&mut world, 0, "GET", &schedules, Value::Null)).is_empty());
}

#[test]
fn what_has_not_begun_is_only_a_schedule_and_only_its_request_can_be_cancelled() {
    let mut world = world();
    let requests = format!("{GROUP}/providers/Microsoft.Authorization/roleAssignmentScheduleRequests");
    let mut body = typed(READER, OLD);
    body["properties"]["requestType"] = json!("AdminAssign");
    let begins = super::view::stamp(start() + TimeDelta::hours(2));
    body["properties"]["scheduleInfo"] =
        json!({"startDateTime": begins, "expiration": {"type": "NoExpiration"}});
    let schedules = format!(
        "{GROUP}/providers/Microsoft.Authorization/roleAssignmentSchedules?$filter=principalId eq {OLD}"
    );
    for (name, begun) in [(FIRST, false), (SECOND, true)] {
        assert_eq!(send(&mut world, 0, "PUT", &format!("{requests}/{name}"), body.clone()).status, 201);
        assert!(world.get(&at(GROUP, name)).is_none());
        assert_eq!(names(&send(&mut world, 0, "GET", &schedules, Value::Null)), [name]);
        let mut remove = typed(READER, OLD);
        remove["properties"]["requestType"] = json!("AdminRemove");
        let refused = send(&mut world, 0, "PUT", &format!("{requests}/{CALLER}"), remove);
        assert_eq!(code(&refused), (400, "RoleAssignmentDoesNotExist".into()));
        if begun {
            super::expire(&mut world, start() + TimeDelta::hours(2));
        }
        assert_eq!(world.get(&at(GROUP, name)).is_some(), begun);
        let cancelled = send(
            &mut world,
            if begun { 7200 } else { 0 },
            "POST",
            &format!("{requests}/{name}/cancel"),
            Value::Null,
        );
        assert_eq!(cancelled.status, if begun { 400 } else { 200 });
    }
}

#[test]
fn deny_assignments_are_read_by_the_principal_they_name_and_cannot_be_written() {
    let mut world = world();
    let base = format!("{GROUP}/providers/Microsoft.Authorization/denyAssignments");
    let deny =
        json!({"id": format!("{base}/{FIRST}"), "name": FIRST, "properties": {"principals": [{"id": OLD}]}});
    world.put(&format!("{base}/{FIRST}"), deny);
    for (who, count) in [(OLD, 1), (NEW, 0)] {
        let found =
            send(&mut world, 0, "GET", &format!("{base}?$filter=principalId eq '{who}'"), Value::Null);
        assert_eq!(names(&found).len(), count);
    }
    assert_eq!(send(&mut world, 0, "PUT", &format!("{base}/{SECOND}"), json!({})).status, 405);
}

#[test]
fn a_subscription_holds_four_thousand_assignments_and_not_one_more() {
    let mut world = world();
    for number in 0..4000 {
        let id = at(GROUP, &format!("77777777-0000-0000-0000-{number:012}"));
        world.put(
            &id,
            json!({"id": id, "properties": {"principalId": TEAM, "roleDefinitionId": number.to_string()}}),
        );
    }
    let full = send(&mut world, 0, "PUT", &at(IDENTITY, FIRST), typed(READER, OLD));
    assert_eq!(code(&full), (400, "RoleAssignmentLimitExceeded".into()));
    world.remove(&at(GROUP, "77777777-0000-0000-0000-000000000000"));
    assert_eq!(send(&mut world, 0, "PUT", &at(IDENTITY, FIRST), typed(READER, OLD)).status, 201);
}

/// The smallest world: objects and a directory in maps.
#[derive(Default)]
pub(crate) struct Small {
    pub(crate) objects: BTreeMap<String, Value>,
    pub(crate) principals: BTreeMap<String, Principal>,
    pub(crate) members: Vec<(String, String)>,
    /// Principal, resource, role.
    pub(crate) app_roles: Vec<(String, String, String)>,
}

impl Small {
    pub(crate) fn with(objects: Vec<Value>) -> Self {
        let objects = objects.into_iter().map(|object| (canonical(id_of(&object)), object)).collect();
        Self { objects, ..Self::default() }
    }

    pub(crate) fn principal_since(mut self, id: &str, kind: &str, since: Option<DateTime<Utc>>) -> Self {
        self.principals.insert(id.to_owned(), Principal { kind: kind.to_owned(), since });
        self
    }
}

impl Objects for Small {
    fn get(&self, id: &str) -> Option<&Value> {
        self.objects.get(&canonical(id))
    }
    fn below(&self, prefix: &str) -> Vec<&Value> {
        self.objects.iter().filter(|(id, _)| id.starts_with(prefix)).map(|(_, object)| object).collect()
    }
    fn put(&mut self, id: &str, body: Value) {
        self.objects.insert(canonical(id), body);
    }
    fn remove(&mut self, id: &str) -> Option<Value> {
        self.objects.remove(&canonical(id))
    }
    fn principal(&self, object_id: &str) -> Option<Principal> {
        self.principals.get(&object_id.to_lowercase()).cloned()
    }
    fn groups_of(&self, object_id: &str) -> Vec<String> {
        self.members.iter().filter(|(_, m)| m == object_id).map(|(group, _)| group.clone()).collect()
    }
    fn app_roles_of(&self, object_id: &str) -> Vec<(String, String)> {
        let own = self.app_roles.iter().filter(|(to, ..)| to == object_id);
        own.map(|(_, on, role)| (on.clone(), role.clone())).collect()
    }
    fn delays(&self) -> Delays {
        Delays::default()
    }
    fn began(&self) -> DateTime<Utc> {
        DateTime::<Utc>::MAX_UTC
    }
}

/// Builds the call that a request becomes and hands it on.
pub(crate) fn with_call<T>(
    method: &str,
    url: &str,
    body: &Value,
    now: DateTime<Utc>,
    then: impl FnOnce(&Call) -> T,
) -> T {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let query: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes())
        .map(|(key, value)| (key.to_lowercase(), value.into_owned()))
        .collect();
    let (caller, tenant) = ("cccccccc-0000-0000-0000-000000000001", "dddddddd-0000-0000-0000-000000000000");
    then(&Call { method, path, query: &query, body, caller, tenant, origin: "http://127.0.0.1:1", now })
}
