//! Simulator: everything that exists, and what happened to it. In memory only.

use super::directory::{Directory, service_principal};
use super::resources::Resources;
use crate::clock::SimClock;
use crate::estate::{DeniedRead, Estate, PlaneObject, Settings};
use crate::faults::Faults;
use crate::objects::{Key, Objects, canonical};
use crate::operations::Operations;
use crate::throttle::Buckets;
use crate::workload::{SignIn, WorkloadReport, Workloads};
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
    pub(super) arm: Resources,
    pub(super) graph: Directory,
    /// When principals came to be that were not there at the start.
    pub(super) born: BTreeMap<String, DateTime<Utc>>,
    pub(super) unread: Vec<DeniedRead>,
    /// When memberships and app roles came to be that were not there at the start: group or role, and member.
    pub(super) granted: BTreeMap<(String, String), DateTime<Utc>>,
    /// Schedules of the directory that have not begun, as far as anybody has looked.
    pub(crate) ahead: BTreeSet<String>,
    /// Machines and clusters that were told to stop, by canonical id.
    pub(crate) stopped: BTreeSet<String>,
    /// What services keep in their data planes.
    pub(crate) planes: Vec<PlaneObject>,
    workloads: Vec<Value>,
    pub(super) watched: Option<Workloads>,
    /// What changed lately, newest last: for the index that lags behind.
    recent: VecDeque<Change>,
    /// When each identity last had a federated credential written.
    pub(crate) credential_writes: BTreeMap<String, DateTime<Utc>>,
    pub(crate) operations: Operations,
    pub(crate) buckets: Buckets,
    pub(crate) faults: Faults,
    /// What links to changes of the directory stand for.
    pub(crate) deltas: super::deltas::States,
    pub(crate) requests: Vec<RequestLine>,
    /// Counts changes, so that a request can be told to have had an effect.
    pub(crate) changes: u64,
    made: u64,
}

/// Which objects a question to the index may be about; whoever asks looks at each of them.
pub(crate) enum Wanted<'a> {
    All,
    /// Of these types, in lower case, as objects say them.
    Types(&'a [String]),
    /// What holds one of these texts.
    Texts(&'a [String]),
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
    /// What the logs of Azure tie its parts together by: what the client said, or else what this Azure calls the request.
    pub(crate) correlation_id: String,
    /// The object id of who was signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) caller: Option<String>,
    /// What a batch of Graph asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) parts: Vec<String>,
}

const IDENTITY: &str = "/providers/microsoft.managedidentity/userassignedidentities/";

impl World {
    pub(crate) fn new(estate: Estate, clock: SimClock, seed: u64, faults: Faults) -> Self {
        let id = |object: &Value| object["id"].as_str().unwrap_or_default().to_owned();
        let mut world = Self {
            arm: Resources::new(estate.arm.into_iter().map(|o| (canonical(&id(&o)), o))),
            graph: Directory::new(estate.graph.into_iter().map(|o| (id(&o).to_lowercase(), o))),
            watched: Workloads::load(&Value::Array(estate.workloads.clone())).ok(),
            workloads: estate.workloads,
            planes: estate.planes,
            unread: estate.unread,
            settings: estate.settings,
            clock,
            seed,
            born: BTreeMap::new(),
            granted: BTreeMap::new(),
            ahead: BTreeSet::new(),
            stopped: BTreeSet::new(),
            recent: VecDeque::new(),
            credential_writes: BTreeMap::new(),
            operations: Operations::default(),
            buckets: Buckets::default(),
            faults,
            requests: Vec::new(),
            deltas: super::deltas::States::default(),
            changes: 0,
            made: 0,
        };
        world.complete();
        world.watch();
        world
    }

    /// Adds the service principals that an estate may leave out, and what it leaves out of them.
    fn complete(&mut self) {
        let identities: Vec<Value> = self
            .found_below(&Key::Kind(IDENTITIES.to_owned()), IDENTITY_ANYWHERE)
            .into_iter()
            .filter(|o| is_identity(o))
            .cloned()
            .collect();
        for identity in identities {
            if let Some(principal) = service_principal(&identity)
                && let Some(id) = principal["id"].as_str()
            {
                let mut known = self.graph.get(&id.to_lowercase()).cloned().unwrap_or_else(|| json!({}));
                for (name, member) in principal.as_object().into_iter().flatten() {
                    if known.get(name).is_none() {
                        known[name] = member.clone();
                    }
                }
                self.graph.insert(&id.to_lowercase(), known);
            }
        }
        let (object_id, client_id) = (self.settings.object_id.clone(), self.settings.client_id.clone());
        if self.graph.get(&object_id.to_lowercase()).is_none() {
            let operator = json!({
                "@odata.type": "#microsoft.graph.servicePrincipal", "id": object_id, "appId": client_id,
                "displayName": "operator", "servicePrincipalType": "Application",
            });
            self.graph.insert(&object_id.to_lowercase(), operator);
        }
    }

    /// The whole world as an estate, in a stable order.
    pub(crate) fn dump(&self) -> Estate {
        Estate {
            arm: self.arm.iter().map(|(_, object)| object.clone()).collect(),
            graph: self.graph.values().cloned().collect(),
            planes: self.planes.clone(),
            workloads: self.workloads.clone(),
            unread: self.unread.clone(),
            settings: self.settings.clone(),
        }
    }

    /// Leaves the indexes alone from now on, for a test that compares.
    #[cfg(test)]
    pub(crate) fn walk(&mut self, walks: bool) {
        self.arm.walks = walks;
        self.graph.walks = walks;
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
    pub(crate) fn workload_report(&mut self) -> WorkloadReport {
        self.watch();
        let now = self.now();
        self.watched.as_ref().map(|watched| watched.workload_report(now)).unwrap_or_default()
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
    pub(crate) fn unread(&self, path: &str) -> Option<&DeniedRead> {
        let wanted = canonical(path);
        self.unread.iter().find(|unread| canonical(&unread.path) == wanted)
    }

    /// A GUID that depends on the seed and on what was made before, and on nothing else.
    pub(crate) fn guid(&mut self, what: &str) -> String {
        self.made += 1;
        let name = format!("{}\n{what}\n{}", self.seed, self.made);
        Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string()
    }

    /// ARM objects as the index shows them, which lags behind, in the order of ids: those that `wanted` picks.
    pub(crate) fn indexed(&self, wanted: Wanted<'_>) -> Vec<(&str, &Value)> {
        let since = self.now() - TimeDelta::seconds(i64::from(self.settings.index_delay_s));
        // What changed lately is as it was before the first of those changes.
        let mut then: BTreeMap<&str, Option<&Value>> = BTreeMap::new();
        for change in self.recent.iter().rev().take_while(|c| c.at > since) {
            then.insert(&change.id, change.before.as_ref());
        }
        for hidden in self.unread.iter().filter(|unread| unread.hidden) {
            let path = canonical(&hidden.path);
            let known = self.arm.get_key(&path).or_else(|| then.keys().copied().find(|id| *id == path));
            then.extend(known.map(|id| (id, None)));
        }
        let mut found: BTreeMap<&str, &Value> = match &wanted {
            _ if self.arm.walks => self.arm.iter().collect(),
            Wanted::All => self.arm.iter().collect(),
            Wanted::Types(types) => {
                types.iter().flat_map(|kind| self.arm.found(&Key::Type(kind.clone()), "")).collect()
            }
            Wanted::Texts(texts) => match self.arm.holding(texts) {
                None => self.arm.iter().collect(),
                Some(ids) => ids.into_iter().filter_map(|id| Some((id, self.arm.get(id)?))).collect(),
            },
        };
        for (id, before) in then {
            match before {
                Some(before) => found.insert(id, before),
                None => found.remove(id),
            };
        }
        found.into_iter().collect()
    }

    /// Everything of a type, in lower case, as ids say it.
    pub(crate) fn of_type(&self, kind: &str) -> Vec<&Value> {
        self.found(&Key::Kind(kind.to_owned()))
    }

    /// Ids of what uses an identity in its `identity` block.
    pub(crate) fn users_of(&self, identity: &str) -> Vec<&Value> {
        self.found(&Key::User(canonical(identity)))
    }

    pub(super) fn remember(&mut self, id: &str, before: Option<Value>) {
        let now = self.now();
        let keep = now - TimeDelta::seconds(i64::from(self.settings.index_delay_s));
        while self.recent.front().is_some_and(|c| c.at < keep) {
            self.recent.pop_front();
        }
        self.recent.push_back(Change { at: now, id: id.to_owned(), before });
        self.changes += 1;
    }
}

/// The type of identities, in lower case.
const IDENTITIES: &str = "microsoft.managedidentity/userassignedidentities";
const IDENTITY_ANYWHERE: &str = "/subscriptions/";

/// Whether an ARM object is a user-assigned identity itself.
pub(crate) fn is_identity(object: &Value) -> bool {
    let id = canonical(object["id"].as_str().unwrap_or_default());
    id.rfind(IDENTITY).is_some_and(|at| !id[at + IDENTITY.len()..].contains('/'))
}
