//! Activities: role assignments of the identity, on it, and those whose conditions name it.

pub(crate) mod batch_peers;
pub(crate) mod orphaned_principals;
pub(crate) mod preflight;
pub(crate) mod recondition;
