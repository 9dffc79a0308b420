//! Activities: settings of the service principal.

pub(crate) mod activity;
pub(crate) mod facts;
pub(crate) mod plan;
