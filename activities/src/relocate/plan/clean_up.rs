//! Activities: the steps behind the gate, which take the old identity away. Pure.

use super::builder::{Builder, Group, New, Words, object};
use super::grants::{schedule, service};
use super::kinds::{act, wait, watch};
use super::waits::{self, Returning};
use super::words::{grouped, length, place, role_at, times};
use crate::relocate::facts::{Assignment, Host, Lock, Strategy};
use crate::relocate::looking::{RESOURCE_GRAPH, users_list};
use crate::surfaces::callers::plan as callers;
use crate::surfaces::cluster::plan as clusters;
use crate::surfaces::database::plan as databases;
use crate::surfaces::host::by_hand;
use crate::surfaces::host::plan::{RePointed, rewrite};
use crate::surfaces::host::strategy::{choose, is_record};
use crate::surfaces::identity_extensions::plan as on_itself;
use crate::surfaces::lock::which as locks;
use crate::surfaces::pim::plan as scheduled;
use crate::surfaces::service_principal::plan as principal;
use rehome_orchestrator::{Node, StepId, Template};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Detach, revoke, delete: in this order, all behind the gate.
pub(crate) fn clean_up(b: &mut Builder<'_>, new: &New, re_pointed: &RePointed<'_>, after: &[StepId]) {
    let words = |title: &str| Words::new(title, "");
    let gate = b.push(
        Group::CleanUp,
        words("clean-up needs its own approval"),
        after,
        Node::Gate { name: "cleanup".into() },
    );
    let alike = waits::until_alike(b, new, std::slice::from_ref(&gate));
    let mut free = vec![until_quiet(b, &alike).unwrap_or(alike)];
    let lifted = if b.params.options.lift_locks { locks::clean_up(b.facts) } else { Vec::new() };
    let lifts = lift(b, Group::CleanUp, &lifted, &free);
    free.extend(lifts);
    let overlapping = re_pointed.overlapping.iter();
    let mut detached: Vec<StepId> = overlapping.map(|host| detach(b, new, host, &free)).collect();
    for host in &re_pointed.left {
        let (title, node) = by_hand::retire(b, host);
        detached.push(b.push(Group::CleanUp, Words::new(title, "by hand"), &free, node));
    }
    let mut needs = free.clone();
    needs.extend(detached);
    needs.extend(clusters::unbind(b, &free));
    needs.extend(databases::drop_users(b, new, &needs));
    let unused = until_unused(b, &needs);
    let returning = waits::until_returned(b, &[unused]);
    let revoked = revoke(b, &returning);
    needs.extend(on_itself::remove(b, &returning.grants));
    needs.extend(callers::dismiss(b, new, &returning.grants));
    needs.push(returning.grants);
    needs.extend(returning.claims);
    needs.extend(revoked);
    let old = &b.old().resource_id;
    let input = object([("id", Some(Template::known(old)))]);
    let title = format!("revoke the tokens of {}: what still uses it is heard of now", grouped(old));
    let words = Words::new(title, "hosts that have it fetch new ones");
    needs = vec![b.push(Group::CleanUp, words, &needs, act("identity.revoke_tokens/1", input))];
    let title = format!("identity {}: POINT OF NO RETURN", grouped(old));
    let whole = object([
        ("id", Some(Template::known(old))),
        ("principal_id", Some(Template::known(&b.old().principal_id))),
        ("roles_in", Some(Template::known(waits::subscriptions(b.facts)))),
        ("answered_for", answered_for(b)),
        ("records", records(b)),
    ]);
    let deleted = b.push(Group::CleanUp, Words::new(title, ""), &needs, act("identity.delete/1", whole));
    // A lock on the identity itself went with it.
    let kept: Vec<&Lock> = lifted.into_iter().filter(|l| !l.scope.eq_ignore_ascii_case(old)).collect();
    restore(b, Group::CleanUp, &kept, &[deleted]);
}

/// The ways of looking for users of the old identity that somebody answers for, because they do not answer.
fn answered_for(b: &Builder<'_>) -> Option<Template> {
    let list = users_list(&b.old().resource_id);
    let is_way = |scope: &String| scope.starts_with(RESOURCE_GRAPH) || scope.eq_ignore_ascii_case(&list);
    let unread = b.facts.gaps.iter().map(|gap| &gap.scope);
    let names: BTreeSet<&String> = unread.filter(|s| is_way(s) && b.params.options.accepts(s)).collect();
    (!names.is_empty()).then(|| Template::known(names))
}

/// Before its rights go, nothing uses the old identity any more: not what a person was to re-point either.
fn until_unused(b: &mut Builder<'_>, needs: &[StepId]) -> StepId {
    let known = b.facts.hosts.iter().filter(|host| !is_record(b.params, host));
    let known = known.filter_map(|host| {
        let by_hand = choose(b.params, b.facts, host).strategy == Strategy::ByHand;
        let left = b.facts.counterpart_of(host).is_some();
        let places: Vec<&str> = host.references.iter().map(|r| r.pointer.as_str()).collect();
        let places = Some(places).filter(|places| by_hand && !left && !places.is_empty());
        let looked_at = host.readable && (host.carries || places.is_some());
        looked_at.then(|| {
            object([
                ("id", Some(Template::known(&host.id))),
                ("api_version", Some(Template::known(&host.api_version))),
                ("places", places.map(Template::known)),
            ])
        })
    });
    let input = object([
        ("id", Some(Template::known(&b.old().resource_id))),
        ("names", Some(Template::known([&b.old().client_id, &b.old().principal_id]))),
        ("hosts", Some(Template::List(known.collect()))),
        ("answered_for", answered_for(b)),
        ("records", records(b)),
    ]);
    let words = Words::new("until nothing has old attached any more", "");
    b.push(Group::CleanUp, words, needs, wait("identity.unused/1", input))
}

/// Runs that have ended and have it attached, if there are any.
fn records(b: &Builder<'_>) -> Option<Template> {
    let ended = b.facts.hosts.iter().filter(|host| host.carries && is_record(b.params, host));
    let ids: Vec<&String> = ended.map(|host| &host.id).collect();
    (!ids.is_empty()).then(|| Template::known(ids))
}

/// Before anything is taken from it, the old identity is not in use any more, if somebody wants to be sure.
fn until_quiet(b: &mut Builder<'_>, after: &StepId) -> Option<StepId> {
    let for_ms = b.params.options.quiet_ms;
    if for_ms == 0 {
        return None;
    }
    let title = format!("until nobody has signed in as old for {}", length(for_ms));
    let input = object([
        ("principal_id", Some(Template::known(&b.old().principal_id))),
        ("for_ms", Some(Template::known(for_ms))),
    ]);
    let node = watch("principal.quiet/1", input, for_ms);
    Some(b.push(Group::CleanUp, Words::new(title, ""), std::slice::from_ref(after), node))
}

/// Takes locks away.
pub(crate) fn lift(b: &mut Builder<'_>, group: Group, locks: &[&Lock], needs: &[StepId]) -> Vec<StepId> {
    let step = |lock: &&Lock| {
        let title = format!("lift lock {} ({}) on {}", place(&lock.id), lock.level, place(&lock.scope));
        let input = object([
            ("id", Some(Template::known(&lock.id))),
            ("expected", Some(Template::known(lock_properties(lock)))),
        ]);
        b.push(group, Words::new(title, "put it back"), needs, act("lock.lift/1", input))
    };
    locks.iter().map(step).collect()
}

/// Puts locks back.
pub(crate) fn restore(b: &mut Builder<'_>, group: Group, locks: &[&Lock], needs: &[StepId]) -> Vec<StepId> {
    locks.iter().map(|lock| restore_at(b, group, lock, &lock.id, needs)).collect()
}

/// Puts a lock at this id.
pub(crate) fn restore_at(
    b: &mut Builder<'_>,
    group: Group,
    lock: &Lock,
    id: &str,
    needs: &[StepId],
) -> StepId {
    let scope = id.split("/providers/Microsoft.Authorization/locks").next().unwrap_or(id);
    let title = format!("lock {} ({}) on {}", place(id), lock.level, place(scope));
    let input = object([
        ("id", Some(Template::known(id))),
        ("body", Some(Template::known(json!({ "properties": lock_properties(lock) })))),
    ]);
    b.push(group, Words::new(title, "lift it"), needs, act("lock.restore/1", input))
}

pub(crate) fn lock_properties(lock: &Lock) -> Value {
    let mut properties = json!({ "level": lock.level });
    if let Some(notes) = &lock.notes {
        properties["notes"] = json!(notes);
    }
    properties
}

fn detach(b: &mut Builder<'_>, new: &New, host: &Host, needs: &[StepId]) -> StepId {
    let title = format!("{}: detach old [old, NEW] -> [NEW]", place(&host.id));
    let input = rewrite(b, new, host, [&[], &[&b.old().resource_id]], false);
    b.push(Group::CleanUp, Words::new(title, "attach old"), needs, act("host.rewrite/1", input))
}

fn revoke(b: &mut Builder<'_>, returning: &Returning) -> Vec<StepId> {
    let mut steps = revoke_roles(b, &returning.grants);
    steps.extend(revoke_claims(b, returning));
    steps.extend(revoke_inside(b, &returning.grants));
    steps
}

fn revoke_roles(b: &mut Builder<'_>, after: &StepId) -> Vec<StepId> {
    let facts = b.facts;
    let mut steps = Vec::new();
    for a in facts.assignments_of.iter().chain(facts.roles_on()) {
        if a.is_scheduled() {
            let title = format!("end {} (it {})", role_at(a, &a.scope), times(a));
            let name = b.derived_name(&["end", &a.id]);
            let condition = a.condition.as_deref().map(Template::known);
            let input = schedule((a, condition), &a.scope, &name, Template::known(&a.principal_id));
            let node = act("schedule.end/1", input);
            let words = Words::new(title, "grant it again, until then");
            steps.push(b.push(Group::CleanUp, words, std::slice::from_ref(after), node));
            continue;
        }
        let input = object([
            ("id", Some(Template::known(&a.id))),
            ("expected", Some(Template::known(properties(a)))),
        ]);
        let words = Words::new(format!("revoke {}", role_at(a, &a.scope)), "grant it again");
        let node = act("role_assignment.revoke/1", input);
        steps.push(b.push(Group::CleanUp, words, std::slice::from_ref(after), node));
    }
    for owned in &facts.directory.owned {
        let input = object([
            ("collection", Some(Template::known(&owned.collection))),
            ("object_id", Some(Template::known(&owned.id))),
            ("principal_id", Some(Template::known(&facts.identity.identifiers.principal_id))),
        ]);
        let words = Words::new(format!("old principal from the owners of {}", owned.name), "add it back");
        let node = act("owner.remove/1", input);
        steps.push(b.push(Group::CleanUp, words, std::slice::from_ref(after), node));
    }
    steps
}

/// What stands in tokens: groups, application permissions, directory roles.
fn revoke_claims(b: &mut Builder<'_>, returning: &Returning) -> Vec<StepId> {
    let facts = b.facts;
    let after = returning.claims.as_ref().unwrap_or(&returning.grants);
    let mut ends = scheduled::ends(b, after);
    ends.extend(principal::revoke(b, after));
    let oid = || Some(Template::known(&facts.identity.identifiers.principal_id));
    let text = |text: &str| Some(Template::known(text));
    let mut steps = Vec::new();
    let mut add = |title: String, undo, kind, input| {
        let words = Words::new(title, undo);
        steps.push(b.push(Group::CleanUp, words, std::slice::from_ref(after), act(kind, input)));
    };
    for group in facts.directory.groups.iter().filter(|g| g.can_be_joined()) {
        let input = object([("group_id", text(&group.id)), ("principal_id", oid())]);
        add(
            format!("old principal from group {}", group.name),
            "add it back",
            "group_member.remove/1",
            input,
        );
    }
    for role in &facts.directory.app_roles {
        let input = object([
            ("principal_id", oid()),
            ("resource_id", text(&role.resource_id)),
            ("app_role_id", text(&role.app_role_id)),
        ]);
        let title = format!("revoke application permission {} of {}", role.app_role_id, role.resource);
        add(title, "grant it again", "app_role.revoke/1", input);
    }
    for role in &facts.directory.roles {
        let input = object([
            ("role_definition_id", text(&role.role_definition_id)),
            ("principal_id", oid()),
            ("directory_scope_id", text(&role.scope)),
        ]);
        let title = format!("revoke directory role {} at {}", role.role_definition_id, role.scope);
        add(title, "grant it again", "directory_role.revoke/1", input);
    }
    steps.extend(ends);
    steps
}

/// Grants that live inside applications, vaults and services.
fn revoke_inside(b: &mut Builder<'_>, after: &StepId) -> Vec<StepId> {
    let facts = b.facts;
    let text = |text: &str| Some(Template::known(text));
    let mut steps = Vec::new();
    let mut add = |title: String, kind, input| {
        let words = Words::new(title, "put it back");
        steps.push(b.push(Group::CleanUp, words, std::slice::from_ref(after), act(kind, input)));
    };
    for c in &facts.directory.app_credentials {
        let input = object([
            ("application_object_id", text(&c.application)),
            ("name", text(&c.name)),
            ("issuer", text(&c.issuer)),
            ("subject", text(&c.subject)),
            ("audiences", Some(Template::known(&c.audiences))),
            ("description", c.description.as_deref().and_then(text)),
        ]);
        add(
            format!("application {} trusts it no more", c.application_name),
            "app_credential.remove/1",
            input,
        );
    }
    for policy in &facts.access_policies {
        let input = object([
            ("vault", text(&policy.vault)),
            ("tenant_id", text(&policy.tenant_id)),
            ("object_id", text(&facts.identity.identifiers.principal_id)),
            ("application_id", policy.application_id.as_deref().and_then(text)),
            ("permissions", Some(Template::known(&policy.permissions))),
        ]);
        add(format!("access policy out of {}", place(&policy.vault)), "access_policy.remove/1", input);
    }
    for grant in &facts.service_grants {
        let input = object([
            ("id", text(&grant.id)),
            ("api_version", text(&grant.api_version)),
            ("expected", Some(Template::known(&grant.body))),
        ]);
        add(format!("old grant inside {}", service(&grant.id)), "grant.remove/1", input);
    }
    steps
}

/// The whole assignment, in Azure's names: what its undo puts back.
fn properties(a: &Assignment) -> Value {
    let members = [
        ("roleDefinitionId", Some(&a.role_definition_id)),
        ("principalId", Some(&a.principal_id)),
        ("principalType", Some(&a.principal_type)),
        ("condition", a.condition.as_ref()),
        ("conditionVersion", a.condition_version.as_ref()),
        ("description", a.description.as_ref()),
        ("delegatedManagedIdentityResourceId", a.delegated_identity.as_ref()),
    ];
    Value::Object(members.into_iter().filter_map(|(k, v)| Some((k.to_owned(), json!(v?)))).collect())
}
