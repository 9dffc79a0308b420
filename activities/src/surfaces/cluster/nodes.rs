//! Activities: the nodes of Kubernetes clusters, which have an identity of their own to fetch images with. Pure.
//!
//! A node gets it when it is made, so another identity means other nodes, pool after pool. The machines in the
//! resource group that a cluster keeps for itself are the cluster's: it alone may write them.
//! Source: <https://learn.microsoft.com/azure/aks/pre-created-kubelet-managed-identity>,
//! <https://learn.microsoft.com/azure/aks/faq> (changes in the node resource group are not supported).

use crate::references::writable::is_computed;
use crate::relocate::facts::{Facts, Host, Reference};

const CLUSTERS: &str = "microsoft.containerservice/managedclusters";
const KUBELET: &str = "/properties/identityprofile/kubeletidentity/";

/// Whether this type is a cluster.
pub(crate) fn is_cluster(kind: &str) -> bool {
    kind.eq_ignore_ascii_case(CLUSTERS)
}

/// Whether a place of a cluster names the identity of its kubelets.
pub(crate) fn is_kubelets(host: &Host, reference: &Reference) -> bool {
    is_cluster(&host.kind) && reference.pointer.to_ascii_lowercase().starts_with(KUBELET)
}

/// Whether the moving identity is the one of a cluster's kubelets.
pub(crate) fn has_kubelets(host: &Host) -> bool {
    host.references.iter().any(|reference| is_kubelets(host, reference))
}

/// The places of a host that name the identity and that its service alone writes.
pub(crate) fn set_by_service(host: &Host) -> Vec<&Reference> {
    host.references.iter().filter(|r| is_computed(&host.kind, &r.pointer)).collect()
}

/// Why such places are nobody's to change.
pub(crate) fn own_words(host: &Host) -> String {
    let places: Vec<&str> = set_by_service(host).iter().map(|r| r.pointer.as_str()).collect();
    let whose = if is_cluster(&host.kind) { "AKS made the identity for itself and" } else { "its service" };
    format!("{whose} names it in {}, which nobody else can write", places.join(", "))
}

/// Whether a cluster has given the moving identity to its nodes itself.
fn gave(host: &Host) -> bool {
    is_cluster(&host.kind) && (has_kubelets(host) || !set_by_service(host).is_empty())
}

/// The cluster that a machine is a node of, where the cluster names the moving identity.
pub(crate) fn cluster_of<'a>(facts: &'a Facts, host: &Host) -> Option<&'a Host> {
    if !host.kind.folded().starts_with("microsoft.compute/") {
        return None;
    }
    let (subscription, group) = (host.id.subscription()?, host.id.resource_group()?);
    facts.hosts.iter().filter(|host| gave(host)).find(|cluster| {
        cluster.id.subscription().as_ref() == Some(&subscription)
            && cluster.nodes_in.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(group))
    })
}
