//! Activities: role assignments that begin or end at a time of their own (authorization/2020-10-01). They are made
//! and ended by requests, which nobody can delete; what counts is the schedule that a request leaves. A copy never
//! outlives what it is a copy of.

use crate::activity::{Clients, PATIENT, SETTLING_MS, finding, foreign, map, quoted, unread};
use crate::surfaces::lock::keep::{KeptLock, below, lift};
use rehome_orchestrator::{
    Activity, Call, Difference, Fault, Finding, Outcome, Probe, ResourceKey, Retry, Reversibility, Trace,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

const SCHEDULES: &str = "2020-10-01";

/// Makes one.
pub(crate) struct Grant(pub(crate) Clients);

/// Ends one.
pub(crate) struct End(pub(crate) Clients);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScheduleInput {
    scope: String,
    name: String,
    role_definition_id: String,
    principal_id: String,
    /// When it begins, where that is still to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    /// When it ends; one that only begins later has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    condition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    condition_version: Option<String>,
    /// Locks that its removal lifts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    locks: Vec<KeptLock>,
}

/// How it stands with an assignment of this principal, role and scope.
enum Stands {
    Absent,
    /// As wanted; until it begins, with the request that made it.
    AsWanted {
        waiting: Option<String>,
    },
    Otherwise(Difference),
}

/// When an assignment begins and ends, in words.
fn times(start: Option<&str>, end: Option<&str>) -> String {
    let end = end.map_or_else(|| "never ends".to_owned(), |end| format!("ends {end}"));
    start.map_or_else(|| end.clone(), |start| format!("begins {start}, {end}"))
}

impl ScheduleInput {
    fn list(&self, kind: &str) -> String {
        format!("{}/providers/Microsoft.Authorization/{kind}", self.scope.trim_end_matches('/'))
    }

    fn fact(&self) -> String {
        let role = guid(&self.role_definition_id);
        format!("{}: {role} for {}", self.list("roleAssignmentSchedules"), self.principal_id)
    }

    async fn stands(&self, clients: &Clients) -> Result<Stands, Fault> {
        let filter = format!("principalId eq '{}'", self.principal_id.replace('\'', "''"));
        let list = self.list("roleAssignmentSchedules");
        let all = clients.reader.list(&list, SCHEDULES, &[("$filter", &filter)]).await?;
        let text = |one: &Value, name: &str| one["properties"][name].as_str().unwrap_or_default().to_owned();
        let at = |scope: &str| scope.trim_end_matches('/').to_ascii_lowercase();
        let found = all.iter().find(|one| {
            text(one, "principalId").eq_ignore_ascii_case(&self.principal_id)
                && guid(&text(one, "roleDefinitionId")) == guid(&self.role_definition_id)
                && at(&text(one, "scope")) == at(&self.scope)
        });
        let Some(found) = found else { return Ok(Stands::Absent) };
        let given = |name: &str| Some(text(found, name)).filter(|text| !text.is_empty());
        let (start, end) = (given("startDateTime"), given("endDateTime"));
        // When it began is nobody's business any more once it has.
        let start = self.ahead().and(start);
        if same(start.as_deref(), self.ahead()) && same(end.as_deref(), self.end.as_deref()) {
            let waiting = self.ahead().and(given("roleAssignmentScheduleRequestId"));
            return Ok(Stands::AsWanted { waiting });
        }
        Ok(Stands::Otherwise(Difference {
            fact: self.fact(),
            expected: Some(self.times()),
            found: Some(times(start.as_deref(), end.as_deref())),
        }))
    }

    /// When it begins, while that is still to come.
    fn ahead(&self) -> Option<&str> {
        let now = chrono::Utc::now().timestamp_millis();
        self.start.as_deref().filter(|start| moment(start).is_ok_and(|start| start > now))
    }

    fn times(&self) -> String {
        times(self.ahead(), self.end.as_deref())
    }

    fn body(&self, kind: &str) -> Value {
        let mut properties = json!({
            "principalId": self.principal_id, "roleDefinitionId": self.role_definition_id, "requestType": kind,
        });
        if kind == "AdminAssign" {
            let expiration = match &self.end {
                Some(end) => json!({"type": "AfterDateTime", "endDateTime": end}),
                None => json!({"type": "NoExpiration"}),
            };
            properties["scheduleInfo"] = json!({ "expiration": expiration });
            if let Some(start) = self.ahead() {
                properties["scheduleInfo"]["startDateTime"] = json!(start);
            }
            let condition = [("condition", &self.condition), ("conditionVersion", &self.condition_version)];
            for (name, text) in condition.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?)))
            {
                properties[name] = json!(text);
            }
        }
        json!({ "properties": properties })
    }

    /// Sends a request; the first to make one has the name of the plan, every other one a name of its own.
    async fn send(&self, clients: &Clients, call: &Call, name: &str, kind: &str) -> Outcome<()> {
        let id = format!("{}/{name}", self.list("roleAssignmentScheduleRequests"));
        map(clients.writer.put(call, &id, SCHEDULES, &self.body(kind), None).await, |_| ())
    }

    async fn assign(&self, clients: &Clients, call: &Call, name: &str) -> Outcome<()> {
        match self.stands(clients).await {
            Ok(Stands::Absent) => self.send(clients, call, name, "AdminAssign").await,
            Ok(Stands::AsWanted { .. }) => Outcome::Applied(()),
            Ok(Stands::Otherwise(difference)) => foreign(&difference),
            Err(why) => unread(why),
        }
    }

    /// What has not begun is ended by cancelling the request for it, or like any other: which of these Azure takes is
    /// not published for every state of a request, so they are tried in turn.
    async fn call_off(&self, clients: &Clients, call: &Call, request: &str) -> Outcome<()> {
        let sent = clients.writer.post(call, &format!("{request}/cancel"), SCHEDULES, None).await;
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
            Ok(Stands::AsWanted { waiting: Some(request) }) if call.attempt() % 2 == 1 => {
                self.call_off(clients, call, &request).await
            }
            Ok(Stands::AsWanted { .. }) => {
                // What takes an assignment away is refused where it may not be deleted.
                if let Err(not_now) = lift(clients, call, &self.locks).await {
                    return not_now;
                }
                let name = call.request_id().to_string();
                match below(call, &self.locks, self.send(clients, call, &name, "AdminRemove").await) {
                    // Azure ends none that is younger than five minutes.
                    Outcome::Refused(why) if why.code.eq_ignore_ascii_case("ActiveDurationTooShort") => {
                        Outcome::Retry { after: Some(Duration::from_secs(60)), why }
                    }
                    outcome => outcome,
                }
            }
            Ok(Stands::Otherwise(difference)) => foreign(&difference),
            Err(why) => unread(why),
        }
    }

    async fn verify(&self, clients: &Clients, wanted: bool) -> Result<Vec<Finding>, Fault> {
        let fact = self.fact();
        let times = self.times();
        let (expected, found) = if wanted { (Some(times), None) } else { (None, Some(times)) };
        let other = Difference { fact: fact.clone(), expected, found };
        let difference = match self.stands(clients).await? {
            Stands::Otherwise(difference) => Some(difference),
            Stands::AsWanted { .. } => (!wanted).then_some(other),
            Stands::Absent => wanted.then_some(other),
        };
        let word = if wanted { "present" } else { "absent" };
        Ok(vec![finding(&fact, word, difference.as_ref())])
    }

    fn by_hand(&self, kind: &str) -> String {
        let list = quoted(&self.list("roleAssignmentScheduleRequests"));
        let body = quoted(&self.body(kind).to_string());
        format!("az rest --method put --url {list}\"/$(uuidgen)?api-version={SCHEDULES}\" --body {body}")
    }
}

fn guid(id: &str) -> String {
    id.rsplit('/').next().unwrap_or_default().to_ascii_lowercase()
}

/// Whether two dates are one moment, or both are not there.
pub(crate) fn same(one: Option<&str>, other: Option<&str>) -> bool {
    one.map(moment) == other.map(moment)
}

/// A date as a moment, however it is written; what is no date is compared as text.
pub(crate) fn moment(text: &str) -> Result<i64, String> {
    let date = text.parse::<chrono::DateTime<chrono::Utc>>();
    date.map(|date| date.timestamp_millis()).map_err(|_| text.to_owned())
}

impl Activity for Grant {
    const NAME: &'static str = "schedule.grant/1";
    const REVERSIBILITY: Reversibility = Reversibility::Compensable;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = PATIENT;
    type Input = ScheduleInput;
    type Before = ();
    type Output = Value;

    fn locks(&self, input: &ScheduleInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.fact())]
    }

    async fn before(&self, _: &ScheduleInput) -> Result<(), Fault> {
        Ok(())
    }

    async fn run(&self, call: &Call, input: &ScheduleInput, (): &()) -> Outcome<Value> {
        let later = call.request_id().to_string();
        let name = if call.attempt() == 1 { &input.name } else { &later };
        map(input.assign(&self.0, call, name).await, |()| json!({"id": input.fact()}))
    }

    async fn probe(&self, input: &ScheduleInput, (): &()) -> Probe<Value> {
        match input.stands(&self.0).await {
            Ok(Stands::Absent) => Probe::NotApplied,
            Ok(Stands::AsWanted { .. }) => Probe::Applied(json!({"id": input.fact()})),
            Ok(Stands::Otherwise(difference)) => Probe::Foreign(difference),
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    fn trace(&self, _: &ScheduleInput) -> Trace {
        Trace::Ours
    }

    async fn undo(&self, call: &Call, input: &ScheduleInput, (): &(), _: Option<&Value>) -> Outcome<()> {
        input.remove(&self.0, call).await
    }

    async fn verify(&self, input: &ScheduleInput, (): &(), _: &Value) -> Result<Vec<Finding>, Fault> {
        input.verify(&self.0, true).await
    }

    fn residue(&self, input: &ScheduleInput, (): &(), _: Option<&Value>) -> String {
        input.by_hand("AdminRemove")
    }
}

impl Activity for End {
    const NAME: &'static str = "schedule.end/1";
    const REVERSIBILITY: Reversibility = Reversibility::Compensable;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = PATIENT;
    type Input = ScheduleInput;
    /// Whether it was there.
    type Before = bool;
    type Output = ();

    fn locks(&self, input: &ScheduleInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.fact())]
    }

    async fn before(&self, input: &ScheduleInput) -> Result<bool, Fault> {
        Ok(!matches!(input.stands(&self.0).await?, Stands::Absent))
    }

    async fn run(&self, call: &Call, input: &ScheduleInput, _: &bool) -> Outcome<()> {
        input.remove(&self.0, call).await
    }

    async fn probe(&self, input: &ScheduleInput, _: &bool) -> Probe<()> {
        match input.stands(&self.0).await {
            Ok(Stands::Absent) => Probe::Applied(()),
            Ok(Stands::AsWanted { .. }) => Probe::NotApplied,
            Ok(Stands::Otherwise(difference)) => Probe::Foreign(difference),
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    fn trace(&self, _: &ScheduleInput) -> Trace {
        Trace::Anybodys
    }

    /// The plan ends only what was there.
    async fn recall(&self, _: &ScheduleInput) -> Result<Option<bool>, Fault> {
        Ok(Some(true))
    }

    async fn undo(&self, call: &Call, input: &ScheduleInput, before: &bool, _: Option<&()>) -> Outcome<()> {
        // What would have ended by itself meanwhile is not given again.
        let now = chrono::Utc::now().timestamp_millis();
        let over = input.end.as_deref().is_some_and(|end| moment(end).is_ok_and(|end| end <= now));
        if !before || over {
            return Outcome::Applied(());
        }
        input.assign(&self.0, call, &call.request_id().to_string()).await
    }

    async fn verify(&self, input: &ScheduleInput, _: &bool, (): &()) -> Result<Vec<Finding>, Fault> {
        input.verify(&self.0, false).await
    }

    fn residue(&self, input: &ScheduleInput, _: &bool, _: Option<&()>) -> String {
        input.by_hand("AdminAssign")
    }
}
