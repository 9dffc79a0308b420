//! Activities: lists that were read a moment ago, so that looking at sixty grants costs one request and not
//! sixty. Only for proofs: what decides about a write is always read from the thing itself.

use crate::azure::Reader;
use rehome_orchestrator::Fault;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// A list is good for this long.
const FRESH: Duration = Duration::from_secs(1);

/// A list that shows many objects at once.
pub(crate) enum List {
    /// Of Resource Manager: path, version, filter.
    Arm(String, String, Option<String>),
    /// Of Microsoft Graph.
    Graph(String),
}

type Kept = Arc<OnceCell<Result<Vec<Value>, Fault>>>;

/// What was read a moment ago. Cheap to clone; all clones are one shelf.
#[derive(Clone, Default)]
pub(crate) struct ListCache(Arc<Mutex<BTreeMap<String, (Instant, Kept)>>>);

impl ListCache {
    /// The one of a list that is looked for; `None` also where the list cannot be read.
    pub(crate) async fn find(
        &self,
        reader: &Reader,
        list: &List,
        is: impl Fn(&Value) -> bool,
    ) -> Option<Value> {
        let kept = self.kept(&list.name());
        let items = kept.get_or_init(|| list.read(reader)).await;
        items.as_ref().ok()?.iter().find(|item| is(item)).cloned()
    }

    /// Forgets everything: something was written.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn kept(&self, name: &str) -> Kept {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        shelf.retain(|_, (since, _)| now.duration_since(*since) < FRESH);
        shelf.entry(name.to_owned()).or_insert_with(|| (now, Kept::default())).1.clone()
    }
}

impl List {
    fn name(&self) -> String {
        match self {
            Self::Arm(path, api, filter) => format!("{path} {api} {filter:?}"),
            Self::Graph(path) => path.clone(),
        }
    }

    async fn read(&self, reader: &Reader) -> Result<Vec<Value>, Fault> {
        match self {
            Self::Arm(path, api, filter) => {
                let query: Vec<(&str, &str)> = filter.iter().map(|f| ("$filter", f.as_str())).collect();
                reader.list(path, api, &query).await
            }
            Self::Graph(path) => reader.graph_list(path).await,
        }
    }
}
