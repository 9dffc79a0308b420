//! Activities: what no index shows of sites, and what keeps roles of its own: read once for a batch. Pure data.

use crate::relocate::facts::Named;

/// A site or slot, with its settings; their values are not kept.
pub(crate) struct Site {
    pub(crate) id: String,
    /// Each setting with a text that is searched for identifiers and then forgotten.
    pub(crate) settings: Vec<SettingText>,
}

/// What no index tells enough of, though it tells that it is there.
pub(crate) struct Opaque {
    /// Sites and slots with their settings.
    pub(crate) sites: Vec<Site>,
    /// What keeps roles that are known to itself alone: managed HSMs, workspaces of Synapse.
    pub(crate) closed: Vec<Named>,
}

/// A setting, and the text that it is searched by.
pub(crate) struct SettingText {
    pub(crate) name: String,
    /// The list that it is in.
    pub(crate) list: &'static str,
    /// Dropped with the survey; never written anywhere.
    pub(crate) text: String,
}
