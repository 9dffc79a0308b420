//! Authorization room of the local Azure (`Microsoft.Authorization`): roles, assignments, locks, and who may do
//! what. Pure rules over the objects of the estate; it touches no socket and no clock.

mod access;
mod actions;
mod assignments;
mod filter;
mod locks;
mod pending;
mod roles;
mod route;
mod schedules;
mod scope;
#[cfg(test)]
mod tests;
mod view;

#[expect(unused_imports, reason = "what the pipeline asks of this room")]
pub(crate) use {
    access::{ASSIGN, allowed, authorize, linked, needed},
    actions::Plane,
    assignments::{all as assigned, identities, scope_of},
    locks::forbids,
    roles::is_on_data,
    route::handle,
    schedules::{duration, expire},
    scope::{canonical, chain as scope_chain},
    view::{Answer, Call, Delays, Objects, Principal, text},
};

#[cfg(test)]
pub(crate) use tests::{Small, with_call};

#[cfg(any(test, feature = "fuzz"))]
pub(crate) use filter::filter_terms;

use scope::{check_scope, child, extended};
