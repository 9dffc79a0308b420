//! Authorization room of the local Azure: role assignments that have not begun. Until then there is a schedule and
//! nothing else; then there is what there is of every other one.
//!
//! Source: authorization/2020-10-01. Whether one that has not begun is ended by an `AdminRemove` too is not published:
//! here only its request can be cancelled.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::scope::id_of;
use super::view::{Answer, Call, Objects, text};
use super::{child, extended, roles};

/// When something is to begin, as its schedule says.
fn start(schedule: &Value) -> Option<DateTime<Utc>> {
    text(schedule, "/properties/startDateTime")?.parse().ok()
}

/// Whether a schedule is still to begin.
pub(super) fn is_ahead(schedule: &Value, now: DateTime<Utc>) -> bool {
    start(schedule).is_some_and(|start| start > now)
}

/// Takes away what a schedule has only once it has begun.
pub(super) fn keep_back(objects: &mut dyn Objects, at: &str, name: &str, start: &str) {
    for kind in ["roleAssignments", "roleAssignmentScheduleInstances"] {
        objects.remove(&child(at, kind, name));
    }
    let id = child(at, "roleAssignmentSchedules", name);
    if let Some(mut schedule) = objects.get(&id).cloned() {
        schedule["properties"]["startDateTime"] = json!(start);
        objects.put(&id, schedule);
    }
}

/// Begins what is to begin by now. To be called before each request is answered.
pub(super) fn begin(objects: &mut dyn Objects, now: DateTime<Utc>) {
    let due = |schedule: &&Value| {
        let direct =
            text(schedule, "/properties/memberType").is_none_or(|kind| kind.eq_ignore_ascii_case("Direct"));
        direct && start(schedule).is_some_and(|start| start <= now)
    };
    let due: Vec<Value> =
        objects.of_extension("roleassignmentschedules").into_iter().filter(due).cloned().collect();
    for schedule in due {
        let (at, name) = (extended(id_of(&schedule)).to_owned(), roles::guid_of(id_of(&schedule)).to_owned());
        let plain = child(&at, "roleAssignments", &name);
        if objects.get(&plain).is_some() {
            continue;
        }
        for (kind, id) in [
            ("roleAssignments", plain),
            ("RoleAssignmentScheduleInstances", child(&at, "RoleAssignmentScheduleInstances", &name)),
        ] {
            let mut properties = schedule["properties"].clone();
            if kind == "roleAssignments"
                && let Some(members) = properties.as_object_mut()
            {
                members.remove("endDateTime");
            }
            let kind = format!("Microsoft.Authorization/{kind}");
            objects.put(&id, json!({"properties": properties, "id": id, "type": kind, "name": name}));
        }
    }
}

/// Answers `POST …/roleAssignmentScheduleRequests/{name}/cancel`.
pub(super) fn cancel(objects: &mut dyn Objects, call: &Call, at: &str, name: &str) -> Answer {
    let (request, schedule) =
        (child(at, "roleAssignmentScheduleRequests", name), child(at, "roleAssignmentSchedules", name));
    let waiting = objects.get(&schedule).is_some_and(|schedule| is_ahead(schedule, call.now));
    if !waiting {
        let message = "Only a request that has not been provisioned yet can be canceled.";
        return Answer::error(400, "RoleAssignmentRequestNotPending", message);
    }
    objects.remove(&schedule);
    if let Some(mut sent) = objects.get(&request).cloned() {
        sent["properties"]["status"] = json!("Canceled");
        objects.put(&request, sent);
    }
    Answer::empty(200)
}
