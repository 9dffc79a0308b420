//! Microsoft Graph, v1.0: service principals, groups, applications, roles, and batches.

mod batch;
mod counted;
mod delta;
mod filter;
mod made;
mod objects;
mod options;
mod pim;
mod principals;
mod roles;
mod route;
mod schedules;
mod sign_ins;
mod writes;

pub(crate) use batch::parts;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use route::fits;
pub(crate) use route::handle;
pub(crate) use schedules::pass;

use route::{Question, answer, bad, is, is_eventual, kind, list, not_found};
