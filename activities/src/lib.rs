//! Azure: the kinds of change, the clients, discovery and the workflow that moves an identity.

pub mod azure;
pub mod kinds;
pub mod references;
pub mod relocate;
