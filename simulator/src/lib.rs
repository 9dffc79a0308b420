//! A local Azure, reached over HTTP like the real one: Resource Manager, Microsoft Graph and sign-in.
//!
//! It knows nothing of the clients that ask it. It refuses what Azure refuses, takes its time where Azure
//! does, and forgets everything when it ends; its state comes from an estate and can be read back as one.

mod arm;
mod authorization;
mod clock;
#[cfg(test)]
mod compared;
mod estate;
mod faults;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod graph;
mod http;
mod login;
mod objects;
mod operations;
mod otherwise;
mod pipeline;
mod serve;
mod server;
mod shared;
mod strangers;
mod throttle;
mod tls;
mod workload;
mod world;

pub use clock::Pace;
pub use estate::{DeniedRead, Estate, EstateError, Settings};
pub use faults::{Canned, Faults, FaultsError, Rule, What};
pub use otherwise::{Also, Otherwise};
pub use serve::{Options, Running, ServeError, serve};
pub use strangers::Pages;
pub use tls::TlsError;
pub use workload::{Outage, WorkloadReport};
