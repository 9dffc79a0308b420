//! Graph: privileged identity management: the schedules of roles of the directory and of groups, and the requests
//! that were sent for them.

use super::shown::{one, shown};
use super::{Question, kind, list};
use crate::http::Reply;
use crate::world::{Link, World};
use serde_json::Value;

/// The type of a list's objects, by the parts of its path.
pub(super) fn kind_of(parts: &[&str]) -> Option<&'static str> {
    Some(match parts.join("/").to_lowercase().as_str() {
        "rolemanagement/directory/roleassignmentschedules" => "unifiedRoleAssignmentSchedule",
        "rolemanagement/directory/roleeligibilityschedules" => "unifiedRoleEligibilitySchedule",
        "rolemanagement/directory/roleassignmentschedulerequests" => "unifiedRoleAssignmentScheduleRequest",
        "identitygovernance/privilegedaccess/group/assignmentschedules" => {
            "privilegedAccessGroupAssignmentSchedule"
        }
        "identitygovernance/privilegedaccess/group/eligibilityschedules" => {
            "privilegedAccessGroupEligibilitySchedule"
        }
        "identitygovernance/privilegedaccess/group/assignmentschedulerequests" => {
            "privilegedAccessGroupAssignmentScheduleRequest"
        }
        _ => return None,
    })
}

/// Whether this is a list, or one object of it.
pub(super) fn knows(parts: &[&str]) -> bool {
    kind_of(parts).is_some() || parts.split_last().is_some_and(|(_, of)| kind_of(of).is_some())
}

/// A list, or one of its objects. Those of groups are asked for by group or by principal, or not at all.
/// Source: <https://learn.microsoft.com/graph/api/privilegedaccessgroup-list-assignmentschedules>
pub(super) fn read(world: &World, question: &Question<'_>, origin: &str) -> Result<Reply, Reply> {
    if let Some((id, of)) = question.parts.split_last()
        && let Some(wanted) = kind_of(of)
    {
        let found = world.directory_object(id).filter(|object| kind(object) == wanted);
        return Ok(one(found, id, question));
    }
    let wanted = kind_of(&question.parts).unwrap_or_default();
    let of_groups = wanted.starts_with("privilegedAccessGroup");
    let by = |name: &str| question.filter.is_some_and(|filter| filter.contains(name));
    if of_groups && !by("principalId") && !by("groupId") {
        let message = "The required filters are missing: groupId or principalId.";
        return Err(Reply::error(400, "MissingParameters", message));
    }
    let all = world.directory_with(&Link::kind(wanted)).into_iter();
    let filter = super::options::filter(question.filter)?;
    let found = all.filter(|object| filter.as_ref().is_none_or(|f| f.fits(object)));
    let found: Vec<Value> = found.map(|object| shown(object, question.select)).collect();
    Ok(list(origin, &question.parts.join("/"), found))
}
