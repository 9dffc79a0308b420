//! Activities: the names of an identity that another move makes, for whatever has to name it. Reads only: as a step it
//! has an output, which a wait has not.

use crate::activity::kit::{Change, Handed, Kit};
use crate::activity::{Clients, REPLICATION_RETRY, SETTLING_MS, quoted, unread};
use crate::azure::{PrincipalId, ResourceId};
use crate::surfaces::identity::create::MSI;
use rehome_orchestrator::{
    Activity, Call, Fault, FaultKind, Finding, Outcome, PlanValue, Probe, ResourceKey, Retry, Reversibility,
    StepRef,
};
use serde::{Deserialize, Serialize};

pub(crate) struct LookUp(pub(crate) Clients);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookUpInput {
    pub(crate) id: ResourceId,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookUpOutput {
    principal_id: PrincipalId,
}

impl LookUpOutput {
    /// The principal id that a step will give.
    pub(crate) fn principal_id<T>(step: &StepRef<Self>) -> PlanValue<T> {
        step.member("principal_id")
    }
}

impl LookUp {
    async fn found(&self, id: &str) -> Result<Option<LookUpOutput>, Fault> {
        let body = self.0.reader.find(id, MSI).await?;
        let principal = body.as_ref().and_then(|b| b.pointer("/properties/principalId")?.as_str());
        Ok(principal.map(|principal| LookUpOutput { principal_id: principal.into() }))
    }
}

impl Activity for LookUp {
    const NAME: &'static str = "identity.look_up/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = REPLICATION_RETRY;
    type Input = LookUpInput;
    type Before = ();
    type Output = LookUpOutput;

    fn locks(&self, _: &LookUpInput) -> Vec<ResourceKey> {
        Vec::new()
    }

    async fn run(&self, _: &Call, input: &LookUpInput, (): &()) -> Outcome<LookUpOutput> {
        match self.found(&input.id).await {
            Ok(Some(output)) => Outcome::Applied(output),
            Ok(None) => {
                let why = Fault::new(FaultKind::NotReady, "NotMade", "the other identity is not there yet");
                Outcome::Retry { after: None, why: why.at(input.id.clone()) }
            }
            Err(why) => unread(why),
        }
    }

    async fn probe(&self, _: &LookUpInput, (): &()) -> Probe<LookUpOutput> {
        // Nothing was sent that could have had an effect: it is looked up again.
        Probe::NotApplied
    }

    async fn undo(&self, _: &Call, _: &LookUpInput, (): &(), _: Option<&LookUpOutput>) -> Outcome<()> {
        Outcome::Applied(())
    }

    async fn verify(&self, _: &LookUpInput, (): &(), _: &LookUpOutput) -> Result<Vec<Finding>, Fault> {
        Ok(Vec::new())
    }

    fn residue(&self, input: &LookUpInput, (): &(), _: Option<&LookUpOutput>) -> String {
        format!("az identity show --ids {}", quoted(&input.id))
    }
}

impl Change for LookUp {
    fn new(kit: &Kit) -> Self {
        Self(kit.clients())
    }

    fn handed(_: &LookUpInput, _: Option<&str>) -> Handed {
        Handed::Nothing
    }
}
