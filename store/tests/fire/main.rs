//! Store: the log under fire. What it writes is recorded below SQLite, in a process of its own; then the
//! power is cut, calls fail and files are damaged. Touches temporary folders and starts a C compiler.
//!
//! `REHOME_CUTS`, `REHOME_FAULT_CUTS`, `REHOME_FAULT_EVERY`, `REHOME_FLIPS` and `REHOME_CUT_SEED` choose how often and from where.
#![cfg(target_os = "linux")]

mod damage;
mod dice;
mod disk;
mod faults;
mod power;
mod recorder;
mod workload;

/// A number from the environment.
fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
