//! Activities: access policies of key vaults: read once for a batch, copied, and taken from the old identity.

use crate::activity::kit::Kind;
use crate::azure::{AT_ONCE, PrincipalId, Reader, ResourceId};
use crate::references::scan::Identifiers;
use crate::references::words::{Batch, ByIdentity};
use crate::references::{members, table};
use crate::relocate::facts::{AccessPolicy, Facts, Gap};
use crate::relocate::plan::builder::{Builder, Part, ReadyPrincipal};
use crate::relocate::plan::words::place;
use crate::relocate::short::short;
use crate::relocate::survey::accounts::accounts;
use crate::relocate::survey::gaps::gap;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::key_vault_policy::activity::{Add, Policy, PolicyInput, Remove, Way};
use crate::surfaces::key_vault_policy::facts::access_policies;
use crate::surfaces::row::{Row, moved};
use crate::surfaces::surface::{Once, Surface};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use rehome_orchestrator::{Node, PlanValue, StepId};
use serde_json::Value;
use std::collections::HashMap;

/// The surface.
pub(crate) struct KeyVaultPolicies;

impl Surface for KeyVaultPolicies {
    fn rows(&self) -> Vec<Row> {
        vec![moved("access policies of key vaults", Add::NAME)]
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind::of::<Policy<Add>>(), Kind::of::<Policy<Remove>>()]
    }

    fn read_once<'a>(&'a self, reader: &'a Reader, batch: Batch<'a>) -> BoxFuture<'a, Once> {
        Box::pin(async move {
            let (vaults, gaps) = vaults(reader).await;
            let ids = vaults.iter().map(|one| members::id(one, "/id").unwrap_or_default());
            let numbers = ids.zip(0..).collect();
            Once::new(Vaults { all: batch.sorted_values(vaults), numbers }, gaps)
        })
    }

    fn survey(&self, once: &Once, who: &Identifiers, facts: &mut Facts) {
        let vaults = once.get::<Vaults>().into_iter().flat_map(|vaults| vaults.all.of(who));
        facts.access_policies = vaults.flat_map(|vault| access_policies(vault, &who.principal_id)).collect();
    }

    fn compare(&self, facts: &Facts, put: &mut dyn FnMut(String, String)) {
        for p in &facts.access_policies {
            let name = format!("access policy {} {}", p.vault.folded(), short(&p.application_id));
            put(name, short(&(&p.permissions, p.tenant_id.folded(), p.ignored)));
        }
    }

    fn rights(&self, facts: &Facts, wanted: &mut Rights<'_>) {
        let vaults = facts.access_policies.iter().map(|p| &p.vault);
        let mapped = facts.mapped.places_of(facts.access_policies.iter().map(|p| &p.vault));
        for vault in vaults.chain(mapped) {
            wanted.forward("Microsoft.KeyVault/vaults/accessPolicies/write", vault);
        }
    }

    fn grant(&self, b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Vec<StepId> {
        let step = |Entry { vault, policy, permissions, ignored }: Entry<'_>| {
            let note = if ignored { " (without effect: the vault goes by roles)" } else { "" };
            let node = Node::doing::<Policy<Add>>(&input(policy, vault, made.principal(), permissions));
            (format!("access policy in {}{note}", place(vault)), "remove", node)
        };
        b.each(Part::Grant, entries(b.facts).into_iter().map(step), &made.known)
    }

    fn remove(&self, b: &mut Builder<'_>, _: &ReadyPrincipal<'_>, after: &StepId) -> Vec<StepId> {
        let old = b.old_principal();
        let step = |policy: &AccessPolicy| {
            let input = input(policy, &policy.vault, old.clone(), policy.permissions.clone());
            let title = format!("access policy out of {}", place(&policy.vault));
            (title, "put it back", Node::doing::<Policy<Remove>>(&input))
        };
        b.each(Part::CleanUp, b.facts.access_policies.iter().map(step), after)
    }
}

fn input(
    policy: &AccessPolicy,
    vault: &ResourceId,
    whose: PlanValue<PrincipalId>,
    permissions: Value,
) -> PolicyInput {
    PolicyInput {
        vault: vault.clone(),
        tenant_id: policy.tenant_id.clone(),
        object_id: whose,
        application_id: policy.application_id.clone(),
        permissions: permissions.into(),
    }
}

/// The vaults that were read.
struct Vaults {
    all: ByIdentity<Value>,
    /// The number of each, by its lower-case id.
    numbers: HashMap<ResourceId, usize>,
}

/// A vault that was read for its policies: it may carry an identity as well.
pub(crate) fn read_before<'a>(once: &'a [Once], id: &ResourceId) -> Option<&'a Value> {
    let vaults = once.iter().find_map(|one| one.get::<Vaults>())?;
    vaults.all.all().get(*vaults.numbers.get(id)?)
}

/// The version that vaults are read in, as carriers of identities too.
pub(crate) fn version() -> &'static str {
    table::row("Microsoft.KeyVault/vaults").and_then(|row| row.api_version).unwrap_or("2023-07-01")
}

async fn vaults(reader: &Reader) -> (Vec<Value>, Vec<Gap>) {
    let mut gaps = Vec::new();
    let ids = accounts(reader, &["microsoft.keyvault/vaults"], &mut gaps).await;
    let read: Vec<_> =
        ids.into_iter().map(|(id, _)| async move { (reader.get(&id, version()).await, id) }).collect();
    let mut vaults = Vec::new();
    for (vault, id) in stream::iter(read).buffered(AT_ONCE).collect::<Vec<_>>().await {
        match vault {
            Ok(vault) => vaults.push(vault),
            Err(why) => gaps.push(gap(&id, &why)),
        }
    }
    (vaults, gaps)
}

/// What the new one gets in one vault.
struct Entry<'a> {
    vault: &'a ResourceId,
    policy: &'a AccessPolicy,
    permissions: Value,
    ignored: bool,
}

/// In each vault what the old one has there, and what it has in a vault whose place this one takes: a principal
/// has one entry in a vault.
fn entries<'a>(facts: &'a Facts) -> Vec<Entry<'a>> {
    let entry = |policy: &'a AccessPolicy, vault: &'a ResourceId, ignored: bool| Entry {
        vault,
        policy,
        permissions: policy.permissions.clone(),
        ignored,
    };
    let mut out: Vec<Entry<'a>> =
        facts.access_policies.iter().map(|p| entry(p, &p.vault, p.ignored)).collect();
    for policy in &facts.access_policies {
        let Some(place) = facts.mapped.place(&policy.vault) else { continue };
        let same =
            |e: &&mut Entry<'a>| *e.vault == place.id && e.policy.application_id == policy.application_id;
        match out.iter_mut().find(same) {
            Some(there) => join(&mut there.permissions, &policy.permissions),
            None => out.push(entry(policy, &place.id, place.by_roles)),
        }
    }
    out
}

/// Adds the permissions of one entry to those of another.
fn join(into: &mut Value, more: &Value) {
    for (kind, list) in more.as_object().into_iter().flatten() {
        let mut all = into[kind].as_array().cloned().unwrap_or_default();
        let text = |v: &Value| v.as_str().map(str::to_ascii_lowercase);
        for one in list.as_array().into_iter().flatten() {
            if !all.iter().any(|known| text(known) == text(one)) {
                all.push(one.clone());
            }
        }
        into[kind] = Value::Array(all);
    }
}
