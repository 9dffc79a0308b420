//! Activities: the steps that make the new identity, and those that give the old one up. Pure.

use crate::activity::object::Put;
use crate::azure::ResourceId;
use crate::conditions::known::{PrincipalInput, PrincipalKnown};
use crate::relocate::facts::Host;
use crate::relocate::looking::{RESOURCE_GRAPH, users_list};
use crate::relocate::plan::builder::{Builder, NewIdentity, Part};
use crate::relocate::plan::waiting::until;
use crate::relocate::plan::waits;
use crate::relocate::plan::words::{StepText, equipment, grouped};
use crate::surfaces::host::strategy::is_record;
use crate::surfaces::identity::create::{IdentityCreated, IdentityInput, MadeIdentity};
use crate::surfaces::identity::delete::{DeleteIdentity, DeleteInput};
use crate::surfaces::identity::revoke_tokens::{RevokeInput, RevokeTokens};
use crate::surfaces::resource_group;
use rehome_orchestrator::{Node, PlanValue, StepId, StepRef};
use std::collections::BTreeSet;

/// The group where it is missing, then the identity.
pub(crate) fn create(b: &mut Builder<'_>, lifts: &[StepId]) -> NewIdentity {
    let (params, facts) = (b.params, b.facts);
    let mut needs = lifts.to_vec();
    needs.extend(resource_group::ensure(b, lifts));
    let (identity, id) = (&facts.identity, &facts.target.id);
    let mut tags = identity.tags.clone();
    tags.extend(params.options.add_tags.clone());
    let title = format!("identity {} ({})", grouped(id), equipment(identity, tags.len()));
    let input = |locks| IdentityInput {
        id: id.clone(),
        location: params.target.location.clone(),
        tags,
        isolation_scope: identity.isolation_scope.clone(),
        assignment_restrictions: identity.assignment_restrictions.clone().map(PlanValue::Known),
        more: identity.more.clone(),
        api_version: identity.api_version.clone(),
        locks,
    };
    let node = |locks| Node::doing::<Put<MadeIdentity>>(&input(locks));
    let made_by = b.make(Part::Create, StepText::new(title, "delete it"), &needs, id, node);
    NewIdentity { id: id.clone(), made_by: StepRef::new(made_by) }
}

/// Until Entra ID knows its principal.
pub(crate) fn await_principal(b: &mut Builder<'_>, new: &NewIdentity) -> StepId {
    let title = "until Entra knows the new principal (typical < 2 min)";
    let input = PrincipalInput {
        principal_id: IdentityCreated::principal_id(&new.made_by),
        client_id: Some(IdentityCreated::client_id(&new.made_by)),
        resource_id: Some((&new.id).into()),
    };
    b.push(Part::Create, StepText::new(title, ""), &[new.step()], until::<PrincipalKnown>(&input))
}

/// Its tokens stop working, then it is deleted.
pub(crate) fn delete(b: &mut Builder<'_>, needs: &[StepId]) -> StepId {
    let old = &b.old().resource_id;
    let title = format!("revoke the tokens of {}: what still uses it is heard of now", grouped(old));
    let node = Node::doing::<RevokeTokens>(&RevokeInput { id: old.clone() });
    let text = StepText::new(title, "hosts that have it fetch new ones");
    let revoked = b.push(Part::CleanUp, text, needs, node);
    let input = DeleteInput {
        id: old.clone(),
        principal_id: Some(b.old().principal_id.clone()),
        roles_in: waits::subscriptions(b.facts).into_iter().collect(),
        answered_for: answered_for(b).into(),
        records: records(b).into(),
    };
    let title = format!("identity {}: POINT OF NO RETURN", grouped(old));
    b.push(Part::CleanUp, StepText::new(title, ""), &[revoked], Node::doing::<DeleteIdentity>(&input))
}

/// The ways of looking for users of the old identity that somebody answers for, because they do not answer.
pub(crate) fn answered_for(b: &Builder<'_>) -> Vec<String> {
    let list = users_list(&b.old().resource_id);
    let is_way = |scope: &String| scope.starts_with(RESOURCE_GRAPH) || scope.eq_ignore_ascii_case(&list);
    let unread = b.facts.gaps.iter().map(|gap| &gap.scope);
    let names: BTreeSet<&String> = unread.filter(|s| is_way(s) && b.params.options.accepts(s)).collect();
    names.into_iter().cloned().collect()
}

/// Runs that have ended and have it attached.
pub(crate) fn records(b: &Builder<'_>) -> Vec<ResourceId> {
    let ended = |host: &&Host| host.carries && is_record(b.params, host);
    b.facts.hosts.iter().filter(ended).map(|host| host.id.clone()).collect()
}
