//! Activities: role assignments that begin or end at a time of their own. One that has begun shows among the plain
//! ones, and only its schedule tells that it ends; one that has not begun is nowhere but here. Pure, but for the clock.
//!
//! Source: <https://learn.microsoft.com/rest/api/authorization/privileged-role-assignment-rest-sample>: the schedules
//! are those of now and of the future, the instances those of now.

use crate::azure::{DirectoryId, PrincipalId, ResourceId};
use crate::references::members;
use crate::relocate::facts::Assignment;
use crate::surfaces::role_assignment::facts::assignment;
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The schedules that one list had.
#[derive(Default)]
pub(crate) struct Schedules(pub(crate) Vec<Value>);

/// What an assignment is known by in both lists: scope, role and principal, in lower case.
fn bound(a: &Assignment) -> (ResourceId, DirectoryId, PrincipalId) {
    (a.scope.clone(), a.role_guid(), a.principal_id.clone())
}

impl Schedules {
    /// Says of these plain assignments when they end, and adds those that are still to begin.
    pub(crate) fn apply(&self, plain: &mut Vec<Assignment>, roles: &BTreeMap<DirectoryId, String>) {
        let now = Utc::now();
        let own = self.0.iter().filter_map(|body| {
            let mut one = assignment(body, roles)?;
            one.until = members::text(body, "/properties/endDateTime");
            one.from = members::text(body, "/properties/startDateTime").filter(|start| is_ahead(start, now));
            Some((bound(&one), one, is_live(body)))
        });
        let own: Vec<_> = own.collect();
        let begun: BTreeSet<_> = plain.iter().map(bound).collect();
        let ends: BTreeMap<_, _> =
            own.iter().filter_map(|(of, one, _)| Some((of, one.until.clone()?))).collect();
        plain.iter_mut().for_each(|a| a.until = ends.get(&bound(a)).cloned());
        let ahead = own.iter().filter(|(of, one, live)| *live && one.from.is_some() && !begun.contains(of));
        plain.extend(ahead.map(|(_, one, _)| one.clone()));
    }
}

fn is_ahead(start: &str, now: DateTime<Utc>) -> bool {
    start.parse::<DateTime<Utc>>().is_ok_and(|start| start > now)
}

/// Whether it is somebody's own, and nobody has taken it back: what a group gives is copied as the membership.
fn is_live(body: &Value) -> bool {
    const OVER: [&str; 7] = ["AdminDenied", "Canceled", "Denied", "Failed", "Invalid", "Revoked", "TimedOut"];
    let text = |name: &str| body["properties"][name].as_str().unwrap_or_default();
    let own = text("memberType").is_empty() || text("memberType").eq_ignore_ascii_case("Direct");
    own && !OVER.iter().any(|over| text("status").eq_ignore_ascii_case(over))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::testing::{GROUP, PRINCIPAL, assignment};
    use serde_json::json;

    fn schedule(name: &str, scope: &str, more: Value) -> Value {
        let mut properties = json!({"scope": scope, "principalId": PRINCIPAL, "principalType": "ServicePrincipal",
            "roleDefinitionId": assignment("x", scope).role_definition_id, "memberType": "Direct", "status": "Provisioned"});
        properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"id": format!("{scope}/providers/Microsoft.Authorization/roleAssignmentSchedules/{name}"), "properties": properties})
    }

    #[test]
    fn what_has_begun_ends_when_its_schedule_does_and_what_has_not_is_added_with_its_own_start() {
        let (later, end) = ("2097-01-01T00:00:00Z", "2098-01-01T00:00:00Z");
        let at = |name: &str| format!("{GROUP}/providers/x/y/{name}");
        let of = |name: &str, more: Value| schedule(name, &at(name), more);
        let schedules = Schedules(vec![
            schedule("now", GROUP, json!({"startDateTime": "2020-01-01T00:00:00Z", "endDateTime": end})),
            of("soon", json!({"startDateTime": later, "endDateTime": end})),
            of("for-good", json!({"startDateTime": later})),
            of("revoked", json!({"startDateTime": later, "status": "Revoked"})),
            of("of-a-group", json!({"startDateTime": later, "memberType": "Group"})),
            of("past", json!({"startDateTime": "2020-01-01T00:00:00Z"})),
        ]);
        let mut found = vec![assignment("a", GROUP), assignment("b", "/subscriptions/s1")];
        schedules.apply(&mut found, &BTreeMap::new());
        let told: Vec<_> =
            found.iter().map(|a| (a.scope.as_str(), a.from.as_deref(), a.until.as_deref())).collect();
        assert_eq!(
            told,
            [
                (GROUP, None, Some(end)),
                ("/subscriptions/s1", None, None),
                (at("soon").as_str(), Some(later), Some(end)),
                (at("for-good").as_str(), Some(later), None),
            ]
        );
    }
}
