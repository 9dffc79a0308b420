//! CLI: what was heard of a real tenant, as an estate for the local Azure.

mod arm;
mod directory;
mod estate;
mod planes;
mod text;
mod unread;

pub(crate) use estate::{estate, is_snapshot, text_of};
