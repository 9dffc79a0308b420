//! A local Azure, reached over HTTP like the real one: Resource Manager, Microsoft Graph and sign-in.
//!
//! It knows nothing of the clients that ask it. It refuses what Azure refuses, takes its time where Azure
//! does, and forgets everything when it ends; its state comes from an estate and can be read back as one.
//!
//! ```
//! use rehome_simulator::{Estate, Faults, Options, Pace, PageAccess, serve};
//!
//! # rustls::crypto::ring::default_provider().install_default().expect("nobody was faster");
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let estate = Estate::parse(r#"{"arm": [], "graph": [], "settings": {}}"#)?;
//! let options = Options {
//!     listen: "127.0.0.1:0".parse()?,
//!     tls: false,
//!     pace: Pace::ByHand, // time passes with `Running::advance`
//!     seed: 1,
//!     faults: Faults::default(),
//!     pages: PageAccess::Open,
//! };
//! let azure = serve(estate, options).await?;
//!
//! // Every client of Azure begins with this question, which needs no sign-in.
//! let url = format!("{}/metadata/endpoints?api-version=2022-09-01", azure.arm);
//! let endpoints = reqwest::get(url).await?.text().await?;
//! assert!(endpoints.contains(&azure.login));
//!
//! azure.shutdown().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod altered_write;
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
mod origin_check;
mod pipeline;
mod planes;
mod rewritten;
mod serve;
mod server;
mod shared;
mod throttle;
mod tls;
mod workload;
mod world;

pub use altered_write::{AlteredWrite, SideEffect};
pub use clock::Pace;
pub use estate::{DeniedRead, Estate, EstateError, PlaneObject, Settings};
pub use faults::{CannedReply, FaultEffect, Faults, FaultsError, Rule};
pub use origin_check::PageAccess;
pub use serve::{Options, Running, ServeError, serve};
pub use tls::TlsError;
pub use workload::{Outage, WorkloadReport};
