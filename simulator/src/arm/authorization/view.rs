//! Authorization room of the local Azure: what it needs of the world (objects, directory, clock) and how it
//! answers. The rules stay pure: they see this and nothing of HTTP.

use std::collections::BTreeMap;
use std::fmt::Display;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

/// The ARM objects and the directory, as the rules of authorization see them. Ids compare without case.
pub(crate) trait Objects {
    /// The object with this id.
    fn get(&self, id: &str) -> Option<&Value>;
    /// Every object whose canonical id begins with this canonical prefix, in the order of canonical ids.
    fn below(&self, prefix: &str) -> Vec<&Value>;
    /// Every object of one type of this provider, such as `locks`, in the order of canonical ids.
    fn of_kind(&self, kind: &str) -> Vec<&Value>;
    /// Creates or replaces an object.
    fn put(&mut self, id: &str, body: Value);
    /// Removes an object and gives back what it was.
    fn remove(&mut self, id: &str) -> Option<Value>;
    /// A principal of the directory by object id, replicated or not.
    fn principal(&self, object_id: &str) -> Option<Principal>;
    /// Object ids of all groups that hold this principal, through groups too.
    fn groups_of(&self, object_id: &str) -> Vec<String>;
    /// App roles of a principal, its own and those of its groups: resource and role id.
    fn app_roles_of(&self, object_id: &str) -> Vec<(String, String)>;
    /// Groups and app roles that a token would have which is made now: the newest are not in it yet.
    fn claims_of(&self, object_id: &str) -> (Vec<String>, Vec<(String, String)>) {
        (self.groups_of(object_id), self.app_roles_of(object_id))
    }
    /// Whether a principal may sign in.
    fn is_enabled(&self, object_id: &str) -> bool {
        let _ = object_id;
        true
    }
    /// How long Azure takes to know things; simulated durations.
    fn delays(&self) -> Delays;
    /// When the world began; everything older was in the estate.
    fn began(&self) -> DateTime<Utc>;
}

/// What the directory knows of a principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    /// `ServicePrincipal`, `User`, `Group`, `ForeignGroup` or `Device`.
    pub(crate) kind: String,
    /// When it was made; `None` for one that was there before the simulation began.
    pub(crate) since: Option<DateTime<Utc>>,
}

/// Replication delays in simulated time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delays {
    /// Until role assignments know a new principal whose type is not given.
    pub(crate) principal: TimeDelta,
    /// The same where the request gives `principalType`, which skips the look-up in the directory.
    pub(crate) typed_principal: TimeDelta,
    /// Until a new role assignment has effect.
    pub(crate) grant: TimeDelta,
    /// The same for data actions above the subscriptions.
    pub(crate) high_data_grant: TimeDelta,
    /// Until a token that is made has a new membership or application permission.
    pub(crate) claim: TimeDelta,
    /// How long a token, and so its group and app-role claims, is cached.
    pub(crate) token: TimeDelta,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            principal: TimeDelta::seconds(30),
            typed_principal: TimeDelta::seconds(5),
            // Azure says "up to": the longest, so that nobody gets used to less.
            grant: TimeDelta::minutes(10),
            high_data_grant: TimeDelta::hours(4),
            claim: TimeDelta::seconds(60),
            token: TimeDelta::hours(24),
        }
    }
}

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
        fn of_kind(&self, kind: &str) -> Vec<&Value> {
            let of_kind = |(id, _): &(&String, &Value)| super::super::kind_in(id) == Some(kind);
            self.objects.iter().filter(of_kind).map(|(_, object)| object).collect()
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
