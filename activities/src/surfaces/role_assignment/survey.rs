//! Activities: reads the role assignments of an identity, on it, and those whose conditions name it.

use crate::azure::Reader;
use crate::azure::errors::NO_LICENCE;
use crate::references::scan::Identifiers;
use crate::references::text::mentions;
use crate::relocate::facts::{Assignment, Gap, GapCode};
use crate::relocate::survey::common::{AT_ONCE, Common};
use crate::relocate::survey::gaps::{gap, understood};
use crate::surfaces::role_assignment::activity::AUTHORIZATION;
use crate::surfaces::role_assignment::facts::assignment;
use crate::surfaces::schedule::survey::Schedules;
use futures_util::stream::{self, StreamExt};
use rehome_orchestrator::Fault;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Role assignments, in both directions.
#[derive(Default)]
pub(crate) struct Assignments {
    pub(crate) of: Vec<Assignment>,
    pub(crate) on: Vec<Assignment>,
    pub(crate) naming: Vec<Assignment>,
    pub(crate) gaps: Vec<Gap>,
}

pub(crate) async fn assignments(reader: &Reader, common: &Common, who: &Identifiers) -> Assignments {
    let mut out = Assignments::default();
    let filter = format!("principalId eq '{}'", who.principal_id.replace('\'', "''"));
    let mut seen = BTreeSet::new();
    let subscriptions = common.subscriptions.iter().map(|s| format!("/subscriptions/{s}"));
    let scopes = subscriptions.chain(common.management_groups.iter().cloned());
    let asked: Vec<_> = scopes.map(|scope| assignments_at(reader, scope, &filter)).collect();
    let own = format!("{}/providers/Microsoft.Authorization", who.resource_id);
    let assigned = format!("{own}/roleAssignments");
    let (found, on, schedules_on, naming) = futures_util::join!(
        stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>(),
        reader.list(&assigned, AUTHORIZATION, &[("$filter", "atScope()")]),
        schedules(reader, &own, "atScope()"),
        naming(reader, common, who),
    );
    for (provider, found, schedules) in found {
        let schedules = schedules.unwrap_or_else(|why| {
            out.gaps.push(gap(&format!("{provider}{SCHEDULES}"), &why));
            Schedules::default()
        });
        match found {
            Ok(found) => {
                let read = |a: &Value| assignment(a, &common.roles, &BTreeMap::new());
                let mut more =
                    understood(&format!("{provider}/roleAssignments"), &found, read, &mut out.gaps);
                schedules.apply(&mut more, &common.roles);
                more.retain(|a| {
                    a.principal_id.eq_ignore_ascii_case(&who.principal_id) && seen.insert(a.id.to_lowercase())
                });
                out.of.extend(more);
            }
            Err(why) => out.gaps.push(gap(&format!("{provider}/roleAssignments"), &why)),
        }
    }
    match on {
        Ok(on) => {
            let read = |a: &Value| assignment(a, &common.roles, &BTreeMap::new());
            out.on = understood(&assigned, &on, read, &mut out.gaps);
        }
        Err(why) => out.gaps.push(gap(&assigned, &why)),
    }
    match schedules_on {
        Ok(schedules) => schedules.apply(&mut out.on, &common.roles),
        Err(why) => out.gaps.push(gap(&format!("{own}{SCHEDULES}"), &why)),
    }
    // What the identity may do on itself is among what it may do, and is copied from there.
    out.on.retain(|a| {
        a.scope.eq_ignore_ascii_case(&who.resource_id)
            && !a.principal_id.eq_ignore_ascii_case(&who.principal_id)
    });
    match naming {
        Ok(found) => out.naming = found,
        Err(missed) => out.gaps.push(missed),
    }
    out
}

/// What one principal may do at, above and below a scope, and when that begins and ends.
async fn assignments_at(
    reader: &Reader,
    scope: String,
    filter: &str,
) -> (String, Result<Vec<Value>, Fault>, Result<Schedules, Fault>) {
    let provider = format!("{scope}/providers/Microsoft.Authorization");
    let path = format!("{provider}/roleAssignments");
    let of_it = [("$filter", filter)];
    // At, above and below: management groups are among what is above.
    let (found, schedules) =
        futures_util::join!(reader.list(&path, AUTHORIZATION, &of_it), schedules(reader, &provider, filter));
    (provider, found, schedules)
}

/// The list that tells time-bound assignments from permanent ones.
pub(crate) const SCHEDULES: &str = "/roleAssignmentSchedules";

/// Assignments that begin or end at a time of their own. A tenant without the licence for it has none.
async fn schedules(reader: &Reader, provider: &str, filter: &str) -> Result<Schedules, Fault> {
    let path = format!("{provider}{SCHEDULES}");
    match reader.list(&path, "2020-10-01", &[("$filter", filter)]).await {
        Ok(all) => Ok(Schedules(all)),
        Err(why) if why.code.eq_ignore_ascii_case(NO_LICENCE) => Ok(Schedules::default()),
        Err(why) => Err(why),
    }
}

/// Assignments of others whose conditions name this principal.
async fn naming(reader: &Reader, common: &Common, who: &Identifiers) -> Result<Vec<Assignment>, Gap> {
    let query = format!(
        "authorizationresources | where type =~ 'microsoft.authorization/roleassignments' \
         | where tostring(properties.condition) contains '{}' | project id, properties",
        who.principal_id.replace('\'', "")
    );
    let rows = reader.resource_graph(&query, &[]).await;
    let rows = rows.map_err(|why| gap("Resource Graph: authorizationresources", &why))?;
    let assignments = rows.iter().map(|row| assignment(row, &common.roles, &BTreeMap::new()));
    let assignments: Vec<Assignment> = assignments.collect::<Option<_>>().ok_or_else(|| Gap {
        code: GapCode::Unreadable,
        scope: "Resource Graph: authorizationresources".to_owned(),
        why: "a row is no role assignment".to_owned(),
    })?;
    let others = assignments.into_iter().filter(|a| !a.principal_id.eq_ignore_ascii_case(&who.principal_id));
    Ok(others.filter(|a| a.condition.as_deref().is_some_and(|c| mentions(c, &who.principal_id))).collect())
}
