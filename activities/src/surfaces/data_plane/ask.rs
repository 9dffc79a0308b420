//! Activities: asks one service for everything that it keeps inside. Reads only.

use crate::azure::{NO_ANSWER, PlaneHost, PlaneList, Reader, ResourceId};
use crate::commands::script::Language;
use crate::references::members;
use crate::surfaces::data_plane::service::{Ask, List, Service, host_in};
use rehome_orchestrator::{Fault, FaultKind};
use serde_json::Value;

/// The version in which Data Explorer lists its databases.
/// Source: azure-kusto/2023-08-15, `Databases_ListByCluster`
const DATABASES: &str = "2023-08-15";

/// The database of commands that are about a cluster.
const ANY_DATABASE: &str = "NetDefaultDB";

/// One list, as it was answered.
pub(crate) struct Answer {
    pub(crate) list: &'static List,
    /// By what name a gap calls it.
    pub(crate) scope: String,
    pub(crate) database: Option<String>,
    pub(crate) found: Result<Vec<Value>, Fault>,
}

impl Answer {
    /// The entries, with their names; those that another list has are left out.
    ///
    /// # Errors
    /// When an entry does not say its name: it is not what the list should have.
    pub(crate) fn entries(&self) -> Result<Vec<(String, &Value)>, Fault> {
        let found = self.found.as_ref().map_err(Clone::clone)?;
        let elsewhere = |one: &&Value| self.list.not.is_some_and(|(member, value)| one[member] == value);
        let named = |one| {
            let nameless = || Fault::new(FaultKind::Broken, NO_ANSWER, "an entry of the list has no name");
            match self.list.name {
                "" => Ok((String::new(), one)),
                pointer => Ok((members::text(one, pointer).ok_or_else(|| nameless().at(&self.scope))?, one)),
            }
        };
        found.iter().filter(|one| !elsewhere(one)).map(named).collect()
    }
}

/// The host of a service, as Resource Manager says it, where it is one of the service's own; nothing where the service is
/// gone.
///
/// # Errors
/// When it does not say one, or says one that is not the service's: then nothing is sent there.
pub(crate) async fn host(
    reader: &Reader,
    service: &Service,
    id: &ResourceId,
) -> Result<Option<PlaneHost>, Fault> {
    let Some(body) = reader.find_twice(id, service.api).await? else { return Ok(None) };
    let says = (service.host)(&body).map(|text| host_in(&text));
    let strange = || {
        let what = format!(
            "it says that its data plane is at {:?}, which is no host of {} in this cloud: nothing was sent there",
            says.as_deref().unwrap_or_default(),
            service.name
        );
        Fault::new(FaultKind::Broken, "NotItsHost", what).at(id.to_string())
    };
    says.as_deref().and_then(|host| service.at(reader, host)).ok_or_else(strange).map(Some)
}

/// A host that is asked. One that is out of reach is not tried with every list.
struct Asked<'a> {
    reader: &'a Reader,
    at: &'a PlaneHost,
    out_of_reach: Option<Fault>,
}

impl Asked<'_> {
    async fn list(&mut self, list: PlaneList) -> Result<Vec<Value>, Fault> {
        match &self.out_of_reach {
            Some(why) => Err(why.clone()),
            None => self.heard(self.reader.plane_list(self.at, list).await),
        }
    }

    async fn command(&mut self, database: &str, command: &str) -> Result<Vec<Value>, Fault> {
        match &self.out_of_reach {
            Some(why) => Err(why.clone()),
            None => self.heard(self.reader.plane_command(self.at, database, command).await),
        }
    }

    fn heard(&mut self, found: Result<Vec<Value>, Fault>) -> Result<Vec<Value>, Fault> {
        self.out_of_reach = found.as_ref().err().filter(|why| why.kind == FaultKind::Unavailable).cloned();
        found
    }
}

/// Every list of a service, or only those with this name.
pub(crate) async fn all(
    reader: &Reader,
    service: &'static Service,
    id: &ResourceId,
    at: &PlaneHost,
    only: Option<&str>,
) -> Vec<Answer> {
    let mut out = Vec::new();
    let mut asked = Asked { reader, at, out_of_reach: None };
    let mut databases: Option<Result<Vec<String>, Fault>> = None;
    for list in service.lists.iter().filter(|list| only.is_none_or(|only| list.what == only)) {
        let scope = |of: &str| format!("{}: {}/{of}", service.name, at.name());
        let answer = |scope, database, found| Answer { list, scope, database, found };
        match list.ask {
            Ask::List(ask) => out.push(answer(scope(ask.path), None, asked.list(ask).await)),
            Ask::Cluster(command) => {
                out.push(answer(scope(command), None, asked.command(ANY_DATABASE, command).await));
            }
            Ask::Database([before, behind]) => {
                let known = match databases.take() {
                    Some(known) => known,
                    None => databases_of(reader, id).await,
                };
                match &known {
                    Err(why) => {
                        out.push(answer(format!("{}: {id}/databases", service.name), None, Err(why.clone())));
                    }
                    Ok(names) => {
                        for name in names {
                            let command = format!("{before}{}{behind}", place_in(before, name));
                            let found = asked.command(name, &command).await;
                            out.push(answer(scope(&format!("{name}/{command}")), Some(name.clone()), found));
                        }
                    }
                }
                databases = Some(known);
            }
        }
    }
    out
}

/// A database in a command that names it; one that is asked in a database does not.
fn place_in(before: &str, name: &str) -> String {
    if before.ends_with(' ') { format!("['{}']", Language::Kql.identifier(name)) } else { String::new() }
}

/// The databases of a cluster, by Resource Manager.
async fn databases_of(reader: &Reader, id: &ResourceId) -> Result<Vec<String>, Fault> {
    let list = format!("{id}/databases");
    let found = reader.list(&list, DATABASES, &[]).await?;
    // Its name has the cluster before it: `cluster/database`.
    let name = |one: &Value| Some(members::text(one, "/name")?.rsplit('/').next()?.to_owned());
    let nameless =
        || Fault::new(FaultKind::Broken, NO_ANSWER, "a database in the list has no name").at(&list);
    found.iter().map(|one| name(one).ok_or_else(nameless)).collect()
}
