//! Activities: what a move does in Azure beside its grants and its hosts, as actions that the caller must be allowed:
//! on the way forward, and in the clean-up, which may be somebody else's. Pure.

use super::parse;
use crate::relocate::facts::{Assignment, Facts};
use crate::relocate::params::Params;
use crate::surfaces::cluster::bindings::copied;
use crate::surfaces::cluster::nodes::cluster_of;
use crate::surfaces::host::strategy::is_record;
use crate::surfaces::lock::which as locks;
use serde_json::Value;
use std::collections::BTreeSet;

/// Actions, each with the scope where it is needed.
pub(crate) type Wanted = BTreeSet<(String, String)>;

const IDENTITIES: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";
const AUTHORIZATION: &str = "Microsoft.Authorization";

fn put(out: &mut Wanted, action: String, scope: &str) {
    out.insert((action, scope.to_owned()));
}

/// How an assignment is made and taken away: those with an end by requests.
fn on_assignment(a: &Assignment, verb: &str) -> String {
    match a.is_scheduled() {
        true => format!("{AUTHORIZATION}/roleAssignmentScheduleRequests/write"),
        false => format!("{AUTHORIZATION}/roleAssignments/{verb}"),
    }
}

/// What is needed before the soak.
pub(crate) fn forward(params: &Params, facts: &Facts) -> Wanted {
    let mut out = Wanted::new();
    let (group, old) = (params.target.group_id(), &facts.identity.identifiers.resource_id);
    let subscription = format!("/subscriptions/{}", params.target.subscription);
    // What is not there yet is asked for where it will be made.
    let home = match &facts.target.group_location {
        Some(_) => &group,
        None => &subscription,
    };
    if facts.target.group_location.is_none() && params.options.create_resource_group {
        put(&mut out, "Microsoft.Resources/subscriptions/resourceGroups/write".to_owned(), &subscription);
        put(&mut out, format!("{IDENTITIES}/write"), home);
        put(&mut out, format!("{IDENTITIES}/assign/action"), home);
    }
    if copied(facts).next().is_some() {
        put(&mut out, format!("{IDENTITIES}/federatedIdentityCredentials/write"), home);
    }
    for a in facts.roles_on() {
        put(&mut out, on_assignment(a, "write"), home);
    }
    for a in facts.assignments_of.iter().filter(|a| a.is_scheduled()) {
        put(&mut out, on_assignment(a, "write"), &a.scope);
        if let Some(place) = facts.mapped.place(&a.scope) {
            put(&mut out, on_assignment(a, "write"), &place.id);
        }
    }
    for a in &facts.conditions_naming {
        put(&mut out, on_assignment(a, "write"), &a.scope);
    }
    let ours = facts.hosts.iter().filter(|h| cluster_of(facts, h).is_none());
    for host in ours.filter(|h| !h.settings.is_empty()) {
        put(&mut out, format!("{}/config/write", host.kind), &host.id);
    }
    // What a host keeps must be assignable as well, and so must what it is given back.
    if facts.hosts.iter().any(|h| h.carries && h.readable && !is_record(params, h)) {
        put(&mut out, format!("{IDENTITIES}/assign/action"), old);
    }
    if facts.locks.iter().any(|lock| lock.scope.eq_ignore_ascii_case(old)) {
        put(&mut out, format!("{AUTHORIZATION}/locks/write"), home);
    }
    on_itself(facts, home, &mut out);
    if params.options.lift_locks {
        for lock in locks::forward(facts) {
            put(&mut out, format!("{AUTHORIZATION}/locks/delete"), &lock.scope);
            put(&mut out, format!("{AUTHORIZATION}/locks/write"), &lock.scope);
        }
    }
    out
}

/// What a diagnostic setting sends to, and what whoever makes one must be allowed there.
/// Sources: <https://learn.microsoft.com/azure/azure-monitor/logs/manage-access>,
/// <https://learn.microsoft.com/azure/azure-monitor/roles-permissions-security>
const SINKS: [(&str, &str); 3] = [
    ("workspaceId", "Microsoft.OperationalInsights/workspaces/sharedKeys/action"),
    ("storageAccountId", "Microsoft.Storage/storageAccounts/listKeys/action"),
    ("eventHubAuthorizationRuleId", "Microsoft.EventHub/namespaces/authorizationRules/listKeys/action"),
];

/// What stands on the identity itself: policies are exempted from where they are assigned.
/// Source: <https://learn.microsoft.com/azure/governance/policy/concepts/exemption-structure>
fn on_itself(facts: &Facts, home: &str, out: &mut Wanted) {
    let old = &facts.identity.identifiers.resource_id;
    for one in &facts.on_itself {
        put(out, format!("{}/write", parse::type_of(&one.id).unwrap_or_default()), home);
        let text = |name: &str| parse::text(&one.body["properties"], &format!("/{name}"));
        if let Some(scope) = text("policyAssignmentId").and_then(|id| parse::scope_of(&id)) {
            let scope = if scope.eq_ignore_ascii_case(old) { home } else { &scope };
            put(out, format!("{AUTHORIZATION}/policyAssignments/exempt/action"), scope);
        }
        for (member, action) in SINKS {
            if let Some(sink) = text(member) {
                put(out, action.to_owned(), &sink);
            }
        }
        let attached = one.body.pointer("/identity/userAssignedIdentities").and_then(Value::as_object);
        for (id, _) in attached.into_iter().flatten() {
            let id = if id.eq_ignore_ascii_case(old) { home } else { id };
            put(out, format!("{IDENTITIES}/assign/action"), id);
        }
    }
}

/// What is needed after it.
pub(crate) fn clean_up(params: &Params, facts: &Facts) -> Wanted {
    let mut out = Wanted::new();
    let old = &facts.identity.identifiers.resource_id;
    put(&mut out, format!("{IDENTITIES}/revokeTokens/action"), old);
    put(&mut out, format!("{IDENTITIES}/delete"), old);
    for a in facts.assignments_of.iter().chain(facts.roles_on()) {
        put(&mut out, on_assignment(a, "delete"), &a.scope);
        if a.from.is_some() {
            put(&mut out, format!("{AUTHORIZATION}/roleAssignmentScheduleRequests/cancel/action"), &a.scope);
        }
    }
    for one in &facts.on_itself {
        put(&mut out, format!("{}/delete", parse::type_of(&one.id).unwrap_or_default()), old);
    }
    for grant in &facts.service_grants {
        let kind = parse::type_of(&grant.id).unwrap_or_default();
        put(&mut out, format!("{kind}/delete"), parse::account_of(&grant.id));
    }
    if params.options.lift_locks {
        // The way back needs what it lifts with as late as the clean-up does.
        for lock in locks::clean_up(facts).into_iter().chain(locks::way_back(facts)) {
            put(&mut out, format!("{AUTHORIZATION}/locks/delete"), &lock.scope);
            // One on the identity itself goes with it.
            if !lock.scope.eq_ignore_ascii_case(old) {
                put(&mut out, format!("{AUTHORIZATION}/locks/write"), &lock.scope);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::testing::*;

    fn has(wanted: &Wanted, action: &str, scope: &str) -> bool {
        wanted.contains(&(action.to_owned(), scope.to_owned()))
    }

    #[test]
    fn what_the_clean_up_deletes_is_asked_for_where_it_is() {
        let mut facts = facts();
        facts.assignments_of.push(crate::relocate::facts::Assignment {
            until: Some("2098-12-31T23:00:00Z".into()),
            ..assignment("a2", "/subscriptions/s1")
        });
        let later = clean_up(&params(), &facts);
        assert!(has(&later, "Microsoft.ManagedIdentity/userAssignedIdentities/delete", OLD));
        assert!(has(&later, "Microsoft.ManagedIdentity/userAssignedIdentities/revokeTokens/action", OLD));
        assert!(has(&later, "Microsoft.Authorization/roleAssignments/delete", GROUP));
        let request = "Microsoft.Authorization/roleAssignmentScheduleRequests/write";
        assert!(has(&later, request, "/subscriptions/s1"));
        assert!(has(&forward(&params(), &facts), request, "/subscriptions/s1"));
        assert!(!has(&later, "Microsoft.Authorization/roleAssignments/delete", "/subscriptions/s1"));
    }

    #[test]
    fn locks_are_asked_for_only_where_the_move_lifts_them() {
        let (mut params, mut facts) = (params(), facts());
        facts.locks = vec![lock(GROUP, "CanNotDelete")];
        assert!(!has(&clean_up(&params, &facts), "Microsoft.Authorization/locks/delete", GROUP));
        params.options.lift_locks = true;
        assert!(has(&clean_up(&params, &facts), "Microsoft.Authorization/locks/delete", GROUP));
        assert!(
            !has(&forward(&params, &facts), "Microsoft.Authorization/locks/delete", GROUP),
            "it refuses no write"
        );
    }
}
