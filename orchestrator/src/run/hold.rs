//! Engine: what several runners write down of a resource before one of them works on it. Pure.
//!
//! A resource is held by the step that was begun last on it, for as long as the outcome of that step is open. So nothing
//! says that it is free again: the record of the run says so. The event is in one append with the beginning of the step,
//! and expects the end of the resource's stream: of two runners that begin at once, one is too late.

use crate::activity::ResourceKey;
use crate::ids::{Direction, RunId, StepId};
use rehome_store::StreamId;
use serde::{Deserialize, Serialize};

/// Something that happened to a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldEvent {
    /// A step was begun on it.
    Held(Held),
}

/// See [`HoldEvent::Held`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// The resource.
    pub key: ResourceKey,
    /// The run of the step that was begun.
    pub run: RunId,
    /// The step.
    pub step: StepId,
    /// Run or undo.
    #[serde(rename = "act")]
    pub direction: Direction,
    /// Which attempt.
    pub attempt: u32,
}

/// Stream names of resources begin with this.
pub(crate) const HOLD_PREFIX: &str = "hold/";

/// So many digits of a digest tell resources apart.
const DIGITS: usize = 40;

/// The stream of a resource. Names of resources are long, and a bundle without bodies is not to tell them.
pub(crate) fn hold_stream(key: &ResourceKey) -> StreamId {
    let digest = crate::plan::digest(&key);
    let digits = digest.rsplit(':').next().unwrap_or(&digest);
    StreamId::new(format!("{HOLD_PREFIX}{}", digits.get(..DIGITS).unwrap_or(digits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_of_a_resource_is_the_same_for_ever_and_does_not_tell_its_name() {
        let stream = hold_stream(&ResourceKey::new("/Subscriptions/S/Vaults/V"));
        assert_eq!(stream, hold_stream(&ResourceKey::new("/subscriptions/s/vaults/v")));
        assert_eq!(stream.as_str(), "hold/4c638b82631371ecb130ef225107cbfd140302d0");
    }
}
