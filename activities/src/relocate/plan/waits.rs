//! Activities: the steps that wait until what was granted is what Azure goes by. Pure.
//!
//! What can be seen is looked at. What cannot, because no answer of Azure's tells when a role assignment is
//! known to every service, is a pause of a stated length: once, before anybody uses what was granted, and
//! again on the way back for what was granted again.

use crate::azure::{PrincipalId, ResourceId};
use crate::conditions::alike::IdentityAlike;
use crate::conditions::equal_access::{EqualAccess, EqualAccessInput};
use crate::conditions::known::{EntitledInput, Permission, PrincipalEntitled};
use crate::references::scan::Identifier;
use crate::relocate::facts::{Assignment, Facts};
use crate::relocate::plan::alike;
use crate::relocate::plan::builder::{Builder, NewIdentity, Part};
use crate::relocate::plan::waiting::until;
use crate::relocate::plan::words::{StepText, length};
use crate::surfaces::identity::create::IdentityCreated;
use crate::surfaces::pim;
use crate::surfaces::role_assignment::batch_peers;
use rehome_orchestrator::{Node, StepId};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Roles that hold no data actions (Owner, Contributor, Reader, User Access Administrator, Role Based Access
/// Control Administrator): at a management group they act as soon as anywhere.
const CONTROL_ONLY: [&str; 5] = [
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
];

/// Whether a role may hold data actions above the subscriptions, where these take hours to act.
fn is_slow(a: &Assignment) -> bool {
    let above = a.scope.subscription().is_none();
    above && !CONTROL_ONLY.iter().any(|known| a.role_guid() == *known)
}

/// How long until the grants of this move act everywhere.
fn spread_ms(b: &Builder<'_>) -> u64 {
    let waits = &b.params.options.waits;
    if b.facts.assignments_of.iter().any(is_slow) {
        waits.grants_ms.max(waits.high_grants_ms)
    } else {
        waits.grants_ms
    }
}

fn pause(
    b: &mut Builder<'_>,
    part: Part,
    (title, undo): (String, String),
    needs: &[StepId],
    [for_ms, back_ms]: [u64; 2],
) -> StepId {
    let text = StepText { title, undo: Cow::Owned(undo) };
    b.push(part, text, needs, Node::PropagationDelay { for_ms, back_ms })
}

/// After the grants, before anybody asks for the new identity's tokens.
pub(crate) fn until_granted(b: &mut Builder<'_>, new: &NewIdentity, granted: &[StepId]) -> Vec<StepId> {
    let mut needs = granted.to_vec();
    needs.push(until_equal(b, new, granted));
    if granted.is_empty() {
        return needs;
    }
    if b.facts.hosts.is_empty() && b.facts.credentials.is_empty() {
        return needs;
    }
    needs.extend(until_seen(b, new, granted));
    let (spread, drain) = (spread_ms(b), b.params.options.waits.drain_ms);
    let words = (
        format!("{} until the grants act everywhere: nothing in Azure shows when they do", length(spread)),
        format!("{} until nothing works as NEW any more", length(drain)),
    );
    vec![pause(b, Part::Grant, words, &needs, [spread, drain])]
}

/// Azure itself is asked for the sum of what both may do, before anything begins to rely on the new one.
fn until_equal(b: &mut Builder<'_>, new: &NewIdentity, granted: &[StepId]) -> StepId {
    let facts = b.facts;
    let at = subscriptions(facts);
    let all = [Identifier::ResourceId, Identifier::ClientId, Identifier::PrincipalId];
    let input = EqualAccessInput {
        old: b.old().principal_id.clone(),
        new: IdentityCreated::principal_id(&new.made_by),
        at: at.iter().cloned().collect(),
        replace: b.pairs(new, &all),
        batch_peers: moving(facts).into_iter().cloned().collect(),
        alike: Some(alike::input(b, new)),
    };
    let mut needs = granted.to_vec();
    needs.push(new.step());
    let title = format!("until NEW may do all that old may, in {}", counted(at.len(), "subscription"));
    b.push(Part::Grant, StepText::new(title, ""), &needs, until::<EqualAccess>(&input))
}

/// Before anything is taken from the old identity, both are compared as wholes: nobody has given the new one more, or
/// the old one something that nobody knows of.
pub(crate) fn until_alike(b: &mut Builder<'_>, new: &NewIdentity, needs: &[StepId]) -> StepId {
    let title = "until NEW has what old has, and nothing more".to_owned();
    let input = alike::input(b, new);
    let mut needs = needs.to_vec();
    needs.push(new.step());
    b.push(Part::CleanUp, StepText::new(title, ""), &needs, until::<IdentityAlike>(&input))
}

/// Principals of the same batch that a condition of it names.
fn moving(facts: &Facts) -> BTreeSet<&PrincipalId> {
    let conditions = facts.assignments_of.iter().filter_map(|a| a.condition.as_deref());
    conditions.flat_map(|text| batch_peers::named(facts, text)).map(|m| &m.principal_id).collect()
}

/// The subscriptions in which the identity has roles or hosts, and its own, in lower case.
pub(crate) fn subscriptions(facts: &Facts) -> BTreeSet<ResourceId> {
    let places = facts.assignments_of.iter().map(|a| &a.scope).chain(facts.hosts.iter().map(|h| &h.id));
    places.chain([&facts.identity.identifiers.resource_id]).filter_map(subscription).collect()
}

fn subscription(id: &ResourceId) -> Option<ResourceId> {
    Some(format!("/subscriptions/{}", id.subscription()?.folded()).into())
}

/// Groups and application permissions are in a token from its first moment or not for a day: the directory
/// must show them before there is a token.
fn until_seen(b: &mut Builder<'_>, new: &NewIdentity, granted: &[StepId]) -> Option<StepId> {
    let directory = &b.facts.directory;
    let groups = directory.groups.iter().filter(|g| g.can_be_joined()).map(|g| g.id.clone());
    let groups: Vec<PrincipalId> = groups.chain(pim::groups(directory).map(PrincipalId::from)).collect();
    let roles = directory.app_roles.iter().map(|role| Permission {
        resource_id: role.resource_id.clone(),
        app_role_id: role.app_role_id.clone(),
    });
    let roles: Vec<Permission> = roles.collect();
    if groups.is_empty() && roles.is_empty() {
        return None;
    }
    let title = format!(
        "until Entra shows NEW in {} and with {}",
        counted(groups.len(), "group"),
        counted(roles.len(), "application permission")
    );
    let principal_id = IdentityCreated::principal_id(&new.made_by);
    let input = EntitledInput { principal_id, groups: groups.into(), app_roles: roles };
    let mut needs = granted.to_vec();
    needs.push(new.step());
    Some(b.push(Part::Grant, StepText::new(title, ""), &needs, until::<PrincipalEntitled>(&input)))
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// What holds on the way back, when old grants were taken away and are given again.
pub(crate) struct Returning {
    /// Stands before the removal of everything that is checked where it is used.
    pub(crate) grants: StepId,
    /// Stands before the removal of what is a claim in a token.
    pub(crate) claims: Option<StepId>,
}

/// Before the old grants go: nothing is waited for now, but whoever takes the clean-up back waits here until
/// they act again, before any host goes back to the old identity.
pub(crate) fn until_returned(b: &mut Builder<'_>, needs: &[StepId]) -> Returning {
    let (spread, claims) = (spread_ms(b), b.params.options.waits.claims_ms);
    let directory = &b.facts.directory;
    let any = !directory.groups.is_empty()
        || !directory.app_roles.is_empty()
        || !directory.roles.is_empty()
        || !directory.scheduled.is_empty();
    let words = (
        "hosts use NEW alone: from here on the old grants go".to_owned(),
        format!("{} until they act again", length(spread)),
    );
    let grants = pause(b, Part::CleanUp, words, needs, [0, spread]);
    let claims = any.then(|| {
        let words = (
            "and so do its groups and application permissions".to_owned(),
            format!("{} until no token of OLD lacks them", length(claims)),
        );
        pause(b, Part::CleanUp, words, needs, [0, claims])
    });
    Returning { grants, claims }
}
