//! Activities: privileged identity management of Entra ID: where its lists are, what they say of a principal, and
//! the request that gives something. Pure, but for the clock.

use crate::relocate::facts::{Pim, PimKind};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

/// Where roles of the directory are, below Graph's version.
pub(crate) const DIRECTORY: &str = "roleManagement/directory";

/// Where membership and ownership of groups are.
pub(crate) const GROUPS: &str = "identityGovernance/privilegedAccess/group";

/// Where the schedules of these are.
/// Sources: <https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignmentschedules>,
/// <https://learn.microsoft.com/graph/api/privilegedaccessgroup-list-assignmentschedules>
pub(crate) fn list(kind: PimKind, eligible: bool) -> String {
    match (kind, eligible) {
        (PimKind::Group, false) => format!("{GROUPS}/assignmentSchedules"),
        (PimKind::Group, true) => format!("{GROUPS}/eligibilitySchedules"),
        (_, false) => format!("{DIRECTORY}/roleAssignmentSchedules"),
        (_, true) => format!("{DIRECTORY}/roleEligibilitySchedules"),
    }
}

/// Where a request goes that gives this, and takes it back.
pub(crate) fn path(pim: &Pim) -> String {
    let list = list(pim.kind, pim.eligible);
    format!("{}Requests", list.trim_end_matches('s'))
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
    let [role, at] = members(pim.kind);
    body[role] = json!(pim.role);
    body[at] = json!(pim.at);
    if action == "adminAssign" {
        body["scheduleInfo"] = json!({ "expiration": expiration });
        if let Some(from) = &pim.from {
            body["scheduleInfo"]["startDateTime"] = json!(from);
        }
    }
    body
}

/// What the role, and the place where it holds, are called.
fn members(kind: PimKind) -> [&'static str; 2] {
    match kind {
        PimKind::Group => ["accessId", "groupId"],
        PimKind::DirectoryRole | PimKind::AzureRole => ["roleDefinitionId", "directoryScopeId"],
    }
}

/// Whether a schedule or a request is about this.
pub(crate) fn is_about(body: &Value, pim: &Pim, principal: &str) -> bool {
    let [role, at] = members(pim.kind);
    let is = |name: &str, wanted: &str| body[name].as_str().is_some_and(|s| s.eq_ignore_ascii_case(wanted));
    is("principalId", principal) && is(role, &pim.role) && is(at, &pim.at)
}

/// Whether nothing came of a request, or nothing is left.
pub(crate) fn is_over(status: &str) -> bool {
    const OVER: [&str; 8] = [
        "AdminDenied",
        "Canceled",
        "Denied",
        "Failed",
        "FailedAsResourceIsLocked",
        "Invalid",
        "Revoked",
        "TimedOut",
    ];
    OVER.iter().any(|over| status.eq_ignore_ascii_case(over))
}

/// An end that a schedule has and nobody can tell.
#[derive(Debug, PartialEq)]
pub(crate) struct Untold;

/// What a schedule gives a principal by itself, if it does: a start only while that is to come.
///
/// # Errors
/// When it ends, and the answer does not say when.
pub(crate) fn schedule(body: &Value, principal: &str, eligible: bool) -> Result<Option<Pim>, Untold> {
    let text = |name: &str| body[name].as_str().filter(|text| !text.is_empty()).map(ToOwned::to_owned);
    let of_it = text("principalId").is_some_and(|id| id.eq_ignore_ascii_case(principal));
    let inherited = text("memberType").is_some_and(|member| !member.eq_ignore_ascii_case("direct"));
    if !of_it || inherited || text("status").is_some_and(|status| is_over(&status)) {
        return Ok(None);
    }
    let kind = if text("groupId").is_some() { PimKind::Group } else { PimKind::DirectoryRole };
    let [role, at] = members(kind);
    let Some(role) = text(role) else { return Ok(None) };
    let at = text(at).unwrap_or_else(|| "/".to_owned());
    let start = body["scheduleInfo"]["startDateTime"].as_str();
    let from = start.filter(|start| moment(start).is_some_and(|start| start > Utc::now()));
    let until = end(&body["scheduleInfo"]["expiration"], start)?;
    Ok(Some(Pim { kind, name: role.clone(), role, at, eligible, from: from.map(ToOwned::to_owned), until }))
}

/// When something ends, which it says or tells by how long it takes.
fn end(expiration: &Value, start: Option<&str>) -> Result<Option<String>, Untold> {
    let text = |name: &str| expiration[name].as_str().filter(|text| !text.is_empty());
    if let Some(end) = text("endDateTime") {
        return Ok(Some(end.to_owned()));
    }
    let never = text("type").is_none_or(|kind| kind.eq_ignore_ascii_case("noExpiration"));
    match text("duration") {
        None if never => Ok(None),
        long => {
            let end = start.and_then(moment).zip(long.and_then(duration));
            let end = end.and_then(|(start, long)| start.checked_add_signed(long)).ok_or(Untold)?;
            Ok(Some(end.to_rfc3339_opts(SecondsFormat::AutoSi, true)))
        }
    }
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    text.parse().ok()
}

/// An ISO 8601 duration of days, hours, minutes and seconds; months and years have no length of their own.
fn duration(text: &str) -> Option<TimeDelta> {
    let mut total = TimeDelta::zero();
    let (mut number, mut in_time) = (String::new(), false);
    for letter in text.strip_prefix('P')?.chars() {
        match letter {
            '0'..='9' => number.push(letter),
            'T' => in_time = true,
            unit => {
                let count: i64 = number.parse().ok()?;
                let part = match (in_time, unit) {
                    (false, 'D') => TimeDelta::try_days(count)?,
                    (true, 'H') => TimeDelta::try_hours(count)?,
                    (true, 'M') => TimeDelta::try_minutes(count)?,
                    (true, 'S') => TimeDelta::try_seconds(count)?,
                    _ => return None,
                };
                total = total.checked_add(&part)?;
                number.clear();
            }
        }
    }
    number.is_empty().then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINCIPAL: &str = "oid";
    const END: &str = "2098-12-31T23:00:00Z";

    fn of_group(info: Value) -> Value {
        json!({"principalId": PRINCIPAL, "groupId": "G1", "accessId": "member", "memberType": "direct",
            "scheduleInfo": info})
    }

    #[test]
    fn an_end_is_what_is_said_or_follows_and_never_for_good_where_nobody_can_tell() {
        let until = |info: Value| schedule(&of_group(info), PRINCIPAL, false).map(|pim| pim.unwrap().until);
        let ends = |expiration: Value| {
            until(json!({"startDateTime": "2020-01-01T00:00:00Z", "expiration": expiration}))
        };
        assert_eq!(ends(json!({"type": "noExpiration", "endDateTime": null, "duration": null})), Ok(None));
        assert_eq!(ends(json!({"type": "afterDateTime", "endDateTime": END})), Ok(Some(END.into())));
        let after = |long: &str| ends(json!({"type": "afterDuration", "duration": long}));
        assert_eq!(after("P1DT2H"), Ok(Some("2020-01-02T02:00:00Z".into())));
        for untold in ["P1Y", "", "PT1", "1D"] {
            assert_eq!(after(untold), Err(Untold), "{untold}");
        }
        assert_eq!(until(json!({"expiration": {"type": "afterDuration", "duration": "PT1H"}})), Err(Untold));
    }

    #[test]
    fn what_others_have_or_comes_through_a_group_or_was_taken_back_is_not_its_own() {
        let mut body = of_group(json!({"expiration": {"type": "noExpiration"}}));
        assert_eq!(schedule(&body, "somebody", true), Ok(None));
        body["memberType"] = json!("group");
        assert_eq!(schedule(&body, PRINCIPAL, true), Ok(None));
        body["memberType"] = json!("Direct");
        body["status"] = json!("Revoked");
        assert_eq!(schedule(&body, PRINCIPAL, true), Ok(None));
        body["status"] = json!("Provisioned");
        let pim = schedule(&body, PRINCIPAL, true).unwrap().unwrap();
        assert!(pim.eligible && pim.until.is_none() && is_about(&body, &pim, PRINCIPAL));
        assert_eq!(path(&pim), "identityGovernance/privilegedAccess/group/eligibilityScheduleRequests");
    }

    #[test]
    fn what_is_still_to_begin_says_when_and_is_asked_for_so() {
        let mut body =
            of_group(json!({"startDateTime": "2097-01-01T00:00:00Z", "expiration": {"endDateTime": END}}));
        let pim = schedule(&body, PRINCIPAL, false).unwrap().unwrap();
        assert_eq!(pim.from.as_deref(), Some("2097-01-01T00:00:00Z"));
        let asked = request(&pim, "adminAssign", "new");
        assert_eq!(asked["scheduleInfo"]["startDateTime"], "2097-01-01T00:00:00Z");
        assert_eq!(asked["scheduleInfo"]["expiration"]["endDateTime"], END);
        body["scheduleInfo"]["startDateTime"] = json!("2020-01-01T00:00:00Z");
        assert_eq!(schedule(&body, PRINCIPAL, false).unwrap().unwrap().from, None);
    }
}
