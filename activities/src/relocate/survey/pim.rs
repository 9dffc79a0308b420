//! Activities: reads what privileged identity management gives an identity in Entra ID: for a time, and to be
//! activated. Reads only.
//!
//! What it gives for a time shows up as a plain membership or role as well. Copied as such it would not end, so
//! it is taken from what is copied and left to a person, with the request to send.

use super::{gap, parse};
use crate::relocate::facts::*;
use crate::relocate::pim::{DIRECTORY, GROUPS};
use rehome_orchestrator::Fault;
use serde_json::Value;

/// The lists, as paths of Graph.
/// Sources: <https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignmentschedules>,
/// <https://learn.microsoft.com/graph/api/privilegedaccessgroup-list-assignmentschedules>
pub(super) fn paths(principal: &str) -> [String; 4] {
    let list = |of: &str, list: &str| format!("{of}/{list}?$filter=principalId eq '{principal}'");
    [
        list(DIRECTORY, "roleAssignmentSchedules"),
        list(DIRECTORY, "roleEligibilitySchedules"),
        list(GROUPS, "assignmentSchedules"),
        list(GROUPS, "eligibilitySchedules"),
    ]
}

/// What the lists say, in the order of their paths.
pub(super) fn read(principal: &str, answers: Vec<Result<Value, Fault>>) -> (Vec<Named>, Vec<Gap>) {
    let (mut named, mut gaps) = (Vec::new(), Vec::new());
    for (path, answer) in paths(principal).iter().zip(answers) {
        let list = path.split('?').next().unwrap_or_default();
        let eligible = list.to_lowercase().ends_with("eligibilityschedules");
        match answer {
            Ok(found) => {
                let schedules = found["value"].as_array().into_iter().flatten();
                named.extend(schedules.filter_map(|one| schedule(one, principal, eligible)).map(Named::Pim));
            }
            Err(why) => gaps.push(gap(&format!("Entra ID: {list}"), &why)),
        }
    }
    (named, gaps)
}

/// What the identity has by itself, and has to activate or loses at a stated time.
pub(super) fn schedule(body: &Value, principal: &str, eligible: bool) -> Option<Pim> {
    let of_it = parse::text(body, "/principalId").is_some_and(|id| id.eq_ignore_ascii_case(principal));
    let inherited =
        parse::text(body, "/memberType").is_some_and(|member| !member.eq_ignore_ascii_case("direct"));
    let until = parse::text(body, "/scheduleInfo/expiration/endDateTime");
    if !of_it || inherited || (!eligible && until.is_none()) {
        return None;
    }
    let group = parse::text(body, "/groupId");
    let (kind, role, at) = match group {
        Some(group) => (PimKind::Group, parse::text(body, "/accessId")?, group),
        None => (
            PimKind::DirectoryRole,
            parse::text(body, "/roleDefinitionId")?,
            parse::text(body, "/directoryScopeId").unwrap_or_else(|| "/".to_owned()),
        ),
    };
    Some(Pim { kind, name: role.clone(), role, at, eligible, until })
}

/// Takes from what is copied everything that ends.
pub(super) fn leave_out(directory: &mut Directory, named: &[Named]) {
    for pim in named.iter().filter_map(Named::as_scheduled) {
        let is = |id: &str| id.eq_ignore_ascii_case(&pim.at);
        match (pim.kind, pim.role.to_ascii_lowercase().as_str()) {
            (PimKind::Group, "owner") => directory.owned.retain(|owned| !is(&owned.id)),
            (PimKind::Group, _) => directory.groups.retain(|group| !is(&group.id)),
            (PimKind::DirectoryRole, role) => directory
                .roles
                .retain(|held| !is(&held.scope) || !held.role_definition_id.eq_ignore_ascii_case(role)),
            (PimKind::AzureRole, _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::testing::{PRINCIPAL, facts};
    use serde_json::json;

    const END: &str = "2098-12-31T23:00:00Z";

    fn of_group(access: &str, end: Value) -> Value {
        json!({"id": "s", "principalId": PRINCIPAL, "groupId": "G1", "accessId": access, "memberType": "direct",
            "scheduleInfo": {"expiration": {"type": "afterDateTime", "endDateTime": end}}})
    }

    #[test]
    fn what_ends_is_no_longer_copied_and_what_does_not_end_is() {
        let mut directory = facts().directory;
        let found = |body: &Value| schedule(body, PRINCIPAL, false).map(Named::Pim);
        assert_eq!(found(&of_group("member", Value::Null)), None, "a plain membership is copied as one");
        let owner: Vec<Named> = found(&of_group("owner", json!(END))).into_iter().collect();
        leave_out(&mut directory, &owner);
        assert_eq!(directory.groups.len(), 1);
        let member: Vec<Named> = found(&of_group("member", json!(END))).into_iter().collect();
        leave_out(&mut directory, &member);
        assert!(directory.groups.is_empty());
        let role = |scope: &str| DirectoryRole { role_definition_id: "r".into(), scope: scope.into() };
        directory.roles = vec![role("/"), role("/administrativeUnits/a")];
        let body = json!({"principalId": PRINCIPAL, "roleDefinitionId": "R", "directoryScopeId": "/",
            "scheduleInfo": {"expiration": {"endDateTime": END}}});
        let ends: Vec<Named> = found(&body).into_iter().collect();
        leave_out(&mut directory, &ends);
        assert_eq!(directory.roles, [role("/administrativeUnits/a")]);
    }

    #[test]
    fn what_others_have_or_comes_through_a_group_is_not_its_own() {
        let mut body = of_group("member", json!(END));
        assert_eq!(schedule(&body, "somebody", true), None);
        body["memberType"] = json!("group");
        assert_eq!(schedule(&body, PRINCIPAL, true), None);
        body["memberType"] = json!("Direct");
        body["scheduleInfo"] = json!({"expiration": {"type": "noExpiration"}});
        let pim = schedule(&body, PRINCIPAL, true).expect("it could activate it");
        assert!(pim.eligible && pim.until.is_none());
    }
}
