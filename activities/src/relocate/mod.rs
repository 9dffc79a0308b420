//! Activities: the workflow that moves an identity: the order of what is read, compared, planned and done.

pub mod cannot_see;
pub mod differences;
pub mod facts;
pub(crate) mod map;
pub(crate) mod names;
pub mod params;
pub mod peers;
pub(crate) mod plan;
pub mod preflight;
pub mod rights;
pub(crate) mod short;
mod surroundings;
pub(crate) mod survey;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod workflow;

pub use crate::surfaces::host::strategy::{Choice, choose};
pub use crate::surfaces::identity::survey::identifiers;
pub use facts::{Facts, Moving, Strategy};
pub use params::{Options, Params, Target, Unpinned, Waits};
pub use plan::plan;
pub use surroundings::surroundings;
pub use survey::{survey, survey_each};
pub use workflow::{NAME, Relocate};

/// How the resources that carry an identity are looked for.
pub(crate) mod looking {
    pub(crate) use crate::relocate::survey::query::{RESOURCE_GRAPH, TABLES, carriers, lacks_table};
    pub(crate) use crate::relocate::survey::versions::Versions;
    pub(crate) use crate::surfaces::federated_credential::credential_list;
    pub(crate) use crate::surfaces::host::users::users_list;
}
