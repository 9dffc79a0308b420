//! World: what the directory holds, and the indexes over it. One place changes both.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Members whose texts are looked for.
pub(crate) const NAMES: [&str; 8] = [
    "appId",
    "displayName",
    "principalId",
    "resourceId",
    "clientId",
    "roleDefinitionId",
    "groupId",
    "servicePrincipalType",
];

/// Something that objects of the directory have in common; texts are in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Link {
    /// The short type: `group`.
    Kind(String),
    /// What this is a member of.
    Member(String),
    /// What this owns.
    Owner(String),
    /// One of [`NAMES`], and its text.
    Text(&'static str, String),
}

impl Link {
    pub(crate) fn kind(kind: &str) -> Self {
        Self::Kind(kind.to_owned())
    }

    /// What has this text in one of [`NAMES`].
    pub(crate) fn text(name: &'static str, text: &str) -> Self {
        Self::Text(name, text.to_ascii_lowercase())
    }
}

fn links(object: &Value) -> Vec<Link> {
    let kind = object["@odata.type"].as_str().unwrap_or_default().trim_start_matches("#microsoft.graph.");
    let list = |name: &str| -> Vec<String> {
        let all = object[name].as_array().into_iter().flatten().filter_map(Value::as_str);
        all.map(str::to_ascii_lowercase).collect()
    };
    let mut all = vec![Link::kind(kind)];
    all.extend(list("members").into_iter().map(Link::Member));
    all.extend(list("owners").into_iter().map(Link::Owner));
    let text = |name: &&'static str| object[*name].as_str().map(|text| Link::text(name, text));
    all.extend(NAMES.iter().filter_map(text));
    all.sort_unstable();
    all.dedup();
    all
}

/// Objects by lower-case id, found by what they have in common too.
#[derive(Default)]
pub(crate) struct Directory {
    all: BTreeMap<Arc<str>, Value>,
    index: HashMap<Link, BTreeSet<Arc<str>>>,
    /// Whether the index is left alone and everything is walked over, as a test compares.
    pub(super) walks: bool,
}

impl Directory {
    pub(crate) fn new(objects: impl Iterator<Item = (String, Value)>) -> Self {
        let mut directory = Self::default();
        for (id, object) in objects {
            directory.insert(&id, object);
        }
        directory
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Value> {
        self.all.get(id)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        self.all.values()
    }

    pub(crate) fn insert(&mut self, id: &str, object: Value) {
        self.remove(id);
        let id: Arc<str> = Arc::from(id);
        for link in links(&object) {
            self.index.entry(link).or_default().insert(id.clone());
        }
        self.all.insert(id, object);
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Value> {
        let object = self.all.remove(id)?;
        for link in links(&object) {
            if let Some(ids) = self.index.get_mut(&link) {
                ids.remove(id);
                if ids.is_empty() {
                    self.index.remove(&link);
                }
            }
        }
        Some(object)
    }

    /// What has something in common, in the order of ids.
    pub(crate) fn found(&self, link: &Link) -> Vec<&Value> {
        if self.walks {
            return self.values().filter(|object| links(object).contains(link)).collect();
        }
        self.index.get(link).into_iter().flatten().filter_map(|id| self.all.get(id)).collect()
    }
}

/// The principal that comes with an identity.
pub(super) fn service_principal(identity: &Value) -> Option<Value> {
    let principal = identity.pointer("/properties/principalId")?.as_str()?;
    let client = identity.pointer("/properties/clientId")?.as_str()?;
    Some(json!({
        "@odata.type": "#microsoft.graph.servicePrincipal",
        "id": principal,
        "appId": client,
        "displayName": identity["name"],
        "servicePrincipalType": "ManagedIdentity",
        "accountEnabled": true,
        "tags": [],
        "notes": null,
        "alternativeNames": ["isExplicit=True", identity["id"]],
    }))
}
