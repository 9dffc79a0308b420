//! Authorization room of the local Azure: what is only read here (deny assignments, eligibilities) and the
//! schedules behind time-bound role assignments, with the requests that make and end them.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::filter::{self, Term};
use super::pending;
use super::roles;
use super::scope::{self, canonical, id_of};
use super::view::{Answer, Call, Objects, stamp, text};

/// Neither a shorter assignment nor an earlier end is taken.
const SHORTEST: TimeDelta = TimeDelta::minutes(5);

/// Answers reads of the kinds that this file knows, in lower case (`denyassignments`, `roleassignmentschedules`, …).
pub(crate) fn read(objects: &dyn Objects, call: &Call, at: &str, kind: &str, name: Option<&str>) -> Answer {
    match (call.method, name) {
        ("GET", None) => list(objects, call, at, kind).unwrap_or_else(|refusal| refusal),
        ("GET", Some(name)) => match objects.get(&super::child(at, kind, name)) {
            Some(found) => Answer::json(200, found.clone()),
            None => Answer::error(404, "NotFound", format!("The {kind} '{name}' is not found.")),
        },
        (method, _) => Answer::method_not_allowed(method),
    }
}

fn list(objects: &dyn Objects, call: &Call, at: &str, kind: &str) -> Result<Answer, Answer> {
    let known: &[&str] = if kind == "denyassignments" {
        &["atscope()", "principalid", "denyassignmentname", "gdprexportprincipalid"]
    } else {
        &["atscope()", "principalid", "assignedto()", "astarget()", "asrequestor()"]
    };
    let terms = filter::of(call, known)?;
    let (here, chain) = (canonical(at), scope::chain(objects, at));
    let only_above = terms.contains(&Term::Function("atscope".to_owned(), None));
    let mut found = objects.of_extension(kind);
    found.retain(|object| {
        let its = canonical(super::extended(id_of(object)));
        let in_reach = chain.contains(&its) || (!only_above && scope::contains(objects, &here, &its));
        in_reach && terms.iter().all(|term| matches(objects, call, object, term))
    });
    Ok(Answer::list(found.into_iter().cloned().collect()))
}

fn matches(objects: &dyn Objects, call: &Call, object: &Value, term: &Term) -> bool {
    let is =
        |pointer: &str, value: &str| text(object, pointer).is_some_and(|its| its.eq_ignore_ascii_case(value));
    match term {
        Term::Function(name, None) if name == "astarget" => is("/properties/principalId", call.caller),
        Term::Function(name, None) if name == "asrequestor" => is("/properties/requestorId", call.caller),
        Term::Function(_, None) => true,
        Term::Function(_, Some(principal)) => {
            let ids = super::assignments::identities(objects, principal);
            ids.iter().any(|id| is("/properties/principalId", id))
        }
        Term::Equals(field, name) if field == "denyassignmentname" => {
            is("/properties/denyAssignmentName", name)
        }
        Term::Equals(_, principal) => {
            let listed = object.pointer("/properties/principals").and_then(Value::as_array);
            let mut listed = listed.map(Vec::as_slice).unwrap_or_default().iter();
            is("/properties/principalId", principal)
                || listed.any(|one| text(one, "/id").is_some_and(|id| id.eq_ignore_ascii_case(principal)))
        }
    }
}

/// Answers `roleAssignmentScheduleRequests`: an `AdminAssign` makes a schedule and a plain assignment, which ends
/// with it; an `AdminRemove` ends both.
pub(crate) fn request(objects: &mut dyn Objects, call: &Call, at: &str, name: Option<&str>) -> Answer {
    match (call.method, name) {
        ("PUT", Some(name)) => put(objects, call, at, name).unwrap_or_else(|refusal| refusal),
        _ => read(objects, call, at, "roleassignmentschedulerequests", name),
    }
}

fn put(objects: &mut dyn Objects, call: &Call, at: &str, name: &str) -> Result<Answer, Answer> {
    let bad = |code: &str, message: &str| Answer::error(400, code, message);
    let id = super::child(at, "roleAssignmentScheduleRequests", name);
    if objects.get(&id).is_some() {
        return Err(bad("RoleAssignmentRequestExists", "A request with this ID already exists."));
    }
    let until = match text(call.body, "/properties/requestType") {
        Some("AdminAssign") => {
            let (start, until) = times(call)?;
            assign(objects, call, at, name, until)?;
            if start > call.now {
                pending::keep_back(objects, at, name, &stamp(start));
            }
            until
        }
        // An assignment goes, which a lock against deletion forbids whoever asks for it.
        Some("AdminRemove") => {
            let gone = super::child(at, "roleAssignments", name);
            if let Some(refusal) = super::locks::forbids(objects, "DELETE", &gone) {
                return Err(refusal);
            }
            remove(objects, call, at)?;
            None
        }
        _ => {
            return Err(bad(
                "InvalidRequestType",
                "The request type is not one that this principal may send.",
            ));
        }
    };
    let mut properties = call.body.pointer("/properties").cloned().unwrap_or_default();
    if let Some(object) = properties.as_object_mut() {
        object.insert("scope".to_owned(), json!(at));
        object.insert("status".to_owned(), json!("Provisioned"));
        object.insert("requestorId".to_owned(), json!(call.caller));
        object.insert("createdOn".to_owned(), json!(stamp(call.now)));
        object.insert("targetRoleAssignmentScheduleId".to_owned(), json!(until.map(|_| name)));
    }
    let kind = "Microsoft.Authorization/RoleAssignmentScheduleRequests";
    let body = json!({"properties": properties, "id": id, "type": kind, "name": name});
    objects.put(&id, body.clone());
    Ok(Answer::json(201, body))
}

/// When an assignment is to begin and to end; `None` for never.
fn times(call: &Call) -> Result<(DateTime<Utc>, Option<DateTime<Utc>>), Answer> {
    let bad = || Answer::error(400, "InvalidScheduleInfo", "The schedule of the request is not valid.");
    let field = |name: &str| text(call.body, &format!("/properties/scheduleInfo/{name}"));
    let start = match field("startDateTime") {
        Some(start) => start.parse::<DateTime<Utc>>().map_err(|_| bad())?,
        None => call.now,
    };
    let until = match field("expiration/type") {
        None | Some("NoExpiration") => return Ok((start, None)),
        Some("AfterDuration") => {
            start.checked_add_signed(field("expiration/duration").and_then(duration).ok_or_else(bad)?)
        }
        Some("AfterDateTime") => field("expiration/endDateTime").and_then(|end| end.parse().ok()),
        Some(_) => None,
    };
    let until = until.ok_or_else(bad)?;
    if until < start + SHORTEST {
        let message = "The duration of an active assignment must be at least five minutes.";
        return Err(Answer::error(400, "ActiveDurationTooShort", message));
    }
    Ok((start, Some(until)))
}

/// An ISO 8601 duration of days, hours, minutes and seconds; months and years have no fixed length and are refused.
pub(crate) fn duration(text: &str) -> Option<TimeDelta> {
    let (days, time) = match text.strip_prefix('P')?.split_once('T') {
        Some((days, time)) => (days, time),
        None => (text.strip_prefix('P')?, ""),
    };
    let mut total = match days.strip_suffix('D') {
        Some(count) => TimeDelta::try_days(count.parse().ok()?)?,
        None if days.is_empty() => TimeDelta::zero(),
        None => return None,
    };
    let mut number = String::new();
    for letter in time.chars() {
        let count = || number.parse::<i64>().ok();
        let part = match letter {
            '0'..='9' => {
                number.push(letter);
                continue;
            }
            'H' => TimeDelta::try_hours(count()?)?,
            'M' => TimeDelta::try_minutes(count()?)?,
            'S' => TimeDelta::try_seconds(count()?)?,
            _ => return None,
        };
        total = total.checked_add(&part)?;
        number.clear();
    }
    number.is_empty().then_some(total)
}

fn assign(
    objects: &mut dyn Objects,
    call: &Call,
    at: &str,
    name: &str,
    until: Option<DateTime<Utc>>,
) -> Result<(), Answer> {
    let plain = super::assignments::handle(objects, &Call { method: "PUT", ..*call }, at, Some(name));
    if plain.status == 409 {
        // Here Azure answers "already active" with 400.
        return Err(Answer { status: 400, ..plain });
    }
    if plain.status >= 300 {
        return Err(plain);
    }
    let made = plain.body.unwrap_or_default();
    let field = |field: &str| made.pointer(&format!("/properties/{field}")).cloned().unwrap_or_default();
    let now = stamp(call.now);
    let properties = json!({
        "assignmentType": "Assigned", "scope": at, "roleDefinitionId": field("roleDefinitionId"),
        "principalId": field("principalId"), "principalType": field("principalType"), "status": "Provisioned",
        "startDateTime": now, "endDateTime": until.map(stamp), "memberType": "Direct", "createdOn": now,
        "updatedOn": now, "condition": field("condition"), "conditionVersion": field("conditionVersion"),
    });
    for (kind, link, target) in [
        ("RoleAssignmentSchedules", "roleAssignmentScheduleRequestId", "RoleAssignmentScheduleRequests"),
        ("RoleAssignmentScheduleInstances", "originRoleAssignmentId", "roleAssignments"),
    ] {
        let id = super::child(at, kind, name);
        let mut properties = properties.clone();
        properties[link] = json!(super::child(at, target, name));
        let kind = format!("Microsoft.Authorization/{kind}");
        objects.put(&id, json!({"properties": properties, "id": id, "type": kind, "name": name}));
    }
    Ok(())
}

fn remove(objects: &mut dyn Objects, call: &Call, at: &str) -> Result<(), Answer> {
    let wanted = |pointer: &str| text(call.body, pointer).unwrap_or_default().to_lowercase();
    let (to, role) = (wanted("/properties/principalId"), wanted("/properties/roleDefinitionId"));
    let found = objects.of_extension("roleassignmentschedules").into_iter().find(|schedule| {
        let its = |pointer: &str| text(schedule, pointer).unwrap_or_default().to_lowercase();
        its("/properties/principalId") == to
            && roles::guid_of(&its("/properties/roleDefinitionId")) == roles::guid_of(&role)
            && canonical(super::extended(id_of(schedule))) == canonical(at)
    });
    let Some(schedule) = found.cloned() else {
        return Err(Answer::error(400, "RoleAssignmentDoesNotExist", "The Role assignment does not exist."));
    };
    if pending::is_ahead(&schedule, call.now) {
        let message = "The Role assignment does not exist: it has not begun.";
        return Err(Answer::error(400, "RoleAssignmentDoesNotExist", message));
    }
    let since = text(&schedule, "/properties/createdOn").and_then(|at| at.parse::<DateTime<Utc>>().ok());
    if since.is_some_and(|since| call.now < since + SHORTEST) {
        let message = "The active duration is too short. Minimum required is 5 minutes.";
        return Err(Answer::error(400, "ActiveDurationTooShort", message));
    }
    erase(objects, &schedule);
    Ok(())
}

/// Removes a schedule with its instance and its plain assignment.
fn erase(objects: &mut dyn Objects, schedule: &Value) {
    let (at, name) = (super::extended(id_of(schedule)), roles::guid_of(id_of(schedule)));
    for kind in ["roleAssignmentSchedules", "roleAssignmentScheduleInstances", "roleAssignments"] {
        objects.remove(&super::child(at, kind, name));
    }
}

/// Begins every assignment whose time has come, and ends every one whose time is over. To be called before each request is answered.
pub(crate) fn expire(objects: &mut dyn Objects, now: DateTime<Utc>) {
    pending::begin(objects, now);
    let over = |schedule: &&Value| {
        let end = text(schedule, "/properties/endDateTime").and_then(|end| end.parse::<DateTime<Utc>>().ok());
        end.is_some_and(|end| end <= now)
    };
    let ended: Vec<Value> =
        objects.of_extension("roleassignmentschedules").into_iter().filter(over).cloned().collect();
    for schedule in ended {
        erase(objects, &schedule);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_what_has_no_fixed_length_is_refused() {
        assert_eq!(duration("PT8H"), Some(TimeDelta::hours(8)));
        assert_eq!(duration("P180D"), Some(TimeDelta::days(180)));
        assert_eq!(duration("P1DT1H30M"), Some(TimeDelta::minutes(25 * 60 + 30)));
        for wrong in ["", "8H", "P1Y", "PT8", "PT-1H", "P999999999999999D"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
