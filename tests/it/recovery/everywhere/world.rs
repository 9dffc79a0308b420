//! A local Azure in this process for each case, its activities, and what can be seen of it over HTTP.

use super::estate;
use crate::support::oracle::{names, plain};
use rehome_activities::azure::{Azure, ConnectOptions, LocalSignIn};
use rehome_activities::references::settings_key::SettingsKey;
use rehome_activities::relocate::{self, Options, Params, Target};
use rehome_orchestrator::harness::{SystemUnderTest, WorldUnderTest};
use rehome_orchestrator::{Document, Json, OnFailure, PlannedRun, Registry, RunId};
use rehome_simulator::{Estate, Options as Serving, Pace, PageAccess, Running, serve};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How much faster than its clock the client takes the limits that Azure publishes to be: this local Azure has real time.
const QUICK: f64 = 2_000.0;

/// The move of the identity of `estate`, with a local Azure of its own each time.
pub(crate) struct Relocation {
    estate: Value,
    on_failure: OnFailure,
    locked: bool,
    last: Arc<Mutex<Value>>,
}

impl Relocation {
    /// With a lock in its way or without.
    pub(crate) fn new(on_failure: OnFailure, locked: bool) -> Self {
        Self { estate: estate::estate(locked), on_failure, locked, last: Arc::default() }
    }

    /// Whether a lock is in its way, which comes back when the move does: then what is left cannot be taken back
    /// by hand as long as nobody lifts it.
    pub(crate) fn is_locked(&self) -> bool {
        self.locked
    }

    /// Azure as it is before the move.
    pub(crate) fn estate(&self) -> Value {
        self.estate.clone()
    }

    /// Azure as it was when it was last looked at.
    pub(crate) fn last_estate(&self) -> Value {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn params(&self) -> Params {
        let new = estate::new();
        let part = |nth: usize| new.split('/').nth(nth).unwrap_or_default().to_owned();
        Params {
            identity: estate::old().into(),
            target: Target {
                subscription: part(2).into(),
                resource_group: part(4),
                name: part(8),
                location: "swedencentral".to_owned(),
            },
            soak_ms: 86_400_000,
            on_failure: self.on_failure,
            options: Options { create_resource_group: true, lift_locks: true, ..Options::default() },
        }
    }
}

impl SystemUnderTest for Relocation {
    type World = LocalAzure;

    const OUTSIDE: bool = true;

    async fn world(&self) -> LocalAzure {
        let estate = Estate::parse(&self.estate.to_string()).expect("an estate");
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let serving = Serving {
            listen,
            tls: false,
            pace: Pace::Scaled(1.0),
            seed: 1,
            faults: Default::default(),
            pages: PageAccess::Open,
        };
        let running = serve(estate, serving).await.expect("it listens on loopback");
        let with = [&running.tenant, &running.client_id, &running.client_secret].map(Clone::clone);
        let options = ConnectOptions {
            cloud: running.arm.clone(),
            authority: None,
            ca: None,
            sign_in: Some(LocalSignIn::new(with)),
            time_scale: QUICK,
        };
        let azure = Azure::connect(options).await.expect("it is an Azure");
        let params = self.params();
        let facts = relocate::survey(&azure.reader(), std::slice::from_ref(&params)).await;
        let facts = facts.expect("a survey").remove(0).expect("the identity can be read");
        let plan = relocate::plan(&params, &facts).expect("a plan");
        let run = PlannedRun {
            run: RunId::new("m-1"),
            about: Json::of(&()),
            params: Json::sorted(&params),
            facts: Json::sorted(&facts),
            plan,
        };
        let document = Document::new("everywhere", vec![run]);
        LocalAzure { running, azure, document, last: self.last.clone() }
    }
}

/// One local Azure.
pub(crate) struct LocalAzure {
    running: Running,
    azure: Azure,
    document: Document,
    last: Arc<Mutex<Value>>,
}

impl LocalAzure {
    async fn get(&self, path: &str) -> String {
        let authority = self.running.arm.trim_start_matches("http://");
        let mut stream = TcpStream::connect(authority).await.expect("the simulator listens");
        let request = format!("GET {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("answered");
        let text = String::from_utf8(answer).expect("text");
        text.split_once("\r\n\r\n").expect("an HTTP answer").1.to_owned()
    }
}

impl WorldUnderTest for LocalAzure {
    fn registry(&self) -> Registry {
        rehome_activities::registry(&self.azure, SettingsKey::new([7; 32]))
    }

    fn document(&self) -> Document {
        self.document.clone()
    }

    async fn snapshot(&self) -> Value {
        let estate: Value = serde_json::from_str(&self.get("/sim/estate").await).expect("JSON");
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&estate);
        comparable(&estate)
    }

    /// What is made once, and was made again by another attempt although it was there.
    async fn breaches(&self) -> Vec<String> {
        let mut there: BTreeMap<String, String> = BTreeMap::new();
        let mut twice = Vec::new();
        for line in self.get("/sim/requests").await.lines() {
            let request: Value = serde_json::from_str(line).expect("a JSON line");
            let text = |name: &str| request[name].as_str().unwrap_or_default().to_lowercase();
            let path = text("path").split('?').next().unwrap_or_default().to_owned();
            if request["changed"] != true || !is_made_once(&path) {
                continue;
            }
            if text("method") == "delete" {
                there.retain(|other, _| *other != path && !other.starts_with(&format!("{path}/")));
            } else if let Some(first) = there.insert(path.clone(), text("client_request_id"))
                && first != text("client_request_id")
            {
                twice.push(format!("{path} was made twice"));
            }
        }
        twice
    }
}

fn is_made_once(path: &str) -> bool {
    let kinds =
        ["/roleassignments/", "/federatedidentitycredentials/", "/userassignedidentities/", "/locks/"];
    kinds.iter().any(|kind| path.contains(kind))
}

/// An estate as it may be compared with another: without stamps, without the numbers that Azure draws for the new
/// identity and for what links it, and with sets in an order.
fn comparable(estate: &Value) -> Value {
    let mut text = plain(estate).to_string();
    if let Some(new) = names(estate, &estate::new()) {
        for (drawn, word) in [(&new.client, "NEW-CLIENT"), (&new.principal, "NEW-PRINCIPAL")] {
            text = text.replace(drawn.as_str(), word);
        }
    }
    let estate: Value = serde_json::from_str(&text).expect("still JSON");
    let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let arm = estate["arm"].as_array().into_iter().flatten();
    let objects = arm.chain(estate["graph"].as_object().into_iter().flat_map(|graph| graph.values()));
    // What was asked for, nobody can delete.
    let request =
        |o: &&Value| o["@odata.type"].as_str().is_some_and(|kind| kind.ends_with("ScheduleRequest"));
    for object in objects.filter(|object| !request(object)) {
        let (name, object) = named(object);
        all.entry(name).or_default().push(object);
    }
    all.values_mut().for_each(|list| list.sort_by_key(ToString::to_string));
    json!(all)
}

/// An object under a name that is not drawn.
fn named(object: &Value) -> (String, Value) {
    let mut object = object.clone();
    for set in ["members", "owners", "federatedIdentityCredentials"] {
        if let Some(set) = object.get_mut(set).and_then(Value::as_array_mut) {
            for item in set.iter_mut().filter_map(Value::as_object_mut) {
                item.remove("id");
            }
            set.sort_by_key(ToString::to_string);
        }
    }
    if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
        // Azure shows what an assignment does not have as nothing.
        properties.retain(|_, value| !value.is_null());
        if let Some(policies) = properties.get_mut("accessPolicies").and_then(Value::as_array_mut) {
            policies.sort_by_key(ToString::to_string);
        }
    }
    let text = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
    let (id, kind) = (text("id"), text("type") + &text("@odata.type"));
    let drawn =
        ["roleAssignments", "appRoleAssignment", "unifiedRoleAssignmentSchedule", "oAuth2PermissionGrant"];
    let drawn = drawn.iter().any(|end| kind.ends_with(end));
    let name = match id.rsplit_once('/') {
        Some((place, _)) if drawn => format!("{place}/*"),
        None if drawn => kind,
        _ => id.to_lowercase(),
    };
    if drawn && let Some(members) = object.as_object_mut() {
        for name in ["id", "name", "createdUsing", "createdDateTime"] {
            members.remove(name);
        }
    }
    (name, object)
}
