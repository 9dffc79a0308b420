//! Activities: the nodes of Kubernetes clusters, which have an identity of their own to fetch images with. Pure.
//!
//! A node gets it when it is made, so another identity means other nodes, pool after pool. The machines in the
//! resource group that a cluster keeps for itself are the cluster's: it alone may write them.
//! Source: <https://learn.microsoft.com/azure/aks/pre-created-kubelet-managed-identity>,
//! <https://learn.microsoft.com/azure/aks/faq> (changes in the node resource group are not supported).

use super::facts::{Facts, Host, Reference};

const CLUSTERS: &str = "microsoft.containerservice/managedclusters";
const KUBELET: &str = "/properties/identityprofile/kubeletidentity/";

/// Whether this type is a cluster.
pub(super) fn is_cluster(kind: &str) -> bool {
    kind.eq_ignore_ascii_case(CLUSTERS)
}

/// Whether a place of a cluster names the identity of its kubelets.
pub(super) fn is_kubelets(host: &Host, reference: &Reference) -> bool {
    is_cluster(&host.kind) && reference.pointer.to_ascii_lowercase().starts_with(KUBELET)
}

/// Whether the moving identity is the one of a cluster's kubelets.
pub(super) fn has_kubelets(host: &Host) -> bool {
    host.references.iter().any(|reference| is_kubelets(host, reference))
}

/// The cluster that a machine is a node of, where its kubelets have the moving identity.
pub(super) fn cluster_of<'a>(facts: &'a Facts, host: &Host) -> Option<&'a Host> {
    if !host.kind.to_ascii_lowercase().starts_with("microsoft.compute/") {
        return None;
    }
    let [_, _, subscription, _, group, ..] = host.id.split('/').collect::<Vec<_>>()[..] else { return None };
    facts.hosts.iter().filter(|cluster| has_kubelets(cluster)).find(|cluster| {
        let home = cluster.id.split('/').nth(2).unwrap_or_default();
        home.eq_ignore_ascii_case(subscription)
            && cluster.nodes_in.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(group))
    })
}
