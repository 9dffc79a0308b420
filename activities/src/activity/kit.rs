//! Activities: what kinds of change are made with, and what each says to whoever keeps Azure as code.

use crate::activity::Clients;
use crate::activity::list_cache::ListCache;
use crate::azure::{Azure, Reader};
use crate::references::settings_key::SettingsKey;
use rehome_orchestrator::{Activity, Json, Registry};

/// The clients of one cloud, and the key of a log.
pub(crate) struct Kit {
    clients: Clients,
    key: SettingsKey,
}

impl Kit {
    pub(crate) fn new(azure: &Azure, key: SettingsKey) -> Self {
        let (reader, writer) = (azure.reader(), azure.writer());
        Self { clients: Clients { reader, writer, shelf: ListCache::default() }, key }
    }

    /// The clients; all of them share what was read a moment ago.
    pub(crate) fn clients(&self) -> Clients {
        self.clients.clone()
    }

    /// What only reads.
    pub(crate) fn reader(&self) -> Reader {
        self.clients.reader.clone()
    }

    /// What marks are made with.
    pub(crate) fn key(&self) -> SettingsKey {
        self.key.clone()
    }
}

/// An activity of this program.
pub(crate) trait Change: Activity {
    /// Whether it puts something else in a place that stays, where others add or remove.
    const IN_PLACE: bool = false;

    fn new(kit: &Kit) -> Self;
    /// What has come of a step that was done; of what it made, with the id that the service gave it.
    fn handed(input: &Self::Input, made: Option<&str>) -> Handed;
}

/// What has come of a step, by the ids that code knows things by: a resource's, or of what has none, the one that holds
/// it.
pub(crate) enum Handed {
    /// It is there now, and is imported as this type of Terraform's by this id.
    Made(&'static str, String),
    /// It is there now, and no provider imports it by an id that is known here.
    ByItself(String),
    /// It is not as it was.
    Changed(String),
    /// It is there no more.
    Gone(String),
    /// Nothing that stays.
    Nothing,
}

/// One kind of change, without its type.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) in_place: bool,
    pub(crate) register: fn(Registry, &Kit) -> Registry,
    /// What a recorded step has come to; `None` where the record is not one of this kind.
    pub(crate) handed: fn(&Json, Option<&str>) -> Option<Handed>,
}

impl Kind {
    pub(crate) fn of<A: Change>() -> Self {
        Self {
            name: A::NAME,
            in_place: A::IN_PLACE,
            register: |registry, kit| registry.activity(A::new(kit)),
            handed: |input, made| Some(A::handed(&input.read("input").ok()?, made)),
        }
    }
}
