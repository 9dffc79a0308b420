//! Activities: facts into a plan, once and purely. Touches nothing.
//!
//! A step needs what it cannot do without and nothing more, so that independent steps run side by
//! side: grants wait for the principal, hosts wait until the grants act, the clean-up waits for the gate.

use crate::references::scan::Identifier;
use crate::relocate::facts::{Facts, Lock};
use crate::relocate::params::Params;
use crate::relocate::plan::builder::{Builder, Group, New, Words, object};
use crate::relocate::plan::grants::Made;
use crate::relocate::plan::{clean_up, grants, kinds, waits, words};
use crate::surfaces::callers::plan as callers;
use crate::surfaces::database::plan as databases;
use crate::surfaces::home::plan as homes;
use crate::surfaces::host::plan as hosts;
use crate::surfaces::identity_extensions::plan as on_itself;
use crate::surfaces::issuer::plan as outside;
use crate::surfaces::lock::plan as kept;
use crate::surfaces::lock::which as locks;
use crate::surfaces::manual_references::plan as named;
use rehome_orchestrator::{Fault, FaultKind, Node, Plan, StepId, Template};

/// Makes the plan of one move.
///
/// # Errors
/// When the plan would break a rule of plans; that is a fault of this program, except for its size.
pub fn plan(params: &Params, facts: &Facts) -> Result<Plan, Fault> {
    let mut b = Builder::new(params, facts);
    let lifted = if params.options.lift_locks { locks::forward(facts) } else { Vec::new() };
    kept::keep(&mut b);
    let lifts = clean_up::lift(&mut b, Group::Create, &lifted, &[]);
    let new = create(&mut b, &lifts);
    let known = await_principal(&mut b, &new);
    let mut granted = grants::grants(&mut b, &Made { new: &new, known: known.clone() });
    granted.extend(databases::add_users(&mut b, &new, &known));
    granted.extend(named::steps(&mut b, &new, &known));
    granted.extend(on_itself::put(&mut b, &new));
    granted.extend(callers::admit(&mut b, &new));
    let in_force = waits::until_granted(&mut b, &new, &granted);
    let re_pointed = hosts::re_point(&mut b, &new, &in_force);
    let mut outside = outside::steps(&mut b, &new, &in_force);
    outside.extend(homes::steps(&mut b, &new, &in_force));
    outside.extend(re_pointed.last.iter().cloned());
    outside.extend(in_force);
    outside.extend(granted);
    copy_locks(&mut b, &outside);
    let checked = check(&mut b);
    let mut settled = clean_up::restore(&mut b, Group::Check, &lifted, std::slice::from_ref(&checked));
    settled.push(checked);
    let soaked = soak(&mut b, &settled);
    clean_up::clean_up(&mut b, &new, &re_pointed, &[soaked]);
    let plan =
        Plan { workflow: crate::relocate::NAME.to_owned(), on_failure: params.on_failure, steps: b.finish() };
    plan.check().map_err(|e| Fault::new(FaultKind::Bug, "PlanRules", e.to_string()).at(&params.identity))?;
    Ok(plan)
}

/// The group where it is missing, then the identity.
fn create(b: &mut Builder<'_>, lifts: &[StepId]) -> New {
    let (params, facts) = (b.params, b.facts);
    let mut needs = lifts.to_vec();
    if facts.target.group_location.is_none() && params.options.create_resource_group {
        let input = object([
            ("id", Some(Template::known(params.target.group_id()))),
            ("location", Some(Template::known(&params.target.location))),
            ("tags", Some(Template::known(&params.options.add_tags))),
            ("identity", Some(Template::known(&facts.target.id))),
        ]);
        let title = format!("resource group {}", params.target.resource_group);
        let words = Words::new(title, "delete it, once it is empty");
        needs.push(b.push(Group::Create, words, lifts, kinds::act("resource_group.ensure/1", input)));
    }
    let mut tags = facts.identity.tags.clone();
    tags.extend(params.options.add_tags.clone());
    let input = object([
        ("id", Some(Template::known(&facts.target.id))),
        ("location", Some(Template::known(&params.target.location))),
        ("tags", Some(Template::known(&tags))),
        ("isolation_scope", facts.identity.isolation_scope.as_ref().map(Template::known)),
        ("more", (!facts.identity.more.is_empty()).then(|| Template::known(&facts.identity.more))),
        ("api_version", facts.identity.api_version.as_ref().map(Template::known)),
        ("assignment_restrictions", facts.identity.assignment_restrictions.as_ref().map(Template::known)),
    ]);
    let title = format!(
        "identity {} ({})",
        words::grouped(&facts.target.id),
        words::equipment(&facts.identity, tags.len())
    );
    let words = Words::new(title, "delete it");
    let made_by = b.push(Group::Create, words, &needs, kinds::act("identity.create/1", input));
    New { id: facts.target.id.clone(), made_by }
}

fn await_principal(b: &mut Builder<'_>, new: &New) -> StepId {
    let title = "until Entra knows the new principal (typical < 2 min)".to_owned();
    let input = Template::object([
        ("principal_id", new.name(Identifier::PrincipalId)),
        ("client_id", new.name(Identifier::ClientId)),
        ("resource_id", new.name(Identifier::ResourceId)),
    ]);
    let needs = [new.made_by.clone()];
    b.push(Group::Create, Words::new(title, ""), &needs, kinds::wait("principal.known/1", input))
}

/// Locks of the old identity come last on the new one: they would refuse what is done before.
fn copy_locks(b: &mut Builder<'_>, after: &[StepId]) {
    let old = &b.facts.identity.identifiers.resource_id;
    let own: Vec<&Lock> = b.facts.locks.iter().filter(|l| l.scope.eq_ignore_ascii_case(old)).collect();
    let mut needs = after.to_vec();
    needs.extend(b.all().first().cloned());
    for lock in own {
        let name = lock.id.rsplit('/').next().unwrap_or_default();
        let id = format!("{}/providers/Microsoft.Authorization/locks/{name}", b.facts.target.id);
        clean_up::restore_at(b, Group::RePoint, lock, &id, &needs);
    }
}

fn check(b: &mut Builder<'_>) -> StepId {
    let of = b.acts();
    let noun = if of.len() == 1 { "change" } else { "changes" };
    let words = Words::new(format!("{} {noun} in Azure", of.len()), "");
    let needs = b.all();
    b.push(Group::Check, words, &needs, Node::Check { of })
}

fn soak(b: &mut Builder<'_>, needs: &[StepId]) -> StepId {
    let for_ms = b.params.soak_ms;
    let words = Words::new(format!("soak {}", words::length(for_ms)), "");
    b.push(Group::Soak, words, needs, Node::Soak { for_ms })
}
