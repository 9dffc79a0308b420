//! The ARM room of the local Azure: what `management.azure.com` answers.

pub(crate) mod authorization;
pub(crate) mod keyvault;
pub(crate) mod management_groups;
