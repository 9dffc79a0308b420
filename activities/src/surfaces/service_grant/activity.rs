//! Activities: grants that are child resources of some service, and whatever else is put and taken away as it is.

use crate::activity::kept_lock::KeptLock;
use crate::activity::object::Object;
use crate::azure::ResourceId;
use crate::references::known;
use rehome_orchestrator::{Evidence, PlanValue, Reversibility};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A grant that is a child resource of some service.
pub(crate) struct MadeGrant;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceGrantInput {
    pub(crate) id: PlanValue<ResourceId>,
    pub(crate) api_version: String,
    pub(crate) body: PlanValue<Value>,
    /// Locks that its removal lifts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) locks: Vec<KeptLock>,
}

impl Object for MadeGrant {
    const NAME: &'static str = "grant.put/1";
    const READ_BACK: bool = true;
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const EVIDENCE: Evidence = Evidence::Conclusive;
    type Input = ServiceGrantInput;

    fn kept(input: &ServiceGrantInput) -> &[KeptLock] {
        &input.locks
    }

    fn id(input: &ServiceGrantInput) -> ResourceId {
        (*input.id).clone()
    }

    fn api(input: &ServiceGrantInput) -> String {
        input.api_version.clone()
    }

    fn body(input: &ServiceGrantInput) -> Value {
        (*input.body).clone()
    }

    fn import(input: &ServiceGrantInput) -> Option<(&'static str, String)> {
        let own = input.id.kind().and_then(|kind| known::of(&kind)?.terraform);
        Some(own.map_or_else(
            || ("azapi_resource", format!("{}?api-version={}", input.id, input.api_version)),
            |kind| (kind, input.id.to_string()),
        ))
    }
}

/// The old identity's grant inside a service.
pub(crate) struct OldGrant;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OldGrantInput {
    pub(crate) id: ResourceId,
    pub(crate) api_version: String,
    pub(crate) expected: PlanValue<Value>,
}

impl Object for OldGrant {
    const NAME: &'static str = "grant.remove/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const EVIDENCE: Evidence = Evidence::AbsenceOnly;
    type Input = OldGrantInput;

    fn id(input: &OldGrantInput) -> ResourceId {
        input.id.clone()
    }

    fn api(input: &OldGrantInput) -> String {
        input.api_version.clone()
    }

    fn body(input: &OldGrantInput) -> Value {
        (*input.expected).clone()
    }

    /// What it is made of beside its properties: a policy has a place and an identity.
    fn writable(input: &OldGrantInput, live: &Value) -> Value {
        let members = input.expected.as_object().into_iter().flatten();
        let live = |name: &String| match name.as_str() {
            "identity" => attached(&live["identity"]),
            name => live[name].clone(),
        };
        Value::Object(members.map(|(name, _)| (name.clone(), live(name))).collect())
    }
}

/// A block of identities as it may be sent: what Azure says of each is its own.
fn attached(block: &Value) -> Value {
    let mut block = block.clone();
    if let Some(map) = block["userAssignedIdentities"].as_object_mut() {
        map.values_mut().for_each(|value| *value = json!({}));
    }
    block
}
