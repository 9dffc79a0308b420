//! Activities: reads what the map of a batch names in the place of scopes, vaults and services, and whether what
//! a grant needs is there too: a database, a role or a policy of the service's own. Reads only.

use crate::azure::{Reader, ResourceId};
use crate::references::members;
use crate::references::scan::Identifiers;
use crate::relocate::facts::*;
use crate::relocate::params::Params;
use crate::relocate::survey::common::Common;
use crate::relocate::survey::gaps::gap;
use crate::surfaces::key_vault_policy::facts::goes_by_roles;
use futures_util::stream::{self, StreamExt};
use rehome_orchestrator::Fault;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// Requests at the same time.
const AT_ONCE: usize = 16;

/// Reads the counterparts of everything at which or inside which the identity was granted something.
pub(crate) async fn read(
    reader: &Reader,
    common: &Common,
    params: &Params,
    facts: &Facts,
) -> (Mapped, Vec<Gap>) {
    let unread = Unread::default();
    let (places, grants) = futures_util::join!(
        places(reader, common, params, facts, &unread),
        grants(reader, params, facts, &unread)
    );
    (Mapped { places, grants }, unread.0.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// What could not be read on the way: taken for not there, and said.
#[derive(Default)]
struct Unread(Mutex<Vec<Gap>>);

impl Unread {
    fn or_none<T: Default>(&self, id: &str, found: Result<T, Fault>) -> T {
        found.unwrap_or_else(|why| {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(gap(id, &why));
            T::default()
        })
    }
}

/// Whether something belongs to an identity that moves: its place is taken by what that move makes.
fn is_moving(facts: &Facts, id: &ResourceId) -> bool {
    let own = std::iter::once(&facts.identity.identifiers.resource_id);
    own.chain(facts.moving.iter().map(|m| &m.from)).any(|from| id.is_at_or_below(from))
}

async fn places(
    reader: &Reader,
    common: &Common,
    params: &Params,
    facts: &Facts,
    unread: &Unread,
) -> Vec<MappedPlace> {
    let scopes = facts.assignments_of.iter().map(|a| &a.scope).filter(|scope| !is_moving(facts, scope));
    let vaults = facts.access_policies.iter().map(|p| &p.vault);
    let mapped = scopes.chain(vaults).filter_map(|of| Some((of.clone(), params.options.counterpart(of)?)));
    let wanted: BTreeMap<ResourceId, ResourceId> = mapped.collect();
    let mut asked = Vec::with_capacity(wanted.len());
    for (of, id) in wanted {
        asked.push(async move {
            let found = unread.or_none(&id, find_place(reader, common, params, &id).await);
            let by_roles = found.as_ref().is_some_and(goes_by_roles);
            let lacks = roles_out_of_reach(common, facts, &of, &id);
            MappedPlace { of, id, there: found.is_some(), by_roles, lacks }
        });
    }
    stream::iter(asked).buffered(AT_ONCE).collect().await
}

/// What is at a scope; a group that the move makes is taken for one that is there.
async fn find_place(
    reader: &Reader,
    common: &Common,
    params: &Params,
    id: &ResourceId,
) -> Result<Option<Value>, Fault> {
    let parts: Vec<&str> = id.split('/').collect();
    let made = params.options.create_resource_group && *id == params.target.group_id();
    let api = match parts.as_slice() {
        _ if made => return Ok(Some(Value::Null)),
        ["", _, subscription] => {
            let known = common.subscriptions.contains(&(*subscription).into());
            return Ok(known.then_some(Value::Null));
        }
        ["", _, _, _, _] if id.kind().is_none() => "2024-07-01".to_owned(),
        _ => {
            let Some(kind) = id.kind() else { return Ok(None) };
            if kind == "Microsoft.Management/managementGroups" {
                "2020-05-01".to_owned()
            } else {
                common.versions.of(reader, id, &kind).await
            }
        }
    };
    reader.find(id, &api).await
}

/// The custom roles held at a scope that may not be assigned at its counterpart.
fn roles_out_of_reach(common: &Common, facts: &Facts, of: &ResourceId, id: &ResourceId) -> Vec<String> {
    let held = facts.assignments_of.iter().filter(|a| a.scope == *of);
    let out: BTreeSet<String> = held
        .filter(|a| {
            let reach = common.custom_roles.get(&a.role_guid());
            reach.is_some_and(|scopes| !scopes.iter().any(|scope| covers(scope, id)))
        })
        .map(|a| format!("custom role {}: it may not be assigned there (assignableScopes)", a.role))
        .collect();
    out.into_iter().collect()
}

fn covers(scope: &str, id: &ResourceId) -> bool {
    id.is_at_or_below(scope.trim_end_matches('/'))
}

async fn grants(reader: &Reader, params: &Params, facts: &Facts, unread: &Unread) -> Vec<MappedGrant> {
    let who = &facts.identity.identifiers;
    let mut asked = Vec::new();
    for grant in &facts.service_grants {
        let Some(id) = params.options.counterpart(&grant.id) else { continue };
        let body = translated(&grant.body, params, who);
        let like = ServiceGrant { id, api_version: grant.api_version.clone(), body };
        // What the old identity has there itself is copied from there.
        if !facts.service_grants.iter().any(|own| is_same(own, &like)) {
            asked.push(judge((reader, unread), grant, like));
        }
    }
    stream::iter(asked).buffered(AT_ONCE).collect().await
}

fn is_same(one: &ServiceGrant, other: &ServiceGrant) -> bool {
    one.id == other.id || one.id.list() == other.id.list() && one.body == other.body
}

/// A value in which the ids of what is mapped are those of the counterparts.
fn translated(value: &Value, params: &Params, who: &Identifiers) -> Value {
    match value {
        Value::String(text) if who.in_text(text).is_empty() => {
            params.options.counterpart(&text.into()).map_or_else(|| value.clone(), |id| id.as_str().into())
        }
        Value::Array(items) => items.iter().map(|item| translated(item, params, who)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), translated(value, params, who))).collect()
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// One place where grants are kept, and what was asked of it.
struct There<'a> {
    reader: &'a Reader,
    unread: &'a Unread,
    api: &'a str,
    /// The account at the old place and at the new one.
    accounts: [ResourceId; 2],
}

impl There<'_> {
    async fn find(&self, id: &str) -> Option<Value> {
        self.unread.or_none(id, self.reader.find(id, self.api).await)
    }
}

/// Looks whether a grant can be made inside the counterpart of a service.
async fn judge(
    (reader, unread): (&Reader, &Unread),
    source: &ServiceGrant,
    mut grant: ServiceGrant,
) -> MappedGrant {
    let (of, api) = (source.id.clone(), grant.api_version.clone());
    let parents: Vec<ResourceId> = grant.id.around().collect();
    let account = parents.first().cloned().unwrap_or_default();
    let was = of.around().next().unwrap_or_default();
    let there = There { reader, unread, api: &api, accounts: [was, account.clone()] };
    let Some(found) = there.find(&account).await else {
        return MappedGrant { of, grant, there: false, lacks: Vec::new() };
    };
    let mut lacks = Vec::new();
    for parent in parents.iter().skip(1) {
        if there.find(parent).await.is_none() {
            lacks.push(named(parent));
        }
    }
    lacks.extend(signs_in_otherwise(&account, &found));
    lacks.extend(definition(&there, &mut grant).await.err());
    lacks.extend(database(&there, &grant).await);
    lacks.extend(policy(&there, &of, &grant).await);
    MappedGrant { of, grant, there: true, lacks }
}

/// What something is called that is missing: `databases orders`.
fn named(id: &str) -> String {
    let mut parts = id.rsplit('/');
    let (name, kind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("{kind} {name}")
}

/// Servers and caches in which nobody signs in with Entra ID say so.
/// Source: postgresql/2022-12-01 (`authConfig`), redis/2024-03-01 (`redisConfiguration`).
fn signs_in_otherwise(account: &ResourceId, found: &Value) -> Option<String> {
    let kind = account.kind()?.folded();
    let (place, on) = match kind.as_str() {
        "microsoft.dbforpostgresql/flexibleservers" => {
            ("/properties/authConfig/activeDirectoryAuth", "enabled")
        }
        "microsoft.cache/redis" => ("/properties/redisConfiguration/aad-enabled", "true"),
        _ => return None,
    };
    let set = members::text(found, place)?;
    let member = place.rsplit('/').next().unwrap_or_default();
    (!set.eq_ignore_ascii_case(on)).then(|| format!("sign-in with Entra ID ({member} is {set})"))
}

/// The definitions that are in every Cosmos DB account.
/// Source: <https://learn.microsoft.com/azure/cosmos-db/nosql/reference-data-plane-security>
const BUILT_IN: &str = "00000000-0000-0000-0000-00000000000";

/// Cosmos DB keeps its roles in each account: one of the same id or name, and with the same permissions, is taken.
async fn definition(there: &There<'_>, grant: &mut ServiceGrant) -> Result<(), String> {
    let Some(wanted) = members::id::<ResourceId>(&grant.body, "/properties/roleDefinitionId") else {
        return Ok(());
    };
    let (Some((list, guid)), [was, account]) = (wanted.rsplit_once('/'), &there.accounts) else {
        return Ok(());
    };
    if guid.starts_with(BUILT_IN) || !ResourceId::from(list).is_below(account) {
        return Ok(());
    }
    let source = there.find(&format!("{was}{}", &wanted[account.len()..])).await.unwrap_or_default();
    let name = members::text(&source, "/properties/roleName").unwrap_or_default();
    let found = there.unread.or_none(list, there.reader.list(list, there.api, &[]).await);
    let id = |one: &Value| members::text(one, "/id").unwrap_or_default();
    let by_id = found.iter().find(|one| wanted == id(one).as_str());
    let by_name = || found.iter().find(|one| one["properties"]["roleName"].as_str() == Some(&name));
    let Some(one) = by_id.or_else(by_name) else {
        return Err(format!("a role definition {:?} ({guid})", name));
    };
    if permissions(one) != permissions(&source) {
        return Err(format!(
            "a role definition {name:?} that allows the same: there it allows something else"
        ));
    }
    let scope: ResourceId = members::id(&grant.body, "/properties/scope").unwrap_or_default();
    let mut reach = one["properties"]["assignableScopes"].as_array().into_iter().flatten().peekable();
    if reach.peek().is_some() && !reach.filter_map(Value::as_str).any(|s| covers(s, &scope)) {
        return Err(format!("a role definition {name:?} that may be assigned at {scope}"));
    }
    grant.body["properties"]["roleDefinitionId"] = Value::String(id(one));
    Ok(())
}

fn permissions(definition: &Value) -> BTreeSet<String> {
    let blocks = definition["properties"]["permissions"].as_array().into_iter().flatten();
    let list = |block: &Value, name: &str| -> Vec<String> {
        let all = block[name].as_array().into_iter().flatten().filter_map(Value::as_str);
        all.map(|action| format!("{name} {}", action.to_lowercase())).collect()
    };
    blocks.flat_map(|b| [list(b, "dataActions"), list(b, "notDataActions")].concat()).collect()
}

/// What each kind of account of Cosmos DB keeps, and in what: the list of its grants, that of its databases, that of
/// what is in them. An account for tables has one database, which is nowhere to be seen.
/// Source: cosmos-db/2025-05-01-preview (the five `rbac.json`, and the resources of each kind).
const KEPT: [(&str, Option<&str>, &str); 5] = [
    ("sqlRoleAssignments", Some("sqlDatabases"), "containers"),
    ("gremlinRoleAssignments", Some("gremlinDatabases"), "graphs"),
    ("cassandraRoleAssignments", Some("cassandraKeyspaces"), "tables"),
    ("mongoMIRoleAssignments", Some("mongodbDatabases"), "collections"),
    ("tableRoleAssignments", None, "tables"),
];

/// The first of what a grant of Cosmos DB holds in that is not there.
async fn database(there: &There<'_>, grant: &ServiceGrant) -> Option<String> {
    for id in holds_in(&grant.id, &grant.body, &there.accounts[1]) {
        if there.find(&id).await.is_none() {
            return Some(named(&id));
        }
    }
    None
}

/// What a grant of Cosmos DB holds in, from the database inwards: whatever kind of account it is, its scope is
/// written `{account}/dbs/x/colls/y`. Nothing where it is written in another way.
fn holds_in(id: &ResourceId, body: &Value, account: &str) -> Vec<String> {
    let kind = id.kind().unwrap_or_default();
    let (family, list) = kind.rsplit_once('/').unwrap_or_default();
    let kept = KEPT.iter().find(|(grants, ..)| grants.eq_ignore_ascii_case(list));
    let of_cosmos = family.eq_ignore_ascii_case("Microsoft.DocumentDB/databaseAccounts");
    let scope = members::id::<ResourceId>(body, "/properties/scope");
    let scope = scope.filter(|scope| of_cosmos && scope.is_below(account));
    let (Some((_, databases, inside)), Some(scope)) = (kept, scope) else { return Vec::new() };
    let tail: Vec<&str> = scope[account.len()..].split('/').skip(1).collect();
    let is = |word: &str, known: &str| word.eq_ignore_ascii_case(known);
    let database = |name: &str| databases.map(|list| format!("{account}/{list}/{name}"));
    match tail[..] {
        [dbs, name] if is(dbs, "dbs") => database(name).into_iter().collect(),
        [dbs, name, colls, part] if is(dbs, "dbs") && is(colls, "colls") => {
            let at = database(name);
            let part = format!("{}/{inside}/{part}", at.as_deref().unwrap_or(account));
            at.into_iter().chain([part]).collect()
        }
        _ => Vec::new(),
    }
}

/// The policies that are in every cache.
/// Source: <https://learn.microsoft.com/azure/azure-cache-for-redis/cache-configure-role-based-access-control>
const POLICIES: [&str; 3] = ["Data Owner", "Data Contributor", "Data Reader"];

/// Redis keeps its policies in each cache: one of the same name and with the same permissions must be there.
async fn policy(there: &There<'_>, source: &ResourceId, grant: &ServiceGrant) -> Option<String> {
    let kind = source.kind()?;
    let name = members::text(&grant.body, "/properties/accessPolicyName")?;
    if kind != "Microsoft.Cache/redis/accessPolicyAssignments"
        || POLICIES.iter().any(|known| known.eq_ignore_ascii_case(&name))
    {
        return None;
    }
    let [was, account] = there.accounts.each_ref().map(|cache| format!("{cache}/accessPolicies/{name}"));
    let Some(found) = there.find(&account).await else { return Some(format!("access policy {name:?}")) };
    let allows = |policy: &Value| members::text(policy, "/properties/permissions");
    let same = there.find(&was).await.is_none_or(|source| allows(&source) == allows(&found));
    (!same).then(|| format!("an access policy {name:?} that allows the same: there it allows something else"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::testing::*;
    use serde_json::json;

    #[test]
    fn ids_of_what_is_mapped_are_those_of_the_counterparts_and_the_identity_keeps_its_own() {
        let mut params = params();
        params.options.scope_map = [(GROUP.into(), "/subscriptions/s1/resourceGroups/rg-new".into())].into();
        let account = ResourceId::from(format!("{GROUP}/providers/Microsoft.DocumentDB/databaseAccounts/c"));
        let body =
            json!({"scope": account.to_uppercase(), "n": 1, "list": [OLD, "x", GROUP.to_owned() + "-other"]});
        let there = translated(&body, &params, &facts().identity.identifiers);
        let scope = there["scope"].as_str().unwrap();
        assert!(scope.starts_with("/subscriptions/s1/resourceGroups/rg-new/PROVIDERS/"), "{scope}");
        assert_eq!(there["list"], body["list"]);
        params.options.scope_map.insert(account.clone(), account.clone());
        assert_eq!(params.options.counterpart(&account), None, "what is mapped to itself is left out");
    }

    #[test]
    fn every_kind_of_cosmos_account_has_lists_of_its_own_and_one_way_to_write_a_scope() {
        let account = format!("{GROUP}/providers/Microsoft.DocumentDB/databaseAccounts/c");
        let inside = |list: &str, tail: &str| {
            let body = json!({"properties": {"scope": format!("{}{tail}", account.to_uppercase())}});
            let found = holds_in(&format!("{account}/{list}/x").into(), &body, &account);
            found.iter().map(|id| id[account.len()..].to_owned()).collect::<Vec<_>>()
        };
        for (list, database, part) in [
            ("sqlRoleAssignments", "/sqlDatabases/d", "/sqlDatabases/d/containers/p"),
            ("gremlinRoleAssignments", "/gremlinDatabases/d", "/gremlinDatabases/d/graphs/p"),
            ("CASSANDRAroleassignments", "/cassandraKeyspaces/d", "/cassandraKeyspaces/d/tables/p"),
            ("mongoMIRoleAssignments", "/mongodbDatabases/d", "/mongodbDatabases/d/collections/p"),
        ] {
            assert_eq!(inside(list, "/dbs/d"), [database]);
            assert_eq!(inside(list, "/DBS/d/colls/p"), [database, part]);
        }
        assert_eq!(inside("tableRoleAssignments", "/dbs/TablesDB"), Vec::<String>::new());
        assert_eq!(inside("tableRoleAssignments", "/dbs/TablesDB/colls/p"), ["/tables/p"]);
        for (list, tail) in [("sqlRoleAssignments", ""), ("sqlRoleAssignments", "/x/y"), ("others", "/dbs/d")]
        {
            assert_eq!(inside(list, tail), Vec::<String>::new());
        }
    }

    #[test]
    fn a_server_without_entra_says_so() {
        let server = format!("{GROUP}/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg").into();
        let with = |auth: &str| json!({"properties": {"authConfig": {"activeDirectoryAuth": auth}}});
        assert_eq!(signs_in_otherwise(&server, &with("Enabled")), None);
        assert!(signs_in_otherwise(&server, &with("Disabled")).is_some());
        let cache = format!("{GROUP}/providers/Microsoft.Cache/Redis/r").into();
        let with = |aad: &str| json!({"properties": {"redisConfiguration": {"aad-enabled": aad}}});
        assert_eq!(signs_in_otherwise(&cache, &with("True")), None);
        assert!(signs_in_otherwise(&cache, &with("false")).is_some());
    }
}
