//! Activities: the names of an identity that another move makes, for whatever has to name it. Reads only: as a step it
//! has an output, which a wait has not.

use crate::activity::objects::MSI;
use crate::activity::{Clients, PATIENT, quoted, unread};
use rehome_orchestrator::{
    Activity, Call, Fault, FaultKind, Finding, Outcome, Probe, ResourceKey, Retry, Reversibility,
};
use serde::{Deserialize, Serialize};

pub(crate) struct LookUp(pub(crate) Clients);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookUpInput {
    id: String,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookUpOutput {
    principal_id: String,
}

impl LookUp {
    async fn found(&self, id: &str) -> Result<Option<LookUpOutput>, Fault> {
        let body = self.0.reader.find(id, MSI).await?;
        let principal = body.as_ref().and_then(|b| b.pointer("/properties/principalId")?.as_str());
        Ok(principal.map(|principal| LookUpOutput { principal_id: principal.to_owned() }))
    }
}

impl Activity for LookUp {
    const NAME: &'static str = "identity.look_up/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const RETRY: Retry = PATIENT;
    type Input = LookUpInput;
    type Before = ();
    type Output = LookUpOutput;

    fn locks(&self, _: &LookUpInput) -> Vec<ResourceKey> {
        Vec::new()
    }

    async fn before(&self, _: &LookUpInput) -> Result<(), Fault> {
        Ok(())
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
