//! Activities: what is waited for and compared as a whole, before anything relies on the new identity and before anything
//! is taken from the old one.

pub(crate) mod alike;
pub(crate) mod alike_read;
pub(crate) mod equal_access;
pub(crate) mod known;
pub(crate) mod not_attached;
pub(crate) mod users;
