//! Activities: what is the same for all identities of a batch, and what several of them ask for. Reads only.

use crate::azure::{DirectoryId, Reader, ResourceId, SubscriptionId};
use crate::relocate::facts::{Gap, Lock};
use crate::relocate::survey::granted::Granted;
use crate::relocate::survey::graph_rights::Held;
use crate::relocate::survey::memo::Memo;
use crate::relocate::survey::versions::Versions;
use crate::surfaces::host::opaque::Opaque;
use crate::surfaces::surface::Once;
use rehome_orchestrator::Fault;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// What is the same for all identities of a batch, read once.
pub(crate) struct Common {
    pub(crate) subscriptions: Vec<SubscriptionId>,
    /// Role names by GUID.
    pub(crate) roles: BTreeMap<DirectoryId, String>,
    /// Where custom roles may be assigned, by GUID.
    pub(crate) custom_roles: BTreeMap<DirectoryId, Vec<ResourceId>>,
    /// What each surface has read once, in the order of the list of surfaces.
    pub(crate) once: Vec<Once>,
    /// Sites and slots with their settings, and what keeps roles of its own.
    pub(crate) opaque: Opaque,
    /// Locks of all subscriptions.
    pub(crate) locks: Vec<Lock>,
    /// What the identities may do in Azure.
    pub(crate) granted: Granted,
    pub(crate) versions: Versions,
    /// What is asked for by one move after the other.
    pub(crate) shared: Shared,
    /// The identities that were read.
    pub(crate) living: HashSet<ResourceId>,
    /// What the caller has in Entra ID.
    pub(crate) held: Held,
    pub(crate) gaps: Vec<Gap>,
}

/// What several moves ask for, read when the first of them does.
#[derive(Default)]
pub(crate) struct Shared {
    /// Target groups, and the providers of identities, by id.
    found: Memo<Result<Option<Arc<Value>>, Fault>>,
    /// What the caller may do, by scope.
    pub(crate) permissions: Memo<Result<Arc<Vec<Value>>, Fault>>,
    /// Whether identities that do not move are there, by id.
    pub(crate) there: Memo<Result<bool, Fault>>,
}

impl Shared {
    pub(crate) async fn find(
        &self,
        reader: &Reader,
        id: &str,
        api: &str,
    ) -> Result<Option<Arc<Value>>, Fault> {
        self.found.of(id, async { Ok(reader.find(id, api).await?.map(Arc::new)) }).await
    }
}
