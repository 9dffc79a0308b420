//! Activities: access policies of key vaults.

pub(crate) mod activity;
pub(crate) mod facts;
mod image;
mod surface;

pub(crate) use surface::KeyVaultPolicies;
