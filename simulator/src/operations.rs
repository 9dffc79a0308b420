//! Simulator: long-running operations, and which types have them. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;

/// Operations that were started, by their id, and when the last one on each target ends.
#[derive(Default)]
pub(crate) struct Operations {
    all: BTreeMap<String, Operation>,
    ends: BTreeMap<String, DateTime<Utc>>,
}

/// One operation.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// What it works on, as the client wrote it.
    pub(crate) target: String,
    pub(crate) started: DateTime<Utc>,
    pub(crate) ends: DateTime<Utc>,
}

impl Operations {
    pub(crate) fn start(&mut self, id: &str, target: &str, now: DateTime<Utc>, takes: TimeDelta) {
        let operation = Operation { target: target.to_owned(), started: now, ends: now + takes };
        let last = self.ends.entry(target.to_ascii_lowercase()).or_insert(operation.ends);
        *last = operation.ends.max(*last);
        self.all.insert(id.to_owned(), operation);
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Operation> {
        self.all.get(&id.to_lowercase())
    }

    /// When the last operation on this target ends, if one is under way.
    pub(crate) fn busy(&self, target: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.ends.get(&target.to_ascii_lowercase()).copied().filter(|ends| *ends > now)
    }
}

/// Types whose PUT and PATCH are long-running (the `LRO` marks of the API descriptions).
const LONG: [&str; 23] = [
    "microsoft.synapse/workspaces/administrators",
    "microsoft.synapse/workspaces/sqladministrators",
    "microsoft.compute/virtualmachines",
    "microsoft.compute/virtualmachinescalesets",
    "microsoft.containerservice/managedclusters",
    "microsoft.app/containerapps",
    "microsoft.app/jobs",
    "microsoft.sql/servers",
    "microsoft.sql/managedinstances",
    "microsoft.dbforpostgresql/flexibleservers",
    "microsoft.documentdb/databaseaccounts",
    "microsoft.documentdb/databaseaccounts/sqlroleassignments",
    "microsoft.documentdb/databaseaccounts/gremlinroleassignments",
    "microsoft.documentdb/databaseaccounts/cassandraroleassignments",
    "microsoft.documentdb/databaseaccounts/mongomiroleassignments",
    "microsoft.documentdb/databaseaccounts/tableroleassignments",
    "microsoft.apimanagement/service",
    "microsoft.kusto/clusters",
    "microsoft.cache/redis",
    "microsoft.network/applicationgateways",
    "microsoft.containerinstance/containergroups",
    "microsoft.containerregistry/registries",
    "microsoft.app/managedenvironments",
];

/// Whether writing this type takes time.
pub(crate) fn is_long(kind: &str) -> bool {
    LONG.contains(&kind.to_lowercase().as_str())
}
