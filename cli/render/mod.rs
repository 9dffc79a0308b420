//! CLI: texts that several commands print. Pure. The text is not an interface; `-o json` is.

pub(crate) mod access;
pub(crate) mod board;
pub(crate) mod board_html;
pub(crate) mod bundle;
pub(crate) mod clean_up;
pub(crate) mod fit;
pub(crate) mod graph;
pub(crate) mod history;
pub(crate) mod kinds;
pub(crate) mod live;
pub(crate) mod overview;
pub(crate) mod page;
pub(crate) mod plan;
pub(crate) mod plan_diff;
pub(crate) mod proof;
pub(crate) mod reconciled;
pub(crate) mod rehearsal;
pub(crate) mod report;
pub(crate) mod report_html;
pub(crate) mod scan;
pub(crate) mod status;
pub(crate) mod terms;
pub(crate) mod timeline;
