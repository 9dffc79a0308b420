//! Activities: role assignments of the identity, on it, and those whose conditions name it.

pub(crate) mod activity;
pub(crate) mod batch_peers;
pub(crate) mod facts;
pub(crate) mod orphaned_principals;
mod plan;
pub(crate) mod preflight;
pub(crate) mod recondition;
mod surface;
pub(crate) mod survey;

pub(crate) use surface::{RoleAssignments, known_by};
