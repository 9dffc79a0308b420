//! Activities: the kinds of change, each with its probe, its undo and its proof.
//!
//! Most are one of two shapes: an ARM object that is put or removed (`object`), or a link in Entra ID
//! that is added or removed (`link`). What is special has a file of its own.

mod access_policy;
mod alike;
mod alike_read;
mod callers;
mod conditions;
mod delete;
mod equal;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod host;
mod host_faults;
mod host_plan;
mod kept_lock;
mod link;
mod links;
mod look_up;
mod object;
mod objects;
mod pim;
mod quiet;
mod recondition;
mod repointed;
mod resource_group;
mod revoke_tokens;
mod schedule;
mod security_attributes;
mod service_principal;
mod settings;
mod shelf;
mod spilt;
mod splice;
mod unused;
mod users;

pub(crate) use crate::azure::errors::PATIENT;
use crate::azure::{Azure, Reader, Writer, errors};
pub(crate) use crate::commands::shell::quoted;
use crate::references::settings::SettingsKey;
pub(crate) use host_plan::would_send;
use link::{Add, Unlink};
use object::{Put, Remove};
use rehome_orchestrator::{Difference, Fault, FaultKind, Finding, Outcome, Registry};
pub(crate) use schedule::moment;
use settings::SettingsRewrite;
use shelf::Shelf;

/// What every kind works with.
#[derive(Clone)]
pub(crate) struct Clients {
    pub(crate) reader: Reader,
    pub(crate) writer: Writer,
    pub(crate) shelf: Shelf,
}

/// A request without an answer may still take effect for this long: its time limit, and as much again
/// for the way through Azure.
pub(crate) const SETTLING_MS: u64 = 120_000;

/// Adds every kind of change and every condition to a registry.
pub fn register(registry: Registry, azure: &Azure, key: SettingsKey) -> Registry {
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
        .activity(service_principal::SetPrincipal(clients()))
        .activity(access_policy::AddPolicy(clients()))
        .activity(access_policy::RemovePolicy(clients()))
        .activity(callers::Admit(clients()))
        .activity(callers::Dismiss(clients()))
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

/// Keeps an outcome's meaning and changes what it gives.
pub(crate) fn map<T, U>(outcome: Outcome<T>, to: impl FnOnce(T) -> U) -> Outcome<U> {
    match outcome {
        Outcome::Applied(value) => Outcome::Applied(to(value)),
        Outcome::Accepted(operation) => Outcome::Accepted(operation),
        Outcome::Retry { after, why } => Outcome::Retry { after, why },
        Outcome::Refused(why) => Outcome::Refused(why),
        Outcome::Unknown(why) => Outcome::Unknown(why),
    }
}

/// Why a body is not sent: it was made from what a read gave, and where a secret stands it has a mask, or nothing.
pub(crate) fn held_back(id: &str, body: &serde_json::Value) -> Option<Fault> {
    let kind = crate::references::table::type_of(id).unwrap_or_default();
    let holes = crate::references::hidden::holes(&kind, body);
    let what = format!(
        "a read hides what stands at {}, and the write would have lost it: nothing was sent",
        holes.join(", ")
    );
    (!holes.is_empty())
        .then(|| Fault::new(rehome_orchestrator::FaultKind::Blocked, "HiddenValue", what).at(id))
}

/// Something was read before a write and could not be: certainly nothing was written.
pub(crate) fn unread<T>(why: Fault) -> Outcome<T> {
    if why.kind.is_passing() { Outcome::Retry { after: None, why } } else { Outcome::Refused(why) }
}

/// An operation came to its end without any effect to be seen. What may pass is looked at once more, and then
/// begun again; to say `Retry` here would be to ask after the same operation for ever.
pub(crate) fn failed<T>(why: Fault) -> Outcome<T> {
    if errors::may_pass(&why) { Outcome::Unknown(why) } else { Outcome::Refused(why) }
}

/// Somebody else's change stands in the way; it is shown and not touched.
pub(crate) fn foreign<T>(difference: &Difference) -> Outcome<T> {
    let side = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
    let message = format!(
        "somebody else changed this: expected {}, found {}",
        side(&difference.expected),
        side(&difference.found)
    );
    Outcome::Refused(Fault::new(FaultKind::Differs, "Foreign", message).at(difference.fact.clone()))
}

/// One fact that is as promised, or not.
pub(crate) fn finding(fact: &str, expected: &str, difference: Option<&Difference>) -> Finding {
    Finding {
        fact: fact.to_owned(),
        expected: expected.to_owned(),
        found: match difference {
            None => Some(expected.to_owned()),
            Some(difference) => difference.found.clone(),
        },
        holds: difference.is_none(),
    }
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
        of::<access_policy::AddPolicy>(),
        of::<access_policy::RemovePolicy>(),
        of::<callers::Admit>(),
        of::<callers::Dismiss>(),
        of::<recondition::Recondition>(),
        of::<host::HostRewrite>(),
        of::<SettingsRewrite<settings::AppSettings>>(),
        of::<SettingsRewrite<settings::ConnectionStrings>>(),
        of::<look_up::LookUp>(),
        of::<revoke_tokens::RevokeTokens>(),
        of::<delete::DeleteIdentity>(),
    ]
}
