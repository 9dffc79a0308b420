//! Engine: one look for an effect of which maybe not even the before image is known. Reads only.

use crate::activity::registry::{AnyActivity, StepData};
use crate::activity::{Evidence, Probe};
use crate::fault::{Fault, FaultKind};
use crate::json::Json;
use std::sync::Arc;

/// What was looked at, and what was there.
pub(crate) struct Observation {
    pub(crate) input: Json,
    pub(crate) before: Option<Json>,
    pub(crate) evidence: Evidence,
    pub(crate) found: Result<Probe<Json>, Fault>,
}

/// What was there before is lost and cannot be worked out.
fn untold() -> Fault {
    let what = "what was there before is lost, and cannot be worked out from what is there: whether the effect is \
                this step's is for a person to say";
    Fault::new(FaultKind::Differs, "Untold", what)
}

/// Looks whether an effect is there of which maybe not even the before image is known.
pub(crate) async fn look(
    activity: Arc<dyn AnyActivity>,
    input: Json,
    before: Option<Json>,
    evidence: Evidence,
) -> Observation {
    let before = match before {
        Some(before) => before,
        None => match activity.clone().reconstruct_before(input.clone()).await {
            Ok(Some(before)) => before,
            Ok(None) => return Observation { input, before: None, evidence, found: Err(untold()) },
            Err(why) => return Observation { input, before: None, evidence, found: Err(why) },
        },
    };
    let step = StepData { input: input.clone(), before: before.clone(), output: None };
    let found = Ok(activity.probe(step).await);
    Observation { input, before: Some(before), evidence, found }
}
