//! Activities: what the index says that it mentions an identity of a batch, as it was read from itself. Pure.

use crate::azure::{ResourceId, ResourceType};
use crate::references::scan::{Identifiers, scan};
use crate::references::words::{Batch, ByIdentity};
use crate::relocate::facts::{Gap, GapCode};
use rehome_orchestrator::{Fault, Json};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Something that may carry or name an identity, as it was read, once for all identities.
pub(crate) struct Candidate {
    pub(super) id: ResourceId,
    pub(super) kind: ResourceType,
    pub(super) api: String,
    found: Result<Option<Json>, Fault>,
}

impl Candidate {
    /// What was found is kept as text: those of a whole batch are held until each of its identities was looked at, and
    /// trees would take five times the memory.
    pub(super) fn new(
        id: ResourceId,
        kind: ResourceType,
        api: String,
        found: Result<Option<Value>, Fault>,
    ) -> Self {
        Self { id, kind, api, found: found.map(|found| found.map(|body| Json::of(&body))) }
    }

    /// The thing itself, nothing where it is not there, or why it could not be read.
    pub(super) fn found(&self) -> Result<Option<Value>, &Fault> {
        self.found.as_ref().map(|found| found.as_ref().map(Json::value))
    }

    /// The version that it was read in.
    pub(crate) fn api(&self) -> &str {
        &self.api
    }

    /// The thing itself, where it could be read.
    pub(crate) fn body(&self) -> Option<Value> {
        self.found().ok()?
    }
}

/// Candidates by their ids, and which of them may name which identity.
#[derive(Default)]
pub(crate) struct Candidates {
    pub(super) all: BTreeMap<ResourceId, Candidate>,
    ids: ByIdentity<ResourceId>,
    /// Those that could not be read may name anybody.
    pub(super) unread: Vec<ResourceId>,
}

impl Candidates {
    pub(super) fn new(all: BTreeMap<ResourceId, Candidate>, batch: Batch<'_>) -> Self {
        let ids = batch.sorted(all.keys().cloned().collect(), |id, found| {
            if let Some(body) = all.get(id).and_then(Candidate::body) {
                batch.words.in_value(&body, found);
            }
        });
        let unread = all.iter().filter(|(_, one)| one.found.is_err()).map(|(id, _)| id.clone()).collect();
        Self { all, ids, unread }
    }

    /// One of them, by its id.
    pub(crate) fn get(&self, id: &ResourceId) -> Option<&Candidate> {
        self.all.get(id)
    }

    /// Those that were read and may name an identity, in the order of their ids.
    pub(crate) fn of(&self, who: &Identifiers) -> impl Iterator<Item = &Candidate> {
        self.ids.of(who).filter_map(|id| self.all.get(id))
    }
}

/// What the index shows and is not so: it lags behind, and somebody should know.
pub(super) fn behind(found: &BTreeMap<ResourceId, Candidate>, batch: Batch<'_>) -> Vec<Gap> {
    let names_nobody = |body: &Value| {
        let mut maybe = BTreeSet::new();
        batch.words.in_value(body, &mut maybe);
        maybe.into_iter().all(|nth| scan(body, batch.identities[nth]).is_empty())
    };
    let why = |candidate: &Candidate| match candidate.found() {
        Ok(None) => Some("Resource Graph shows it, and it is not there"),
        Ok(Some(body)) if names_nobody(&body) => {
            Some("Resource Graph says that it names an identity, and it names none")
        }
        Ok(Some(_)) | Err(_) => None,
    };
    let gap = |candidate: &Candidate| {
        let why = why(candidate)?.to_owned();
        Some(Gap { code: GapCode::Disagreement, scope: candidate.id.to_string(), why })
    };
    found.values().filter_map(gap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::references::words::Words;
    use crate::relocate::testing;
    use serde_json::json;

    #[test]
    fn an_index_that_is_behind_is_named() {
        let who = testing::facts().identity.identifiers;
        let candidate =
            |id: &str, found| (id.into(), Candidate::new(id.into(), "".into(), String::new(), found));
        let found: BTreeMap<ResourceId, Candidate> = [
            candidate("/gone", Ok(None)),
            candidate("/changed", Ok(Some(json!({"id": "/changed"})))),
            candidate("/right", Ok(Some(json!({"id": "/right", "tags": {"x": who.client_id}})))),
        ]
        .into();
        let (identities, words) = ([&who], Words::of([&who]));
        let batch = Batch { identities: &identities, words: &words };
        let scopes: Vec<String> = behind(&found, batch).into_iter().map(|gap| gap.scope).collect();
        assert_eq!(scopes, ["/changed", "/gone"]);
    }
}
