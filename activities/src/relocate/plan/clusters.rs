//! Activities: what people do on Kubernetes clusters of Azure, with the commands for it. Pure.

use super::builder::{Builder, New};
use super::by_hand::quote;
use super::words::grouped;
use crate::relocate::facts::{Host, Strategy};
use crate::relocate::nodes::is_kubelets;
use crate::relocate::params::Params;
use rehome_orchestrator::{Node, Template};
use std::borrow::Cow;

/// A host with what a program re-points on it: not the identity of kubelets, unless that was asked for.
pub(super) fn by_program<'a>(params: &Params, host: &'a Host, strategy: Strategy) -> Cow<'a, Host> {
    let stays = host.references.iter().any(|r| is_kubelets(host, r));
    if !stays || params.options.replace_nodes || strategy == Strategy::ByHand {
        return Cow::Borrowed(host);
    }
    let mut rest = host.clone();
    rest.references.retain(|r| !is_kubelets(host, r));
    Cow::Owned(rest)
}

/// How the Azure CLI is told which cluster is meant: its subscription, its group and its name.
fn cluster(id: &str) -> [String; 3] {
    let part = |n: usize| quote(id.split('/').nth(n).unwrap_or_default());
    [part(2), part(4), part(8)]
}

/// Gives the kubelets of a cluster the new identity.
pub(super) fn kubelet(b: &Builder<'_>, new: &New, host: &Host) -> (String, Node) {
    let [subscription, group, name] = cluster(&host.id);
    let command = |id: &str| {
        Template::known(format!(
            "this replaces every node of the cluster, pool after pool: choose a quiet hour\n\
             az aks update --subscription {subscription} --resource-group {group} --name {name} \
             --assign-kubelet-identity {}\n\
             It is done when this says the same id:\n\
             az aks show --subscription {subscription} --resource-group {group} --name {name} \
             --query identityProfile.kubeletidentity.resourceId",
            quote(id)
        ))
    };
    let node = Node::ByHand { instruction: command(&new.id), undo: command(&b.old().resource_id) };
    (format!("{}: give its kubelets NEW (replaces every node)", grouped(&host.id)), node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::references::scan::Identifier;
    use crate::relocate::facts::{Facts, Reference};
    use crate::relocate::plan::plan;
    use crate::relocate::testing::*;
    use rehome_orchestrator::{Plan, Step};

    fn reference(pointer: &str, identifier: Identifier) -> Reference {
        Reference { pointer: pointer.to_owned(), identifier }
    }

    /// A cluster whose control plane and kubelets have the identity, and its nodes.
    fn with_cluster() -> Facts {
        let mut facts = facts();
        let mut cluster = host("Microsoft.ContainerService/managedClusters", "aks");
        cluster.references = vec![
            reference("/properties/identityProfile/kubeletidentity/clientId", Identifier::ClientId),
            reference("/properties/identityProfile/kubeletidentity/resourceId", Identifier::ResourceId),
            reference(
                "/properties/podIdentityProfile/userAssignedIdentities/0/resourceId",
                Identifier::ResourceId,
            ),
        ];
        cluster.nodes_in = Some("mc_aks".to_owned());
        let mut nodes = host("Microsoft.Compute/virtualMachineScaleSets", "aks-pool");
        nodes.id = nodes.id.replace("rg-pay-weu", "mc_aks");
        facts.hosts = vec![cluster, nodes];
        facts
    }

    fn by_hand(plan: &Plan) -> Vec<&Step> {
        plan.steps
            .iter()
            .filter(|s| matches!(s.node, Node::ByHand { .. }) && s.title.contains("/aks"))
            .collect()
    }

    fn pointers(plan: &Plan) -> Vec<String> {
        let inputs = plan.steps.iter().filter_map(|s| match &s.node {
            Node::Act { activity, input, .. } if activity == "host.rewrite/1" => {
                Some(serde_json::to_string(input).unwrap())
            }
            _ => None,
        });
        inputs.collect()
    }

    #[test]
    fn kubelets_are_left_to_a_person_with_the_command_and_the_rest_of_the_cluster_is_not() {
        let made = plan(&params(), &with_cluster()).unwrap();
        let [step] = by_hand(&made)[..] else { panic!("one step by hand: {made:?}") };
        let Node::ByHand { instruction, undo } = &step.node else { panic!("by hand") };
        let command = "az aks update --subscription s1 --resource-group rg-pay-weu --name aks \
                       --assign-kubelet-identity";
        let (forth, back) = (format!("{instruction:?}"), format!("{undo:?}"));
        assert!(forth.contains(&format!("{command} {}", params().target.id())), "{forth}");
        assert!(back.contains(&format!("{command} {OLD}")), "{back}");
        let rewrites = pointers(&made);
        assert_eq!(rewrites.len(), 1, "the nodes are the cluster's: {rewrites:?}");
        assert!(rewrites[0].contains("podIdentityProfile") && !rewrites[0].contains("kubeletidentity"));
        let swap = made.steps.iter().find(|s| s.title.contains("swap")).unwrap();
        assert!(step.needs.contains(&swap.id), "the cluster itself has the new one first");
    }

    #[test]
    fn kubelets_are_moved_with_the_cluster_where_the_batch_file_says_so() {
        let mut params = params();
        params.options.replace_nodes = true;
        let made = plan(&params, &with_cluster()).unwrap();
        assert!(by_hand(&made).is_empty());
        let rewrites = pointers(&made);
        assert!(rewrites.len() == 1 && rewrites[0].contains("kubeletidentity"), "{rewrites:?}");
    }
}
