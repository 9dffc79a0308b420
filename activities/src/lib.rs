//! Azure: the kinds of change, the clients, discovery and the workflow that moves an identity.

pub(crate) mod activity;
pub mod azure;
mod commands;
pub(crate) mod conditions;
pub mod fail_closed;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
pub mod handoff;
pub mod references;
pub mod relocate;
pub mod surfaces;

use azure::Azure;
use references::settings::SettingsKey;
use rehome_orchestrator::Registry;

/// Everything that plans of this program may name.
pub fn registry(azure: &Azure, key: SettingsKey) -> Registry {
    azure.seal_with(&key);
    let relocate = relocate::Relocate { reader: azure.reader() };
    surfaces::registry::register(Registry::new(), azure, key).workflow(relocate)
}
