//! Activities: the tokens of the old identity stop working before it is deleted: whoever still uses it is
//! heard of while there is a way back.
//!
//! Source: `POST {identity}/revokeTokens`, managedidentity 2023-07-31-preview. Nothing shows afterwards that
//! it was done, so a request in doubt is sent again; to revoke twice revokes nothing more.

use crate::activity::kit::{Change, Handed, Kit};
use crate::activity::{Clients, REPLICATION_RETRY, SETTLING_MS, finding, map, quoted};
use crate::azure::{ResourceId, says_never, says_no_version};
use crate::surfaces::identity::create::MSI;
use rehome_orchestrator::{
    Activity, Call, Difference, Fault, Finding, Outcome, Probe, ResourceKey, Retry, Reversibility,
};
use serde::{Deserialize, Serialize};

const API: &str = "2023-07-31-preview";

pub(crate) struct RevokeTokens(pub(crate) Clients);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeInput {
    pub(crate) id: ResourceId,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeOutput {
    /// Not every cloud offers the preview; then tokens live on until they expire.
    offered: bool,
}

impl Activity for RevokeTokens {
    const NAME: &'static str = "identity.revoke_tokens/1";
    const REVERSIBILITY: Reversibility = Reversibility::Compensable;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = REPLICATION_RETRY;
    type Input = RevokeInput;
    type Before = ();
    type Output = RevokeOutput;

    fn locks(&self, input: &RevokeInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.id)]
    }

    async fn run(&self, call: &Call, input: &RevokeInput, (): &()) -> Outcome<RevokeOutput> {
        let sent = self.0.writer.post(call, &format!("{}/revokeTokens", input.id), API, None).await;
        match map(sent, |_| RevokeOutput { offered: true }) {
            Outcome::Refused(why) if says_never(&why) || says_no_version(&why) => {
                Outcome::Applied(RevokeOutput { offered: false })
            }
            outcome => outcome,
        }
    }

    async fn probe(&self, input: &RevokeInput, (): &()) -> Probe<RevokeOutput> {
        match self.0.reader.find_twice(&input.id, MSI).await {
            // Nobody has tokens of an identity that is gone.
            Ok(None) => Probe::Applied(RevokeOutput { offered: true }),
            Ok(Some(_)) => Probe::NotApplied,
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    /// Hosts that still have the identity fetch new tokens by themselves.
    async fn undo(&self, _: &Call, _: &RevokeInput, (): &(), _: Option<&RevokeOutput>) -> Outcome<()> {
        Outcome::Applied(())
    }

    /// That they were revoked shows nowhere: of what was done nothing more is said than what Azure answered.
    async fn verify(&self, input: &RevokeInput, (): &(), was: &RevokeOutput) -> Result<Vec<Finding>, Fault> {
        let said = match was.offered {
            true => "Azure has said that its tokens are revoked",
            false => "its tokens live until they end: this cloud revokes none",
        };
        Ok(vec![finding(&input.id, said, None::<&Difference>)])
    }

    fn residue(&self, input: &RevokeInput, (): &(), _: Option<&RevokeOutput>) -> String {
        format!("az identity show --ids {}", quoted(&input.id))
    }
}

impl Change for RevokeTokens {
    fn new(kit: &Kit) -> Self {
        Self(kit.clients())
    }

    fn handed(_: &RevokeInput, _: Option<&str>) -> Handed {
        Handed::Nothing
    }
}
