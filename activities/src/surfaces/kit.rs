//! Activities: what kinds of change and conditions are made with.

use crate::activity::Clients;
use crate::activity::list_cache::ListCache;
use crate::azure::{Azure, Reader};
use crate::references::settings::SettingsKey;

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
