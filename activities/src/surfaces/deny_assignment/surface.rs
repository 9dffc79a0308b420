//! Activities: deny assignments, of the identity and of whoever is signed in. Pure.

use crate::relocate::preflight::code::NoticeCode;
use crate::surfaces::row::{Row, by_hand, named};
use crate::surfaces::surface::Surface;

/// The surface.
pub(crate) struct DenyAssignments;

impl Surface for DenyAssignments {
    fn rows(&self) -> Vec<Row> {
        vec![
            by_hand(
                "deny assignments that exclude it, or a group that the new one cannot join, and would deny the new one",
                "B130 until the batch file answers for each, then a step before the hosts",
            ),
            named(
                "deny assignments that deny it, or a group that the new one cannot join, and not the new one",
                NoticeCode::W370.code(),
            ),
            named(
                "deny assignments that deny whoever is signed in what a step needs",
                "B142, with the actions and places, until the batch file answers for each",
            ),
        ]
    }
}
