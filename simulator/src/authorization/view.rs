//! Authorization room of the local Azure: what it is asked and how it answers. The rules stay pure: they see this and
//! nothing of HTTP.

use std::collections::BTreeMap;
use std::fmt::Display;

use chrono::{DateTime, SecondsFormat, Utc};

pub(crate) use crate::objects::{Delays, Objects, Principal};
use serde_json::{Value, json};

/// One request to this room, already parsed and authenticated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    /// Upper case.
    pub(crate) method: &'a str,
    /// Percent-decoded, as sent otherwise; no query.
    pub(crate) path: &'a str,
    /// Decoded query parameters, keys in lower case.
    pub(crate) query: &'a BTreeMap<String, String>,
    /// The JSON body; `Null` where there was none.
    pub(crate) body: &'a Value,
    /// Object id of the signed-in principal.
    pub(crate) caller: &'a str,
    /// Tenant id.
    pub(crate) tenant: &'a str,
    /// Scheme and authority of this ARM, without a slash at the end: next links begin with it.
    pub(crate) origin: &'a str,
    /// Simulated time.
    pub(crate) now: DateTime<Utc>,
}

/// Status and JSON body of an answer; the server adds the headers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
}

impl Answer {
    /// An answer with a body.
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, body: Some(body) }
    }

    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, body: None }
    }

    /// A page that is the only one: `value` and no `nextLink`.
    pub(crate) fn list(value: Vec<Value>) -> Self {
        Self::json(200, json!({ "value": value }))
    }

    /// Azure's error shape.
    pub(crate) fn error(status: u16, code: &str, message: impl Display) -> Self {
        Self::json(status, json!({"error": {"code": code, "message": message.to_string()}}))
    }

    /// The method is not one that this path knows.
    pub(crate) fn method_not_allowed(method: &str) -> Self {
        let message = format!("The requested resource does not support http method '{method}'.");
        Self::error(405, "UnsupportedHttpMethod", message)
    }
}

impl From<Answer> for crate::http::Reply {
    fn from(answer: Answer) -> Self {
        Self { status: answer.status, headers: Vec::new(), body: answer.body }
    }
}

/// A time as Azure writes it in this provider: seven digits of a second.
pub(crate) fn stamp(at: DateTime<Utc>) -> String {
    let text = at.to_rfc3339_opts(SecondsFormat::Micros, true);
    format!("{}0Z", text.trim_end_matches('Z'))
}

/// Azure prints GUIDs without dashes inside some messages.
pub(crate) fn undashed(guid: &str) -> String {
    guid.chars().filter(|letter| *letter != '-').collect()
}

/// A text field of a JSON object, by pointer.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::scope::{canonical, id_of};
    use super::*;

    /// The smallest world: objects and a directory in maps.
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
        let (caller, tenant) =
            ("cccccccc-0000-0000-0000-000000000001", "dddddddd-0000-0000-0000-000000000000");
        then(&Call { method, path, query: &query, body, caller, tenant, origin: "http://127.0.0.1:1", now })
    }

    #[test]
    fn times_have_seven_digits() {
        let at = DateTime::from_timestamp(1_743_672_610, 779_780_600).unwrap();
        assert_eq!(stamp(at), "2025-04-03T09:30:10.7797800Z");
    }
}
