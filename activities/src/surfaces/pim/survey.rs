//! Activities: reads what privileged identity management gives an identity in Entra ID: for a time, and to be
//! activated. Reads only.
//!
//! What it gives for a time shows up as a plain membership or role as well. Copied as such it would not end, so
//! it is taken from what is copied, and given as what it is.

use crate::azure::items;
use crate::relocate::facts::*;
use crate::relocate::survey::gaps::gap;
use crate::surfaces::pim::requests::{list, schedule};
use rehome_orchestrator::Fault;
use serde_json::Value;

/// The lists, and whether what they give has to be activated.
const LISTS: [(PimKind, bool); 4] = [
    (PimKind::DirectoryRole, false),
    (PimKind::DirectoryRole, true),
    (PimKind::Group, false),
    (PimKind::Group, true),
];

/// The lists, as paths of Graph.
pub(crate) fn paths(principal: &str) -> [String; 4] {
    LISTS.map(|(kind, eligible)| format!("{}?$filter=principalId eq '{principal}'", list(kind, eligible)))
}

/// What the lists say, in the order of their paths.
pub(crate) fn read(principal: &str, answers: Vec<Result<Value, Fault>>) -> (Vec<Pim>, Vec<Gap>) {
    let (mut all, mut gaps) = (Vec::new(), Vec::new());
    for ((kind, eligible), answer) in LISTS.into_iter().zip(answers) {
        let scope = format!("Entra ID: {}", list(kind, eligible));
        let found = match answer.and_then(|found| items(&found, &list(kind, eligible))) {
            Ok(found) => found,
            Err(why) => {
                gaps.push(gap(&scope, &why));
                continue;
            }
        };
        for body in &found {
            match schedule(body, principal, eligible) {
                // What neither begins nor ends by itself is copied as what it shows up as.
                Ok(pim) => all.extend(pim.filter(|pim| eligible || pim.is_scheduled())),
                Err(_) => gaps.push(Gap {
                    code: GapCode::Unreadable,
                    scope: scope.clone(),
                    why: "one of them ends, and it does not say when".to_owned(),
                }),
            }
        }
    }
    all.sort();
    (all, gaps)
}

/// Takes from what is copied everything that ends. What shows up as a plain one has begun, whatever the clocks say.
pub(crate) fn leave_out(directory: &mut Directory) {
    for mut pim in std::mem::take(&mut directory.scheduled) {
        let begun = shows(directory, &pim);
        if begun && pim.until.is_some() {
            pim.from = None;
            take(directory, &pim);
        }
        if !begun || pim.until.is_some() {
            directory.scheduled.push(pim);
        }
    }
}

/// Whether it is among the plain ones.
fn shows(directory: &Directory, pim: &Pim) -> bool {
    let mut without = directory.clone();
    take(&mut without, pim);
    without != *directory
}

/// Takes it from the plain ones.
fn take(directory: &mut Directory, pim: &Pim) {
    let at = pim.at.as_str();
    match (pim.kind, pim.role.as_str()) {
        (PimKind::Group, role) if role.eq_ignore_ascii_case("owner") => {
            directory.owned.retain(|owned| owned.id != at);
        }
        (PimKind::Group, _) => directory.groups.retain(|group| group.id != at),
        (PimKind::DirectoryRole, role) => {
            directory.roles.retain(|held| held.scope != at || held.role_definition_id != role);
        }
        (PimKind::AzureRole, _) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::testing::{PRINCIPAL, facts};
    use serde_json::json;

    const END: &str = "2098-12-31T23:00:00Z";

    fn of_group(access: &str, info: Value) -> Value {
        json!({"id": "s", "principalId": PRINCIPAL, "groupId": "G1", "accessId": access, "memberType": "direct",
            "scheduleInfo": info})
    }

    fn ends() -> Value {
        json!({"expiration": {"type": "afterDateTime", "endDateTime": END}})
    }

    /// What is left to copy, and how many gaps there are, when one list has this.
    fn found(nth: usize, body: Value) -> (Directory, usize) {
        let mut answers = vec![Ok(json!({"value": []})); 4];
        answers[nth] = Ok(json!({"value": [body]}));
        let (scheduled, gaps) = read(PRINCIPAL, answers);
        let role = |scope: &str| DirectoryRole { role_definition_id: "r".into(), scope: scope.into() };
        let roles = vec![role("/"), role("/administrativeUnits/a")];
        let mut directory = Directory { scheduled, roles, ..facts().directory };
        leave_out(&mut directory);
        (directory, gaps.len())
    }

    #[test]
    fn what_ends_is_no_longer_copied_and_what_does_not_end_is() {
        let (directory, _) = found(2, of_group("member", json!({"expiration": {"endDateTime": null}})));
        assert!(directory.scheduled.is_empty(), "a plain membership is copied as one");
        assert_eq!(directory.groups.len(), 1);
        assert_eq!(found(2, of_group("owner", ends())).0.groups.len(), 1);
        assert!(found(2, of_group("member", ends())).0.groups.is_empty());
        let role = json!({"principalId": PRINCIPAL, "roleDefinitionId": "R", "directoryScopeId": "/", "scheduleInfo": ends()});
        let (directory, _) = found(0, role);
        assert_eq!(directory.roles.len(), 1);
        assert_eq!(directory.roles[0].scope, "/administrativeUnits/a");
    }

    #[test]
    fn what_shows_has_begun_even_by_a_clock_that_goes_before() {
        let ends = json!({"startDateTime": "2097-01-01T00:00:00Z", "expiration": {"endDateTime": END}});
        let (directory, _) = found(2, of_group("member", ends));
        assert!(directory.groups.is_empty() && directory.scheduled[0].from.is_none());
    }

    #[test]
    fn what_is_still_to_begin_takes_nothing_away_and_an_end_that_nobody_tells_is_a_gap() {
        let later = json!({"startDateTime": "2097-01-01T00:00:00Z", "expiration": {"type": "noExpiration"}});
        let mut other = of_group("member", later.clone());
        other["groupId"] = json!("G2");
        let (directory, gaps) = found(2, other);
        assert_eq!((directory.scheduled.len(), directory.groups.len(), gaps), (1, 1, 0));
        let (directory, _) = found(2, of_group("member", later));
        assert_eq!((directory.scheduled.len(), directory.groups.len()), (0, 1), "it shows, and never ends");
        let untold = json!({"expiration": {"type": "afterDuration", "duration": "P1M"}});
        assert_eq!(found(2, of_group("member", untold)).1, 1);
    }
}
