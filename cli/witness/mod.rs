//! CLI: signed ends of the log, made wherever its anchor is written, and whoever keeps them elsewhere.

pub(crate) mod config;
mod folder;
mod follow;
mod git;
mod kept;
mod place;
mod post;
mod signing;

pub(crate) use follow::{follow, follow_unseen, told};
pub(crate) use kept::{Kept, Outside, confirmed, kept};
pub(crate) use place::{Place, named};
pub(crate) use post::Witnessing;
