//! Activities: who uses an identity now: by the hosts themselves, by Azure's own list, and by the index. Reads only.
//!
//! Each of the three knows what the others do not, and a way that does not answer proves nothing. Only what somebody
//! answers for by name in the batch file is passed over, and only where it still does not answer.

use crate::azure::{Reader, ResourceId, ResourceType};
use crate::references::text::mentions;
use crate::relocate::looking::{RESOURCE_GRAPH, TABLES, Versions, carriers, lacks_table, users_list};
use crate::surfaces::host::rewrite::identities;
use futures_util::stream::{self, StreamExt};
use rehome_orchestrator::PlanValue;
use rehome_orchestrator::{Fault, FaultKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Requests at the same time.
const AT_ONCE: usize = 16;

/// A host that is known to have had it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Known {
    pub(crate) id: ResourceId,
    pub(crate) api_version: String,
    /// Places that named it, as JSON Pointers, where a person was to change them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) places: PlanValue<Vec<String>>,
}

/// Who uses it, and how.
pub(crate) struct User {
    pub(crate) id: ResourceId,
    pub(crate) how: &'static str,
}

/// What is looked at.
pub(crate) struct Look<'a> {
    pub(crate) id: &'a ResourceId,
    /// Its other names.
    pub(crate) names: &'a [String],
    pub(crate) hosts: &'a [Known],
    pub(crate) answered_for: &'a [String],
    /// Records of runs that have ended: that they have it attached is no use of it.
    pub(crate) records: &'a [ResourceId],
}

pub(crate) fn carries(body: &Value, id: &str) -> bool {
    identities(body).iter().any(|attached| *attached == *id)
}

const ATTACHED: &str = "attached";

impl Look<'_> {
    /// The first user that is found.
    ///
    /// # Errors
    /// When one of the ways does not answer, and nobody answers for it.
    pub(crate) async fn user(&self, reader: &Reader) -> Result<Option<User>, Fault> {
        for host in self.hosts {
            let Some(body) = reader.find_twice(&host.id, &host.api_version).await? else { continue };
            let named = |place: &String| {
                let text = body.pointer(place).map(ToString::to_string).unwrap_or_default();
                mentions(&text, self.id) || self.names.iter().any(|name| mentions(&text, name))
            };
            if carries(&body, self.id) {
                return Ok(Some(User { id: host.id.clone(), how: ATTACHED }));
            }
            if host.places.iter().any(named) {
                return Ok(Some(User { id: host.id.clone(), how: "in a place that names it" }));
            }
        }
        if let Some(user) = self.listed(reader).await? {
            return Ok(Some(user));
        }
        self.indexed(reader).await
    }

    fn is_record(&self, id: &str) -> bool {
        self.records.iter().any(|record| *record == *id)
    }

    fn is_answered_for(&self, list: &str) -> bool {
        self.answered_for.iter().any(|one| one.eq_ignore_ascii_case(list))
    }

    /// Whom Azure's own list names first.
    async fn listed(&self, reader: &Reader) -> Result<Option<User>, Fault> {
        let list = users_list(self.id);
        let users = match reader.users_of(self.id).await {
            Err(_) if self.is_answered_for(&list) => return Ok(None),
            users => users?,
        };
        let mut users = users.iter().filter(|user| !user["id"].as_str().is_some_and(|id| self.is_record(id)));
        let Some(first) = users.next() else { return Ok(None) };
        let what = "the list of what uses the identity has an entry without an id";
        let id = first["id"]
            .as_str()
            .ok_or_else(|| Fault::new(FaultKind::Broken, "NotAnAnswer", what).at(list))?;
        Ok(Some(User { id: id.into(), how: ATTACHED }))
    }

    /// Whom the index names, and who has it in truth: an index lags behind.
    async fn indexed(&self, reader: &Reader) -> Result<Option<User>, Fault> {
        let asked = TABLES
            .into_iter()
            .map(|table| async move { (reader.resource_graph(&carriers(table, self.id), &[]).await, table) });
        let mut found: BTreeMap<ResourceId, ResourceType> = BTreeMap::new();
        for (rows, table) in
            stream::iter(asked.collect::<Vec<_>>()).buffered(AT_ONCE).collect::<Vec<_>>().await
        {
            let rows = match rows {
                Err(why) if lacks_table(&why, table) => continue,
                Err(_) if self.is_answered_for(&format!("{RESOURCE_GRAPH}: {table}")) => continue,
                rows => rows?,
            };
            for row in rows {
                let what = "the index has a row without an id";
                let (Some(id), Some(kind)) = (row["id"].as_str(), row["type"].as_str()) else {
                    return Err(Fault::new(FaultKind::Broken, "NotAnAnswer", what).at(table));
                };
                found.insert(id.into(), kind.into());
            }
        }
        let versions = Versions::default();
        for (id, kind) in found.into_iter().filter(|(id, _)| !self.is_record(id)) {
            let api = versions.of(reader, &id, &kind).await;
            if reader.find_twice(&id, &api).await?.is_some_and(|body| carries(&body, self.id)) {
                return Ok(Some(User { id, how: ATTACHED }));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_is_attached_in_any_spelling_and_not_to_whom_it_is_only_a_prefix() {
        let host = |key: &str| json!({"identity": {"userAssignedIdentities": {key: {}}}});
        assert!(carries(&host("/S/ID1"), "/s/id1"));
        assert!(!carries(&host("/s/id10"), "/s/id1") && !carries(&json!({"identity": null}), "/s/id1"));
    }
}
