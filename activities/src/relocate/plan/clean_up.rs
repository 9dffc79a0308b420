//! Activities: the steps behind the gate, which take the old identity away. Pure.

use crate::conditions::not_attached::{NotAttached, NotAttachedInput};
use crate::conditions::users::Known;
use crate::relocate::facts::{Host, Lock, Strategy};
use crate::relocate::plan::builder::{Builder, Part, ReadyPrincipal};
use crate::relocate::plan::waiting::{until, watch};
use crate::relocate::plan::waits;
use crate::relocate::plan::words::{StepText, length};
use crate::surfaces::ALL;
use crate::surfaces::cluster::plan as clusters;
use crate::surfaces::data_plane::plan as data_plane;
use crate::surfaces::database::plan as databases;
use crate::surfaces::host::by_hand;
use crate::surfaces::host::plan::{RePointed, detach};
use crate::surfaces::host::strategy::{choose, is_record};
use crate::surfaces::identity::plan::{self as identity, answered_for, records};
use crate::surfaces::lock::plan as locks;
use crate::surfaces::lock::which;
use crate::surfaces::sign_ins::no_recent_sign_ins::{NoRecentSignIns, NoRecentSignInsInput};
use crate::surfaces::surface::Leaves;
use rehome_orchestrator::{Node, StepId};

/// Detach, revoke, delete: in this order, all behind the gate.
pub(crate) fn clean_up(
    b: &mut Builder<'_>,
    made: &ReadyPrincipal<'_>,
    re_pointed: &RePointed<'_>,
    after: &[StepId],
) {
    let new = made.new;
    let text = StepText::new("clean-up needs its own approval", "");
    let gate = b.push(Part::CleanUp, text, after, Node::Gate { name: "cleanup".into() });
    let alike = waits::until_alike(b, new, std::slice::from_ref(&gate));
    let mut free = vec![until_quiet(b, &alike).unwrap_or(alike)];
    let held = data_plane::hold(b, new, &free);
    free.extend(held);
    let lifted = if b.params.options.lift_locks { which::clean_up(b.facts) } else { Vec::new() };
    let lifts = locks::lift(b, Part::CleanUp, &lifted, &free);
    free.extend(lifts);
    let overlapping = re_pointed.overlapping.iter();
    let mut detached: Vec<StepId> = overlapping.map(|host| detach(b, new, host, &free)).collect();
    for host in &re_pointed.left {
        let (title, node) = by_hand::retire(b, host);
        detached.push(b.push(Part::CleanUp, StepText::new(title, "by hand"), &free, node));
    }
    let mut needs = free.clone();
    needs.extend(detached);
    needs.extend(clusters::unbind(b, &free));
    needs.extend(databases::drop_users(b, new, &needs));
    let unused = until_unused(b, &needs);
    let returning = waits::until_returned(b, &[unused]);
    for leaves in Leaves::ALL {
        let claims = returning.claims.as_ref().filter(|_| leaves.is_claim());
        let after = claims.unwrap_or(&returning.grants);
        for surface in ALL.iter().filter(|surface| surface.leaves() == leaves) {
            needs.extend(surface.remove(b, made, after));
        }
    }
    needs.push(returning.grants);
    needs.extend(returning.claims);
    let deleted = identity::delete(b, &needs);
    // A lock on the identity itself went with it.
    let old = &b.old().resource_id;
    let kept: Vec<&Lock> = lifted.into_iter().filter(|l| l.scope != *old).collect();
    locks::restore(b, Part::CleanUp, &kept, &[deleted]);
}

/// Before its rights go, nothing uses the old identity any more: not what a person was to re-point either.
fn until_unused(b: &mut Builder<'_>, needs: &[StepId]) -> StepId {
    let hosts = b.facts.hosts.iter().filter(|host| !is_record(b.params, host));
    let input = NotAttachedInput {
        id: b.old().resource_id.clone(),
        names: vec![b.old().client_id.to_string(), b.old().principal_id.to_string()].into(),
        hosts: hosts.filter_map(|host| known(b, host)).collect(),
        answered_for: answered_for(b).into(),
        records: records(b).into(),
    };
    let text = StepText::new("until nothing has old attached any more", "");
    b.push(Part::CleanUp, text, needs, until::<NotAttached>(&input))
}

/// A host that is looked at, with the places that a person was to change.
fn known(b: &Builder<'_>, host: &Host) -> Option<Known> {
    let by_hand = choose(b.params, b.facts, host).strategy == Strategy::ByHand;
    let left = b.facts.counterpart_of(host).is_some();
    let places = host.references.iter().filter(|_| by_hand && !left).map(|r| r.pointer.clone());
    let places: Vec<String> = places.collect();
    (host.readable && (host.carries || !places.is_empty())).then(|| Known {
        id: host.id.clone(),
        api_version: host.api_version.clone(),
        places: places.into(),
    })
}

/// Before anything is taken from it, the old identity is not in use any more, if somebody wants to be sure.
fn until_quiet(b: &mut Builder<'_>, after: &StepId) -> Option<StepId> {
    let for_ms = b.params.options.quiet_ms;
    if for_ms == 0 {
        return None;
    }
    let title = format!("until nobody has signed in as old for {}", length(for_ms));
    let input = NoRecentSignInsInput { principal_id: b.old().principal_id.clone(), for_ms };
    let node = watch::<NoRecentSignIns>(&input, for_ms);
    Some(b.push(Part::CleanUp, StepText::new(title, ""), std::slice::from_ref(after), node))
}
