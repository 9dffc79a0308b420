//! Activities: the deletion of the old identity. Nothing brings it back.

use crate::activity::kit::{Change, Handed, Kit};
use crate::activity::{Clients, REPLICATION_RETRY, SETTLING_MS, finding, map, quoted, unread};
use crate::azure::{PrincipalId, ResourceId};
use crate::conditions::users::Look;
use crate::surfaces::identity::create::MSI;
use rehome_orchestrator::PlanValue;
use rehome_orchestrator::{
    Activity, Call, Difference, Direction, Evidence, Fault, FaultKind, Finding, Outcome, Probe, ResourceKey,
    Retry, Reversibility,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

pub(crate) struct DeleteIdentity(pub(crate) Clients);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteInput {
    pub(crate) id: ResourceId,
    /// Whose grants are looked for afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) principal_id: Option<PrincipalId>,
    /// The subscriptions in which; its own where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) roles_in: PlanValue<Vec<ResourceId>>,
    /// Lists that could not be read when the plan was made, for which somebody answers by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) answered_for: PlanValue<Vec<String>>,
    /// Records of runs that have ended: that they have it attached is no reason to keep it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) records: PlanValue<Vec<ResourceId>>,
}

impl DeleteInput {
    fn subscriptions(&self) -> Vec<ResourceId> {
        if self.roles_in.is_empty() {
            return self
                .id
                .subscription()
                .map(|id| format!("/subscriptions/{id}").into())
                .into_iter()
                .collect();
        }
        (*self.roles_in).clone()
    }
}

impl DeleteIdentity {
    /// Roles that somebody gave the principal after the plan was made outlive it, and count towards Azure's limit.
    async fn left(&self, subscription: &str, principal: &str) -> Result<Finding, Fault> {
        let list = format!("{subscription}/providers/Microsoft.Authorization/roleAssignments");
        let filter = format!("principalId eq '{}'", principal.replace('\'', "''"));
        let found = self.0.reader.list(&list, "2022-04-01", &[("$filter", &filter)]).await?;
        let left: Vec<&str> = found.iter().filter_map(|one| one["id"].as_str()).collect();
        let fact = format!("roles of {principal} in {subscription}");
        let difference = (!left.is_empty()).then(|| Difference {
            fact: fact.clone(),
            expected: None,
            found: Some(left.join(", ")),
        });
        Ok(finding(&fact, "absent", difference.as_ref()))
    }
}

impl Activity for DeleteIdentity {
    const NAME: &'static str = "identity.delete/1";
    const REVERSIBILITY: Reversibility = Reversibility::Irreversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = REPLICATION_RETRY;
    const EVIDENCE: Evidence = Evidence::AbsenceOnly;
    type Input = DeleteInput;
    type Before = ();
    type Output = ();

    fn locks(&self, input: &DeleteInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.id)]
    }

    fn turn(&self, input: &DeleteInput, _: Direction) -> Option<Duration> {
        self.0.writer.turn("DELETE", &input.id)
    }

    async fn run(&self, call: &Call, input: &DeleteInput, (): &()) -> Outcome<()> {
        // A dead identity in a host's list fails every later write of that host: look who still has it.
        // What does not answer proves nothing.
        let look = Look {
            id: &input.id,
            names: &[],
            hosts: &[],
            answered_for: &input.answered_for,
            records: &input.records,
        };
        match look.user(&self.0.reader).await {
            Ok(None) => {}
            Ok(Some(user)) => {
                let what = format!("{} still has it attached: detach it there, then retry", user.id);
                let why = Fault::new(FaultKind::Blocked, "StillAttached", what);
                return Outcome::Refused(why.at(input.id.clone()));
            }
            Err(why) => return unread(why),
        }
        map(self.0.writer.delete(call, &input.id, MSI, None).await, |_| ())
    }

    async fn probe(&self, input: &DeleteInput, (): &()) -> Probe<()> {
        match self.0.reader.find_twice(&input.id, MSI).await {
            Ok(None) => Probe::Applied(()),
            Ok(Some(_)) => Probe::NotApplied,
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    async fn undo(&self, _: &Call, input: &DeleteInput, (): &(), _: Option<&()>) -> Outcome<()> {
        let what = "a deleted identity cannot be brought back";
        Outcome::Refused(Fault::new(FaultKind::Blocked, "Irreversible", what).at(input.id.clone()))
    }

    async fn verify(&self, input: &DeleteInput, (): &(), (): &()) -> Result<Vec<Finding>, Fault> {
        let found = self.0.reader.find_twice(&input.id, MSI).await?;
        let difference = found.map(|_| Difference {
            fact: input.id.to_string(),
            expected: None,
            found: Some("present".to_owned()),
        });
        let mut findings = vec![finding(&input.id, "absent", difference.as_ref())];
        if let Some(principal) = &input.principal_id {
            for subscription in input.subscriptions() {
                findings.push(self.left(&subscription, principal).await?);
            }
        }
        Ok(findings)
    }

    fn residue(&self, input: &DeleteInput, (): &(), _: Option<&()>) -> String {
        format!("az identity delete --ids {}", quoted(&input.id))
    }
}

impl Change for DeleteIdentity {
    fn new(kit: &Kit) -> Self {
        Self(kit.clients())
    }

    fn handed(input: &DeleteInput, _: Option<&str>) -> Handed {
        Handed::Gone(input.id.to_string())
    }
}
