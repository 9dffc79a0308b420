//! Engine: what each event does to a run, and which events are legal where.

pub(crate) mod apply;
mod back;
pub(crate) mod forward;
mod held_up;
mod lost;
mod requests;
mod taken;
