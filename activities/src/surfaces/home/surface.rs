//! Activities: what keeps the identity out of sight, and what would put it back from outside. Pure.

use crate::surfaces::row::{Row, by_hand};
use crate::surfaces::surface::Surface;

/// The surface.
pub(crate) struct Homes;

impl Surface for Homes {
    fn rows(&self) -> Vec<Row> {
        vec![
            by_hand(
                "what puts it back from outside: repositories of data factories and Synapse workspaces, deployment stacks that have made its hosts, blueprints, template specs, GitOps of its clusters, what its sites and container apps are deployed from; settings that give it by name and resource group, secret values of API Management that has it",
                "a step for each, with where the code is",
            ),
            by_hand(
                "what Unity Catalog, AI Search, Automation, Synapse, Purview, Load Testing, Batch, Machine Learning, App Configuration, static sites and clusters of AKS keep inside, where they have it",
                "the command that shows it; W390 where `quiet` does not ask for sign-ins, W391 where only a grant covers them",
            ),
        ]
    }
}
