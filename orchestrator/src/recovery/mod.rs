//! Engine: records read back, one run or many, and what is done when the end of a record is lost.

pub(crate) mod bulk_load;
pub(crate) mod history;
pub(crate) mod reconcile;
pub(crate) mod restore;
