//! Microsoft Graph, v1.0: service principals, groups, applications, roles, and batches.

mod answer;
mod batch;
mod counted;
mod delta;
mod directory_audits;
mod filter;
mod made;
mod objects;
mod options;
mod pim;
mod principals;
mod question;
mod roles;
mod route;
mod schedules;
mod shown;
mod sign_ins;
mod writes;

pub(crate) use batch::parts;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use filter::fits;
pub(crate) use route::handle;
pub(crate) use schedules::pass;

use question::{BLUEPRINTS, Question, bad, is, is_eventual, kind, list, no_method, not_found};
