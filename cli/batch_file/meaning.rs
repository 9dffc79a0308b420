//! CLI: what a batch file asks for, from what it says. Pure.

use super::mistakes::{Mistakes, Place};
use super::rule;
use super::section::{Section, choice};
use rehome_activities::azure::ResourceId;
use rehome_activities::relocate::{Options, Params, Target, Unpinned, Waits};
use rehome_activities::surfaces;
use rehome_orchestrator::{OnFailure, WaveFailure};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Between the last check and the clean-up, where the file does not say.
const SOAK_MS: u64 = 24 * 3_600_000;

/// What becomes of a move that fails, and of those beside it.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Failing {
    #[default]
    Stop,
    PauseWave,
    RollbackIdentity,
    RollbackWave,
}

impl Failing {
    fn of_move(self) -> OnFailure {
        match self {
            Self::RollbackIdentity => OnFailure::RollBack,
            Self::Stop | Self::PauseWave | Self::RollbackWave => OnFailure::Park,
        }
    }

    pub(super) fn of_wave(self) -> WaveFailure {
        match self {
            Self::Stop | Self::RollbackIdentity => WaveFailure::Stop,
            Self::PauseWave => WaveFailure::Pause,
            Self::RollbackWave => WaveFailure::RollBack,
        }
    }
}

/// What holds for every identity.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) to: String,
    soak_ms: u64,
    on_failure: OnFailure,
    options: Options,
}

impl Policy {
    pub(super) fn of(file: Section<'_>) -> Self {
        let (batch, said, safe) = (file.section("batch"), file.section("waits"), Waits::default());
        let waits = Waits {
            grants_ms: said.duration("grants").unwrap_or(safe.grants_ms),
            high_grants_ms: said.duration("high_grants").unwrap_or(safe.high_grants_ms),
            claims_ms: said.duration("claims").unwrap_or(safe.claims_ms),
            drain_ms: said.duration("drain").unwrap_or(safe.drain_ms),
        };
        let options = Options {
            create_resource_group: batch.flag("create_resource_group"),
            lift_locks: batch.flag("lift_locks"),
            replace_nodes: batch.flag("replace_nodes"),
            unpinned_host: batch.choice::<Unpinned>("unpinned_host").unwrap_or_default(),
            scope_map: file.pairs("scope_map").map(|(from, to)| (from.into(), to.into())).collect(),
            quiet_ms: batch.duration("quiet").unwrap_or(0),
            data_planes: data_planes(file.section("data_planes")),
            waits,
            ..Options::default()
        };
        let on_failure = batch.choice::<Failing>("on_failure").unwrap_or_default().of_move();
        let soak_ms = batch.duration("soak").unwrap_or(SOAK_MS);
        Self { to: batch.owned("to").unwrap_or_default(), soak_ms, on_failure, options }
    }
}

/// The services that are asked what they keep inside, with patterns of their names.
fn data_planes(said: Section<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let named = |word: &'static str| (word.to_owned(), said.texts(word).collect::<BTreeSet<_>>());
    surfaces::data_planes().map(named).filter(|(_, names)| !names.is_empty()).collect()
}

/// What is asked for one identity: a row of the batch.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: ResourceId,
    /// Where it stands.
    pub(super) at: Place,
    /// The same, in words.
    pub(super) from: String,
    /// Whether it says of its target nothing that is a mistake.
    pub(super) is_clean: bool,
    pub(super) subscription: Option<String>,
    pub(super) resource_group: Option<String>,
    pub(super) name: Option<String>,
    pub(super) wave: Option<String>,
    /// What holds for this identity beside the policy.
    options: Options,
}

impl Row {
    /// The row; of one without an id nothing can be said.
    pub(super) fn of(said: Section<'_>, found: &Mistakes) -> Option<Self> {
        let id = said.text("id").filter(|id| rule::identity(id).is_some())?;
        let strategies =
            said.pairs("strategies").filter_map(|(host, word)| Some((host.into(), choice(word)?)));
        let options = Options {
            create_resource_group: said.flag("create_resource_group"),
            lift_locks: said.flag("lift_locks"),
            replace_nodes: said.flag("replace_nodes"),
            pinned: said.texts("pinned").map(ResourceId::from).collect(),
            strategies: strategies.collect(),
            add_tags: said.pairs("tags").map(|(name, value)| (name, value.to_owned())).collect(),
            accept_unseen: said.texts("accept_unseen").collect(),
            accept_unknown: said.texts("accept_unknown").collect(),
            ..Options::default()
        };
        let at = said.place("id");
        Some(Self {
            id: id.into(),
            at,
            from: found.told_place(at),
            is_clean: said.is_clean(found),
            subscription: said.owned("target_subscription"),
            resource_group: said.owned("target_resource_group"),
            name: said.owned("target_name"),
            wave: said.owned("wave"),
            options,
        })
    }

    /// An identity that nothing is said of but that it is selected.
    pub(super) fn selected(id: &ResourceId, at: Place, from: &str) -> Self {
        let (id, from, options) = (id.clone(), from.to_owned(), Options::default());
        Self {
            id,
            at,
            from,
            is_clean: true,
            subscription: None,
            resource_group: None,
            name: None,
            wave: None,
            options,
        }
    }

    /// The move of the identity to where it goes.
    pub(super) fn params(self, policy: &Policy, target: Target) -> Params {
        let (own, all) = (self.options, &policy.options);
        let options = Options {
            create_resource_group: own.create_resource_group || all.create_resource_group,
            lift_locks: own.lift_locks || all.lift_locks,
            replace_nodes: own.replace_nodes || all.replace_nodes,
            unpinned_host: all.unpinned_host,
            scope_map: all.scope_map.clone(),
            quiet_ms: all.quiet_ms,
            data_planes: all.data_planes.clone(),
            waits: all.waits,
            ..own
        };
        Params { identity: self.id, target, soak_ms: policy.soak_ms, on_failure: policy.on_failure, options }
    }
}
