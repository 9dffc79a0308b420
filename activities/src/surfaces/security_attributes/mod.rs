//! Activities: custom security attributes of the service principal.

pub(crate) mod activity;
pub(crate) mod facts;
mod surface;

pub(crate) use surface::SecurityAttributes;
