//! Activities: every kind of change and every condition that a plan may name.

use crate::azure::Azure;
use crate::conditions::alike::IdentityAlike;
use crate::conditions::equal_access::PrincipalEqual;
use crate::conditions::known::{IdentityKnown, PrincipalEntitled, PrincipalKnown};
use crate::conditions::not_attached::IdentityUnused;
use crate::references::settings::SettingsKey;
use crate::surfaces::ALL;
use crate::surfaces::kit::Kit;
use rehome_orchestrator::Registry;

/// Adds every kind of change and every condition to a registry.
pub(crate) fn register(registry: Registry, azure: &Azure, key: SettingsKey) -> Registry {
    let kit = Kit::new(azure, key);
    ALL.iter()
        .fold(registry, |registry, surface| surface.register(registry, &kit))
        .condition(PrincipalKnown(kit.reader()))
        .condition(PrincipalEntitled(kit.reader()))
        .condition(IdentityKnown(kit.reader()))
        .condition(IdentityAlike(kit.reader()))
        .condition(PrincipalEqual(kit.reader()))
        .condition(IdentityUnused(kit.reader()))
}

/// The names of what is waited for.
#[cfg(test)]
pub(crate) fn condition_names() -> [&'static str; 8] {
    use crate::surfaces::host::repointed::HostRepointed;
    use crate::surfaces::sign_ins::no_recent_sign_ins::PrincipalQuiet;
    use rehome_orchestrator::Condition;
    [
        IdentityAlike::NAME,
        PrincipalKnown::NAME,
        PrincipalEntitled::NAME,
        IdentityKnown::NAME,
        PrincipalEqual::NAME,
        PrincipalQuiet::NAME,
        HostRepointed::NAME,
        IdentityUnused::NAME,
    ]
}
