//! Activities: what speaks against a move, or should be known before it. Pure data.

use crate::relocate::preflight::code::NoticeCode;
use serde::{Deserialize, Serialize};

/// What was found before the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preflight {
    /// The move is refused while any of these holds.
    pub blockers: Vec<Notice>,
    /// Somebody should know these.
    pub warnings: Vec<Notice>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// `B103`, `W203`: see [`NoticeCode`]; a newer program may have others.
    pub code: String,
    /// What it is about.
    pub target: String,
    /// What was found.
    pub text: String,
    /// What can be done.
    pub remedy: String,
}

pub(crate) fn notice(
    code: NoticeCode,
    target: &str,
    text: impl Into<String>,
    remedy: impl Into<String>,
) -> Notice {
    Notice { code: code.code().to_owned(), target: target.into(), text: text.into(), remedy: remedy.into() }
}
