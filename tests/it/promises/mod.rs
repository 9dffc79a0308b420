//! What the README promises, one file for each promise, and a whole move in which all of them hold.

pub(crate) mod end_to_end;
pub(crate) mod everything_undone;
pub(crate) mod explained_offline;
pub(crate) mod no_secret;
pub(crate) mod nothing_is_lost;
pub(crate) mod nothing_twice;
pub(crate) mod nothing_unrecorded;
pub(crate) mod only_ours;
pub(crate) mod platform;
