//! Workload room of the local Azure: what runs on the hosts of an estate, whether it works at a moment, and every
//! outage. Pure rules over the objects; the clock comes in as an argument.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::authorization::{Objects, Plane, allowed, canonical, is_on_data, scope_of};
use crate::objects::Key;

use super::estate::{self, Invalid, Need, Workload};
use super::identity;
use super::sign_ins::{SignIn, SignIns};

/// The workloads of an estate with what was seen of them.
#[derive(Debug, Default)]
pub(crate) struct Workloads {
    list: Vec<Workload>,
    /// Groups and app roles in the cached token of each principal: they change only with the next token.
    tokens: BTreeMap<String, Token>,
    /// Workloads that are down, by name.
    down: BTreeMap<String, Down>,
    outages: Vec<PastOutage>,
    standing: BTreeMap<String, Result<String, String>>,
    /// Everything that each workload's principal may do, as last looked at.
    access: BTreeMap<String, BTreeSet<String>>,
    sign_ins: SignIns,
}

#[derive(Debug)]
struct Token {
    taken: DateTime<Utc>,
    groups: BTreeSet<String>,
    app_roles: BTreeSet<(String, String)>,
}

#[derive(Debug)]
struct Down {
    from: DateTime<Utc>,
    why: String,
}

/// A time in which a workload did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PastOutage {
    pub(crate) workload: String,
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
    pub(crate) why: String,
}

/// How the workloads of an estate have fared so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkloadReport {
    /// How many there are.
    pub watched: usize,
    /// Every time in which one did not work.
    pub outages: Vec<Outage>,
}

/// A time in which a workload did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Its name.
    pub workload: String,
    /// The resource id of its host.
    pub host: String,
    /// How long, in simulated seconds.
    pub seconds: i64,
    /// Whether it still does not work.
    pub lasts: bool,
    /// Why it did not work.
    pub why: String,
}

impl Workloads {
    pub(crate) fn forget_token(&mut self, principal: &str) {
        self.tokens.remove(&principal.to_lowercase());
        self.sign_ins.forget(&principal.to_lowercase());
    }

    pub(crate) fn workload_report(&self, now: DateTime<Utc>) -> WorkloadReport {
        let host = |name: &str| {
            self.list.iter().find(|w| w.name == name).map(|w| w.host.clone()).unwrap_or_default()
        };
        let over = self.outages.iter().map(|o| (&o.workload, o.until - o.from, false, &o.why));
        let open = self.down.iter().map(|(name, down)| (name, now - down.from, true, &down.why));
        let out = |(name, span, lasts, why): (&String, chrono::TimeDelta, bool, &String)| Outage {
            workload: name.clone(),
            host: host(name),
            seconds: span.num_seconds(),
            lasts,
            why: why.clone(),
        };
        WorkloadReport { watched: self.list.len(), outages: over.chain(open).map(out).collect() }
    }

    /// Reads the `workloads` of an estate.
    pub(crate) fn load(list: &Value) -> Result<Self, Invalid> {
        Ok(Self { list: estate::read(list)?, ..Self::default() })
    }

    /// Looks at every workload at this moment. To be called after each request with an effect and on each query;
    /// the world stands still in between, save for delays that end.
    pub(crate) fn look(&mut self, objects: &dyn Objects, now: DateTime<Utc>) {
        for workload in &self.list {
            if let Ok(principal) = identity::resolve(objects, workload) {
                let kept = objects.delays().token;
                self.sign_ins.note(workload, &principal.to_lowercase(), now, kept);
            }
            let standing = works(&mut self.tokens, objects, workload, now);
            match (&standing, self.down.get_mut(&workload.name)) {
                (Ok(_), Some(_)) => {
                    if let Some(Down { from, why }) = self.down.remove(&workload.name) {
                        self.outages.push(PastOutage {
                            workload: workload.name.clone(),
                            from,
                            until: now,
                            why,
                        });
                    }
                }
                (Err(why), None) => {
                    self.down.insert(workload.name.clone(), Down { from: now, why: why.clone() });
                }
                (Ok(_), None) | (Err(_), Some(_)) => {}
            }
            let may = standing.as_ref().map(|principal| access(objects, principal)).unwrap_or_default();
            self.access.insert(workload.name.clone(), may);
            self.standing.insert(workload.name.clone(), standing);
        }
    }

    /// Every sign-in that the log shows by now.
    pub(crate) fn sign_ins(&self, now: DateTime<Utc>) -> Vec<SignIn> {
        self.sign_ins.shown(now)
    }

    /// What `GET /sim/workloads` shows: every workload as last looked at, every outage, the open ones without end.
    pub(crate) fn show(&self) -> Value {
        let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let workloads = self.list.iter().map(|workload| {
            let standing = self.standing.get(&workload.name);
            json!({
                "name": workload.name, "host": workload.host, "works": matches!(standing, Some(Ok(_))),
                "identity": standing.and_then(|standing| standing.as_ref().ok()),
                "why": standing.and_then(|standing| standing.as_ref().err()),
                "access": self.access.get(&workload.name),
            })
        });
        let closed = self.outages.iter().map(|outage| {
            json!({
                "workload": outage.workload, "from": time(outage.from), "until": time(outage.until), "why": outage.why,
            })
        });
        let open = self.down.iter().map(|(name, down)| {
            json!({ "workload": name, "from": time(down.from), "until": null, "why": down.why })
        });
        json!({ "workloads": workloads.collect::<Vec<_>>(), "outages": closed.chain(open).collect::<Vec<_>>() })
    }
}

/// The principal that a workload runs as, if it gets a token and everything it needs is granted; else why not.
fn works(
    tokens: &mut BTreeMap<String, Token>,
    objects: &dyn Objects,
    workload: &Workload,
    now: DateTime<Utc>,
) -> Result<String, String> {
    let principal = identity::resolve(objects, workload)?.to_lowercase();
    let good = tokens.get(&principal).is_some_and(|token| now < token.taken + objects.delays().token);
    if !good && !objects.is_enabled(&principal) {
        return Err(format!("AADSTS7000112: the service principal {principal} is disabled"));
    }
    let token = tokens.entry(principal.clone()).or_insert_with(|| take(objects, &principal, now));
    if !good {
        *token = take(objects, &principal, now);
    }
    let mut ids = token.groups.clone();
    ids.insert(principal.clone());
    for need in &workload.needs {
        meets(objects, need, token, &ids, now)?;
    }
    Ok(principal)
}

/// Everything that a principal was granted: roles, groups, app roles, entries in vaults.
fn access(objects: &dyn Objects, principal: &str) -> BTreeSet<String> {
    let is_it = |value: &Value, pointer: &str| {
        value.pointer(pointer).and_then(Value::as_str).is_some_and(|id| id.eq_ignore_ascii_case(principal))
    };
    let assigned = objects.found(&Key::AssignedTo(principal.to_lowercase()));
    let roles = assigned.into_iter().map(|a| {
        let text = |pointer: &str| a.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let role = text("/properties/roleDefinitionId").rsplit('/').next().unwrap_or_default();
        let condition = text("/properties/condition");
        format!("role {} at {} {condition}", role.to_lowercase(), canonical(scope_of(a)))
    });
    let groups = objects.groups_of(principal).into_iter().map(|id| format!("group {}", id.to_lowercase()));
    let app_roles = objects.app_roles_of(principal).into_iter();
    let app_roles = app_roles.map(|(on, role)| format!("app role {role} of {on}").to_lowercase());
    let entries = objects.found_below(&Key::EntryFor(principal.to_ascii_lowercase()), "/subscriptions/");
    let vaults = entries.into_iter().flat_map(|object| {
        let policies = object.pointer("/properties/accessPolicies").and_then(Value::as_array);
        let own = policies.into_iter().flatten().filter(|policy| is_it(policy, "/objectId"));
        own.map(|policy| {
            let id = object.get("id").and_then(Value::as_str).unwrap_or_default();
            let permissions = policy.get("permissions").map(Value::to_string).unwrap_or_default();
            format!("vault {} {permissions}", id.to_lowercase())
        })
    });
    roles.chain(groups).chain(app_roles).chain(vaults).collect()
}

fn take(objects: &dyn Objects, principal: &str, now: DateTime<Utc>) -> Token {
    let lower = |id: String| id.to_lowercase();
    let (groups, app_roles) = objects.claims_of(principal);
    Token {
        taken: now,
        groups: groups.into_iter().map(lower).collect(),
        app_roles: app_roles.into_iter().map(|(on, role)| (lower(on), lower(role))).collect(),
    }
}

fn meets(
    objects: &dyn Objects,
    need: &Need,
    token: &Token,
    ids: &BTreeSet<String>,
    now: DateTime<Utc>,
) -> Result<(), String> {
    let may = |plane, action: &str, scope: &str| allowed(objects, ids, plane, action, scope, now);
    let (met, what) = match need {
        Need::Action { action, scope } => {
            let control = !is_on_data(action) && may(Plane::Control, action, scope);
            let met = control || may(Plane::Data, action, scope);
            (met, format!("may not do {action} at {scope}"))
        }
        Need::Group(group) => {
            (token.groups.contains(&group.to_lowercase()), format!("token lacks group {group}"))
        }
        Need::AppRole { resource, role } => {
            let held = token.app_roles.contains(&(resource.to_lowercase(), role.to_lowercase()));
            (held, format!("token lacks app role {role} of {resource}"))
        }
        Need::Vault { vault, permission } => (
            vault_allows(objects, vault, permission, ids, now),
            format!("may not do {permission} in {vault}"),
        ),
    };
    if met { Ok(()) } else { Err(what) }
}

/// Whether a vault lets one of these ids do `kind/verb`, such as `secrets/get`: by its access policies, or by roles
/// where it says so.
fn vault_allows(
    objects: &dyn Objects,
    vault: &str,
    permission: &str,
    ids: &BTreeSet<String>,
    now: DateTime<Utc>,
) -> bool {
    let (Some(found), Some((kind, verb))) = (objects.get(vault), permission.split_once('/')) else {
        return false;
    };
    if found.pointer("/properties/enableRbacAuthorization") == Some(&Value::Bool(true)) {
        let verb = match (kind, verb) {
            ("secrets", "get") => "getSecret/action".to_owned(),
            ("secrets", "list") => "readMetadata/action".to_owned(),
            ("secrets", "set") => "setSecret/action".to_owned(),
            ("keys" | "certificates", "get" | "list") => "read".to_owned(),
            ("keys", "wrapKey") => "wrap/action".to_owned(),
            ("keys", "unwrapKey") => "unwrap/action".to_owned(),
            (_, "delete") => "delete".to_owned(),
            (_, verb) => format!("{verb}/action"),
        };
        return allowed(
            objects,
            ids,
            Plane::Data,
            &format!("Microsoft.KeyVault/vaults/{kind}/{verb}"),
            vault,
            now,
        );
    }
    let policies = found.pointer("/properties/accessPolicies").and_then(Value::as_array);
    policies.is_some_and(|policies| {
        policies.iter().any(|policy| {
            let holder = policy.get("objectId").and_then(Value::as_str).unwrap_or_default().to_lowercase();
            let list = policy.pointer(&format!("/permissions/{kind}")).and_then(Value::as_array);
            let named = |item: &Value| {
                item.as_str()
                    .is_some_and(|item| item.eq_ignore_ascii_case(verb) || item.eq_ignore_ascii_case("all"))
            };
            ids.contains(&holder) && list.is_some_and(|list| list.iter().any(named))
        })
    })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
