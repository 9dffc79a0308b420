//! Activities: the shapes that most kinds of change have, and what all of them share.
//!
//! Most are one of three shapes: an ARM object that is put or removed (`object`), a link in Entra ID that is added or
//! removed (`link`), or something that begins and ends by itself (`timed`).

pub(crate) mod compare;
pub(crate) mod effect;
pub(crate) mod kept_lock;
pub(crate) mod kit;
pub(crate) mod link;
pub(crate) mod list_cache;
pub(crate) mod object;
mod outcome;
pub(crate) mod principal_image;
pub(crate) mod spilt;
pub(crate) mod splice;
pub(crate) mod timed;

pub(crate) use crate::azure::errors::REPLICATION_RETRY;
pub(crate) use crate::commands::shell::quoted;
pub(crate) use outcome::{Clients, SETTLING_MS, failed, finding, foreign, held_back, map, unread};
