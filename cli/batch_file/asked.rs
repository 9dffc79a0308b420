//! CLI: what a batch file asks for, before every identity has its target. Pure data.

use super::mapping::MapRule;
use super::meaning::{Policy, Row};
use super::select::Select;

/// What a batch file asks for, before every identity has its target.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) policy: Policy,
    pub(super) rows: Vec<Row>,
    pub(super) select: Option<Select>,
    pub(super) rules: Vec<MapRule>,
    /// So many identities there have to be.
    pub(super) expect: Option<usize>,
}

impl Asked {
    /// Whether only Azure knows the rest.
    pub(super) fn asks_azure(&self) -> bool {
        self.select.is_some() || self.rules.iter().any(MapRule::asks_azure)
    }
}
