//! Activities: locks as objects that are taken away and put in place (resources/2020-05-01). Pure.

use crate::activity::kept_lock::{KeptLock, LOCKS};
use crate::activity::object::Object;
use crate::azure::ResourceId;
use rehome_orchestrator::{Evidence, PlanValue, Reversibility};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A lock that is taken away for a while.
pub(crate) struct LiftedLock;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LiftInput {
    pub(crate) id: ResourceId,
    pub(crate) expected: PlanValue<Value>,
}

impl Object for LiftedLock {
    const NAME: &'static str = "lock.lift/1";
    const COMES_BACK: bool = true;
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const EVIDENCE: Evidence = Evidence::Inconclusive;
    type Input = LiftInput;

    fn id(input: &LiftInput) -> ResourceId {
        input.id.clone()
    }

    fn api(_: &LiftInput) -> String {
        LOCKS.to_owned()
    }

    fn body(input: &LiftInput) -> Value {
        json!({ "properties": *input.expected })
    }
}

/// A lock that is put back, or copied.
pub(crate) struct RestoredLock;

impl Object for RestoredLock {
    const NAME: &'static str = "lock.restore/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const EVIDENCE: Evidence = Evidence::Inconclusive;
    type Input = KeptLock;

    fn id(input: &KeptLock) -> ResourceId {
        input.id.clone()
    }

    fn api(_: &KeptLock) -> String {
        LOCKS.to_owned()
    }

    fn body(input: &KeptLock) -> Value {
        (*input.body).clone()
    }

    fn import(input: &KeptLock) -> Option<(&'static str, String)> {
        Some(("azurerm_management_lock", input.id.to_string()))
    }
}
