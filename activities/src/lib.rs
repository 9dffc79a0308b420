//! Azure: the kinds of change, the clients, discovery and the workflow that moves an identity.

pub(crate) mod activity;
pub mod azure;
pub mod changes;
pub mod code;
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
use references::settings_key::SettingsKey;
use rehome_orchestrator::{Fault, Plan, Registry};

/// Everything that plans of this program may name.
pub fn registry(azure: &Azure, key: SettingsKey) -> Registry {
    azure.seal_with(&key);
    let relocate = relocate::Relocate { reader: azure.reader() };
    surfaces::registry::register(Registry::new(), azure, key).workflow(relocate)
}

/// Whether a kind of change puts something else in a place that stays, where others add or remove.
pub fn changes_in_place(activity: &str) -> bool {
    surfaces::registry::kinds().any(|kind| kind.in_place && kind.name == activity)
}

/// Whether plans, just made, are ones that this program can carry out: every name in them is known, and every input that
/// they say in full is one of its kind.
///
/// # Errors
/// With the first step that is not so: a fault of this program.
pub fn check<'a>(azure: &Azure, plans: impl IntoIterator<Item = &'a Plan>) -> Result<(), Fault> {
    // Nothing is run, so nothing is marked or sealed with this key.
    let registry = surfaces::registry::register(Registry::new(), azure, SettingsKey::new([0; 32]));
    let registry = registry.workflow(relocate::Relocate { reader: azure.reader() });
    plans.into_iter().try_for_each(|plan| registry.check(plan))
}
