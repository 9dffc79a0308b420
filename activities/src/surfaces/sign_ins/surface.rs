//! Activities: where the identity has signed in of late. Pure.

use crate::activity::kit::Kit;
use crate::surfaces::row::{Row, named};
use crate::surfaces::sign_ins::no_recent_sign_ins::NoRecentSignIns;
use crate::surfaces::surface::Surface;
use rehome_orchestrator::Registry;

/// The surface.
pub(crate) struct SignIns;

impl Surface for SignIns {
    fn rows(&self) -> Vec<Row> {
        vec![named(
            "services that it signs in to, with `quiet` in the batch file",
            "W380; nothing is taken from it before nobody has signed in as it for so long",
        )]
    }

    fn conditions(&self, registry: Registry, kit: &Kit) -> Registry {
        registry.condition(NoRecentSignIns(kit.reader()))
    }
}
