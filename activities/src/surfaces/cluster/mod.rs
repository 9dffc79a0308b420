//! Activities: Kubernetes clusters of Azure: their nodes, and what binds an identity to one.

pub(crate) mod bindings;
pub(crate) mod nodes;
pub(crate) mod plan;
pub(crate) mod preflight;
mod surface;
pub(crate) mod survey;

pub(crate) use surface::Clusters;
