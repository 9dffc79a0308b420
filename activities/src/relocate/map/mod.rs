//! Activities: the map of a batch, which names what takes the place of scopes, vaults, services and hosts.

pub(crate) mod facts;
pub(crate) mod preflight;
pub(crate) mod survey;
