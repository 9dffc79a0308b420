//! Activities: access policies of key vaults.

pub(crate) mod activity;
pub(crate) mod facts;
mod image;
pub(crate) mod surface;

pub(crate) use surface::KeyVaultPolicies;
