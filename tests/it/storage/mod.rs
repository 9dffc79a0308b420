//! The log and what stands beside it.

pub(crate) mod anchors;
pub(crate) mod azure_logs;
pub(crate) mod bundles;
mod checkpoints;
mod encrypted;
pub(crate) mod forms;
pub(crate) mod full_disk;
pub(crate) mod keys;
pub(crate) mod names_withheld;
mod past;
pub(crate) mod postgres;
mod postgres_crew;
mod postgres_share;
pub(crate) mod side_files;
pub(crate) mod storage_failures;
pub(crate) mod strangers;
mod witnesses;
