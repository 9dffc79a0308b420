//! Graph: the requests of privileged identity management, what they make, and how it begins and ends by itself.
//!
//! Sources: <https://learn.microsoft.com/graph/api/rbacapplication-post-roleassignmentschedulerequests>,
//! <https://learn.microsoft.com/graph/api/privilegedaccessgroup-post-assignmentschedulerequests>; the codes of
//! refusals: <https://learn.microsoft.com/graph/api/governanceroleassignmentrequest-post>.

use super::{bad, is, kind, not_found};
use crate::authorization::duration;
use crate::http::Reply;
use crate::world::{Link, World};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

/// Neither a shorter assignment nor an earlier end is taken.
const SHORTEST: TimeDelta = TimeDelta::minutes(5);

/// From a request that is granted until what it asks for is there.
const PROVISIONING: TimeDelta = TimeDelta::seconds(2);

/// One of the two places: roles of the directory, or groups.
struct Place {
    /// The type of its requests.
    request: &'static str,
    /// The type of its schedules.
    schedule: &'static str,
    /// What, besides the principal, a schedule is told from others by.
    keys: [&'static str; 2],
}

const ROLES: Place = Place {
    request: "unifiedRoleAssignmentScheduleRequest",
    schedule: "unifiedRoleAssignmentSchedule",
    keys: ["roleDefinitionId", "directoryScopeId"],
};

const GROUPS: Place = Place {
    request: "privilegedAccessGroupAssignmentScheduleRequest",
    schedule: "privilegedAccessGroupAssignmentSchedule",
    keys: ["accessId", "groupId"],
};

fn place(of_requests: &str) -> Option<&'static Place> {
    [&ROLES, &GROUPS].into_iter().find(|place| place.request == of_requests)
}

fn refused(code: &str, message: &str) -> Reply {
    Reply::error(400, code, message)
}

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

fn moment(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str()?.parse().ok()
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

impl Place {
    /// Whether two are about the same principal, role and place.
    fn same(&self, one: &Value, other: &Value) -> bool {
        self.keys.iter().chain(&["principalId"]).all(|name| is(one, name, text(other, name)))
    }

    fn find(&self, world: &World, of: &str, like: &Value) -> Option<Value> {
        let principal = text(like, "principalId");
        let theirs = world.directory_with(&Link::text("principalId", principal)).into_iter();
        theirs.filter(|object| kind(object) == of).find(|object| self.same(object, like)).cloned()
    }
}

/// Answers a POST of a request.
pub(super) fn request(world: &mut World, of_requests: &str, body: &Value) -> Reply {
    let Some(place) = place(of_requests) else { return bad("This cannot be asked for here.") };
    match ask(world, place, body) {
        Ok(request) => {
            world.put_directory(request.clone());
            Reply::json(201, request)
        }
        Err(reply) => reply,
    }
}

fn ask(world: &mut World, place: &Place, body: &Value) -> Result<Value, Reply> {
    let now = world.now();
    for name in place.keys.iter().chain(&["principalId"]) {
        if text(body, name).is_empty() {
            return Err(bad(&format!("{name} is required.")));
        }
    }
    if text(body, "justification").is_empty() {
        let message = "The following policy rules failed: [\"JustificationRule\"]";
        return Err(refused("RoleAssignmentRequestPolicyValidationFailed", message));
    }
    let principal = text(body, "principalId");
    if world.directory_object(principal).is_none() || !world.is_replicated(principal) {
        return Err(refused("SubjectNotFound", "The subject is not found."));
    }
    let group = text(body, "groupId");
    if !group.is_empty() && super::objects::find(world, "groups", group).is_none() {
        return Err(not_found(group));
    }
    let mut request = json!({
        "@odata.type": format!("#microsoft.graph.{}", place.request), "id": world.guid("request"),
        "action": body["action"], "principalId": principal, "justification": body["justification"],
        "createdDateTime": stamp(now), "completedDateTime": stamp(now), "isValidationOnly": false,
    });
    for name in place.keys {
        request[name] = body[name].clone();
    }
    match text(body, "action") {
        "adminAssign" => assign(world, place, body, &mut request)?,
        "adminRemove" => remove(world, place, &mut request)?,
        _ => return Err(bad("The action is not one that this principal may send.")),
    }
    Ok(request)
}

fn assign(world: &mut World, place: &Place, body: &Value, request: &mut Value) -> Result<(), Reply> {
    let now = world.now();
    let (start, end) = times(&body["scheduleInfo"], now)?;
    if place.find(world, place.schedule, request).is_some() || effect(world, place, request).is_some() {
        return Err(refused("RoleAssignmentExists", "The Role assignment already exists."));
    }
    let pending = |o: &Value| kind(o) == place.request && is(o, "status", "PendingProvisioning");
    if world
        .directory_with(&Link::text("principalId", text(request, "principalId")))
        .into_iter()
        .any(|object| pending(object) && place.same(object, request))
    {
        let message = "There is already an existing pending Role assignment request.";
        return Err(refused("PendingRoleAssignmentRequest", message));
    }
    let kind = if end.is_some() { "afterDateTime" } else { "noExpiration" };
    request["scheduleInfo"] = json!({"startDateTime": stamp(start), "recurrence": null,
        "expiration": {"type": kind, "endDateTime": end.map(stamp), "duration": null}});
    request["targetScheduleId"] = request["id"].clone();
    request["status"] = json!("PendingProvisioning");
    if start > now {
        request["status"] = json!("Granted");
        schedule(world, place, request);
    }
    Ok(())
}

/// When something is to begin and to end; `None` for never.
fn times(info: &Value, now: DateTime<Utc>) -> Result<(DateTime<Utc>, Option<DateTime<Utc>>), Reply> {
    let wrong = || refused("InvalidScheduleInfo", "The schedule of the request is not valid.");
    let start = match &info["startDateTime"] {
        Value::Null => now,
        given => moment(given).ok_or_else(wrong)?.max(now),
    };
    let expiration = &info["expiration"];
    let end = match text(expiration, "type").to_lowercase().as_str() {
        "noexpiration" => return Ok((start, None)),
        "afterduration" => duration(text(expiration, "duration")).map(|long| start + long),
        "afterdatetime" => moment(&expiration["endDateTime"]),
        _ => None,
    };
    let end = end.ok_or_else(wrong)?;
    if end < start + SHORTEST {
        let message = "The Active duration is too short. Minimum Required is 5 minutes.";
        return Err(refused("ActiveDurationTooShort", message));
    }
    Ok((start, Some(end)))
}

fn remove(world: &mut World, place: &Place, request: &mut Value) -> Result<(), Reply> {
    let now = world.now();
    let begun = |schedule: &Value| !is_ahead(schedule, now);
    let Some(schedule) = place.find(world, place.schedule, request).filter(begun) else {
        return Err(refused("RoleAssignmentDoesNotExist", "The Role assignment does not exist."));
    };
    if moment(&schedule["createdDateTime"]).is_some_and(|since| now < since + SHORTEST) {
        let message = "The Active duration is too short. Minimum Required is 5 minutes.";
        return Err(refused("ActiveDurationTooShort", message));
    }
    erase(world, place, &schedule);
    request["status"] = json!("Revoked");
    Ok(())
}

/// Answers `POST …/{id}/cancel`: only what has not begun can be called off so.
/// Source: <https://learn.microsoft.com/graph/api/unifiedroleassignmentschedulerequest-cancel>
pub(super) fn cancel(world: &mut World, of_requests: &str, id: &str) -> Reply {
    let Some(place) = place(of_requests) else { return not_found(id) };
    let Some(mut request) = world.directory_object(id).filter(|o| kind(o) == place.request).cloned() else {
        return not_found(id);
    };
    let schedule = place.find(world, place.schedule, &request);
    let Some(schedule) = schedule.filter(|s| is(&request, "status", "Granted") && is_ahead(s, world.now()))
    else {
        let message = "Only a request that has not been provisioned yet can be canceled.";
        return refused("RoleAssignmentRequestNotPending", message);
    };
    world.remove_directory(text(&schedule, "id"));
    request["status"] = json!("Canceled");
    world.put_directory(request);
    Reply::empty(204)
}

fn is_ahead(schedule: &Value, now: DateTime<Utc>) -> bool {
    moment(&schedule["scheduleInfo"]["startDateTime"]).is_some_and(|start| start > now)
}

/// Makes the schedule of a request.
fn schedule(world: &mut World, place: &Place, request: &Value) {
    let mut schedule = json!({
        "@odata.type": format!("#microsoft.graph.{}", place.schedule),
        "id": format!("{}_schedule", text(request, "id")), "principalId": request["principalId"],
        "scheduleInfo": request["scheduleInfo"], "createdDateTime": request["createdDateTime"],
        "createdUsing": request["id"], "status": "Provisioned", "memberType": "Direct",
        "assignmentType": "Assigned",
    });
    for name in place.keys {
        schedule[name] = request[name].clone();
    }
    world.put_directory(schedule);
}

/// Where what a schedule gives shows as a plain membership or role: the object's id.
fn effect(world: &World, place: &Place, of: &Value) -> Option<String> {
    let principal = text(of, "principalId");
    if of.get("groupId").is_some() {
        let group = world.directory_object(text(of, "groupId"))?;
        let links = group[links(of)].as_array()?;
        let there = links.iter().any(|link| link.as_str().is_some_and(|l| l.eq_ignore_ascii_case(principal)));
        return there.then(|| text(group, "id").to_owned());
    }
    let theirs = world.directory_with(&Link::text("principalId", principal)).into_iter();
    let roles = theirs.filter(|object| kind(object) == "unifiedRoleAssignment");
    let mut same = roles.filter(|role| place.same(role, of));
    same.next().map(|role| text(role, "id").to_owned())
}

fn links(of: &Value) -> &'static str {
    if is(of, "accessId", "owner") { "owners" } else { "members" }
}

/// Gives what a schedule says.
fn begin(world: &mut World, place: &Place, schedule: &Value) {
    if effect(world, place, schedule).is_some() {
        return;
    }
    let principal = text(schedule, "principalId").to_owned();
    let group = text(schedule, "groupId").to_owned();
    if let Some(mut object) = world.directory_object(&group).cloned() {
        let mut all = object[links(schedule)].as_array().cloned().unwrap_or_default();
        all.push(json!(principal));
        all.sort_by_key(|link| link.as_str().map(str::to_lowercase));
        object[links(schedule)] = Value::Array(all);
        world.grant_claim(&group, &principal);
        world.put_directory(object);
    } else if schedule.get("roleDefinitionId").is_some() {
        let id = world.guid("roleAssignment");
        world.put_directory(json!({"@odata.type": "#microsoft.graph.unifiedRoleAssignment", "id": id,
            "principalId": principal, "roleDefinitionId": schedule["roleDefinitionId"],
            "directoryScopeId": schedule["directoryScopeId"]}));
    }
}

/// Takes away a schedule and what it gives.
fn erase(world: &mut World, place: &Place, schedule: &Value) {
    if let Some(id) = effect(world, place, schedule) {
        match world.directory_object(&id).filter(|object| kind(object) == "group").cloned() {
            Some(mut group) => {
                let principal = text(schedule, "principalId");
                if let Some(all) = group.get_mut(links(schedule)).and_then(Value::as_array_mut) {
                    all.retain(|link| !link.as_str().is_some_and(|l| l.eq_ignore_ascii_case(principal)));
                }
                world.put_directory(group);
            }
            None => drop(world.remove_directory(&id)),
        }
    }
    world.remove_directory(text(schedule, "id"));
}

/// Adds the request that there must have been for a schedule of an estate.
fn asked_for(world: &mut World, place: &Place, schedule: &Value) {
    let id = world.guid("request");
    let mut request = json!({
        "@odata.type": format!("#microsoft.graph.{}", place.request), "id": id, "action": "adminAssign",
        "principalId": schedule["principalId"], "scheduleInfo": schedule["scheduleInfo"], "status": "Granted",
        "targetScheduleId": schedule["id"],
    });
    for name in place.keys {
        request[name] = schedule[name].clone();
    }
    world.put_directory(request);
}

/// Provides what was granted, begins what is to begin, and ends what is over. To be called before each request.
pub(crate) fn pass(world: &mut World) {
    let now = world.now();
    for place in [&ROLES, &GROUPS] {
        let of = |kind_of: &str| -> Vec<Value> {
            world.directory_with(&Link::kind(kind_of)).into_iter().cloned().collect()
        };
        let (requests, schedules) = (of(place.request), of(place.schedule));
        let due = |r: &&Value| {
            is(r, "status", "PendingProvisioning")
                && moment(&r["createdDateTime"]).is_some_and(|since| since + PROVISIONING <= now)
        };
        for request in requests.iter().filter(due) {
            let mut request = request.clone();
            request["status"] = json!("Provisioned");
            schedule(world, place, &request);
            begin(world, place, &request);
            world.put_directory(request);
        }
        for schedule in &schedules {
            let id = text(schedule, "id");
            if moment(&schedule["scheduleInfo"]["expiration"]["endDateTime"]).is_some_and(|end| end <= now) {
                erase(world, place, schedule);
            } else if is_ahead(schedule, now) {
                if world.ahead.insert(id.to_lowercase())
                    && place.find(world, place.request, schedule).is_none()
                {
                    asked_for(world, place, schedule);
                }
            } else if world.ahead.remove(&id.to_lowercase()) {
                begin(world, place, schedule);
            }
        }
    }
}
