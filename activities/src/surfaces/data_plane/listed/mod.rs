//! Activities: the services whose data planes can be asked, a file each. Pure data.

mod batch;
mod databricks;
mod kusto;
mod load_testing;
mod purview;
mod rest;
mod search;
mod synapse;

use crate::surfaces::data_plane::service::Service;

/// All of them.
pub(crate) static ALL: &[&Service] = &[
    &search::SERVICE,
    &kusto::SERVICE,
    &databricks::SERVICE,
    &synapse::SERVICE,
    &purview::SERVICE,
    &load_testing::SERVICE,
    &batch::SERVICE,
];

/// A service by its key in the batch file.
pub(crate) fn of(word: &str) -> Option<&'static Service> {
    ALL.iter().copied().find(|service| service.word == word)
}

/// The services, by the keys that name them in a batch file.
pub fn words() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|service| service.word)
}
