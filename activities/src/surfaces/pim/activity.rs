//! Activities: membership and ownership of groups and directory roles that begin or end by themselves, as privileged
//! identity management of Entra ID gives them (msgraph, v1.0).

use crate::activity::timed::{Request, Stands, Timed, Times};
use crate::activity::{Clients, map, quoted, unread};
use crate::azure::PrincipalId;
use crate::surfaces::pim::facts::{Pim, PimKind};
use crate::surfaces::pim::requests;
use rehome_orchestrator::{Call, Difference, Fault, FaultKind, Operation, Outcome, PlanValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What it gives.
pub(crate) struct TimedInEntra;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PimInput {
    pub(crate) kind: PimKind,
    /// The role definition's id; `member` or `owner` of a group.
    pub(crate) role: String,
    /// The scope; of a group, its id.
    pub(crate) at: String,
    pub(crate) principal_id: PlanValue<PrincipalId>,
    /// When it begins, where that is still to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) start: Option<String>,
    /// When it ends; one that only begins later has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) end: Option<String>,
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
            from: TimedInEntra::times(self).ahead().map(ToOwned::to_owned),
        }
    }

    async fn listed(&self, clients: &Clients, list: &str) -> Result<Vec<Value>, Fault> {
        let principal = self.principal_id.replace('\'', "''");
        clients.reader.graph_list(&format!("{list}?$filter=principalId eq '{principal}'")).await
    }

    fn body(&self, request: Request) -> Value {
        let action = match request {
            Request::Give { .. } => "adminAssign",
            Request::End => "adminRemove",
        };
        requests::request(&self.pim(), action, &self.principal_id)
    }
}

impl Timed for TimedInEntra {
    const GIVE: &'static str = "pim.grant/1";
    const END: &'static str = "pim.end/1";
    type Input = PimInput;

    fn fact(input: &PimInput) -> String {
        let list = requests::list(input.kind, false);
        format!("{list}: {} at {} for {}", input.role, input.at, input.principal_id)
    }

    fn times(input: &PimInput) -> Times<'_> {
        Times { start: input.start.as_deref(), end: input.end.as_deref() }
    }

    async fn stands(clients: &Clients, input: &PimInput) -> Result<Stands, Fault> {
        let (wanted, principal) = (input.pim(), input.principal_id.as_str());
        let all = input.listed(clients, &requests::list(input.kind, false)).await?;
        let mut about = all.iter().filter(|body| requests::is_about(body, &wanted, principal));
        let found = about.find_map(|body| requests::schedule(body, principal, false).transpose());
        Ok(match found {
            None => Stands::Absent,
            Some(Err(_)) => Stands::Otherwise(Difference {
                fact: Self::fact(input),
                expected: Some(Self::times(input).said()),
                found: Some("an end that it does not say".to_owned()),
            }),
            Some(Ok(found)) => {
                let request = found.from.is_some().then(String::new);
                let times = Times { start: found.from.as_deref(), end: found.until.as_deref() };
                Self::times(input).judge(Self::fact(input), times, request)
            }
        })
    }

    async fn send(clients: &Clients, call: &Call, input: &PimInput, request: Request) -> Outcome<()> {
        let path = requests::path(&input.pim());
        let sent = clients.writer.graph_post(call, &path, &input.body(request)).await;
        clients.shelf.clear();
        match sent {
            Outcome::Applied(request) => settled(&path, &request),
            other => map(other, |_| ()),
        }
    }

    /// A schedule does not say which request made it.
    async fn cancel(clients: &Clients, call: &Call, input: &PimInput, _: &str) -> Outcome<()> {
        let (wanted, path) = (input.pim(), requests::path(&input.pim()));
        let all = match input.listed(clients, &path).await {
            Ok(all) => all,
            Err(why) => return unread(why),
        };
        let text = |request: &Value, name: &str| request[name].as_str().unwrap_or_default().to_owned();
        let waiting = |request: &&Value| {
            requests::is_about(request, &wanted, &input.principal_id)
                && text(request, "action").eq_ignore_ascii_case("adminAssign")
                && !requests::is_over(&text(request, "status"))
        };
        let Some(request) = all.iter().find(waiting) else {
            return Self::send(clients, call, input, Request::End).await;
        };
        let sent = clients.writer.graph_act(call, &format!("{path}/{}/cancel", text(request, "id"))).await;
        map(sent, |_| ())
    }

    async fn poll(clients: &Clients, operation: &Operation) -> Outcome<()> {
        asked(clients, operation).await
    }

    fn place(input: &PimInput) -> String {
        format!("servicePrincipals/{}", input.principal_id)
    }

    fn by_hand(input: &PimInput, request: Request) -> String {
        let url = quoted(&format!("https://graph.microsoft.com/v1.0/{}", requests::path(&input.pim())));
        let body = quoted(&input.body(request).to_string());
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
    if requests::is_over(status) && !(revoked && status.eq_ignore_ascii_case("Revoked")) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
