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
    let known = before.is_some();
    let before = match before {
        Some(before) => before,
        None => match activity.clone().reconstruct_before(input.clone()).await {
            Ok(Some(before)) => before,
            Ok(None) => return Observation { input, before: None, evidence, found: Err(untold()) },
            Err(why) => return Observation { input, before: None, evidence, found: Err(why) },
        },
    };
    let step = StepData { input: input.clone(), before: before.clone(), output: None };
    let found = match activity.clone().probe(step).await {
        Probe::Foreign(difference) if known => {
            in_place_by_now(activity, &input).await.unwrap_or(Probe::Foreign(difference))
        }
        found => found,
    };
    Observation { input, before: Some(before), evidence, found: Ok(found) }
}

/// What was there when the step began is recorded, and more is different now: later steps of the lost part may have changed that. So an
/// effect that is there is also seen without it; that it is not there, is only believed of the record.
async fn in_place_by_now(activity: Arc<dyn AnyActivity>, input: &Json) -> Option<Probe<Json>> {
    let before = activity.clone().reconstruct_before(input.clone()).await.ok()??;
    let found = activity.probe(StepData { input: input.clone(), before, output: None }).await;
    matches!(found, Probe::Applied(_)).then_some(found)
}
