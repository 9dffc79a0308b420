//! Requests as the rooms see them, and answers. Pure.

mod host;
mod message;
mod relaxed;

pub(crate) use host::Host;
pub(crate) use message::{Reply, Request, decode, not_here, query};
