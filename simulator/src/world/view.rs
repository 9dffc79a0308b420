//! World: what rules see of it.

use super::state::World;
use crate::objects::{Delays, Key, Objects, Principal, canonical};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

impl Objects for World {
    fn began(&self) -> DateTime<Utc> {
        self.clock.start()
    }

    fn get(&self, id: &str) -> Option<&Value> {
        self.arm.get(&canonical(id))
    }

    fn below(&self, prefix: &str) -> Vec<&Value> {
        self.arm.below(prefix).collect()
    }

    fn found(&self, key: &Key) -> Vec<&Value> {
        self.arm.found(key, "").into_iter().map(|(_, object)| object).collect()
    }

    fn found_below(&self, key: &Key, prefix: &str) -> Vec<&Value> {
        self.arm.found(key, prefix).into_iter().map(|(_, object)| object).collect()
    }

    fn count(&self, key: &Key) -> usize {
        self.arm.count(key)
    }

    fn put(&mut self, id: &str, body: Value) {
        let key = canonical(id);
        let before = self.arm.insert(&key, body);
        self.remember(&key, before);
    }

    fn remove(&mut self, id: &str) -> Option<Value> {
        let key = canonical(id);
        let removed = self.arm.remove(&key)?;
        self.remember(&key, Some(removed.clone()));
        Some(removed)
    }

    fn principal(&self, object_id: &str) -> Option<Principal> {
        let object = self.graph.get(&object_id.to_lowercase())?;
        let kind = match object["@odata.type"].as_str().unwrap_or_default() {
            "#microsoft.graph.group" => "Group",
            "#microsoft.graph.user" => "User",
            _ => "ServicePrincipal",
        };
        Some(Principal { kind: kind.to_owned(), since: self.born.get(&object_id.to_lowercase()).copied() })
    }

    fn groups_of(&self, object_id: &str) -> Vec<String> {
        self.groups_where(object_id, |_, _| true)
    }

    fn app_roles_of(&self, object_id: &str) -> Vec<(String, String)> {
        self.app_roles(object_id).map(|(_, role)| role).collect()
    }

    fn claims_of(&self, object_id: &str) -> (Vec<String>, Vec<(String, String)>) {
        let groups = self.groups_where(object_id, |group, member| self.is_claimed(group, member));
        let roles = self.app_roles(object_id).filter(|(id, _)| self.is_claimed(id, object_id));
        (groups, roles.map(|(_, role)| role).collect())
    }

    fn is_enabled(&self, object_id: &str) -> bool {
        self.directory_object(object_id).is_none_or(|object| object["accountEnabled"] != false)
    }

    fn delays(&self) -> Delays {
        let delay = |seconds: u32| TimeDelta::seconds(i64::from(seconds));
        let (principal, claim) = (delay(self.settings.principal_delay_s), delay(self.settings.claim_delay_s));
        Delays { principal, typed_principal: principal / 4, claim, ..Delays::default() }
    }
}
