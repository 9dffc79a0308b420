//! CLI: what Azure's own logs say of the writes that the log says were sent: read, matched both ways. Pure.
//!
//! Azure keeps with each write the id that its client gives it. Rehome gives it the hash of the event of its intent, so that
//! whoever holds Azure's log holds pieces of ours, which nobody here can change.

mod compare;
mod export;
mod sent;

pub(crate) use compare::{Asked, Compared, Reconciled, reconciled};
pub(crate) use export::{Export, Keeper};
pub(crate) use sent::Record;
