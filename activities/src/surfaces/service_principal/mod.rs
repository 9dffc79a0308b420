//! Activities: settings of the service principal.

pub(crate) mod activity;
pub(crate) mod facts;
mod surface;

pub(crate) use surface::ServicePrincipal;
