//! Activities: privileged identity management of Entra ID: where its lists are, and the request that gives
//! something. Pure.

use super::facts::{Pim, PimKind};
use serde_json::{Value, json};

/// Where roles of the directory are, below Graph's version.
pub(crate) const DIRECTORY: &str = "roleManagement/directory";

/// Where membership and ownership of groups are.
pub(crate) const GROUPS: &str = "identityGovernance/privilegedAccess/group";

/// Where a request goes that gives this, and takes it back.
pub(crate) fn path(pim: &Pim) -> String {
    let list = match (pim.kind, pim.eligible) {
        (PimKind::Group, false) => "assignmentScheduleRequests",
        (PimKind::Group, true) => "eligibilityScheduleRequests",
        (_, false) => "roleAssignmentScheduleRequests",
        (_, true) => "roleEligibilityScheduleRequests",
    };
    let of = if pim.kind == PimKind::Group { GROUPS } else { DIRECTORY };
    format!("{of}/{list}")
}

/// What such a request says of a principal.
/// Sources: <https://learn.microsoft.com/graph/api/rbacapplication-post-roleassignmentschedulerequests>,
/// <https://learn.microsoft.com/graph/api/privilegedaccessgroup-post-assignmentschedulerequests>
pub(crate) fn request(pim: &Pim, action: &str, principal: &str) -> Value {
    let expiration = match &pim.until {
        Some(until) => json!({"type": "afterDateTime", "endDateTime": until}),
        None => json!({"type": "noExpiration"}),
    };
    let mut body =
        json!({"action": action, "principalId": principal, "justification": "moved to another region"});
    let more = match pim.kind {
        PimKind::Group => [("accessId", &pim.role), ("groupId", &pim.at)],
        PimKind::DirectoryRole | PimKind::AzureRole => {
            [("roleDefinitionId", &pim.role), ("directoryScopeId", &pim.at)]
        }
    };
    for (name, value) in more {
        body[name] = json!(value);
    }
    if action == "adminAssign" {
        body["scheduleInfo"] = json!({ "expiration": expiration });
    }
    body
}
