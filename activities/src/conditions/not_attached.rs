//! Activities: whether anything still uses an identity whose rights are about to go. Reads only.
//!
//! What people say that they did is not what is there, and somebody may have attached it after the plan was made.

use crate::azure::{Reader, ResourceId};
use crate::conditions::users::{Known, Look};
use rehome_orchestrator::PlanValue;
use rehome_orchestrator::{Condition, ConditionResult, Fault, FaultKind};
use serde::{Deserialize, Serialize};

/// No resource uses this identity, by every way of looking that there is, and each of them has answered.
pub(crate) struct NotAttached(pub(crate) Reader);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotAttachedInput {
    pub(crate) id: ResourceId,
    /// Its client id and its principal id, by which hosts may name it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) names: PlanValue<Vec<String>>,
    /// Hosts that the plan knows, and those that people were to re-point.
    pub(crate) hosts: Vec<Known>,
    /// Lists that could not be read when the plan was made, for which somebody answers by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) answered_for: PlanValue<Vec<String>>,
    /// Records of runs that have ended: they have it attached and do not use it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) records: PlanValue<Vec<ResourceId>>,
}

impl Condition for NotAttached {
    const NAME: &'static str = "identity.unused/1";
    type Input = NotAttachedInput;

    async fn check(&self, input: &NotAttachedInput) -> ConditionResult {
        let NotAttachedInput { id, names, hosts, answered_for, records } = input;
        let look = Look { id, names, hosts, answered_for, records };
        match look.user(&self.0).await {
            Ok(None) => ConditionResult::Yes,
            Ok(Some(user)) => {
                let what = format!("this still has the old identity {}, whose rights would go now", user.how);
                let why = Fault::new(FaultKind::NotReady, "StillAttached", what).at(user.id.to_string());
                ConditionResult::NotYet { after: None, why }
            }
            Err(why) => ConditionResult::NotYet { after: None, why },
        }
    }
}
