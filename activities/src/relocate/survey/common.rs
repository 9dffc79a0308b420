//! Activities: what is the same for all identities of a batch. Pure data, and how many questions are asked at a time.

use crate::relocate::facts::{Gap, Lock};
use crate::relocate::survey::graph_rights::Held;
use crate::relocate::survey::versions::Versions;
use crate::surfaces::host::opaque::Opaque;
use crate::surfaces::surface::Once;
use std::collections::BTreeMap;

/// Requests at the same time.
pub(crate) const AT_ONCE: usize = 32;

/// What is the same for all identities of a batch, read once.
pub(crate) struct Common {
    pub(crate) subscriptions: Vec<String>,
    /// Role names by GUID.
    pub(crate) roles: BTreeMap<String, String>,
    /// Where custom roles may be assigned, by GUID.
    pub(crate) custom_roles: BTreeMap<String, Vec<String>>,
    /// What each surface has read once, in the order of the list of surfaces.
    pub(crate) once: Vec<Once>,
    /// Sites and slots with their settings, and what keeps roles of its own.
    pub(crate) opaque: Opaque,
    /// Locks of all subscriptions.
    pub(crate) locks: Vec<Lock>,
    /// Management groups that may be seen.
    pub(crate) management_groups: Vec<String>,
    pub(crate) versions: Versions,
    /// Role assignments there are in each subscription, by its lower-case id.
    pub(crate) counts: BTreeMap<String, u64>,
    /// What the caller has in Entra ID.
    pub(crate) held: Held,
    pub(crate) gaps: Vec<Gap>,
}
