//! Activities: what a person changes by hand whose step has a proof, for a rehearsal that plays them. Pure.

use crate::references::rewrite::Pair;
use crate::surfaces::data_plane::unnamed::{PlaneUnnamed, UnnamedInput};
use crate::surfaces::host::repointed::{HostRepointed, RepointedInput};
use rehome_orchestrator::Condition;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Where a person changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlayedAt {
    /// In the data plane that has this host.
    Host(String),
    /// In the resource that has this id.
    Resource(String),
}

/// What a person changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayedByHand {
    /// Where.
    pub at: PlayedAt,
    /// The old names with the new ones.
    pub replace: Vec<(String, String)>,
}

/// What the person is to have changed whose step has this proof; `None` for proofs of something else.
pub fn played_by_hand(condition: &str, input: &Value) -> Option<PlayedByHand> {
    let (at, replace) = match condition {
        PlaneUnnamed::NAME => read::<UnnamedInput>(input).map(|it| (PlayedAt::Host(it.host), it.replace))?,
        HostRepointed::NAME => {
            read::<RepointedInput>(input).map(|it| (PlayedAt::Resource(it.id.to_string()), it.replace))?
        }
        _ => return None,
    };
    let names = |pair: Pair| (pair.from.clone(), pair.to.to_string());
    Some(PlayedByHand { at, replace: replace.into_iter().map(names).collect() })
}

fn read<T: DeserializeOwned>(input: &Value) -> Option<T> {
    serde_json::from_value(input.clone()).ok()
}
