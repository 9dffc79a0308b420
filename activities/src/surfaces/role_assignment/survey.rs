//! Activities: reads the role assignments of an identity, on it, and those whose conditions name it.

use crate::azure::Reader;
use crate::azure::errors::NO_LICENCE;
use crate::references::scan::Identifiers;
use crate::relocate::facts::{Assignment, Gap};
use crate::relocate::survey::common::Common;
use crate::relocate::survey::gaps::{gap, understood};
use crate::surfaces::role_assignment::activity::AUTHORIZATION;
use crate::surfaces::role_assignment::facts::{SCHEDULED, SCHEDULES, assignment};
use crate::surfaces::schedule::survey::Schedules;
use rehome_orchestrator::Fault;
use serde_json::Value;

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
    let own = format!("{}/providers/Microsoft.Authorization", who.resource_id);
    let assigned = format!("{own}/roleAssignments");
    // What could not be read from above is asked for at the identity itself.
    let roles_on = async {
        match common.granted.roles_on(who) {
            Some(known) => Ok(known.to_vec()),
            None => reader.list(&assigned, AUTHORIZATION, &[("$filter", "atScope()")]).await,
        }
    };
    let schedules_on = async {
        match common.granted.schedules_on(who) {
            Some(known) => Ok(Schedules(known.to_vec())),
            None => schedules(reader, &own, "atScope()").await,
        }
    };
    let (on, schedules_on) = futures_util::join!(roles_on, schedules_on);
    (out.of, out.gaps) = common.granted.roles(who, &common.roles);
    match on {
        Ok(on) => {
            let read = |a: &Value| assignment(a, &common.roles);
            out.on = understood(&assigned, &on, read, &mut out.gaps);
        }
        Err(why) => out.gaps.push(gap(&assigned, &why)),
    }
    match schedules_on {
        Ok(schedules) => schedules.apply(&mut out.on, &common.roles),
        Err(why) => out.gaps.push(gap(&format!("{own}{SCHEDULES}"), &why)),
    }
    // What the identity may do on itself is among what it may do, and is copied from there.
    out.on.retain(|a| a.scope == who.resource_id && a.principal_id != who.principal_id);
    match common.granted.naming(who, &common.roles) {
        Ok(found) => out.naming = found,
        Err(missed) => out.gaps.push(missed),
    }
    out
}

/// Assignments that begin or end at a time of their own. A tenant without the licence for it has none.
async fn schedules(reader: &Reader, provider: &str, filter: &str) -> Result<Schedules, Fault> {
    let path = format!("{provider}{SCHEDULES}");
    match reader.list(&path, SCHEDULED, &[("$filter", filter)]).await {
        Ok(all) => Ok(Schedules(all)),
        Err(why) if why.code.eq_ignore_ascii_case(NO_LICENCE) => Ok(Schedules::default()),
        Err(why) => Err(why),
    }
}
