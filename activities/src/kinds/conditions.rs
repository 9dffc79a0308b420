//! Activities: what is waited for. Reads only.

use super::objects::MSI;
use crate::azure::Reader;
use rehome_orchestrator::{Condition, Fault, FaultKind, Met};
use serde::{Deserialize, Serialize};

/// Graph knows a new principal: links to it can be made.
pub(crate) struct PrincipalKnown(pub(crate) Reader);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrincipalInput {
    principal_id: String,
}

impl Condition for PrincipalKnown {
    const NAME: &'static str = "principal.known/1";
    type Input = PrincipalInput;

    async fn check(&self, input: &PrincipalInput) -> Met {
        match self.0.graph_find(&format!("servicePrincipals/{}?$select=id", input.principal_id)).await {
            Ok(Some(_)) => Met::Yes,
            Ok(None) => {
                let what = "Entra ID does not know the new principal yet";
                Met::NotYet { after: None, why: Fault::new(FaultKind::NotReady, "EntraReplication", what) }
            }
            Err(why) => Met::NotYet { after: None, why },
        }
    }
}

/// An identity that another move makes is there.
pub(crate) struct IdentityKnown(pub(crate) Reader);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityInput {
    id: String,
}

impl Condition for IdentityKnown {
    const NAME: &'static str = "identity.known/1";
    type Input = IdentityInput;

    async fn check(&self, input: &IdentityInput) -> Met {
        match self.0.find(&input.id, MSI).await {
            Ok(Some(_)) => Met::Yes,
            Ok(None) => {
                let why = Fault::new(FaultKind::NotReady, "NotMade", "the other identity is not there yet");
                Met::NotYet { after: None, why: why.at(input.id.clone()) }
            }
            Err(why) => Met::NotYet { after: None, why },
        }
    }
}
