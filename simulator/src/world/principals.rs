//! World: the directory: who is there, since when, and what follows when somebody comes or goes.

use super::directory::{Link, service_principal};
use super::state::World;
use crate::objects::{Objects, canonical};
use chrono::TimeDelta;
use serde_json::{Value, json};

impl World {
    /// A directory object, whether others can see it yet or not.
    pub(crate) fn directory_object(&self, id: &str) -> Option<&Value> {
        self.graph.get(&id.to_lowercase())
    }

    /// Every directory object, in the order of ids.
    pub(crate) fn directory(&self) -> impl Iterator<Item = &Value> {
        self.graph.values()
    }

    /// Directory objects that have something in common, in the order of ids.
    pub(crate) fn directory_with(&self, link: &Link) -> Vec<&Value> {
        self.graph.found(link)
    }

    /// Makes or replaces a directory object.
    pub(crate) fn put_directory(&mut self, object: Value) {
        if let Some(id) = object["id"].as_str() {
            self.changes += 1;
            self.graph.insert(&id.to_lowercase(), object.clone());
        }
    }

    /// Removes a directory object, and every link to it: memberships, owners, and what it was granted in the directory.
    pub(crate) fn remove_directory(&mut self, id: &str) -> Option<Value> {
        let removed = self.graph.remove(&id.to_lowercase())?;
        self.changes += 1;
        let lower = id.to_ascii_lowercase();
        let ids = |found: Vec<&Value>| -> Vec<String> {
            found.iter().filter_map(|object| object["id"].as_str().map(str::to_lowercase)).collect()
        };
        for (name, link) in [("members", Link::Member(lower.clone())), ("owners", Link::Owner(lower))] {
            for holder in ids(self.graph.found(&link)) {
                let Some(mut object) = self.graph.get(&holder).cloned() else { continue };
                if let Some(list) = object.get_mut(name).and_then(Value::as_array_mut) {
                    list.retain(|link| !link.as_str().is_some_and(|l| l.eq_ignore_ascii_case(id)));
                }
                self.graph.insert(&holder, object);
            }
        }
        let is = |object: &Value, end: &str| object[end].as_str().is_some_and(|l| l.eq_ignore_ascii_case(id));
        let goes = |object: &Value| match object["@odata.type"].as_str() {
            Some("#microsoft.graph.appRoleAssignment") => {
                is(object, "principalId") || is(object, "resourceId")
            }
            Some("#microsoft.graph.oAuth2PermissionGrant") => {
                ["clientId", "resourceId", "principalId"].iter().any(|end| is(object, end))
            }
            Some("#microsoft.graph.unifiedRoleAssignment") => is(object, "principalId"),
            Some(kind) if kind.ends_with("Schedule") => is(object, "principalId"),
            Some(_) | None => false,
        };
        for end in ["principalId", "resourceId", "clientId"] {
            let found =
                self.graph.found(&Link::text(end, id)).into_iter().filter(|object| goes(object)).collect();
            for gone in ids(found) {
                self.graph.remove(&gone);
            }
        }
        Some(removed)
    }

    /// Whether Graph knows a principal yet.
    pub(crate) fn is_replicated(&self, id: &str) -> bool {
        let delay = TimeDelta::seconds(i64::from(self.settings.principal_delay_s));
        self.born.get(&id.to_lowercase()).is_none_or(|born| self.now() >= *born + delay)
    }

    /// Whether Graph has begun to know a new principal.
    pub(crate) fn is_half_replicated(&self, id: &str) -> bool {
        let delay = TimeDelta::seconds(i64::from(self.settings.principal_delay_s)) / 2;
        self.born.get(&id.to_lowercase()).is_some_and(|born| self.now() >= *born + delay)
    }

    /// Whether every region knows an identity yet.
    pub(crate) fn is_spread(&self, identity: &str) -> bool {
        let delay = TimeDelta::seconds(i64::from(self.settings.spread_delay_s));
        self.born.get(identity).is_none_or(|born| self.now() >= *born + delay)
    }

    /// A service principal comes to be with its identity.
    pub(crate) fn birth(&mut self, identity: &Value) {
        let now = self.now();
        self.born.insert(canonical(identity["id"].as_str().unwrap_or_default()), now);
        if let Some(principal) = service_principal(identity)
            && let Some(id) = principal["id"].as_str().map(str::to_lowercase)
        {
            self.born.insert(id, self.now());
            self.put_directory(principal);
        }
    }

    /// A principal becomes a member, or gets an app role.
    pub(crate) fn grant_claim(&mut self, of: &str, to: &str) {
        self.granted.insert((of.to_lowercase(), to.to_lowercase()), self.now());
    }

    /// Whether tokens that are made now have a membership or an app role.
    pub(super) fn is_claimed(&self, of: &str, by: &str) -> bool {
        let since = self.granted.get(&(of.to_lowercase(), by.to_lowercase()));
        since.is_none_or(|since| self.now() >= *since + self.delays().claim)
    }

    /// Groups that hold a principal, through groups too, as far as `counts` says of a group and its member.
    pub(super) fn groups_where(&self, object_id: &str, counts: impl Fn(&str, &str) -> bool) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut ahead = vec![object_id.to_lowercase()];
        while let Some(member) = ahead.pop() {
            for group in self.graph.found(&Link::Member(member.to_ascii_lowercase())) {
                let id = group["id"].as_str().unwrap_or_default().to_lowercase();
                if !found.contains(&id) && counts(&id, &member) {
                    found.push(id.clone());
                    ahead.push(id);
                }
            }
        }
        found
    }

    /// App roles of a principal: resource and role, each with the id of its assignment.
    pub(super) fn app_roles(&self, object_id: &str) -> impl Iterator<Item = (String, (String, String))> {
        let of_it = move |o: &&Value| o["@odata.type"] == "#microsoft.graph.appRoleAssignment";
        let text = |o: &Value, name: &str| o[name].as_str().unwrap_or_default().to_lowercase();
        let roles = self.graph.found(&Link::text("principalId", object_id)).into_iter().filter(of_it);
        roles.map(move |o| (text(o, "id"), (text(o, "resourceId"), text(o, "appRoleId"))))
    }

    /// A host gets a principal of its own, or loses it.
    pub(crate) fn own_principal(&mut self, host: &str, principal: &str, is_there: bool) {
        if !is_there {
            self.remove_directory(principal);
        } else if self.directory_object(principal).is_none() {
            let client = self.guid(&format!("{host} client"));
            self.born.insert(principal.to_lowercase(), self.now());
            self.put_directory(json!({
                "@odata.type": "#microsoft.graph.servicePrincipal", "id": principal, "appId": client,
                "displayName": host.rsplit('/').next(), "servicePrincipalType": "ManagedIdentity",
                "accountEnabled": true, "tags": [], "notes": null, "alternativeNames": ["isExplicit=False", host],
            }));
        }
    }
}
