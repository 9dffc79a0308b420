//! Activities: in which API version a resource is read. Reads the descriptions of resource providers.

use crate::azure::{Reader, ResourceId};
use crate::references::{members, table};
use crate::surfaces::manual_references::manual_only_types;
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::sync::Mutex;

/// What nobody describes is read in this version; Azure then names those that it knows.
const FALLBACK: &str = "2024-01-01";

/// Versions of the types that the table does not have, by namespace, asked for once.
#[derive(Default)]
pub(crate) struct Versions(Mutex<BTreeMap<String, BTreeMap<String, String>>>);

impl Versions {
    /// The version of a type: the table's, or else the newest stable one that its provider offers.
    /// Source: <https://learn.microsoft.com/rest/api/resources/providers/get>
    pub(crate) async fn of(&self, reader: &Reader, id: &ResourceId, kind: &str) -> String {
        if let Some(known) = manual_only_types::of(kind) {
            return known.api_version.to_owned();
        }
        if let Some(known) = table::row(kind).and_then(|row| row.api_version) {
            return known.to_owned();
        }
        let (Some((namespace, types)), Some(subscription)) = (kind.split_once('/'), id.subscription()) else {
            return FALLBACK.to_owned();
        };
        let mut asked = self.0.lock().await;
        let namespace = namespace.to_lowercase();
        if !asked.contains_key(&namespace) {
            let path = format!("/subscriptions/{subscription}/providers/{namespace}");
            let provider = reader.find(&path, "2021-04-01").await.ok().flatten().unwrap_or_default();
            asked.insert(namespace.clone(), newest(&provider));
        }
        let known = asked.get(&namespace).and_then(|types_of| types_of.get(&types.to_lowercase()));
        known.cloned().unwrap_or_else(|| FALLBACK.to_owned())
    }
}

/// The newest version of each type that is not a preview, or else the newest.
pub(crate) fn newest(provider: &Value) -> BTreeMap<String, String> {
    let types = provider["resourceTypes"].as_array().into_iter().flatten();
    types
        .filter_map(|kind| {
            let name = members::text(kind, "/resourceType")?.to_lowercase();
            let versions = || kind["apiVersions"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let stable = versions().filter(|v| v.len() == "2024-01-01".len()).max();
            Some((name, stable.or_else(|| versions().max())?.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_stable_version_is_better_than_a_newer_preview() {
        let provider = json!({"resourceTypes": [
            {"resourceType": "Things", "apiVersions": ["2026-01-01-preview", "2023-05-01", "2025-02-01"]},
            {"resourceType": "things/parts", "apiVersions": ["2022-01-01-preview", "2021-01-01-privatepreview"]},
            {"resourceType": "empty", "apiVersions": []},
        ]});
        let versions = newest(&provider);
        assert_eq!(versions["things"], "2025-02-01");
        assert_eq!(versions["things/parts"], "2022-01-01-preview");
        assert!(!versions.contains_key("empty"));
    }
}
