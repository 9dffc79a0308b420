//! Activities: what people do on Kubernetes clusters of Azure, with the commands for it. Pure.

use crate::commands::shell::quoted;
use crate::references::scan::Identifier;
use crate::references::writable::is_computed;
use crate::relocate::facts::{Host, Strategy};
use crate::relocate::params::Params;
use crate::relocate::plan::builder::{Builder, NewIdentity, Part};
use crate::relocate::plan::words::StepText;
use crate::relocate::plan::words::{grouped, place};
use crate::surfaces::cluster::bindings::is_binding;
use crate::surfaces::cluster::nodes::{is_kubelets, set_by_service};
use crate::surfaces::host::strategy::choose;
use rehome_orchestrator::{Node, StepId, Template};
use std::borrow::Cow;

/// A host without the places that its service alone writes.
pub(crate) fn open(host: &Host, strategy: Strategy) -> Cow<'_, Host> {
    if strategy == Strategy::ByHand || set_by_service(host).is_empty() {
        return Cow::Borrowed(host);
    }
    let mut open = host.clone();
    open.references.retain(|r| !is_computed(&host.kind, &r.pointer));
    Cow::Owned(open)
}

/// A host with what a program re-points on it: not the identity of kubelets, unless that was asked for.
pub(crate) fn by_program<'a>(params: &Params, host: &'a Host, strategy: Strategy) -> Cow<'a, Host> {
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
    let part = |n: usize| quoted(id.split('/').nth(n).unwrap_or_default());
    [part(2), part(4), part(8)]
}

/// Gives the kubelets of a cluster the new identity.
pub(crate) fn kubelet(b: &Builder<'_>, new: &NewIdentity, host: &Host) -> (String, Node) {
    let [subscription, group, name] = cluster(&host.id);
    let command = |id: &str| {
        Template::known(format!(
            "this replaces every node of the cluster, pool after pool: choose a quiet hour\n\
             az aks update --subscription {subscription} --resource-group {group} --name {name} \
             --assign-kubelet-identity {}\n\
             It is done when this says the same id:\n\
             az aks show --subscription {subscription} --resource-group {group} --name {name} \
             --query identityProfile.kubeletidentity.resourceId",
            quoted(id)
        ))
    };
    let node = Node::ByHand { instruction: command(&new.id), undo: command(&b.old().resource_id) };
    (format!("{}: give its kubelets NEW (replaces every node)", grouped(&host.id)), node)
}

/// What the Azure CLI does with a binding: `create` or `delete`, and one that has this after its name.
fn binding(id: &str, verb: &str, after: &str) -> String {
    let [subscription, group, cluster] = cluster(id);
    let name = quoted(&format!("{}{after}", place(id)));
    format!(
        "az aks identity-binding {verb} --subscription {subscription} --resource-group {group} \
         --cluster-name {cluster} --name {name}"
    )
}

/// Binds the new identity beside the old one, and lets the same service accounts use it.
pub(crate) fn bind(b: &Builder<'_>, new: &NewIdentity, host: &Host) -> (String, Node) {
    let old = &b.old().client_id;
    let fresh = || new.name(Identifier::ClientId);
    let role = |id: Template| {
        let head = "kubectl apply -f - <<EOF\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n\
                    metadata: {name: use-mi-";
        let rules =
            "}\nrules: [{verbs: [use-managed-identity], apiGroups: [cid.wi.aks.azure.com], resources: [";
        [Template::known(head), id.clone(), Template::known(rules), id, Template::known("]}]\nEOF\n")]
    };
    let annotate =
        "kubectl -n NAMESPACE annotate serviceaccount NAME --overwrite azure.workload.identity/client-id=";
    let create = format!(
        "a binding keeps the identity that it was made with: bind the new one beside it\n\
         {} --managed-identity-resource-id {}\n\
         (AKS puts a federated credential of its own on the new identity). In the cluster:\n",
        binding(&host.id, "create", "-new"),
        quoted(&new.id)
    );
    let find = format!(
        "Bind that role to whom these name, and give each of their service accounts the new client id:\n\
         kubectl get clusterrolebindings,rolebindings,serviceaccounts -A -o yaml | grep -B 20 {old}\n{annotate}"
    );
    let mut text = vec![Template::known(create)];
    text.extend(role(fresh()));
    text.extend([Template::known(find), fresh(), Template::known("\nthen restart their pods")]);
    let undo = vec![
        Template::known(format!("{annotate}{old}\nthen restart the pods, and take the new one away:\n")),
        Template::known("kubectl delete clusterrole use-mi-"),
        fresh(),
        Template::known(format!("\n{} --yes", binding(&host.id, "delete", "-new"))),
    ];
    let node = Node::ByHand { instruction: Template::Text(text), undo: Template::Text(undo) };
    (format!("{}: bind NEW beside the old one", grouped(&host.id)), node)
}

/// Takes the bindings of the old identity away; those on a cluster that is left alone go with that.
pub(crate) fn unbind(b: &mut Builder<'_>, needs: &[StepId]) -> Vec<StepId> {
    let facts = b.facts;
    let old = &b.old().resource_id;
    let by_hand = |host: &&Host| {
        is_binding(&host.kind)
            && facts.counterpart_of(host).is_none()
            && choose(b.params, facts, host).strategy == Strategy::ByHand
    };
    let bindings: Vec<&Host> = facts.hosts.iter().filter(by_hand).collect();
    let mut steps = Vec::with_capacity(bindings.len());
    for host in bindings {
        let undo =
            format!("{} --managed-identity-resource-id {}", binding(&host.id, "create", ""), quoted(old));
        let node = Node::ByHand {
            instruction: Template::known(format!("{} --yes", binding(&host.id, "delete", ""))),
            undo: Template::known(undo),
        };
        let title = format!("{}: delete the old binding", grouped(&host.id));
        steps.push(b.push(Part::CleanUp, StepText::new(title, "by hand"), needs, node));
    }
    steps
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
        nodes.id = nodes.id.replace("rg-pay-weu", "mc_aks").into();
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
    fn what_aks_made_for_an_addon_is_a_persons_to_know_and_neither_cluster_nor_nodes_are_written() {
        let mut facts = with_cluster();
        let place = "/properties/addonProfiles/omsagent/identity/resourceId";
        facts.hosts[0].carries = false;
        facts.hosts[0].references = vec![reference(place, Identifier::ResourceId)];
        let made = plan(&params(), &facts).unwrap();
        assert!(pointers(&made).is_empty(), "{made:?}");
        let [step] = by_hand(&made)[..] else { panic!("one step by hand: {made:?}") };
        assert!(step.title.contains(place) && step.title.contains("AKS made"), "{}", step.title);
        // Beside a place that can be written only that one is.
        facts.hosts[0].references.push(reference("/properties/podIdentityProfile/x", Identifier::ResourceId));
        let made = plan(&params(), &facts).unwrap();
        let rewrites = pointers(&made);
        assert!(rewrites.len() == 1 && !rewrites[0].contains("addonProfiles"), "{rewrites:?}");
        assert_eq!(by_hand(&made).len(), 1);
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

    #[test]
    fn the_credential_of_bindings_is_not_copied_and_a_binding_is_made_anew_by_a_person() {
        let mut facts = facts();
        let mut binding = host("Microsoft.ContainerService/managedClusters", "aks/identityBindings/ib");
        binding.kind = "Microsoft.ContainerService/managedClusters/identityBindings".into();
        binding.carries = false;
        facts.hosts = vec![binding];
        facts.credentials.push(facts.credentials[0].clone());
        facts.credentials[1].name = "aks-identity-binding".to_owned();
        facts.credentials[1].issuer = format!("https://ib.oic.prod-aks.azure.com/t/{CLIENT}");
        let made = plan(&params(), &facts).unwrap();
        let titled = |text: &str| made.steps.iter().filter(|s| s.title.contains(text)).collect::<Vec<_>>();
        assert_eq!(titled("federated credential").len(), 1, "the other one");
        let [forth] = titled("rg-pay-weu/ib: bind NEW")[..] else { panic!("{made:?}") };
        let Node::ByHand { instruction, .. } = &forth.node else { panic!("by hand") };
        let command = "az aks identity-binding create --subscription s1 --resource-group rg-pay-weu --cluster-name aks \
                       --name ib-new --managed-identity-resource-id ";
        assert!(
            format!("{instruction:?}").contains(&format!("{command}{}", params().target.id())),
            "{instruction:?}"
        );
        let [away] = titled("rg-pay-weu/ib: delete")[..] else { panic!("{made:?}") };
        let deleted = titled("POINT OF NO RETURN")[0];
        let revoked = made.steps.iter().find(|s| deleted.needs.contains(&s.id)).unwrap();
        assert!(revoked.needs.contains(&away.id), "the old binding goes before its identity");
    }
}
