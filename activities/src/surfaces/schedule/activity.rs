//! Activities: role assignments that begin or end at a time of their own (authorization/2020-10-01).

use crate::activity::kept_lock::KeptLock;
use crate::activity::timed::{Request, Stands, Timed, Times};
use crate::activity::{Clients, map, quoted};
use crate::azure::{PrincipalId, ResourceId};
use crate::surfaces::role_assignment::facts::SCHEDULED;
use rehome_orchestrator::{Call, Fault, FaultKind, Operation, Outcome, PlanValue};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What is made and ended.
pub(crate) struct TimedAssignment;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScheduleInput {
    pub(crate) scope: ResourceId,
    pub(crate) name: String,
    pub(crate) role_definition_id: ResourceId,
    pub(crate) principal_id: PlanValue<PrincipalId>,
    /// When it begins, where that is still to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) start: Option<String>,
    /// When it ends; one that only begins later has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) end: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) condition: Option<PlanValue<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) condition_version: Option<String>,
    /// Locks that its removal lifts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) locks: Vec<KeptLock>,
}

impl ScheduleInput {
    fn list(&self, kind: &str) -> String {
        format!("{}/providers/Microsoft.Authorization/{kind}", self.scope.trim_end_matches('/'))
    }

    fn body(&self, request: Request) -> Value {
        let kind = match request {
            Request::Give { .. } => "AdminAssign",
            Request::End => "AdminRemove",
        };
        let mut properties = json!({
            "principalId": *self.principal_id, "roleDefinitionId": self.role_definition_id, "requestType": kind,
        });
        if matches!(request, Request::Give { .. }) {
            let expiration = match &self.end {
                Some(end) => json!({"type": "AfterDateTime", "endDateTime": end}),
                None => json!({"type": "NoExpiration"}),
            };
            properties["scheduleInfo"] = json!({ "expiration": expiration });
            if let Some(start) = TimedAssignment::times(self).ahead() {
                properties["scheduleInfo"]["startDateTime"] = json!(start);
            }
            if let Some(condition) = &self.condition {
                properties["condition"] = json!(**condition);
            }
            if let Some(version) = &self.condition_version {
                properties["conditionVersion"] = json!(version);
            }
        }
        json!({ "properties": properties })
    }
}

impl Timed for TimedAssignment {
    const GIVE: &'static str = "schedule.grant/1";
    const END: &'static str = "schedule.end/1";
    type Input = ScheduleInput;

    fn fact(input: &ScheduleInput) -> String {
        let role = input.role_definition_id.name().to_ascii_lowercase();
        format!("{}: {role} for {}", input.list("roleAssignmentSchedules"), input.principal_id)
    }

    fn kept(input: &ScheduleInput) -> &[KeptLock] {
        &input.locks
    }

    fn times(input: &ScheduleInput) -> Times<'_> {
        Times { start: input.start.as_deref(), end: input.end.as_deref() }
    }

    async fn stands(clients: &Clients, input: &ScheduleInput) -> Result<Stands, Fault> {
        let filter = format!("principalId eq '{}'", input.principal_id.replace('\'', "''"));
        let list = input.list("roleAssignmentSchedules");
        let all = clients.reader.list(&list, SCHEDULED, &[("$filter", &filter)]).await?;
        let text = |one: &Value, name: &str| one["properties"][name].as_str().unwrap_or_default().to_owned();
        let found = all.iter().find(|one| {
            let role = ResourceId::from(text(one, "roleDefinitionId"));
            let scope = text(one, "scope");
            *input.principal_id == *text(one, "principalId")
                && role.name().eq_ignore_ascii_case(input.role_definition_id.name())
                && scope.trim_end_matches('/').eq_ignore_ascii_case(input.scope.trim_end_matches('/'))
        });
        let Some(found) = found else { return Ok(Stands::Absent) };
        let given = |name: &str| Some(text(found, name)).filter(|text| !text.is_empty());
        let (start, end) = (given("startDateTime"), given("endDateTime"));
        let times = Times { start: start.as_deref(), end: end.as_deref() };
        let request = given("roleAssignmentScheduleRequestId");
        Ok(Self::times(input).judge(Self::fact(input), times, request))
    }

    /// The first to make one has the name of the plan, every other one a name of its own.
    async fn send(clients: &Clients, call: &Call, input: &ScheduleInput, request: Request) -> Outcome<()> {
        let own = request == Request::Give { first: true } && call.attempt() == 1;
        let name = if own { input.name.clone() } else { call.request_id().to_string() };
        let id = format!("{}/{name}", input.list("roleAssignmentScheduleRequests"));
        map(clients.writer.put(call, &id, SCHEDULED, &input.body(request), None).await, |_| ())
    }

    async fn cancel(clients: &Clients, call: &Call, _: &ScheduleInput, request: &str) -> Outcome<()> {
        let sent = clients.writer.post(call, &format!("{request}/cancel"), SCHEDULED, None).await;
        map(sent, |_| ())
    }

    async fn poll(_: &Clients, _: &Operation) -> Outcome<()> {
        let what = "Azure decides such requests at once, and there is nothing to ask after";
        Outcome::Unknown(Fault::new(FaultKind::Bug, "PollUnsupported", what))
    }

    fn place(input: &ScheduleInput) -> String {
        format!("roleDefinitions/{}/principals/{}", input.role_definition_id, input.principal_id)
    }

    fn import(input: &ScheduleInput) -> Option<(&'static str, String)> {
        let id = format!("{}|{}|{}", input.scope, input.role_definition_id, input.principal_id);
        Some(("azurerm_pim_active_role_assignment", id))
    }

    fn by_hand(input: &ScheduleInput, request: Request) -> String {
        let list = quoted(&input.list("roleAssignmentScheduleRequests"));
        let body = quoted(&input.body(request).to_string());
        format!("az rest --method put --url {list}\"/$(uuidgen)?api-version={SCHEDULED}\" --body {body}")
    }
}
