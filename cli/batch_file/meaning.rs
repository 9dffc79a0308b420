//! CLI: what a batch file asks for, from what it says; and what only makes no sense as a whole. Pure.

use super::mistakes::{Mistakes, Place};
use super::rule;
use super::section::{Section, choice};
use rehome_activities::azure::ResourceId;
use rehome_activities::relocate::{Options, Params, Target, Waits};
use rehome_orchestrator::OnFailure;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A batch as it was asked for.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) name: String,
    pub(crate) moves: Vec<Params>,
}

/// Between the last check and the clean-up, where the file does not say.
const SOAK_MS: u64 = 24 * 3_600_000;

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Failing {
    #[default]
    Stop,
    RollbackIdentity,
}

/// What the file asks for, as far as it fits.
pub(super) fn batch(file: Section<'_>, found: &mut Mistakes) -> Batch {
    let policy = Policy::of(file);
    let mut moves = Vec::new();
    let mut unique = Unique::default();
    for identity in file.sections("identity") {
        if let Some(params) = policy.params(identity, found) {
            unique.take(&params, identity, found);
            moves.push(params);
        }
    }
    let (said, all) = (file.section("batch"), moves.len());
    if let Some(expect) = said.count("expect").filter(|expect| *expect != all && found.is_whole()) {
        let what = format!("expect is {expect}, and the batch names {all}");
        found.add(said.place("expect"), what, "look which identity is missing or too many");
    }
    if moves.is_empty() && file.is_clean(found) {
        found.add(file.at, "the batch names no identity", "add [[identity]] with its id");
    }
    Batch { name: file.section("batch").owned("name").unwrap_or_default(), moves }
}

/// What holds for every identity.
struct Policy<'a> {
    batch: Section<'a>,
    scope_map: BTreeMap<ResourceId, ResourceId>,
    waits: Waits,
}

impl<'a> Policy<'a> {
    fn of(file: Section<'a>) -> Self {
        let said = file.section("waits");
        let safe = Waits::default();
        let waits = Waits {
            grants_ms: said.duration("grants").unwrap_or(safe.grants_ms),
            high_grants_ms: said.duration("high_grants").unwrap_or(safe.high_grants_ms),
            claims_ms: said.duration("claims").unwrap_or(safe.claims_ms),
            drain_ms: said.duration("drain").unwrap_or(safe.drain_ms),
        };
        let scope_map = file.pairs("scope_map").map(|(from, to)| (from.into(), to.into())).collect();
        Self { batch: file.section("batch"), scope_map, waits }
    }

    /// The move of one identity; of one without an id nothing can be said.
    fn params(&self, identity: Section<'_>, found: &mut Mistakes) -> Option<Params> {
        let id = identity.text("id")?;
        let (subscription, group, name) = rule::identity(id)?;
        let target = Target {
            subscription: identity.owned("target_subscription").unwrap_or_else(|| subscription.to_owned()),
            resource_group: identity.owned("target_resource_group").unwrap_or_else(|| group.to_owned()),
            name: identity.owned("target_name").unwrap_or_else(|| name.to_owned()),
            location: self.batch.owned("to").unwrap_or_default(),
        };
        if target.id() == id && identity.is_clean(found) {
            let what =
                "the new identity would have the id of the old one: the same name in the same resource group";
            found.add(identity.place("id"), what, "set target_resource_group or target_name for it");
        }
        let on_failure = match self.batch.choice("on_failure").unwrap_or_default() {
            Failing::Stop => OnFailure::Park,
            Failing::RollbackIdentity => OnFailure::RollBack,
        };
        let soak_ms = self.batch.duration("soak").unwrap_or(SOAK_MS);
        Some(Params { identity: id.into(), target, soak_ms, on_failure, options: self.options(identity) })
    }

    fn options(&self, identity: Section<'_>) -> Options {
        let either = |key: &str| identity.flag(key) || self.batch.flag(key);
        Options {
            create_resource_group: either("create_resource_group"),
            lift_locks: either("lift_locks"),
            replace_nodes: either("replace_nodes"),
            unpinned_host: self.batch.choice("unpinned_host").unwrap_or_default(),
            pinned: identity.texts("pinned").map(ResourceId::from).collect(),
            strategies: identity
                .pairs("strategies")
                .filter_map(|(host, word)| Some((host.into(), choice(word)?)))
                .collect(),
            scope_map: self.scope_map.clone(),
            add_tags: identity.pairs("tags").map(|(name, value)| (name, value.to_owned())).collect(),
            accept_unseen: identity.texts("accept_unseen").collect(),
            accept_unknown: identity.texts("accept_unknown").collect(),
            quiet_ms: self.batch.duration("quiet").unwrap_or(0),
            waits: self.waits,
        }
    }
}

/// Each identity moves once, and no two become one.
#[derive(Default)]
struct Unique {
    identities: BTreeMap<ResourceId, Place>,
    targets: BTreeMap<ResourceId, (Place, ResourceId)>,
}

impl Unique {
    fn take(&mut self, params: &Params, identity: Section<'_>, found: &mut Mistakes) {
        let (at, id, target) = (identity.place("id"), &params.identity, params.target.id());
        if let Some(first) = self.identities.insert(id.clone(), at) {
            let remedy = format!("leave one out: the other is in line {}", found.line(first));
            found.add(at, format!("an identity is named twice: {id}"), remedy);
        } else if !identity.is_clean(found) {
            // Where it goes is not known.
        } else if let Some((first, other)) = self.targets.insert(target.clone(), (at, id.clone())) {
            let line = found.line(first);
            let remedy =
                format!("set target_name or target_resource_group for one; the other is in line {line}");
            found.add(at, format!("two identities would become {target}: {other} and {id}"), remedy);
        }
    }
}
