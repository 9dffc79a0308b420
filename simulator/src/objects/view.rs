//! Objects: what rules need of the world (objects, directory, clock), whoever holds it. Pure.

use super::key::{Key, keys};
use super::scope::canonical;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

/// The ARM objects and the directory, as the rules of authorization see them. Ids compare without case.
pub(crate) trait Objects {
    /// The object with this id.
    fn get(&self, id: &str) -> Option<&Value>;
    /// Every object whose canonical id begins with this canonical prefix, in the order of canonical ids.
    fn below(&self, prefix: &str) -> Vec<&Value>;
    /// What is found by a key, in the order of canonical ids. Whoever has no index walks over everything.
    fn found(&self, key: &Key) -> Vec<&Value> {
        let id_of = |object: &Value| canonical(object["id"].as_str().unwrap_or_default());
        self.below("/").into_iter().filter(|object| keys(&id_of(object), object).contains(key)).collect()
    }
    /// The same, of those whose canonical id begins with this canonical prefix.
    fn found_below(&self, key: &Key, prefix: &str) -> Vec<&Value> {
        let within =
            |object: &&Value| canonical(object["id"].as_str().unwrap_or_default()).starts_with(prefix);
        self.found(key).into_iter().filter(within).collect()
    }
    /// Everything of one type of the authorization provider, such as `locks`, in the order of canonical ids.
    fn of_extension(&self, kind: &str) -> Vec<&Value> {
        self.found(&Key::Extension(kind.to_owned()))
    }
    /// How many are found by a key.
    fn count(&self, key: &Key) -> usize {
        self.found(key).len()
    }
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
