//! Activities: application settings and connection strings that name the identity.

pub(crate) mod activity;
mod surface;

pub(crate) use surface::Settings;
