//! Activities: the team's own code as a surface. Pure.

use crate::relocate::facts::Facts;
use crate::relocate::params::Params;
use crate::relocate::preflight::notice::Preflight;
use crate::surfaces::own_code::preflight::notices;
use crate::surfaces::row::{Row, by_hand};
use crate::surfaces::surface::Surface;

/// The surface.
pub(crate) struct OwnCode;

impl Surface for OwnCode {
    fn rows(&self) -> Vec<Row> {
        vec![by_hand(
            "its ids in code, charts, pipelines and states that were scanned (`rehome scan`, `plan --scan`)",
            "a step for each repository and owner, with file, line and column; W392 where code declares the identity, W393 where something could not be read",
        )]
    }

    fn preflight(&self, _: &Params, facts: &Facts, out: &mut Preflight) {
        notices(facts, out);
    }
}
