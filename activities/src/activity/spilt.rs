//! Activities: what a write changed beside its own places, as the output of a step that the log keeps. Pure.

use crate::references::rest::{Rest, Spill, naming};
use rehome_orchestrator::{Call, Difference, Fault, FaultKind, Finding, Outcome, Probe};
use serde::{Deserialize, Serialize};

/// The places that were not as before directly after a write, though they were not to be written; in most logs none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Spilt(Option<Vec<Spill>>);

impl Spilt {
    pub(crate) const NONE: Self = Self(None);

    pub(crate) fn of(spilt: Vec<Spill>) -> Self {
        Self(Some(spilt).filter(|spilt| !spilt.is_empty()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Spill> {
        self.0.iter().flatten()
    }

    /// What is still as the write has left it; what somebody has put back or changed since is theirs.
    pub(crate) fn still(&self, now: &Rest) -> Vec<Spill> {
        self.iter().filter(|spill| now.has_still(spill)).cloned().collect()
    }
}

/// What is found where so much of a change is in place, and this beside it is not as it was. Whether it was the write
/// or somebody else meanwhile that changed more, nobody can tell any more: it is the write's until a person has looked.
pub(crate) fn probed(parts: Result<Parts, Difference>, spilt: Vec<Spill>) -> Probe<Spilt> {
    let spilt = Spilt::of(spilt);
    match parts {
        Err(difference) => Probe::Foreign(difference),
        Ok(Parts::All) if spilt.is_empty() => Probe::Applied(spilt),
        Ok(Parts::None) if spilt.is_empty() => Probe::NotApplied,
        Ok(Parts::All | Parts::Some | Parts::None) => Probe::Partial(spilt),
    }
}

/// The same on the way back: it is gone when what the write lost is back as well.
pub(crate) fn probed_back(parts: Result<Parts, Difference>, was: Option<&Spilt>, now: &Rest) -> Probe<Spilt> {
    let was = was.cloned().unwrap_or_default();
    match parts {
        Err(difference) => Probe::Foreign(difference),
        Ok(Parts::All) => Probe::Applied(was),
        Ok(Parts::None) if was.still(now).is_empty() => Probe::NotApplied,
        Ok(Parts::Some | Parts::None) => Probe::Partial(was),
    }
}

/// A promise for each place that a write has changed and nobody has put back.
pub(crate) fn broken<'a>(id: &'a str, still: &'a [Spill]) -> impl Iterator<Item = Finding> + 'a {
    still.iter().map(move |spill| {
        let told = spill.difference(id);
        let expected = told.expected.unwrap_or_else(|| "nothing".to_owned());
        Finding { fact: told.fact, expected, found: told.found, holds: false }
    })
}

/// The write has changed more than it was to change.
pub(crate) fn more_changed(id: &str, spilt: &[Spill]) -> Fault {
    let what = "our change is in place, and the write changed more than that";
    answered(naming("MoreChanged", what, id, spilt))
}

/// What comes of a write whose own places are as wished, where this beside them is not as it was.
pub(crate) fn written(id: &str, spilt: &[Spill]) -> Outcome<Spilt> {
    match spilt {
        [] => Outcome::Applied(Spilt::NONE),
        spilt => Outcome::Unknown(more_changed(id, spilt)),
    }
}

/// What an attempt that goes on where another one stopped finds changed by that one: then it writes nothing.
pub(crate) fn found_changed(call: &Call, id: &str, spilt: impl FnOnce() -> Vec<Spill>) -> Option<Fault> {
    let spilt = if call.attempt() > 1 { spilt() } else { Vec::new() };
    (!spilt.is_empty()).then(|| more_changed(id, &spilt))
}

/// The service has answered that it did what was asked, and these places are not as they were sent.
pub(crate) fn left_out(answered_with: &str, places: &str, at: impl Into<String>) -> Fault {
    let what = format!("answered {answered_with} and left this out: {places}");
    answered(Fault::new(FaultKind::Differs, "NotAsWritten", what)).at(at)
}

/// What comes of a way back that has changed this more than it was to change, or cannot put it back.
pub(crate) fn taken_back(id: &str, left: &[Spill]) -> Outcome<()> {
    let what = "our change is taken back, and this is not as it was";
    match left {
        [] => Outcome::Applied(()),
        left => Outcome::Refused(answered(naming("NotPutBack", what, id, left))),
    }
}

/// What is known by looking after an answer of success.
pub(crate) fn answered(mut why: Fault) -> Fault {
    why.status = Some(200);
    why
}

/// How much of a change is in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parts {
    None,
    Some,
    All,
}
