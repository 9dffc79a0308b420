//! Engine, for tests: every crash, lost answer and failure that a workflow can meet, one after the other.
//!
//! A [`Subject`] brings a world, its activities and a plan. [`enumerate`] first runs it undisturbed
//! and counts its commits and its calls; then it runs it again for every commit and every call, each
//! time with one disturbance there, starts the engine anew after a crash, and looks at the *world*:
//! it must end as the undisturbed run left it, or as it was before the first step. What the engine
//! believes is not asked.
//!
//! Time is virtual: a soak of a day takes no time, and the same disturbance gives the same log.

mod clock;
mod enumerate;
mod inject;

pub use clock::VirtualClock;
pub use enumerate::{Failure, Report, Subject, SubjectWorld, Way, enumerate, run_once};
pub use inject::{Disturbance, Injector, Place};
