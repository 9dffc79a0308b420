//! Activities: what no index shows of sites, and what keeps roles of its own: read once for a batch. Pure data.

use crate::azure::ResourceId;
use crate::references::words::{Batch, ByIdentity};
use crate::relocate::facts::ManualReference;
use std::collections::HashMap;

/// A site or slot, with its settings; their values are not kept.
pub(crate) struct Site {
    pub(crate) id: ResourceId,
    /// Each setting with a text that is searched for identifiers and then forgotten.
    pub(crate) settings: Vec<SettingText>,
}

/// What no index tells enough of, though it tells that it is there.
pub(crate) struct Opaque {
    /// Sites and slots with their settings.
    pub(crate) sites: ByIdentity<Site>,
    /// The number of each site.
    numbers: HashMap<ResourceId, usize>,
    /// What keeps roles that are known to itself alone: managed HSMs, workspaces of Synapse.
    pub(crate) closed: Vec<ManualReference>,
}

/// A setting, and the text that it is searched by.
pub(crate) struct SettingText {
    pub(crate) name: String,
    /// The list that it is in.
    pub(crate) list: &'static str,
    /// Dropped with the survey; never written anywhere.
    pub(crate) text: String,
}

impl Opaque {
    pub(crate) fn new(sites: Vec<Site>, closed: Vec<ManualReference>, batch: Batch<'_>) -> Self {
        let numbers = sites.iter().enumerate().map(|(nth, site)| (site.id.clone(), nth)).collect();
        let sites = batch.sorted(sites, |site, found| {
            site.settings.iter().for_each(|setting| batch.words.in_text(&setting.text, found));
        });
        Self { sites, numbers, closed }
    }

    /// The site of an id.
    pub(crate) fn site(&self, id: &ResourceId) -> Option<&Site> {
        self.sites.all().get(*self.numbers.get(id)?)
    }
}
