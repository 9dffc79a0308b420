//! Engine, for tests: every crash, lost answer and failure that a workflow can meet, one after the other.
//!
//! A [`SystemUnderTest`] brings a world, its activities and a plan. [`enumerate`] first lives through it undisturbed
//! (forward through every gate; there and back; into the clean-up and back) and counts its commits, its calls
//! and its looks at the world. Then it does so again for every one of these places with every fault
//! that can happen there, starts the engine anew after a death, plays the people, and looks at the *world*:
//! it must end as the undisturbed run left it, or as it was before the first step, or differ from that by
//! exactly what is listed as left. What the engine believes is not asked.
//!
//! | | before the effect | after it, before the answer | after the answer, before its commit |
//! |---|---|---|---|
//! | a death | `CrashBefore` of the call, or `CrashAfter` of the commit before it | `CrashAfter` of the call | `CrashBefore` of the commit |
//! | a failure | `Refused`, `Retry` | | `RequestLost`, `AnswerLost` of the commit |
//! | an ambiguous answer | `RequestLost` | `AnswerLost` | |
//! | a late arrival | `Late`, `CrashLate` | | |
//! | a repetition | | `Repeated` | |
//!
//! Of an effect that is late, the engine sees nothing at first; it arrives soon, or when the settling time of
//! its activity is nearly over, and in a run that goes back it arrives among the undo steps. Looks (`before`,
//! `probe`, `poll`, `verify`, conditions, surveys) die, get no answer or are refused. Pairs of faults
//! close to each other are drawn from a seed.
//!
//! A [`Failure`] names the activity and its step, says what is wrong, and tells the history; [`Findings`]
//! show the one with the shortest. `examples/own_activity.rs` tests an activity of one's own.
//!
//! Time is virtual: a soak of a day takes no time, and the same case gives the same log. A world that is not
//! in this process's memory says so ([`SystemUnderTest::OUTSIDE`]), and time stands still while it is asked.

mod clock;
mod exploration;
mod fault_injection;
mod fault_point;
mod injector;
mod scenario;
mod system_under_test;

pub use clock::VirtualClock;
pub use exploration::{Exploration, Failure, Findings};
pub use fault_point::{FaultPoint, InjectedFault};
pub use injector::{Called, Happened};
pub use scenario::{Journey, OperatorAction, Report, Scenario, run_once};
pub use system_under_test::{SystemUnderTest, WorldUnderTest};

/// Pairs that [`enumerate`] draws.
const PAIRS: usize = 300;

/// Disturbs a subject at every place in every way, and at some pairs of places, and tells what it did not
/// survive.
pub fn enumerate<S: SystemUnderTest>(system: &S) -> Findings {
    let exploration = Exploration::new(system);
    let mut scenarios = exploration.singles();
    scenarios.extend(exploration.pairs(1, PAIRS));
    exploration.run_all(&scenarios, 1)
}
