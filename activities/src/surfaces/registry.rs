//! Activities: every kind of change and every condition that a plan may name.

use crate::activity::link::{Add, Unlink};
use crate::activity::list_cache::Shelf;
use crate::activity::object::{Put, Remove};
use crate::activity::{Clients, links, objects};
use crate::azure::Azure;
use crate::conditions::{alike, equal_access as equal, known as conditions, not_attached as unused};
use crate::references::settings::SettingsKey;
use crate::surfaces::app_settings::activity as settings;
use crate::surfaces::app_settings::activity::SettingsRewrite;
use crate::surfaces::callers::activity as callers;
use crate::surfaces::host::activity as host;
use crate::surfaces::host::repointed;
use crate::surfaces::identity::delete;
use crate::surfaces::identity::look_up;
use crate::surfaces::identity::revoke_tokens;
use crate::surfaces::key_vault_policy::activity as access_policy;
use crate::surfaces::lock::keep as kept_lock;
use crate::surfaces::pim::activity as pim;
use crate::surfaces::resource_group;
use crate::surfaces::role_assignment::recondition;
use crate::surfaces::schedule::activity as schedule;
use crate::surfaces::security_attributes::activity as security_attributes;
use crate::surfaces::service_principal::activity as service_principal;
use crate::surfaces::sign_ins::no_recent_sign_ins as quiet;
use rehome_orchestrator::Registry;

/// Adds every kind of change and every condition to a registry.
pub(crate) fn register(registry: Registry, azure: &Azure, key: SettingsKey) -> Registry {
    let shelf = Shelf::default();
    let clients = || Clients { reader: azure.reader(), writer: azure.writer(), shelf: shelf.clone() };
    registry
        .activity(resource_group::EnsureGroup(clients()))
        .activity(Put::<objects::Identity>::new(clients()))
        .activity(Put::<objects::FederatedCredential>::new(clients()))
        .activity(Put::<objects::RoleAssignment>::new(clients()))
        .activity(Put::<objects::RestoredLock>::new(clients()))
        .activity(kept_lock::KeepLock(clients()))
        .activity(Put::<objects::ServiceGrant>::new(clients()))
        .activity(schedule::Grant(clients()))
        .activity(schedule::End(clients()))
        .activity(pim::GrantPim(clients()))
        .activity(pim::EndPim(clients()))
        .activity(Remove::<objects::OldAssignment>::new(clients()))
        .activity(Remove::<objects::LiftedLock>::new(clients()))
        .activity(Remove::<objects::OldServiceGrant>::new(clients()))
        .activity(Add::<links::GroupMember>::new(clients()))
        .activity(Unlink::<links::GroupMember>::new(clients()))
        .activity(Add::<links::AppRole>::new(clients()))
        .activity(Unlink::<links::AppRole>::new(clients()))
        .activity(Add::<links::DirectoryRole>::new(clients()))
        .activity(Unlink::<links::DirectoryRole>::new(clients()))
        .activity(Add::<links::Owner>::new(clients()))
        .activity(Unlink::<links::Owner>::new(clients()))
        .activity(Add::<links::DelegatedGrant>::new(clients()))
        .activity(Unlink::<links::DelegatedGrant>::new(clients()))
        .activity(Add::<links::AppCredential>::new(clients()))
        .activity(Unlink::<links::AppCredential>::new(clients()))
        .activity(security_attributes::SetAttributes::new(clients(), key.clone()))
        .activity(service_principal::SetPrincipal::new(clients(), key.clone()))
        .activity(access_policy::Policy::<access_policy::Add>::new(clients(), key.clone()))
        .activity(access_policy::Policy::<access_policy::Remove>::new(clients(), key.clone()))
        .activity(callers::Callers::<callers::Admit>::new(clients(), key.clone()))
        .activity(callers::Callers::<callers::Dismiss>::new(clients(), key.clone()))
        .activity(recondition::Recondition::new(clients(), key.clone()))
        .activity(host::HostRewrite::new(clients(), key.clone()))
        .activity(SettingsRewrite::<settings::AppSettings>::new(clients(), key.clone()))
        .activity(SettingsRewrite::<settings::ConnectionStrings>::new(clients(), key))
        .activity(look_up::LookUp(clients()))
        .activity(revoke_tokens::RevokeTokens(clients()))
        .activity(delete::DeleteIdentity(clients()))
        .condition(conditions::PrincipalKnown(azure.reader()))
        .condition(conditions::PrincipalEntitled(azure.reader()))
        .condition(conditions::IdentityKnown(azure.reader()))
        .condition(alike::IdentityAlike(azure.reader()))
        .condition(equal::PrincipalEqual(azure.reader()))
        .condition(quiet::PrincipalQuiet(azure.reader()))
        .condition(unused::IdentityUnused(azure.reader()))
        .condition(repointed::HostRepointed(azure.reader()))
}

/// The names of what is waited for.
#[cfg(test)]
pub(crate) fn conditions() -> Vec<&'static str> {
    use rehome_orchestrator::Condition;
    vec![
        alike::IdentityAlike::NAME,
        conditions::PrincipalKnown::NAME,
        conditions::PrincipalEntitled::NAME,
        conditions::IdentityKnown::NAME,
        equal::PrincipalEqual::NAME,
        quiet::PrincipalQuiet::NAME,
        repointed::HostRepointed::NAME,
        unused::IdentityUnused::NAME,
    ]
}

/// How far each kind says that it can be taken back.
#[cfg(test)]
pub(crate) fn reversibilities() -> Vec<(&'static str, rehome_orchestrator::Reversibility)> {
    use rehome_orchestrator::{Activity, Reversibility};
    fn of<A: Activity>() -> (&'static str, Reversibility) {
        (A::NAME, A::REVERSIBILITY)
    }
    vec![
        of::<resource_group::EnsureGroup>(),
        of::<Put<objects::Identity>>(),
        of::<Put<objects::FederatedCredential>>(),
        of::<Put<objects::RoleAssignment>>(),
        of::<Put<objects::RestoredLock>>(),
        of::<kept_lock::KeepLock>(),
        of::<Put<objects::ServiceGrant>>(),
        of::<schedule::Grant>(),
        of::<schedule::End>(),
        of::<pim::GrantPim>(),
        of::<pim::EndPim>(),
        of::<Remove<objects::OldAssignment>>(),
        of::<Remove<objects::LiftedLock>>(),
        of::<Remove<objects::OldServiceGrant>>(),
        of::<Add<links::GroupMember>>(),
        of::<Unlink<links::GroupMember>>(),
        of::<Add<links::AppRole>>(),
        of::<Unlink<links::AppRole>>(),
        of::<Add<links::DirectoryRole>>(),
        of::<Unlink<links::DirectoryRole>>(),
        of::<Add<links::Owner>>(),
        of::<Unlink<links::Owner>>(),
        of::<Add<links::DelegatedGrant>>(),
        of::<Unlink<links::DelegatedGrant>>(),
        of::<Add<links::AppCredential>>(),
        of::<Unlink<links::AppCredential>>(),
        of::<security_attributes::SetAttributes>(),
        of::<service_principal::SetPrincipal>(),
        of::<access_policy::Policy<access_policy::Add>>(),
        of::<access_policy::Policy<access_policy::Remove>>(),
        of::<callers::Callers<callers::Admit>>(),
        of::<callers::Callers<callers::Dismiss>>(),
        of::<recondition::Recondition>(),
        of::<host::HostRewrite>(),
        of::<SettingsRewrite<settings::AppSettings>>(),
        of::<SettingsRewrite<settings::ConnectionStrings>>(),
        of::<look_up::LookUp>(),
        of::<revoke_tokens::RevokeTokens>(),
        of::<delete::DeleteIdentity>(),
    ]
}
