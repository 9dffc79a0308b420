//! Simulator: everything that exists, and what happened to it. In memory only.

use crate::arm::authorization::{Delays, Objects, Principal, canonical, kind_in};
use crate::clock::SimClock;
use crate::estate::{Estate, Settings, Unread};
use crate::faults::Faults;
use crate::operations::Operations;
use crate::throttle::Buckets;
use crate::workload::{Fared, SignIn, Workloads};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use uuid::Uuid;

/// Everything that exists.
pub(crate) struct World {
    pub(crate) clock: SimClock,
    pub(crate) settings: Settings,
    pub(crate) seed: u64,
    /// ARM objects by canonical id.
    arm: BTreeMap<String, Value>,
    /// Canonical ids of the objects of Microsoft.Authorization, by type: every request asks for some of them.
    extensions: BTreeMap<String, BTreeSet<String>>,
    /// Directory objects by lower-case id.
    graph: BTreeMap<String, Value>,
    /// When principals came to be that were not there at the start.
    born: BTreeMap<String, DateTime<Utc>>,
    unread: Vec<Unread>,
    /// When memberships and app roles came to be that were not there at the start: group or role, and member.
    granted: BTreeMap<(String, String), DateTime<Utc>>,
    /// Schedules of the directory that have not begun, as far as anybody has looked.
    pub(crate) ahead: BTreeSet<String>,
    workloads: Vec<Value>,
    watched: Option<Workloads>,
    /// What changed lately, newest last: for the index that lags behind.
    recent: VecDeque<Change>,
    /// When each identity last had a federated credential written.
    pub(crate) credential_writes: BTreeMap<String, DateTime<Utc>>,
    pub(crate) operations: Operations,
    pub(crate) buckets: Buckets,
    pub(crate) faults: Faults,
    /// What links to changes of the directory stand for.
    pub(crate) deltas: crate::graph::States,
    pub(crate) requests: Vec<RequestLine>,
    /// Counts changes, so that a request can be told to have had an effect.
    pub(crate) changes: u64,
    made: u64,
}

/// One ARM object before a change.
struct Change {
    at: DateTime<Utc>,
    id: String,
    before: Option<Value>,
}

/// One line of `/sim/requests`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RequestLine {
    pub(crate) time: String,
    pub(crate) host: &'static str,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) changed: bool,
    pub(crate) client_request_id: Option<String>,
    /// What a batch of Graph asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) parts: Vec<String>,
}

const IDENTITY: &str = "/providers/microsoft.managedidentity/userassignedidentities/";

impl World {
    pub(crate) fn new(estate: Estate, clock: SimClock, seed: u64, faults: Faults) -> Self {
        let id = |object: &Value| object["id"].as_str().unwrap_or_default().to_owned();
        let mut world = Self {
            arm: estate.arm.into_iter().map(|o| (canonical(&id(&o)), o)).collect(),
            extensions: BTreeMap::new(),
            graph: estate.graph.into_iter().map(|o| (id(&o).to_lowercase(), o)).collect(),
            watched: Workloads::load(&Value::Array(estate.workloads.clone())).ok(),
            workloads: estate.workloads,
            unread: estate.unread,
            settings: estate.settings,
            clock,
            seed,
            born: BTreeMap::new(),
            granted: BTreeMap::new(),
            ahead: BTreeSet::new(),
            recent: VecDeque::new(),
            credential_writes: BTreeMap::new(),
            operations: Operations::default(),
            buckets: Buckets::default(),
            faults,
            requests: Vec::new(),
            deltas: crate::graph::States::default(),
            changes: 0,
            made: 0,
        };
        let authorization: Vec<String> =
            world.arm.keys().filter(|id| kind_in(id).is_some()).cloned().collect();
        for id in authorization {
            world.note_kind(&id);
        }
        world.complete();
        world.watch();
        world
    }

    fn note_kind(&mut self, id: &str) {
        if let Some(kind) = kind_in(id) {
            self.extensions.entry(kind.to_owned()).or_default().insert(id.to_owned());
        }
    }

    /// Adds the service principals that an estate may leave out, and what it leaves out of them.
    fn complete(&mut self) {
        let identities: Vec<Value> =
            self.below(IDENTITY_ANYWHERE).into_iter().filter(|o| is_identity(o)).cloned().collect();
        for identity in identities {
            if let Some(principal) = service_principal(&identity)
                && let Some(id) = principal["id"].as_str()
            {
                let known = self.graph.entry(id.to_lowercase()).or_insert_with(|| json!({}));
                for (name, member) in principal.as_object().into_iter().flatten() {
                    if known.get(name).is_none() {
                        known[name] = member.clone();
                    }
                }
            }
        }
        let (object_id, client_id) = (self.settings.object_id.clone(), self.settings.client_id.clone());
        self.graph.entry(object_id.to_lowercase()).or_insert_with(|| {
            json!({
                "@odata.type": "#microsoft.graph.servicePrincipal", "id": object_id, "appId": client_id,
                "displayName": "operator", "servicePrincipalType": "Application",
            })
        });
    }

    /// The whole world as an estate, in a stable order.
    pub(crate) fn dump(&self) -> Estate {
        Estate {
            arm: self.arm.values().cloned().collect(),
            graph: self.graph.values().cloned().collect(),
            workloads: self.workloads.clone(),
            unread: self.unread.clone(),
            settings: self.settings.clone(),
        }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Looks at every workload: whether it works now.
    pub(crate) fn watch(&mut self) {
        if let Some(mut watched) = self.watched.take() {
            watched.look(self, self.now());
            self.watched = Some(watched);
        }
    }

    /// Tokens of a principal that were made so far are worth nothing.
    pub(crate) fn forget_token(&mut self, principal: &str) {
        if let Some(watched) = &mut self.watched {
            watched.forget_token(principal);
        }
    }

    /// How the workloads have fared.
    pub(crate) fn fared(&mut self) -> Fared {
        self.watch();
        let now = self.now();
        self.watched.as_ref().map(|watched| watched.fared(now)).unwrap_or_default()
    }

    /// What the log of sign-ins shows.
    pub(crate) fn sign_ins(&self) -> Vec<SignIn> {
        let now = self.now();
        self.watched.as_ref().map(|watched| watched.sign_ins(now)).unwrap_or_default()
    }

    /// What is known of the workloads, and their outages.
    pub(crate) fn workloads(&mut self) -> Value {
        self.watch();
        self.watched.as_ref().map(Workloads::show).unwrap_or_default()
    }

    /// What is refused to whoever reads this, if anything.
    pub(crate) fn unread(&self, path: &str) -> Option<&Unread> {
        let wanted = canonical(path);
        self.unread.iter().find(|unread| canonical(&unread.path) == wanted)
    }

    /// A GUID that depends on the seed and on what was made before, and on nothing else.
    pub(crate) fn guid(&mut self, what: &str) -> String {
        self.made += 1;
        let name = format!("{}\n{what}\n{}", self.seed, self.made);
        Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string()
    }

    /// A directory object, whether others can see it yet or not.
    pub(crate) fn directory_object(&self, id: &str) -> Option<&Value> {
        self.graph.get(&id.to_lowercase())
    }

    /// Every directory object, in the order of ids.
    pub(crate) fn directory(&self) -> impl Iterator<Item = &Value> {
        self.graph.values()
    }

    /// Makes or replaces a directory object.
    pub(crate) fn put_directory(&mut self, object: Value) {
        if let Some(id) = object["id"].as_str() {
            self.changes += 1;
            self.graph.insert(id.to_lowercase(), object.clone());
        }
    }

    /// Removes a directory object, and every link to it: memberships, owners, and what it was granted in the directory.
    pub(crate) fn remove_directory(&mut self, id: &str) -> Option<Value> {
        let removed = self.graph.remove(&id.to_lowercase())?;
        self.changes += 1;
        for object in self.graph.values_mut() {
            for links in ["members", "owners"] {
                if let Some(list) = object.get_mut(links).and_then(Value::as_array_mut) {
                    list.retain(|link| !link.as_str().is_some_and(|l| l.eq_ignore_ascii_case(id)));
                }
            }
        }
        let is = |object: &Value, end: &str| object[end].as_str().is_some_and(|l| l.eq_ignore_ascii_case(id));
        self.graph.retain(|_, object| match object["@odata.type"].as_str() {
            Some("#microsoft.graph.appRoleAssignment") => {
                !is(object, "principalId") && !is(object, "resourceId")
            }
            Some("#microsoft.graph.oAuth2PermissionGrant") => {
                !["clientId", "resourceId", "principalId"].iter().any(|end| is(object, end))
            }
            Some("#microsoft.graph.unifiedRoleAssignment") => !is(object, "principalId"),
            Some(kind) if kind.ends_with("Schedule") => !is(object, "principalId"),
            Some(_) | None => true,
        });
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
    fn is_claimed(&self, of: &str, by: &str) -> bool {
        let since = self.granted.get(&(of.to_lowercase(), by.to_lowercase()));
        since.is_none_or(|since| self.now() >= *since + self.delays().claim)
    }

    /// Groups that hold a principal, through groups too, as far as `counts` says of a group and its member.
    fn groups_where(&self, object_id: &str, counts: impl Fn(&str, &str) -> bool) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut ahead = vec![object_id.to_lowercase()];
        while let Some(member) = ahead.pop() {
            for group in self.graph.values() {
                let members = group.get("members").and_then(Value::as_array);
                let holds = members.is_some_and(|list| {
                    list.iter().any(|m| m.as_str().is_some_and(|m| m.eq_ignore_ascii_case(&member)))
                });
                let id = group["id"].as_str().unwrap_or_default().to_lowercase();
                if holds && !found.contains(&id) && counts(&id, &member) {
                    found.push(id.clone());
                    ahead.push(id);
                }
            }
        }
        found
    }

    /// App roles of a principal: resource and role, each with the id of its assignment.
    fn app_roles(&self, object_id: &str) -> impl Iterator<Item = (String, (String, String))> {
        let of_it = move |o: &&Value| {
            o["@odata.type"] == "#microsoft.graph.appRoleAssignment"
                && o["principalId"].as_str().is_some_and(|p| p.eq_ignore_ascii_case(object_id))
        };
        let text = |o: &Value, name: &str| o[name].as_str().unwrap_or_default().to_lowercase();
        let roles = self.graph.values().filter(of_it);
        roles.map(move |o| (text(o, "id"), (text(o, "resourceId"), text(o, "appRoleId"))))
    }

    /// ARM objects as they were this long ago, for the index that lags behind.
    pub(crate) fn arm_as_indexed(&self) -> BTreeMap<String, Value> {
        let since = self.now() - TimeDelta::seconds(i64::from(self.settings.index_delay_s));
        let mut then = self.arm.clone();
        for change in self.recent.iter().rev().take_while(|c| c.at > since) {
            match &change.before {
                Some(before) => then.insert(change.id.clone(), before.clone()),
                None => then.remove(&change.id),
            };
        }
        for hidden in self.unread.iter().filter(|unread| unread.hidden) {
            then.remove(&canonical(&hidden.path));
        }
        then
    }

    /// Ids of what uses an identity in its `identity` block.
    pub(crate) fn users_of(&self, identity: &str) -> Vec<&Value> {
        let wanted = canonical(identity);
        let uses = |object: &&Value| {
            let map = object.pointer("/identity/userAssignedIdentities").and_then(Value::as_object);
            map.is_some_and(|map| map.keys().any(|key| canonical(key) == wanted))
        };
        self.arm.values().filter(uses).collect()
    }

    fn remember(&mut self, id: &str, before: Option<Value>) {
        let now = self.now();
        let keep = now - TimeDelta::seconds(i64::from(self.settings.index_delay_s));
        while self.recent.front().is_some_and(|c| c.at < keep) {
            self.recent.pop_front();
        }
        self.recent.push_back(Change { at: now, id: id.to_owned(), before });
        self.changes += 1;
    }
}

const IDENTITY_ANYWHERE: &str = "/subscriptions/";

/// Whether an ARM object is a user-assigned identity itself.
pub(crate) fn is_identity(object: &Value) -> bool {
    let id = canonical(object["id"].as_str().unwrap_or_default());
    id.rfind(IDENTITY).is_some_and(|at| !id[at + IDENTITY.len()..].contains('/'))
}

fn service_principal(identity: &Value) -> Option<Value> {
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

impl Objects for World {
    fn began(&self) -> DateTime<Utc> {
        self.clock.start()
    }

    fn get(&self, id: &str) -> Option<&Value> {
        self.arm.get(&canonical(id))
    }

    fn below(&self, prefix: &str) -> Vec<&Value> {
        let from = prefix.to_owned();
        self.arm.range(from..).take_while(|(id, _)| id.starts_with(prefix)).map(|(_, o)| o).collect()
    }

    fn of_kind(&self, kind: &str) -> Vec<&Value> {
        self.extensions.get(kind).into_iter().flatten().filter_map(|id| self.arm.get(id)).collect()
    }

    fn put(&mut self, id: &str, body: Value) {
        let key = canonical(id);
        let before = self.arm.insert(key.clone(), body);
        self.note_kind(&key);
        self.remember(&key, before);
    }

    fn remove(&mut self, id: &str) -> Option<Value> {
        let key = canonical(id);
        let removed = self.arm.remove(&key)?;
        if let Some(ids) = kind_in(&key).and_then(|kind| self.extensions.get_mut(kind)) {
            ids.remove(&key);
        }
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
        let delay = TimeDelta::seconds(i64::from(self.settings.principal_delay_s));
        Delays { principal: delay, typed_principal: delay / 4, ..Delays::default() }
    }
}
