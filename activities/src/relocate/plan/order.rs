//! Activities: facts into a plan, once and purely. Touches nothing.
//!
//! A step needs what it cannot do without and nothing more, so that independent steps run side by
//! side: grants wait for the principal, hosts wait until the grants act, the clean-up waits for the gate.

use crate::relocate::facts::Facts;
use crate::relocate::params::Params;
use crate::relocate::plan::builder::{Builder, Part, ReadyPrincipal};
use crate::relocate::plan::words::{StepText, length};
use crate::relocate::plan::{clean_up, waits};
use crate::surfaces::ALL;
use crate::surfaces::data_plane::plan as data_plane;
use crate::surfaces::home::plan as homes;
use crate::surfaces::host::plan as hosts;
use crate::surfaces::identity::plan as identity;
use crate::surfaces::issuer::plan as issuers;
use crate::surfaces::lock::plan as locks;
use crate::surfaces::lock::which;
use crate::surfaces::own_code::plan as own_code;
use rehome_orchestrator::{Fault, FaultKind, Node, Plan, StepId};

/// Makes the plan of one move.
///
/// # Errors
/// When the plan would break a rule of plans; that is a fault of this program, except for its size.
pub fn plan(params: &Params, facts: &Facts) -> Result<Plan, Fault> {
    let mut b = Builder::new(params, facts);
    let lifted = if params.options.lift_locks { which::forward(facts) } else { Vec::new() };
    locks::keep(&mut b);
    let lifts = locks::lift(&mut b, Part::Create, &lifted, &[]);
    let new = identity::create(&mut b, &lifts);
    let known = identity::await_principal(&mut b, &new);
    let made = ReadyPrincipal { new: &new, known };
    let mut granted = Vec::new();
    for surface in ALL {
        granted.extend(surface.grant(&mut b, &made));
    }
    let in_force = waits::until_granted(&mut b, &new, &granted);
    let re_pointed = hosts::re_point(&mut b, &new, &in_force);
    let mut outside = issuers::steps(&mut b, &new, &in_force);
    outside.extend(homes::steps(&mut b, &new, &in_force));
    let switched: Vec<StepId> = in_force.iter().chain(&re_pointed.last).cloned().collect();
    outside.extend(own_code::steps(&mut b, &new, &switched));
    outside.extend(data_plane::steps(&mut b, &new, &switched));
    outside.extend(re_pointed.last.iter().cloned());
    outside.extend(in_force);
    outside.extend(granted);
    locks::copy(&mut b, &outside);
    let checked = check(&mut b);
    let mut settled = locks::restore(&mut b, Part::Check, &lifted, std::slice::from_ref(&checked));
    settled.push(checked);
    let soaked = soak(&mut b, &settled);
    clean_up::clean_up(&mut b, &made, &re_pointed, &[soaked]);
    let workflow = crate::relocate::NAME.to_owned();
    let plan = Plan { workflow, on_failure: params.on_failure, steps: b.finish() };
    plan.check().map_err(|e| Fault::new(FaultKind::Bug, "PlanRules", e.to_string()).at(&params.identity))?;
    Ok(plan)
}

fn check(b: &mut Builder<'_>) -> StepId {
    let of = b.acts();
    let noun = if of.len() == 1 { "change" } else { "changes" };
    let text = StepText::new(format!("{} {noun} in Azure", of.len()), "");
    let needs = b.all();
    b.push(Part::Check, text, &needs, Node::Check { of })
}

fn soak(b: &mut Builder<'_>, needs: &[StepId]) -> StepId {
    let for_ms = b.params.soak_ms;
    b.push(Part::Soak, StepText::new(format!("soak {}", length(for_ms)), ""), needs, Node::Soak { for_ms })
}
