//! Activities: reads the facts of one or many identities, in as few requests as Azure allows. Reads only.

pub(crate) mod access;
mod actions;
mod batch;
pub(crate) mod directory;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
pub(crate) mod graph_rights;
pub(crate) mod parse;
pub(crate) mod query;
pub(crate) mod versions;

pub(crate) use crate::surfaces::host::survey::users_list;
pub(crate) use access::{SCHEDULES, SERVICES};
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use batch::offered;
pub use batch::survey;
pub(crate) use batch::{Common, MSI, credential_list, gap, understood};
pub(crate) use parse::is_single_kind;
pub(crate) use query::{RESOURCE_GRAPH, TABLES, carriers, lacks_table};
pub(crate) use versions::Versions;
