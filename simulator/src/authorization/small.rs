//! Authorization room of the local Azure: the smallest world that its tests ask, objects and a directory in maps.

use super::scope::{canonical, id_of};
use super::view::{Call, Delays, Objects, Principal};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::BTreeMap;

/// The smallest world.
#[derive(Default)]
pub(crate) struct Small {
    pub(crate) objects: BTreeMap<String, Value>,
    pub(crate) principals: BTreeMap<String, Principal>,
    pub(crate) members: Vec<(String, String)>,
    /// Principal, resource, role.
    pub(crate) app_roles: Vec<(String, String, String)>,
}

impl Small {
    pub(crate) fn with(objects: Vec<Value>) -> Self {
        let objects = objects.into_iter().map(|object| (canonical(id_of(&object)), object)).collect();
        Self { objects, ..Self::default() }
    }

    pub(crate) fn principal_since(mut self, id: &str, kind: &str, since: Option<DateTime<Utc>>) -> Self {
        self.principals.insert(id.to_owned(), Principal { kind: kind.to_owned(), since });
        self
    }
}

impl Objects for Small {
    fn get(&self, id: &str) -> Option<&Value> {
        self.objects.get(&canonical(id))
    }
    fn below(&self, prefix: &str) -> Vec<&Value> {
        self.objects.iter().filter(|(id, _)| id.starts_with(prefix)).map(|(_, object)| object).collect()
    }
    fn put(&mut self, id: &str, body: Value) {
        self.objects.insert(canonical(id), body);
    }
    fn remove(&mut self, id: &str) -> Option<Value> {
        self.objects.remove(&canonical(id))
    }
    fn principal(&self, object_id: &str) -> Option<Principal> {
        self.principals.get(&object_id.to_lowercase()).cloned()
    }
    fn groups_of(&self, object_id: &str) -> Vec<String> {
        self.members.iter().filter(|(_, m)| m == object_id).map(|(group, _)| group.clone()).collect()
    }
    fn app_roles_of(&self, object_id: &str) -> Vec<(String, String)> {
        let own = self.app_roles.iter().filter(|(to, ..)| to == object_id);
        own.map(|(_, on, role)| (on.clone(), role.clone())).collect()
    }
    fn delays(&self) -> Delays {
        Delays::default()
    }
    fn began(&self) -> DateTime<Utc> {
        DateTime::<Utc>::MAX_UTC
    }
}

/// Builds the call that a request becomes and hands it on.
pub(crate) fn with_call<T>(
    method: &str,
    url: &str,
    body: &Value,
    now: DateTime<Utc>,
    then: impl FnOnce(&Call) -> T,
) -> T {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let query: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes())
        .map(|(key, value)| (key.to_lowercase(), value.into_owned()))
        .collect();
    let (caller, tenant) = ("cccccccc-0000-0000-0000-000000000001", "dddddddd-0000-0000-0000-000000000000");
    then(&Call { method, path, query: &query, body, caller, tenant, origin: "http://127.0.0.1:1", now })
}
