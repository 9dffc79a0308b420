//! CLI: what is true when a command has done its work and its result cannot be printed. Pure.

use crate::error::NOTHING_CHANGED;

/// What was left, and how to go on.
#[derive(Clone, Debug)]
pub(crate) struct PrintFailure {
    pub(crate) state: &'static str,
    pub(crate) next: Vec<String>,
}

pub(crate) const NOTHING: &str = NOTHING_CHANGED;
pub(crate) const IN_THE_LOG: &str = "what was done is in the log, only the report could not be printed";
pub(crate) const FILE_WRITTEN: &str = "the file is written whole, only the report could not be printed";
pub(crate) const REHEARSED: &str = "the rehearsal ended here; nothing but its own local Azure was changed";

impl PrintFailure {
    /// What was asked is recorded.
    pub(crate) fn in_the_log(next: impl Into<Vec<String>>) -> Self {
        Self { state: IN_THE_LOG, next: next.into() }
    }

    /// The one file that the command writes is there.
    pub(crate) fn file_written(next: impl Into<Vec<String>>) -> Self {
        Self { state: FILE_WRITTEN, next: next.into() }
    }

    /// Only a local Azure was changed, which ends with the command.
    pub(crate) fn rehearsed() -> Self {
        Self { state: REHEARSED, ..Self::default() }
    }
}

/// Nothing was changed.
impl Default for PrintFailure {
    fn default() -> Self {
        let again = "the same command again, where its output can be written".to_owned();
        Self { state: NOTHING, next: vec![again] }
    }
}
