//! Activities: what every kind of change works with, and what it says of answers. Pure.

use crate::activity::list_cache::ListCache;
use crate::azure::{Reader, ResourceId, Writer, errors};
use rehome_orchestrator::{Difference, Fault, FaultKind, Finding, Outcome};

/// What every kind works with.
#[derive(Clone)]
pub(crate) struct Clients {
    pub(crate) reader: Reader,
    pub(crate) writer: Writer,
    pub(crate) shelf: ListCache,
}

/// A request without an answer may still take effect for this long: its time limit, and as much again
/// for the way through Azure.
pub(crate) const SETTLING_MS: u64 = 120_000;

/// Keeps an outcome's meaning and changes what it gives.
pub(crate) fn map<T, U>(outcome: Outcome<T>, to: impl FnOnce(T) -> U) -> Outcome<U> {
    match outcome {
        Outcome::Applied(value) => Outcome::Applied(to(value)),
        Outcome::Accepted(operation) => Outcome::Accepted(operation),
        Outcome::Retry { after, why } => Outcome::Retry { after, why },
        Outcome::Refused(why) => Outcome::Refused(why),
        Outcome::Unknown(why) => Outcome::Unknown(why),
    }
}

/// Why a body is not sent: it was made from what a read gave, and where a secret stands it has a mask, or nothing.
pub(crate) fn held_back(id: &str, body: &serde_json::Value) -> Option<Fault> {
    let kind = ResourceId::from(id).kind().unwrap_or_default();
    let holes = crate::references::hidden::holes(&kind, body);
    let what = format!(
        "a read hides what stands at {}, and the write would have lost it: nothing was sent",
        holes.join(", ")
    );
    (!holes.is_empty())
        .then(|| Fault::new(rehome_orchestrator::FaultKind::Blocked, "HiddenValue", what).at(id))
}

/// Something was read before a write and could not be: certainly nothing was written.
pub(crate) fn unread<T>(why: Fault) -> Outcome<T> {
    if why.kind.is_passing() { Outcome::Retry { after: None, why } } else { Outcome::Refused(why) }
}

/// An operation came to its end without any effect to be seen. What may pass is looked at once more, and then
/// begun again; to say `Retry` here would be to ask after the same operation for ever.
pub(crate) fn failed<T>(why: Fault) -> Outcome<T> {
    if errors::may_pass(&why) { Outcome::Unknown(why) } else { Outcome::Refused(why) }
}

/// Somebody else's change stands in the way; it is shown and not touched.
pub(crate) fn foreign<T>(difference: &Difference) -> Outcome<T> {
    let side = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
    let message = format!(
        "somebody else changed this: expected {}, found {}",
        side(&difference.expected),
        side(&difference.found)
    );
    Outcome::Refused(Fault::new(FaultKind::Differs, "Foreign", message).at(difference.fact.clone()))
}

/// One fact that is as promised, or not.
pub(crate) fn finding(fact: &str, expected: &str, difference: Option<&Difference>) -> Finding {
    Finding {
        fact: fact.to_owned(),
        expected: expected.to_owned(),
        found: match difference {
            None => Some(expected.to_owned()),
            Some(difference) => difference.found.clone(),
        },
        holds: difference.is_none(),
    }
}
