//! Activities: custom security attributes of the service principal.

pub(crate) mod activity;
