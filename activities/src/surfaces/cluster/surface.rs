//! Activities: Kubernetes clusters of Azure: their kubelets, and what binds an identity to one. Pure.

use crate::surfaces::row::{Row, by_hand};
use crate::surfaces::surface::Surface;

/// The surface.
pub(crate) struct Clusters;

impl Surface for Clusters {
    fn rows(&self) -> Vec<Row> {
        vec![
            by_hand(
                "the identity of the kubelets of a cluster, which replaces every node",
                "an `az aks update` command; moved instead with `replace_nodes = true` in the batch file",
            ),
            by_hand(
                "what binds it to a cluster of AKS, where AKS has left its credential on it or the cluster names it",
                "`az aks identity-binding` and `kubectl` commands; the credential that AKS keeps for it is not copied",
            ),
        ]
    }
}
