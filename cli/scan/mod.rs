//! CLI: a team's own code, searched for the ids of the identities of a batch.

mod asked;
mod evidence;
mod file;
mod identity;
mod search;
mod walk;

pub(crate) use asked::{of_batch, of_log, of_plan};
pub(crate) use evidence::{Evidence, load};
pub(crate) use file::{FORMAT, Found, Passed, ScanFile, is_scan};
pub(crate) use identity::Asked;
pub(crate) use search::{PATCH_HEAD, Searched, search};
pub(crate) use walk::walk;
