//! Workload room of the local Azure: what runs on the hosts of an estate, whether it works at a moment, and every
//! outage. Pure rules over the objects; the clock comes in as an argument.

mod estate;
mod identity;
mod sign_ins;
mod watch;

pub(crate) use sign_ins::SignIn;
pub(crate) use watch::Workloads;
pub use watch::{Outage, WorkloadReport};
