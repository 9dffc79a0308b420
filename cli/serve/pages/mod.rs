//! CLI: the pages, one file each. Pure but for what they read.

pub(crate) mod answer;
pub(crate) mod approvals;
pub(crate) mod at_batch;
pub(crate) mod at_event;
pub(crate) mod at_move;
pub(crate) mod before_after;
pub(crate) mod filter;
pub(crate) mod frame;
pub(crate) mod needs;
pub(crate) mod overview;
pub(crate) mod record;
pub(crate) mod steps;
pub(crate) mod words;
