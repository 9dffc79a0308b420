//! Activities: grants that are child resources of some service.

pub(crate) mod activity;
pub(crate) mod facts;
pub(crate) mod surface;

pub(crate) use surface::{ServiceGrants, administrators};
