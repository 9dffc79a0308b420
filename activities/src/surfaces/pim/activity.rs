//! Activities: membership and ownership of groups and directory roles that begin or end by themselves, as privileged
//! identity management of Entra ID gives them (msgraph, v1.0). They are given and taken by requests, which nobody can
//! delete; what counts is the schedule that a request leaves. A copy never outlives what it is a copy of.

use crate::activity::{Clients, PATIENT, SETTLING_MS, finding, foreign, map, quoted, unread};
use crate::relocate::facts::{Pim, PimKind};
use crate::surfaces::pim::requests as pim;
use crate::surfaces::schedule::activity::moment;
use crate::surfaces::schedule::activity::same;
use rehome_orchestrator::{
    Activity, Call, Difference, Fault, FaultKind, Finding, Operation, Outcome, Probe, ResourceKey, Retry,
    Reversibility, Trace,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

/// Gives one.
pub(crate) struct GrantPim(pub(crate) Clients);

/// Ends one.
pub(crate) struct EndPim(pub(crate) Clients);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PimInput {
    kind: PimKind,
    /// The role definition's id; `member` or `owner` of a group.
    role: String,
    /// The scope; of a group, its id.
    at: String,
    principal_id: String,
    /// When it begins, where that is still to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    /// When it ends; one that only begins later has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<String>,
}

/// How it stands with what this principal has by a schedule.
enum Stands {
    Absent,
    /// As wanted, though it may still be to begin.
    AsWanted {
        ahead: bool,
    },
    Otherwise(Difference),
}

fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// When something begins and ends, in words.
fn times(start: Option<&str>, end: Option<&str>) -> String {
    let end = end.map_or_else(|| "never ends".to_owned(), |end| format!("ends {end}"));
    start.map_or_else(|| end.clone(), |start| format!("begins {start}, {end}"))
}

impl PimInput {
    /// What is asked for: with a start only while that is to come.
    fn pim(&self) -> Pim {
        Pim {
            kind: self.kind,
            role: self.role.clone(),
            name: self.role.clone(),
            at: self.at.clone(),
            eligible: false,
            until: self.end.clone(),
            from: self.ahead().map(ToOwned::to_owned),
        }
    }

    fn ahead(&self) -> Option<&str> {
        self.start.as_deref().filter(|start| moment(start).is_ok_and(|start| start > now()))
    }

    /// Whether it would have ended by itself by now.
    fn is_over(&self) -> bool {
        self.end.as_deref().is_some_and(|end| moment(end).is_ok_and(|end| end <= now()))
    }

    fn fact(&self) -> String {
        format!("{}: {} at {} for {}", pim::list(self.kind, false), self.role, self.at, self.principal_id)
    }

    fn times(&self) -> String {
        times(self.ahead(), self.end.as_deref())
    }

    fn otherwise(&self, found: String) -> Stands {
        Stands::Otherwise(Difference { fact: self.fact(), expected: Some(self.times()), found: Some(found) })
    }

    async fn listed(&self, clients: &Clients, list: &str) -> Result<Vec<Value>, Fault> {
        let principal = self.principal_id.replace('\'', "''");
        clients.reader.graph_list(&format!("{list}?$filter=principalId eq '{principal}'")).await
    }

    async fn stands(&self, clients: &Clients) -> Result<Stands, Fault> {
        let wanted = self.pim();
        let all = self.listed(clients, &pim::list(self.kind, false)).await?;
        let mut about = all.iter().filter(|body| pim::is_about(body, &wanted, &self.principal_id));
        let found = about.find_map(|body| pim::schedule(body, &self.principal_id, false).transpose());
        Ok(match found {
            None => Stands::Absent,
            Some(Err(_)) => self.otherwise("an end that it does not say".to_owned()),
            Some(Ok(found)) => {
                // When it began is nobody's business any more once it has.
                let start = self.ahead().and(found.from.as_deref());
                let end = found.until.as_deref();
                if same(start, self.ahead()) && same(end, self.end.as_deref()) {
                    Stands::AsWanted { ahead: start.is_some() }
                } else {
                    self.otherwise(times(start, end))
                }
            }
        })
    }

    async fn send(&self, clients: &Clients, call: &Call, action: &str) -> Outcome<()> {
        let path = pim::path(&self.pim());
        let body = pim::request(&self.pim(), action, &self.principal_id);
        let sent = clients.writer.graph_post(call, &path, &body).await;
        clients.shelf.clear();
        match sent {
            Outcome::Applied(request) => settled(&path, &request),
            other => map(other, |_| ()),
        }
    }

    async fn assign(&self, clients: &Clients, call: &Call) -> Outcome<()> {
        match self.stands(clients).await {
            Ok(Stands::AsWanted { .. }) => Outcome::Applied(()),
            Ok(Stands::Absent) if self.is_over() => Outcome::Applied(()),
            Ok(Stands::Absent) => match self.send(clients, call, "adminAssign").await {
                // The replica that was read is behind the one that answered.
                Outcome::Refused(why) if why.code.eq_ignore_ascii_case("RoleAssignmentExists") => {
                    match self.stands(clients).await {
                        Ok(Stands::AsWanted { .. }) => Outcome::Applied(()),
                        _ => Outcome::Refused(why),
                    }
                }
                outcome => outcome,
            },
            Ok(Stands::Otherwise(difference)) => foreign(&difference),
            Err(why) => unread(why),
        }
    }

    /// What has not begun is ended by cancelling the request for it, or like any other: which of these is taken is
    /// not published for every state of a request, so they are tried in turn.
    async fn call_off(&self, clients: &Clients, call: &Call) -> Outcome<()> {
        let (wanted, path) = (self.pim(), pim::path(&self.pim()));
        let all = match self.listed(clients, &path).await {
            Ok(all) => all,
            Err(why) => return unread(why),
        };
        let text = |request: &Value, name: &str| request[name].as_str().unwrap_or_default().to_owned();
        let waiting = |request: &&Value| {
            pim::is_about(request, &wanted, &self.principal_id)
                && text(request, "action").eq_ignore_ascii_case("adminAssign")
                && !pim::is_over(&text(request, "status"))
        };
        let Some(request) = all.iter().find(waiting) else {
            return self.send(clients, call, "adminRemove").await;
        };
        let sent = clients.writer.graph_act(call, &format!("{path}/{}/cancel", text(request, "id"))).await;
        match map(sent, |_| ()) {
            Outcome::Refused(why) if matches!(why.status, Some(400 | 404 | 409)) => {
                Outcome::Retry { after: None, why }
            }
            outcome => outcome,
        }
    }

    async fn remove(&self, clients: &Clients, call: &Call) -> Outcome<()> {
        match self.stands(clients).await {
            Ok(Stands::Absent) => Outcome::Applied(()),
            Ok(Stands::AsWanted { ahead: true }) if call.attempt() % 2 == 1 => {
                self.call_off(clients, call).await
            }
            Ok(Stands::AsWanted { .. }) => match self.send(clients, call, "adminRemove").await {
                // None is ended that is younger than five minutes.
                Outcome::Refused(why) if why.code.eq_ignore_ascii_case("ActiveDurationTooShort") => {
                    Outcome::Retry { after: Some(Duration::from_secs(60)), why }
                }
                outcome => outcome,
            },
            Ok(Stands::Otherwise(difference)) => foreign(&difference),
            Err(why) => unread(why),
        }
    }

    async fn verify(&self, clients: &Clients, wanted: bool) -> Result<Vec<Finding>, Fault> {
        let (fact, times) = (self.fact(), self.times());
        // What would have ended by itself is no longer promised.
        let promised = wanted && !self.is_over();
        let (expected, found) = if promised { (Some(times), None) } else { (None, Some(times)) };
        let other = Difference { fact: fact.clone(), expected, found };
        let difference = match self.stands(clients).await? {
            Stands::Otherwise(difference) => Some(difference),
            Stands::AsWanted { .. } => (!promised).then_some(other),
            Stands::Absent => promised.then_some(other),
        };
        let word = if promised { "present" } else { "absent" };
        Ok(vec![finding(&fact, word, difference.as_ref())])
    }

    fn by_hand(&self, action: &str) -> String {
        let url = quoted(&format!("https://graph.microsoft.com/v1.0/{}", pim::path(&self.pim())));
        let body = quoted(&pim::request(&self.pim(), action, &self.principal_id).to_string());
        format!("az rest --method post --url {url} --body {body}")
    }
}

/// What became of a request, as far as its status says.
fn settled(path: &str, request: &Value) -> Outcome<()> {
    let status = request["status"].as_str().unwrap_or_default();
    let id = request["id"].as_str().unwrap_or_default();
    let revoked = request["action"].as_str().is_some_and(|action| action.eq_ignore_ascii_case("adminRemove"));
    if status.to_lowercase().starts_with("pending") && !id.is_empty() {
        return Outcome::Accepted(Operation { address: format!("{path}/{id}"), after_ms: 2_000 });
    }
    if pim::is_over(status) && !(revoked && status.eq_ignore_ascii_case("Revoked")) {
        let what = format!("privileged identity management says of the request: {status}");
        return Outcome::Refused(Fault::new(FaultKind::Blocked, "RequestNotGranted", what).at(path));
    }
    Outcome::Applied(())
}

/// Asks after a request.
async fn asked(clients: &Clients, operation: &Operation) -> Outcome<()> {
    let address = operation.address.as_str();
    let path = address.rsplit_once('/').map_or(address, |(path, _)| path);
    match clients.reader.graph_find(address).await {
        Ok(Some(request)) => settled(path, &request),
        Ok(None) => {
            let what = "nobody knows of the request any more";
            Outcome::Unknown(Fault::new(FaultKind::Missing, "NoRequest", what).at(address))
        }
        Err(why) if why.kind.is_passing() => Outcome::Retry { after: None, why },
        Err(why) => Outcome::Unknown(why),
    }
}

impl Activity for GrantPim {
    const NAME: &'static str = "pim.grant/1";
    const REVERSIBILITY: Reversibility = Reversibility::Compensable;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = PATIENT;
    type Input = PimInput;
    type Before = ();
    type Output = Value;

    fn locks(&self, input: &PimInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.fact())]
    }

    async fn before(&self, _: &PimInput) -> Result<(), Fault> {
        Ok(())
    }

    async fn run(&self, call: &Call, input: &PimInput, (): &()) -> Outcome<Value> {
        map(input.assign(&self.0, call).await, |()| json!({"id": input.fact()}))
    }

    async fn poll(&self, input: &PimInput, (): &(), operation: &Operation) -> Outcome<Value> {
        map(asked(&self.0, operation).await, |()| json!({"id": input.fact()}))
    }

    async fn probe(&self, input: &PimInput, (): &()) -> Probe<Value> {
        match input.stands(&self.0).await {
            Ok(Stands::Absent) => Probe::NotApplied,
            Ok(Stands::AsWanted { .. }) => Probe::Applied(json!({"id": input.fact()})),
            Ok(Stands::Otherwise(difference)) => Probe::Foreign(difference),
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    fn trace(&self, _: &PimInput) -> Trace {
        Trace::Ours
    }

    async fn undo(&self, call: &Call, input: &PimInput, (): &(), _: Option<&Value>) -> Outcome<()> {
        input.remove(&self.0, call).await
    }

    async fn verify(&self, input: &PimInput, (): &(), _: &Value) -> Result<Vec<Finding>, Fault> {
        input.verify(&self.0, true).await
    }

    fn residue(&self, input: &PimInput, (): &(), _: Option<&Value>) -> String {
        input.by_hand("adminRemove")
    }
}

impl Activity for EndPim {
    const NAME: &'static str = "pim.end/1";
    const REVERSIBILITY: Reversibility = Reversibility::Compensable;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = PATIENT;
    type Input = PimInput;
    /// Whether it was there.
    type Before = bool;
    type Output = ();

    fn locks(&self, input: &PimInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.fact())]
    }

    async fn before(&self, input: &PimInput) -> Result<bool, Fault> {
        Ok(!matches!(input.stands(&self.0).await?, Stands::Absent))
    }

    async fn run(&self, call: &Call, input: &PimInput, _: &bool) -> Outcome<()> {
        input.remove(&self.0, call).await
    }

    async fn poll(&self, _: &PimInput, _: &bool, operation: &Operation) -> Outcome<()> {
        asked(&self.0, operation).await
    }

    async fn probe(&self, input: &PimInput, _: &bool) -> Probe<()> {
        match input.stands(&self.0).await {
            Ok(Stands::Absent) => Probe::Applied(()),
            Ok(Stands::AsWanted { .. }) => Probe::NotApplied,
            Ok(Stands::Otherwise(difference)) => Probe::Foreign(difference),
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    fn trace(&self, _: &PimInput) -> Trace {
        Trace::Anybodys
    }

    /// The plan ends only what was there.
    async fn recall(&self, _: &PimInput) -> Result<Option<bool>, Fault> {
        Ok(Some(true))
    }

    async fn undo(&self, call: &Call, input: &PimInput, before: &bool, _: Option<&()>) -> Outcome<()> {
        if *before { input.assign(&self.0, call).await } else { Outcome::Applied(()) }
    }

    async fn verify(&self, input: &PimInput, _: &bool, (): &()) -> Result<Vec<Finding>, Fault> {
        input.verify(&self.0, false).await
    }

    fn residue(&self, input: &PimInput, _: &bool, _: Option<&()>) -> String {
        input.by_hand("adminAssign")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_done_under_way_or_refused_as_its_status_says() {
        let of = |action: &str, status: &str| {
            settled("requests", &json!({"id": "r1", "action": action, "status": status}))
        };
        for done in ["Provisioned", "Granted", "ScheduleCreated"] {
            assert_eq!(of("adminAssign", done), Outcome::Applied(()), "{done}");
        }
        assert_eq!(of("adminRemove", "Revoked"), Outcome::Applied(()));
        for refused in ["Failed", "AdminDenied", "Revoked"] {
            assert!(matches!(of("adminAssign", refused), Outcome::Refused(_)), "{refused}");
        }
        let Outcome::Accepted(operation) = of("adminAssign", "PendingProvisioning") else {
            panic!("it is under way");
        };
        assert_eq!(operation.address, "requests/r1");
    }
}
