//! Privileged identity management of Entra ID: requests are judged, provided, begin and end by themselves.

use crate::client::{Client, OLD_PRINCIPAL, Said, estate};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

const TEAM: &str = "aaaaaaaa-0000-4000-8000-00000000009a";
const ROLE: &str = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b";
const GROUPS: &str = "/identityGovernance/privilegedAccess/group";
const ROLES: &str = "/roleManagement/directory";

async fn client() -> Client {
    let mut estate = estate();
    estate["graph"] = json!([{"@odata.type": "#microsoft.graph.group", "id": TEAM, "displayName": "team",
        "groupTypes": [], "members": [], "owners": []}]);
    Client::at(estate).await
}

/// A request about the team's members.
fn member(action: &str, info: Value) -> Value {
    json!({"action": action, "accessId": "member", "groupId": TEAM, "principalId": OLD_PRINCIPAL,
        "justification": "a test", "scheduleInfo": info})
}

fn role(action: &str, info: Value) -> Value {
    json!({"action": action, "roleDefinitionId": ROLE, "directoryScopeId": "/", "principalId": OLD_PRINCIPAL,
        "justification": "a test", "scheduleInfo": info})
}

fn lasting(long: &str) -> Value {
    json!({"expiration": {"type": "afterDuration", "duration": long}})
}

async fn ask(client: &Client, body: &Value) -> Said {
    let path = match body.get("groupId") {
        Some(_) => format!("{GROUPS}/assignmentScheduleRequests"),
        None => format!("{ROLES}/roleAssignmentScheduleRequests"),
    };
    client.graph(Method::POST, &path, Some(body.clone())).await
}

async fn listed(client: &Client, list: &str) -> Vec<Value> {
    let path = format!("{list}?$filter=principalId eq '{OLD_PRINCIPAL}'");
    let said = client.graph(Method::GET, &path, None).await;
    said.body["value"].as_array().cloned().unwrap_or_default()
}

/// Schedules of the team and of roles, memberships, roles.
async fn held(client: &Client) -> [usize; 4] {
    let member_of = format!("/servicePrincipals/{OLD_PRINCIPAL}/memberOf");
    let member_of = client.graph(Method::GET, &member_of, None).await;
    [
        listed(client, &format!("{GROUPS}/assignmentSchedules")).await.len(),
        listed(client, &format!("{ROLES}/roleAssignmentSchedules")).await.len(),
        member_of.body["value"].as_array().map_or(0, Vec::len),
        listed(client, &format!("{ROLES}/roleAssignments")).await.len(),
    ]
}

async fn until(client: &Client, wanted: [usize; 4]) {
    let mut looks = 0;
    while held(client).await != wanted {
        looks += 1;
        assert!(looks < 2_000, "it never comes to {wanted:?}");
        client.pass(60);
    }
}

#[tokio::test]
async fn what_is_given_for_a_time_is_provided_shows_as_plain_and_is_gone_when_its_time_is_over() {
    let client = client().await;
    for body in [member("adminAssign", lasting("PT6H")), role("adminAssign", lasting("PT6H"))] {
        let said = ask(&client, &body).await;
        assert_eq!(
            (said.status, &said.body["status"]),
            (201, &json!("PendingProvisioning")),
            "{}",
            said.body
        );
    }
    until(&client, [1, 1, 1, 1]).await;
    let schedule = listed(&client, &format!("{GROUPS}/assignmentSchedules")).await.remove(0);
    let at = |value: &Value| value.as_str().expect("a date").parse::<DateTime<Utc>>().expect("a date");
    let info = &schedule["scheduleInfo"];
    assert_eq!(at(&info["expiration"]["endDateTime"]) - at(&info["startDateTime"]), TimeDelta::hours(6));
    let request = schedule["createdUsing"].as_str().expect("a request").to_owned();
    let path = format!("{GROUPS}/assignmentScheduleRequests/{request}");
    assert_eq!(client.graph(Method::GET, &path, None).await.body["status"], "Provisioned");
    until(&client, [0, 0, 0, 0]).await;
}

#[tokio::test]
async fn what_is_to_begin_later_gives_nothing_before_and_can_be_called_off() {
    let client = client().await;
    let in_hours = |hours| (Utc::now() + TimeDelta::hours(hours)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let later =
        |hours: i64| json!({"startDateTime": in_hours(hours), "expiration": {"type": "noExpiration"}});
    let said = ask(&client, &member("adminAssign", later(20_000))).await;
    assert_eq!((said.status, &said.body["status"]), (201, &json!("Granted")));
    assert_eq!(held(&client).await, [1, 0, 0, 0]);
    assert_eq!(
        ask(&client, &member("adminRemove", Value::Null)).await.refused(),
        (400, "RoleAssignmentDoesNotExist")
    );
    let cancel =
        format!("{GROUPS}/assignmentScheduleRequests/{}/cancel", said.body["id"].as_str().expect("an id"));
    assert_eq!(client.graph(Method::POST, &cancel, None).await.status, 204);
    assert_eq!(held(&client).await, [0, 0, 0, 0]);
    assert_eq!(
        client.graph(Method::POST, &cancel, None).await.refused(),
        (400, "RoleAssignmentRequestNotPending")
    );
    ask(&client, &member("adminAssign", later(6))).await;
    until(&client, [1, 0, 1, 0]).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_in_the_words_of_the_service() {
    let client = client().await;
    let refused = async |body: Value| {
        let said = ask(&client, &body).await;
        format!("{} {}", said.status, said.body["error"]["code"].as_str().unwrap_or_default())
    };
    assert_eq!(refused(member("adminAssign", lasting("PT4M"))).await, "400 ActiveDurationTooShort");
    assert_eq!(refused(member("adminAssign", Value::Null)).await, "400 InvalidScheduleInfo");
    assert_eq!(refused(member("selfActivate", lasting("P1D"))).await, "400 Request_BadRequest");
    assert_eq!(refused(role("adminRemove", Value::Null)).await, "400 RoleAssignmentDoesNotExist");
    let mut other = role("adminAssign", lasting("P1D"));
    other["principalId"] = json!("aaaaaaaa-0000-4000-8000-00000000dead");
    assert_eq!(refused(other).await, "400 SubjectNotFound");
    let mut silent = role("adminAssign", lasting("P1D"));
    silent["justification"] = Value::Null;
    assert_eq!(refused(silent).await, "400 RoleAssignmentRequestPolicyValidationFailed");
    let list = client.graph(Method::GET, &format!("{GROUPS}/assignmentScheduleRequests"), None).await;
    assert_eq!(list.refused(), (400, "MissingParameters"));
}

#[tokio::test]
async fn what_is_there_already_is_not_given_twice_and_what_is_young_is_not_ended() {
    let slow = {
        let mut estate = estate();
        estate["graph"] = json!([]);
        Client::at(estate).await
    };
    assert_eq!(ask(&slow, &role("adminAssign", lasting("P1D"))).await.status, 201);
    assert_eq!(
        ask(&slow, &role("adminAssign", lasting("P1D"))).await.refused(),
        (400, "PendingRoleAssignmentRequest")
    );
    until(&slow, [0, 1, 0, 1]).await;
    assert_eq!(
        ask(&slow, &role("adminAssign", lasting("P1D"))).await.refused(),
        (400, "RoleAssignmentExists")
    );
    assert_eq!(
        ask(&slow, &role("adminRemove", Value::Null)).await.refused(),
        (400, "ActiveDurationTooShort")
    );
    let client = client().await;
    ask(&client, &role("adminAssign", lasting("P365D"))).await;
    until(&client, [0, 1, 0, 1]).await;
    client.pass(600);
    assert_eq!(ask(&client, &role("adminRemove", Value::Null)).await.status, 201);
    assert_eq!(held(&client).await, [0, 0, 0, 0]);
}
