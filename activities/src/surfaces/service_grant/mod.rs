//! Activities: grants that are child resources of some service.

pub(crate) mod activity;
pub(crate) mod facts;
mod surface;

pub(crate) use surface::{ServiceGrants, administrators};
