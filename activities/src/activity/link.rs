//! Activities: a link in Entra ID that is added, or removed. Every such kind is one [`Link`].

use crate::activity::effect::{Effect, EndEffect, GiveEffect};
use crate::activity::{Clients, finding, map, unread};
use crate::azure::errors::says_there;
use crate::azure::says_gone;
use crate::commands::shown;
use rehome_orchestrator::{Call, Data, Difference, Fault, Finding, Outcome, Probe, Reversibility};
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

/// What a blueprint of agent identities is called behind the id of its application: without it Graph answers as if it
/// were not there.
/// Source: <https://learn.microsoft.com/graph/api/resources/agentidentityblueprint>
pub(crate) const BLUEPRINT: &str = "microsoft.graph.agentIdentityBlueprint";

/// The path of an application, or of a blueprint of agent identities.
pub(crate) fn application(id: &str, blueprint: bool) -> String {
    if blueprint { format!("applications/{id}/{BLUEPRINT}") } else { format!("applications/{id}") }
}

/// A text inside quotes of an OData filter.
pub(crate) fn odata(text: &str) -> String {
    text.replace('\'', "''")
}

pub(crate) fn reference(clients: &Clients, object: &str) -> Value {
    json!({"@odata.id": clients.reader.directory_object(object)})
}

/// Adds a link.
pub(crate) type Add<T> = GiveEffect<OfLink<T>>;

/// Removes a link.
pub(crate) type Unlink<T> = EndEffect<OfLink<T>>;

/// The effect that a kind of link is.
pub(crate) struct OfLink<T>(PhantomData<T>);

impl<T: Link> Effect for OfLink<T> {
    const NAMES: [&'static str; 2] = [T::ADD, T::REMOVE];
    const REVERSIBILITY: [Reversibility; 2] = [Reversibility::Reversible, T::RETURNS];
    type Input = T::Input;

    fn fact(input: &T::Input) -> String {
        T::fact(input)
    }

    async fn look(clients: &Clients, input: &T::Input) -> Probe<Value> {
        match T::find(clients, input).await {
            Ok(Some(id)) => Probe::Applied(json!({ "id": id })),
            Ok(None) => Probe::NotApplied,
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    /// One that is there already is there.
    async fn give(clients: &Clients, call: &Call, input: &T::Input, _: bool) -> Outcome<Value> {
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

    async fn end(clients: &Clients, call: &Call, input: &T::Input) -> Outcome<()> {
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

    async fn verify(clients: &Clients, input: &T::Input, there: bool) -> Result<Vec<Finding>, Fault> {
        let found = if there { T::glance(clients, input).await? } else { T::find(clients, input).await? };
        let fact = T::fact(input);
        let word = |there: bool| if there { "present" } else { "absent" };
        let difference = (found.is_some() != there).then(|| Difference {
            fact: fact.clone(),
            expected: Some(word(there).to_owned()),
            found: Some(word(found.is_some()).to_owned()),
        });
        Ok(vec![finding(&fact, word(there), difference.as_ref())])
    }

    fn by_hand(input: &T::Input, give: bool) -> String {
        let act = if give { "add" } else { "remove" };
        format!("{act} by hand in Entra ID: {}", shown(&T::fact(input)))
    }

    fn place(input: &T::Input) -> String {
        T::place(input)
    }

    fn import(input: &T::Input, made: Option<&str>) -> Option<(&'static str, String)> {
        T::import(input, made)
    }
}
