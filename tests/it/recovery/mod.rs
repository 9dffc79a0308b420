//! What goes wrong on the way: deaths, refusals, lost records, clocks, strangers, outages.

pub(crate) mod clock_ahead;
pub(crate) mod concurrent_processes;
pub(crate) mod crash_beside;
pub(crate) mod earlier_program;
pub(crate) mod every_read;
pub(crate) mod everywhere;
pub(crate) mod held_up;
pub(crate) mod left_out;
pub(crate) mod outages;
pub(crate) mod reconcile;
pub(crate) mod simulate;
pub(crate) mod soak;
