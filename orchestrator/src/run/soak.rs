//! Engine: when a soak is over. Pure.
//!
//! This machine's clock can be set. So where the other side has said what time it was when a soak began, only that
//! clock counts what has passed.

use crate::plan::Node;
use crate::run::state::ForwardState;
use crate::time::scale::TimeScale;

/// Where the other side has not said what time it is now, a soak is looked at again after so long.
const ASK_AGAIN_MS: u64 = 60_000;

fn span(for_ms: u64) -> i64 {
    i64::try_from(for_ms).unwrap_or(i64::MAX)
}

/// When a soak ends, on this machine's clock: from what time it is here and there, how long it takes, and what was
/// recorded when it began, its date here and what time it was there.
pub(crate) fn end_ms(
    (here, there): (i64, Option<i64>),
    time_scale: TimeScale,
    for_ms: u64,
    (until_ms, then): (i64, Option<i64>),
) -> i64 {
    match (then, there) {
        (None, _) => until_ms,
        (Some(_), None) => until_ms.max(here.saturating_add(time_scale.wall_ms(ASK_AGAIN_MS))),
        (Some(then), Some(there)) => {
            let left = then.saturating_add(span(for_ms)).saturating_sub(there);
            here.saturating_add(time_scale.wall_ms(u64::try_from(left).unwrap_or(0)))
        }
    }
}

/// Whether a step may have come to its end when it was this time on the other side. Whatever is no soak, or began
/// where nobody said what time it was, may.
pub(crate) fn may_end(node: &Node, forward: &ForwardState, elsewhere_ms: Option<i64>) -> bool {
    match (node, forward) {
        (Node::Soak { for_ms }, ForwardState::Soaking { elsewhere_ms: Some(then), .. }) => {
            elsewhere_ms.is_some_and(|now| now >= then.saturating_add(span(*for_ms)))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: u64 = 86_400_000;

    #[test]
    fn the_clock_of_the_other_side_ends_a_soak_and_this_machines_only_where_there_is_no_other() {
        let (day, month) = (span(DAY_MS), 30 * span(DAY_MS));
        let end = |here, there, then| end_ms((here, there), TimeScale::REAL, DAY_MS, (day, then));
        assert_eq!(end(month, None, None), day, "as it always was");
        assert_eq!(end(month, Some(500 + 7), Some(500)), month + day - 7, "set forward");
        assert_eq!(end(-month, Some(500 + day), Some(500)), -month, "set back");
        assert!(end(month, None, Some(500)) > month, "nobody says what time it is there");
    }

    #[test]
    fn an_end_that_comes_too_early_there_cannot_have_been() {
        let (soak, began) =
            (Node::Soak { for_ms: 10 }, |then| ForwardState::Soaking { until_ms: 0, elsewhere_ms: then });
        for (then, now, may) in [
            (None, None, true),
            (None, Some(0), true),
            (Some(100), Some(110), true),
            (Some(100), Some(109), false),
            (Some(100), None, false),
        ] {
            assert_eq!(may_end(&soak, &began(then), now), may, "{then:?} {now:?}");
        }
        assert!(may_end(&Node::Gate { name: String::new() }, &began(Some(100)), None));
    }
}
