//! Activities: reads who may do what: roles, conditions, vaults, services, locks, the caller's own rights.

use super::versions::Versions;
use crate::azure::errors::NO_LICENCE;
use crate::azure::{Reader, says_never};
use crate::references::scan::Identifiers;
use crate::references::text::mentions;
use crate::relocate::facts::*;
use crate::relocate::params::Params;
use crate::relocate::rights::allows;
use crate::relocate::survey::{Common, actions, gap, graph_rights, parse, understood};
use crate::surfaces::cluster::nodes::cluster_of;
use crate::surfaces::host::strategy::is_record;
use crate::surfaces::host::survey as hosts;
use crate::surfaces::role_assignment::preflight::counted_at;
use crate::surfaces::schedule::survey::Schedules;
use futures_util::stream::{self, StreamExt};
use rehome_orchestrator::Fault;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The version of role assignments that knows conditions.
const AUTHORIZATION: &str = "2022-04-01";

/// Requests at the same time.
const AT_ONCE: usize = 32;

/// Services that keep grants of their own: the type of the account, the lists below it down to the grants,
/// the version.
pub(crate) const SERVICES: [(&str, &str, &str); 17] = [
    ("Microsoft.DocumentDB/databaseAccounts", "sqlRoleAssignments", "2024-05-15"),
    ("Microsoft.DocumentDB/databaseAccounts", "tableRoleAssignments", "2024-12-01-preview"),
    ("Microsoft.DocumentDB/databaseAccounts", "cassandraRoleAssignments", "2025-05-01-preview"),
    ("Microsoft.DocumentDB/databaseAccounts", "gremlinRoleAssignments", "2025-05-01-preview"),
    ("Microsoft.DocumentDB/databaseAccounts", "mongoMIRoleAssignments", "2025-05-01-preview"),
    ("Microsoft.Kusto/clusters", "principalAssignments", "2024-04-13"),
    ("Microsoft.Kusto/clusters", "databases/principalAssignments", "2024-04-13"),
    ("Microsoft.Synapse/workspaces", "kustoPools/principalAssignments", "2021-06-01-preview"),
    ("Microsoft.Synapse/workspaces", "kustoPools/databases/principalAssignments", "2021-06-01-preview"),
    ("Microsoft.Cache/redis", "accessPolicyAssignments", "2024-11-01"),
    ("Microsoft.Cache/redisEnterprise", "databases/accessPolicyAssignments", "2025-07-01"),
    ("Microsoft.DBforPostgreSQL/flexibleServers", "administrators", "2024-08-01"),
    ("Microsoft.DBforMySQL/flexibleServers", "administrators", "2023-12-30"),
    ("Microsoft.Sql/servers", "administrators", "2023-08-01"),
    ("Microsoft.Sql/managedInstances", "administrators", "2023-08-01"),
    ("Microsoft.Web/connections", "accessPolicies", "2016-06-01"),
    ("Microsoft.ApiManagement/service", "authorizationProviders/authorizations/accessPolicies", "2024-05-01"),
];

/// Administrators of which there is one, under a name that is known: Azure has no list of these.
/// Source: synapse/2021-06-01 (`workspaces.json`).
const ONES: [(&str, &str, &str); 2] = [
    ("Microsoft.Synapse/workspaces", "administrators/activeDirectory", "2021-06-01"),
    ("Microsoft.Synapse/workspaces", "sqlAdministrators/activeDirectory", "2021-06-01"),
];

/// Reads once what is the same for every identity.
pub(crate) async fn common(reader: &Reader) -> Result<Common, Fault> {
    let found = reader.list(SUBSCRIPTIONS, "2022-12-01", &[]).await?;
    let mut gaps = Vec::new();
    let subscriptions = understood(SUBSCRIPTIONS, &found, |s| parse::text(s, "/subscriptionId"), &mut gaps);
    let inside: Vec<_> = subscriptions.iter().map(|s| subscription(reader, s)).collect();
    let (read, vaults, grants, sites, applications, management_groups, held) = futures_util::join!(
        stream::iter(inside).buffered(AT_ONCE).collect::<Vec<_>>(),
        vaults(reader),
        grants(reader),
        hosts::sites(reader),
        super::directory::applications(reader),
        management_groups(reader),
        graph_rights::held(reader),
    );
    let (mut roles, mut custom_roles) = (BTreeMap::new(), BTreeMap::new());
    let (mut locks, mut counts) = (Vec::new(), BTreeMap::new());
    for mut one in read {
        roles.append(&mut one.roles);
        custom_roles.append(&mut one.custom_roles);
        locks.append(&mut one.locks);
        gaps.append(&mut one.gaps);
        // What is above several subscriptions shows in the list of each.
        counts.append(&mut one.counts);
    }
    for mut missed in [vaults.1, grants.1, sites.1, applications.1, management_groups.1] {
        gaps.append(&mut missed);
    }
    gaps.extend(held.1);
    Ok(Common {
        subscriptions,
        roles,
        custom_roles,
        vaults: vaults.0,
        grants: grants.0,
        opaque: sites.0,
        locks,
        applications: applications.0,
        management_groups: management_groups.0,
        versions: Versions::default(),
        counts,
        held: held.0,
        gaps,
    })
}

/// What the caller may see at all.
const SUBSCRIPTIONS: &str = "/subscriptions";

/// What is read once in each subscription.
#[derive(Default)]
struct Inside {
    roles: BTreeMap<String, String>,
    custom_roles: BTreeMap<String, Vec<String>>,
    locks: Vec<Lock>,
    /// Role assignments, by where they count.
    counts: BTreeMap<String, u64>,
    gaps: Vec<Gap>,
}

async fn subscription(reader: &Reader, subscription: &str) -> Inside {
    let scope = format!("/subscriptions/{subscription}");
    let path = |list: &str| format!("{scope}/providers/Microsoft.Authorization/{list}");
    let (definitions, assignments, locked) =
        (path("roleDefinitions"), path("roleAssignments"), path("locks"));
    let (roles, count, locks) = futures_util::join!(
        reader.list(&definitions, AUTHORIZATION, &[]),
        reader.list(&assignments, AUTHORIZATION, &[]),
        reader.list(&locked, "2020-05-01", &[]),
    );
    let mut inside = Inside::default();
    match roles {
        Ok(found) => {
            inside.custom_roles.extend(found.iter().filter_map(parse::custom_role));
            inside.roles.extend(found.iter().filter_map(|role| {
                Some((parse::text(role, "/name")?.to_lowercase(), parse::text(role, "/properties/roleName")?))
            }));
        }
        Err(why) => inside.gaps.push(gap(&definitions, &why)),
    }
    match count {
        Ok(found) => {
            // A subscription that has none counts none, which is not the same as not being known.
            inside.counts.insert(subscription.to_lowercase(), 0);
            for at in found.iter().filter_map(|a| counted_at(&parse::text(a, "/properties/scope")?)) {
                *inside.counts.entry(at).or_default() += 1;
            }
        }
        Err(why) => inside.gaps.push(gap(&assignments, &why)),
    }
    match locks {
        Ok(found) => inside.locks.extend(found.iter().filter_map(parse::lock)),
        Err(why) => inside.gaps.push(gap(&locked, &why)),
    }
    inside
}

/// How many role assignments there are where more are to be made, by where they count.
pub(crate) fn counts(common: &Common, facts: &Facts) -> BTreeMap<String, u64> {
    let all = facts.assignments_of.iter().chain(&facts.assignments_on).map(|a| a.scope.as_str());
    let mapped = facts.mapped.places_of(facts.assignments_of.iter().map(|a| &a.scope));
    let known = |at: String| common.counts.get(&at).copied().map(|count| (at, count));
    all.chain(mapped).filter_map(counted_at).filter_map(known).collect()
}

/// The management groups that may be seen: an assignment on one of them shows up below it, but not where
/// it has no subscription that may be seen.
/// Source: <https://learn.microsoft.com/rest/api/managementgroups/management-groups/list>
async fn management_groups(reader: &Reader) -> (Vec<String>, Vec<Gap>) {
    const PATH: &str = "/providers/Microsoft.Management/managementGroups";
    match reader.list(PATH, "2020-05-01", &[]).await {
        Ok(found) => {
            let mut gaps = Vec::new();
            (understood(PATH, &found, |group| parse::text(group, "/id"), &mut gaps), gaps)
        }
        Err(why) => (Vec::new(), vec![gap(PATH, &why)]),
    }
}

/// Ids of everything of these types, by the index.
pub(crate) async fn accounts(reader: &Reader, types: &[&str], gaps: &mut Vec<Gap>) -> Vec<(String, String)> {
    let scope = format!("Resource Graph: {}", types.join(", "));
    match reader.resource_graph(&super::query::accounts(types), &[]).await {
        Ok(rows) => understood(&scope, &rows, parse::id_and_type, gaps),
        Err(why) => {
            gaps.push(gap(&scope, &why));
            Vec::new()
        }
    }
}

async fn vaults(reader: &Reader) -> (Vec<Value>, Vec<Gap>) {
    let mut gaps = Vec::new();
    let ids = accounts(reader, &["microsoft.keyvault/vaults"], &mut gaps).await;
    let read: Vec<_> =
        ids.into_iter().map(|(id, _)| async move { (reader.get(&id, "2023-07-01").await, id) }).collect();
    let mut vaults = Vec::new();
    for (vault, id) in stream::iter(read).buffered(AT_ONCE).collect::<Vec<_>>().await {
        match vault {
            Ok(vault) => vaults.push(vault),
            Err(why) => gaps.push(gap(&id, &why)),
        }
    }
    (vaults, gaps)
}

async fn grants(reader: &Reader) -> (Vec<(Value, &'static str)>, Vec<Gap>) {
    let mut gaps = Vec::new();
    let types: BTreeSet<&str> = SERVICES.iter().map(|(kind, _, _)| *kind).collect();
    let types: Vec<&str> = types.into_iter().collect();
    let accounts = accounts(reader, &types, &mut gaps).await;
    let mut asked = Vec::new();
    for (id, kind) in &accounts {
        for (ways, listed) in [(&SERVICES[..], true), (&ONES[..], false)] {
            for (_, below, api) in ways.iter().filter(|(k, _, _)| k.eq_ignore_ascii_case(kind)) {
                asked.push(kept_below(reader, id.clone(), (below, api), listed));
            }
        }
    }
    let read: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    let mut grants = Vec::new();
    for (found, mut missed) in read {
        grants.extend(found);
        gaps.append(&mut missed);
    }
    (grants, gaps)
}

/// What an account keeps at one place: in lists, or as the one of its name.
async fn kept_below(
    reader: &Reader,
    account: String,
    (below, api): (&'static str, &'static str),
    listed: bool,
) -> (Vec<(Value, &'static str)>, Vec<Gap>) {
    if listed {
        return grants_below(reader, account, below, api).await;
    }
    let id = format!("{account}/{below}");
    match reader.find(&id, api).await {
        Ok(found) => (found.into_iter().map(|one| (one, api)).collect(), Vec::new()),
        Err(why) => (Vec::new(), vec![gap(&id, &why)]),
    }
}

/// Everything at the end of these lists below an account: `databases/principalAssignments`.
async fn grants_below(
    reader: &Reader,
    account: String,
    below: &str,
    api: &'static str,
) -> (Vec<(Value, &'static str)>, Vec<Gap>) {
    let (mut level, mut gaps) = (vec![json!({ "id": account })], Vec::new());
    for list in below.split('/') {
        let mut next = Vec::new();
        for id in level.iter().filter_map(|one| parse::text(one, "/id")) {
            let path = format!("{id}/{list}");
            match reader.list(&path, api, &[]).await {
                Ok(found) => next.extend(found),
                // A kind of grant that this account cannot have.
                Err(why) if says_never(&why) => {}
                Err(why) => gaps.push(gap(&path, &why)),
            }
        }
        level = next;
    }
    (level.into_iter().map(|grant| (grant, api)).collect(), gaps)
}

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
                let read = |a: &Value| parse::assignment(a, &common.roles, &BTreeMap::new());
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
            let read = |a: &Value| parse::assignment(a, &common.roles, &BTreeMap::new());
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
    let assignments = rows.iter().map(|row| parse::assignment(row, &common.roles, &BTreeMap::new()));
    let assignments: Vec<Assignment> = assignments.collect::<Option<_>>().ok_or_else(|| Gap {
        code: GapCode::Unreadable,
        scope: "Resource Graph: authorizationresources".to_owned(),
        why: "a row is no role assignment".to_owned(),
    })?;
    let others = assignments.into_iter().filter(|a| !a.principal_id.eq_ignore_ascii_case(&who.principal_id));
    Ok(others.filter(|a| a.condition.as_deref().is_some_and(|c| mentions(c, &who.principal_id))).collect())
}

/// The locks that bear on what the move touches.
pub(crate) fn locks(common: &Common, facts: &Facts) -> Vec<Lock> {
    let inside = |inner: &str, outer: &str| {
        let (inner, outer) = (inner.to_lowercase(), outer.to_lowercase());
        outer == "/" || inner == outer || inner.starts_with(&format!("{outer}/"))
    };
    let mut touched = crate::surfaces::lock::which::written(facts);
    touched.push(&facts.identity.identifiers.resource_id);
    touched.extend(facts.hosts.iter().map(|h| h.id.as_str()));
    touched.extend(facts.assignments_on.iter().map(|a| a.scope.as_str()));
    common.locks.iter().filter(|l| touched.iter().any(|t| inside(t, &l.scope))).cloned().collect()
}

/// What Microsoft's procedure needs the caller to be allowed, and whether they are.
pub(crate) async fn rights(reader: &Reader, params: &Params, facts: &Facts) -> (Vec<Right>, Vec<Gap>) {
    let mut wanted: BTreeSet<(String, String)> = BTreeSet::new();
    let group = params.target.group_id();
    let old = &facts.identity.identifiers.resource_id;
    let mut want = |action: &str, scope: &str| {
        wanted.insert((action.to_owned(), scope.to_owned()));
    };
    want("Microsoft.ManagedIdentity/userAssignedIdentities/read", old);
    if facts.target.group_location.is_some() {
        want("Microsoft.ManagedIdentity/userAssignedIdentities/write", &group);
        want("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", &group);
    }
    let scopes = facts.assignments_of.iter().map(|a| a.scope.as_str());
    let mapped = facts.mapped.places_of(facts.assignments_of.iter().map(|a| &a.scope));
    for scope in scopes.chain(mapped) {
        want("Microsoft.Authorization/roleAssignments/write", scope);
    }
    let vaults = facts.access_policies.iter().map(|p| p.vault.as_str());
    let mapped = facts.mapped.places_of(facts.access_policies.iter().map(|p| &p.vault));
    for vault in vaults.chain(mapped) {
        want("Microsoft.KeyVault/vaults/accessPolicies/write", vault);
    }
    let grants = facts.service_grants.iter().chain(facts.mapped.usable().map(|m| &m.grant));
    for id in grants.map(|grant| grant.id.as_str()) {
        want(&format!("{}/write", parse::type_of(id).unwrap_or_default()), parse::account_of(id));
    }
    let written = facts.hosts.iter().filter(|h| h.readable && cluster_of(facts, h).is_none());
    for host in written.filter(|h| !is_record(params, h)) {
        want(&format!("{}/write", host.kind), &host.id);
        if let Some(action) = &host.writing.given_by {
            want(action, &host.id);
        }
    }
    for counterpart in &facts.counterparts {
        want(&format!("{}/write", counterpart.host.kind), &counterpart.host.id);
    }
    wanted.extend(actions::forward(params, facts));
    let later = &actions::clean_up(params, facts) - &wanted;
    wanted.extend(later.iter().cloned());
    let (mut rights, mut gaps) = (Vec::with_capacity(wanted.len()), Vec::new());
    // What is held above is held below: only what is not is asked for again, one level further down.
    for depth in 0..=LEVELS {
        let scopes: BTreeSet<String> = wanted.iter().map(|(_, scope)| above(scope, depth)).collect();
        let asked: Vec<_> = scopes.into_iter().map(|scope| permissions_at(reader, scope)).collect();
        let read: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
        let mut blocks: BTreeMap<String, Option<Vec<Value>>> = BTreeMap::new();
        for (scope, path, found) in read {
            gaps.extend(found.as_ref().err().map(|why| gap(&path, why)));
            blocks.insert(scope, found.ok());
        }
        let held = |(action, scope): &(String, String)| {
            let blocks = blocks.get(&above(scope, depth)).and_then(Option::as_ref);
            blocks.map(|blocks| allows(blocks, action))
        };
        let (known, open): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|one| depth == LEVELS || held(one) == Some(true));
        let right =
            |one| Right { held: held(&one), later: later.contains(&one), action: one.0, scope: one.1 };
        rights.extend(known.into_iter().map(right));
        wanted = open.into_iter().collect();
        if wanted.is_empty() {
            break;
        }
    }
    (rights, gaps)
}

/// A subscription, a resource group, the scope itself.
const LEVELS: usize = 2;

/// The scope at a level above another, or itself where it has none there.
fn above(scope: &str, depth: usize) -> String {
    let parts: Vec<&str> = scope.trim_end_matches('/').split('/').collect();
    let is = |at: usize, name: &str| parts.get(at).is_some_and(|part| part.eq_ignore_ascii_case(name));
    let length = match depth {
        0 if is(1, "subscriptions") => 3,
        1 if is(1, "subscriptions") && is(3, "resourceGroups") => 5,
        _ => parts.len(),
    };
    parts[..length.min(parts.len())].join("/")
}

/// What the caller may do at a scope.
async fn permissions_at(reader: &Reader, scope: String) -> (String, String, Result<Vec<Value>, Fault>) {
    let path = format!("{scope}/providers/Microsoft.Authorization/permissions");
    let found = reader.list(&path, AUTHORIZATION, &[]).await;
    (scope, path, found)
}
