//! Activities: the resource group that new identities go into.

mod activity;
mod surface;

pub(crate) use surface::{ResourceGroup, ensure};
