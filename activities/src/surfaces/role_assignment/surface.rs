//! Activities: role assignments of the identity, on it, and those whose conditions name it.

use crate::activity::kit::Kind;
use crate::activity::object::{Object, Put, Remove};
use crate::activity::timed::{End, Give, Timed, moment};
use crate::relocate::facts::{Assignment, Facts};
use crate::relocate::names;
use crate::relocate::plan::builder::{Builder, ReadyPrincipal};
use crate::relocate::short::short;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::role_assignment::activity::{MadeAssignment, OldAssignment};
use crate::surfaces::role_assignment::plan::{grant, revoke, scopes};
use crate::surfaces::role_assignment::recondition::Recondition;
use crate::surfaces::row::{Row, moved, named};
use crate::surfaces::schedule::activity::TimedAssignment;
use crate::surfaces::surface::{Leaves, Surface};
use rehome_orchestrator::{Activity, StepId};
use std::collections::BTreeSet;

/// The surface.
pub(crate) struct RoleAssignments;

impl Surface for RoleAssignments {
    fn rows(&self) -> Vec<Row> {
        let of = "role assignments of it, at every scope that can be read, with conditions";
        let timed = "time-bound role assignments: they begin and end when the old ones do";
        vec![
            moved(of, MadeAssignment::NAME),
            moved("role assignments on it, of others", MadeAssignment::NAME),
            moved(timed, TimedAssignment::GIVE),
            moved("conditions of others that name it", Recondition::NAME),
            named(
                "all that it may do by Azure's own word, through groups in groups too",
                "what the new one may do is compared with it before the hosts, and by `verify`",
            ),
            named("role assignments on it of those who are gone", "W353: neither copied nor removed"),
        ]
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![
            Kind::of::<Put<MadeAssignment>>(),
            Kind::of::<Remove<OldAssignment>>(),
            Kind::of::<Give<TimedAssignment>>(),
            Kind::of::<End<TimedAssignment>>(),
            Kind::of::<Recondition>(),
        ]
    }

    fn compare(&self, facts: &Facts, put: &mut dyn FnMut(String, String)) {
        for (what, list) in [("role of it", &facts.assignments_of), ("role on it", &facts.assignments_on)] {
            for a in list {
                put(format!("{what} {}", known_by(a)), said(a));
            }
        }
        for a in &facts.conditions_naming {
            put(format!("condition naming it {}", a.id.folded()), said(a));
        }
    }

    fn given(&self, b: &Builder<'_>, out: &mut BTreeSet<String>) {
        for a in &b.facts.assignments_of {
            let scopes = scopes(b, a).into_iter();
            out.extend(scopes.map(|(scope, _)| names::role(&a.role_definition_id, &scope)));
        }
        let on = b.facts.roles_on();
        out.extend(on.map(|a| names::role_of_other(&a.role_definition_id, &a.principal_id)));
    }

    fn rights(&self, facts: &Facts, wanted: &mut Rights<'_>) {
        let scopes = facts.assignments_of.iter().map(|a| &a.scope);
        let mapped = facts.mapped.places_of(facts.assignments_of.iter().map(|a| &a.scope));
        for scope in scopes.chain(mapped) {
            wanted.forward("Microsoft.Authorization/roleAssignments/write", scope);
        }
        let home = wanted.home.clone();
        for a in facts.roles_on() {
            wanted.forward(&on_assignment(a, "write"), &home);
        }
        for a in facts.assignments_of.iter().filter(|a| a.is_scheduled()) {
            wanted.forward(&on_assignment(a, "write"), &a.scope);
            if let Some(place) = facts.mapped.place(&a.scope) {
                wanted.forward(&on_assignment(a, "write"), &place.id);
            }
        }
        for a in &facts.conditions_naming {
            wanted.forward(&on_assignment(a, "write"), &a.scope);
        }
        for a in facts.assignments_of.iter().chain(facts.roles_on()) {
            wanted.clean_up(&on_assignment(a, "delete"), &a.scope);
            if a.from.is_some() {
                let cancel = "Microsoft.Authorization/roleAssignmentScheduleRequests/cancel/action";
                wanted.clean_up(cancel, &a.scope);
            }
        }
    }

    fn grant(&self, b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Vec<StepId> {
        grant(b, made)
    }

    fn leaves(&self) -> Leaves {
        Leaves::Roles
    }

    fn remove(&self, b: &mut Builder<'_>, _: &ReadyPrincipal<'_>, after: &StepId) -> Vec<StepId> {
        revoke(b, after)
    }
}

/// How an assignment is made and taken away: those with an end by requests.
fn on_assignment(a: &Assignment, verb: &str) -> String {
    match a.is_scheduled() {
        true => "Microsoft.Authorization/roleAssignmentScheduleRequests/write".to_owned(),
        false => format!("Microsoft.Authorization/roleAssignments/{verb}"),
    }
}

/// What an assignment is found again by. Azure names those that begin or end by themselves, and names one that is
/// given again anew.
pub(crate) fn known_by(a: &Assignment) -> String {
    if a.is_scheduled() {
        format!("{} for {} at {}, for a time", a.role_guid(), a.principal_id, a.scope).to_ascii_lowercase()
    } else {
        a.id.folded()
    }
}

fn said(a: &Assignment) -> String {
    let role = a.role_guid().folded();
    let [until, from] = [&a.until, &a.from].map(|time| time.as_deref().map(moment));
    let place = (a.scope.folded(), &a.principal_type, &a.description);
    let rest =
        (&a.principal_id, &a.condition, &a.condition_version, &a.delegated_identity, until, from, place);
    format!("{} ({role}) {}", a.role, short(&rest))
}
