//! Activities: what somebody should know of Kubernetes clusters before a move. Pure.

use crate::relocate::facts::{Facts, Host, Strategy};
use crate::relocate::params::Params;
use crate::relocate::preflight::code::NoticeCode;
use crate::relocate::preflight::notice::{Notice, notice as say};
use crate::surfaces::cluster::bindings::{is_binding, made_by_aks};
use crate::surfaces::cluster::nodes::has_kubelets;

pub(crate) use crate::surfaces::cluster::nodes::cluster_of;

/// Who gives the kubelets of a cluster the new identity, and what that costs.
pub(crate) fn notice(params: &Params, host: &Host, strategy: Strategy) -> Option<Notice> {
    if !has_kubelets(host) || strategy == Strategy::ByHand {
        return None;
    }
    Some(if params.options.replace_nodes {
        say(
            NoticeCode::W207,
            &host.id,
            "the identity is its kubelets': the nodes of every pool are replaced, one after the other",
            "choose a quiet hour for it, or leave it to a person: without replace_nodes in the batch file",
        )
    } else {
        say(
            NoticeCode::W208,
            &host.id,
            "the identity is its kubelets', and another one replaces every node: it is left to a person",
            "run the command of its step in a quiet hour, or let the move do it: replace_nodes = true",
        )
    })
}

/// What is not written, because it belongs to a cluster.
pub(crate) fn left(host: &Host, cluster: &Host) -> Notice {
    let text = format!("it is made of nodes of {}, which alone may write it: no step writes it", cluster.id);
    say(NoticeCode::W209, &host.id, text, "it has the new identity once the cluster has replaced its nodes")
}

/// A credential that AKS keeps for identity bindings, where no binding was found.
pub(crate) fn left_over(facts: &Facts) -> Option<Notice> {
    let credential = made_by_aks(facts).next()?;
    let found = facts.hosts.iter().chain(facts.counterparts.iter().map(|c| &c.host));
    if found.into_iter().any(|host| is_binding(&host.kind)) {
        return None;
    }
    let text = format!(
        "AKS made federated credential {} for identity bindings, and none was found: it is not copied",
        credential.name
    );
    let remedy = "AKS leaves it behind with the last binding; look on clusters that you may not read";
    Some(say(NoticeCode::W210, &facts.identity.identifiers.resource_id, text, remedy))
}
