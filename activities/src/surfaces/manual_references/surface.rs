//! Activities: what names the identity and is for a person: said, or a step of the plan. Pure.

use crate::relocate::facts::Facts;
use crate::relocate::plan::builder::{Builder, ReadyPrincipal};
use crate::relocate::short::short;
use crate::surfaces::manual_references::plan::steps;
use crate::surfaces::row::{Row, by_hand};
use crate::surfaces::surface::Surface;
use rehome_orchestrator::StepId;

/// The surface.
pub(crate) struct ManualReferences;

impl Surface for ManualReferences {
    fn rows(&self) -> Vec<Row> {
        vec![
            by_hand(
                "deployment stacks that exclude it, Lighthouse definitions that name it",
                "each place, and the command that shows it or deploys it again",
            ),
            by_hand(
                "local roles of Managed HSM",
                "`az keyvault role assignment` commands for each HSM there is",
            ),
            by_hand("roles on it that others could activate (PIM)", "an `az rest` command for each"),
            by_hand(
                "roles inside Synapse",
                "`az synapse role assignment` commands for each workspace there is",
            ),
        ]
    }

    fn compare(&self, facts: &Facts, put: &mut dyn FnMut(String, String)) {
        for named in &facts.manual_references {
            put(named.key(), short(named));
        }
    }

    fn grant(&self, b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Vec<StepId> {
        steps(b, made.new, &made.known)
    }
}
