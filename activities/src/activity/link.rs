//! Activities: a link in Entra ID that is added, or removed. Every such kind is one [`Link`].

use crate::activity::kit::{Change, Handed, Kit};
use crate::activity::{Clients, REPLICATION_RETRY, SETTLING_MS, finding, map, unread};
use crate::azure::errors::says_there;
use crate::azure::says_gone;
use crate::commands::shown;
use rehome_orchestrator::{
    Activity, Call, Data, Difference, Evidence, Fault, Finding, Outcome, Probe, ResourceKey, Retry,
    Reversibility,
};
use serde_json::{Value, json};
use std::future::Future;
use std::marker::PhantomData;

/// What is particular to one kind of link.
pub(crate) trait Link: Send + Sync + 'static {
    const ADD: &'static str;
    const REMOVE: &'static str;
    /// Whether one that is removed and added again is the same, or only an equal one with another id.
    const RETURNS: Reversibility = Reversibility::Reversible;
    type Input: Data;

    /// What people call it.
    fn fact(input: &Self::Input) -> String;
    /// Its id where it has one of its own, or any text where it is there; `None` where it is not.
    fn find(
        clients: &Clients,
        input: &Self::Input,
    ) -> impl Future<Output = Result<Option<String>, Fault>> + Send;
    /// The same, from what was read a moment ago if that shows it.
    fn glance(
        clients: &Clients,
        input: &Self::Input,
    ) -> impl Future<Output = Result<Option<String>, Fault>> + Send {
        Self::find(clients, input)
    }
    /// The path and the body that add it.
    fn add(clients: &Clients, input: &Self::Input) -> (String, Value);
    /// The path that removes it.
    fn remove(input: &Self::Input, id: &str) -> String;
    /// Where it is, for whoever keeps Azure as code.
    fn place(input: &Self::Input) -> String {
        Self::fact(input)
    }
    /// The type of Terraform's that it is imported as, and by which id; `made` is the one that it has of its own.
    fn import(_: &Self::Input, made: Option<&str>) -> Option<(&'static str, String)> {
        let _ = made;
        None
    }
}

pub(crate) fn same(value: &Value, name: &str, wanted: &str) -> bool {
    value[name].as_str().is_some_and(|found| found.eq_ignore_ascii_case(wanted))
}

pub(crate) fn id_of(value: &Value) -> Option<String> {
    value["id"].as_str().map(ToOwned::to_owned)
}

/// A list of something that may not be there: then nothing is in it. That it is not there it says itself, too.
pub(crate) async fn list(clients: &Clients, path: &str) -> Result<Vec<Value>, Fault> {
    let why = match clients.reader.graph_list(path).await {
        Err(why) if says_gone(&why) => why,
        other => return other,
    };
    let mut parts = path.split(['/', '?']);
    let (Some(collection), Some(id)) = (parts.next(), parts.next()) else { return Err(why) };
    match clients.reader.graph_find(&format!("{collection}/{id}?$select=id")).await? {
        None => Ok(Vec::new()),
        Some(_) => Err(why),
    }
}

/// A text inside quotes of an OData filter.
pub(crate) fn odata(text: &str) -> String {
    text.replace('\'', "''")
}

pub(crate) fn reference(clients: &Clients, object: &str) -> Value {
    json!({"@odata.id": clients.reader.directory_object(object)})
}

/// Adds a link.
pub(crate) struct Add<T>(Clients, PhantomData<T>);

/// Removes a link.
pub(crate) struct Unlink<T>(Clients, PhantomData<T>);

/// Adds the link; one that is there already is there.
async fn add<T: Link>(clients: &Clients, call: &Call, input: &T::Input) -> Outcome<Value> {
    let (path, body) = T::add(clients, input);
    let sent = clients.writer.graph_post(call, &path, &body).await;
    clients.shelf.clear();
    match sent {
        Outcome::Refused(why) if why.status == Some(400) || why.status == Some(409) => {
            // "One or more added object references already exist": read back rather than believed.
            match T::find(clients, input).await {
                Ok(Some(id)) => Outcome::Applied(json!({ "id": id })),
                // The replica that was read is behind the one that answered.
                Ok(None) if says_there(&why) => Outcome::Retry { after: None, why },
                Ok(None) | Err(_) => Outcome::Refused(why),
            }
        }
        other => map(other, |live| json!({"id": live.get("id").cloned().unwrap_or_default()})),
    }
}

async fn remove<T: Link>(clients: &Clients, call: &Call, input: &T::Input) -> Outcome<()> {
    match T::find(clients, input).await {
        Ok(None) => Outcome::Applied(()),
        Ok(Some(id)) => {
            let gone = clients.writer.graph_delete(call, &T::remove(input, &id)).await;
            clients.shelf.clear();
            map(gone, |_| ())
        }
        Err(why) => unread(why),
    }
}

fn present<T: Link>(input: &T::Input, found: Option<&String>, wanted: bool) -> Finding {
    let fact = T::fact(input);
    let word = |there: bool| if there { "present" } else { "absent" };
    let difference = (found.is_some() != wanted).then(|| Difference {
        fact: fact.clone(),
        expected: Some(word(wanted).to_owned()),
        found: Some(word(found.is_some()).to_owned()),
    });
    finding(&fact, word(wanted), difference.as_ref())
}

impl<T: Link> Activity for Add<T> {
    const NAME: &'static str = T::ADD;
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = REPLICATION_RETRY;
    const EVIDENCE: Evidence = Evidence::Conclusive;
    type Input = T::Input;
    type Before = ();
    type Output = Value;

    fn locks(&self, input: &T::Input) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&T::fact(input))]
    }

    async fn run(&self, call: &Call, input: &T::Input, (): &()) -> Outcome<Value> {
        add::<T>(&self.0, call, input).await
    }

    async fn probe(&self, input: &T::Input, (): &()) -> Probe<Value> {
        match T::find(&self.0, input).await {
            Ok(Some(id)) => Probe::Applied(json!({ "id": id })),
            Ok(None) => Probe::NotApplied,
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    async fn undo(&self, call: &Call, input: &T::Input, (): &(), _: Option<&Value>) -> Outcome<()> {
        remove::<T>(&self.0, call, input).await
    }

    async fn verify(&self, input: &T::Input, (): &(), _: &Value) -> Result<Vec<Finding>, Fault> {
        let found = T::glance(&self.0, input).await?;
        Ok(vec![present::<T>(input, found.as_ref(), true)])
    }

    fn residue(&self, input: &T::Input, (): &(), _: Option<&Value>) -> String {
        format!("remove by hand in Entra ID: {}", shown(&T::fact(input)))
    }
}

impl<T: Link> Activity for Unlink<T> {
    const NAME: &'static str = T::REMOVE;
    const REVERSIBILITY: Reversibility = T::RETURNS;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = REPLICATION_RETRY;
    const EVIDENCE: Evidence = Evidence::AbsenceOnly;
    type Input = T::Input;
    /// Whether it was there.
    type Before = bool;
    type Output = ();

    fn locks(&self, input: &T::Input) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&T::fact(input))]
    }

    async fn before(&self, input: &T::Input) -> Result<bool, Fault> {
        Ok(T::find(&self.0, input).await?.is_some())
    }

    async fn run(&self, call: &Call, input: &T::Input, _: &bool) -> Outcome<()> {
        remove::<T>(&self.0, call, input).await
    }

    async fn probe(&self, input: &T::Input, _: &bool) -> Probe<()> {
        match T::find(&self.0, input).await {
            Ok(None) => Probe::Applied(()),
            Ok(Some(_)) => Probe::NotApplied,
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    /// The plan takes away only what was there.
    async fn reconstruct_before(&self, _: &T::Input) -> Result<Option<bool>, Fault> {
        Ok(Some(true))
    }

    async fn undo(&self, call: &Call, input: &T::Input, before: &bool, _: Option<&()>) -> Outcome<()> {
        if !before {
            return Outcome::Applied(());
        }
        map(add::<T>(&self.0, call, input).await, |_| ())
    }

    async fn verify(&self, input: &T::Input, _: &bool, (): &()) -> Result<Vec<Finding>, Fault> {
        let found = T::find(&self.0, input).await?;
        Ok(vec![present::<T>(input, found.as_ref(), false)])
    }

    fn residue(&self, input: &T::Input, _: &bool, _: Option<&()>) -> String {
        format!("add by hand in Entra ID: {}", shown(&T::fact(input)))
    }
}

impl<T: Link> Change for Add<T> {
    fn new(kit: &Kit) -> Self {
        Self(kit.clients(), PhantomData)
    }

    fn handed(input: &T::Input, made: Option<&str>) -> Handed {
        match T::import(input, made) {
            Some((kind, id)) => Handed::Made(kind, id),
            None => Handed::ByItself(T::place(input)),
        }
    }
}

impl<T: Link> Change for Unlink<T> {
    fn new(kit: &Kit) -> Self {
        Self(kit.clients(), PhantomData)
    }

    fn handed(input: &T::Input, _: Option<&str>) -> Handed {
        Handed::Gone(T::place(input))
    }
}
