//! Authorization room of the local Azure (`Microsoft.Authorization`): roles, assignments, locks, and who may do
//! what. Pure rules over the objects of the estate; it touches no socket and no clock.

mod actions;
mod scope;
pub(crate) mod view;
