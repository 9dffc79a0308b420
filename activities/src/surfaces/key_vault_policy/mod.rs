//! Activities: access policies of key vaults.

pub(crate) mod activity;
mod image;
