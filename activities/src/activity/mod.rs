//! Activities: the shapes that most kinds of change have, and what all of them share.
//!
//! Most are one of two shapes: an ARM object that is put or removed (`object`), or a link in Entra ID that is added or
//! removed (`link`).

pub(crate) mod link;
pub(crate) mod links;
pub(crate) mod list_cache;
pub(crate) mod object;
pub(crate) mod objects;
pub(crate) mod outcome;
pub(crate) mod principal_image;
pub(crate) mod spilt;
pub(crate) mod splice;

pub(crate) use crate::azure::errors::PATIENT;
pub(crate) use crate::commands::shell::quoted;
pub(crate) use outcome::{Clients, SETTLING_MS, failed, finding, foreign, held_back, map, unread};
