//! Activities: steps that wait for a condition. Pure.

use crate::activity::REPLICATION_RETRY;
use rehome_orchestrator::{Condition, Node, Retry};

/// A wait for a condition, as long as replication takes.
pub(crate) fn until<C: Condition>(input: &C::Input) -> Node {
    Node::until::<C>(input, REPLICATION_RETRY)
}

/// A wait for what may take this long and longer: given up when it has taken twice as long.
pub(crate) fn watch<C: Condition>(input: &C::Input, for_ms: u64) -> Node {
    let give_up_after_ms = for_ms.saturating_mul(2).max(REPLICATION_RETRY.give_up_after_ms);
    Node::until::<C>(input, Retry { give_up_after_ms, ..REPLICATION_RETRY })
}
