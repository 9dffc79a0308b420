//! Activities: what only a person can do, as instructions with the real ids filled in. Pure.

use super::builder::{Builder, New};
use super::words::{grouped, place};
use crate::kinds::quoted;
use crate::references::scan::Identifier;
use crate::relocate::facts::{FederatedCredential, Host};
use crate::relocate::strategy::below;
use rehome_orchestrator::{Node, Template};

/// The outside system that a federated credential lets in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outside {
    /// A repository, and its environment where the subject names one.
    GitHub { repository: String, environment: Option<String> },
    /// A service account of a Kubernetes cluster.
    Kubernetes { namespace: String, account: String },
    /// A service connection of Azure DevOps.
    AzureDevOps { connection: String },
    /// Somebody else.
    Other { issuer: String },
}

/// Who stands behind a federated credential.
pub(super) fn outside(credential: &FederatedCredential) -> Outside {
    let subject = credential.subject.as_deref().unwrap_or_default();
    let host = credential.issuer.trim_start_matches("https://").split('/').next().unwrap_or_default();
    if let Some((namespace, account)) =
        subject.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'))
    {
        return Outside::Kubernetes { namespace: namespace.into(), account: account.into() };
    }
    if let Some(connection) = subject.strip_prefix("sc://") {
        return Outside::AzureDevOps { connection: connection.into() };
    }
    if host.eq_ignore_ascii_case("vstoken.dev.azure.com") {
        return Outside::AzureDevOps { connection: subject.into() };
    }
    if host.eq_ignore_ascii_case("token.actions.githubusercontent.com") {
        let rest = subject.strip_prefix("repo:").unwrap_or(subject);
        let (repository, tail) = rest.split_once(':').unwrap_or((rest, ""));
        let environment = tail.strip_prefix("environment:").map(str::to_owned);
        return Outside::GitHub { repository: repository.into(), environment };
    }
    Outside::Other { issuer: credential.issuer.clone() }
}

/// What to do in an outside system, and how to take it back; `None` where nobody can say.
pub(super) fn elsewhere(b: &Builder<'_>, new: &New, outside: &Outside) -> Option<(String, Node)> {
    let (title, before, after) = match outside {
        Outside::GitHub { repository, environment } => {
            let env = environment.as_ref().map_or_else(String::new, |e| format!(" --env {}", quoted(e)));
            (
                format!("GitHub {repository}: client id that its workflows sign in with"),
                format!("gh secret set AZURE_CLIENT_ID --repo {}{env} --body ", quoted(repository)),
                "\n(or wherever the workflows keep it: a variable, the workflow file), then run them once",
            )
        }
        Outside::Kubernetes { namespace, account } => (
            format!("service account {namespace}/{account}: annotation client-id"),
            format!(
                "kubectl -n {} annotate serviceaccount {} --overwrite azure.workload.identity/client-id=",
                quoted(namespace),
                quoted(account)
            ),
            "\nthen restart the pods that use it (GitOps would undo this: change it there)",
        ),
        Outside::AzureDevOps { connection } => (
            format!("Azure DevOps service connection {connection}: client id"),
            format!(
                "in Azure DevOps, edit service connection {connection}: set the service principal id to "
            ),
            "\nthen verify and save it",
        ),
        Outside::Other { .. } => return None,
    };
    let text =
        |id: Template| Template::Text(vec![Template::known(before.clone()), id, Template::known(after)]);
    let node = Node::ByHand {
        instruction: text(new.name(Identifier::ClientId)),
        undo: text(Template::known(&b.old().client_id)),
    };
    Some((title, node))
}

/// The places of a host that name the old identity, beside its map of identities.
fn places(host: &Host) -> impl Iterator<Item = String> {
    let references = host.references.iter().map(|r| r.pointer.clone());
    references.chain(host.settings.iter().map(|s| format!("{} {}", s.list, s.name)))
}

/// The three names of an identity, under each other.
fn ids(names: [Template; 3]) -> Vec<Template> {
    let heads = ["\n  resource id  ", "\n  client id    ", "\n  principal id "];
    heads.into_iter().zip(names).flat_map(|(head, name)| [Template::known(head), name]).collect()
}

/// An instruction that says what to use, old or new.
fn using(b: &Builder<'_>, new: &New, [head, undo]: [String; 2]) -> Node {
    let old = b.old();
    let known = [&old.resource_id, &old.client_id, &old.principal_id].map(Template::known);
    let fresh = [Identifier::ResourceId, Identifier::ClientId, Identifier::PrincipalId].map(|i| new.name(i));
    let text = |head: String, names: [Template; 3]| {
        Template::Text(std::iter::once(Template::known(head)).chain(ids(names)).collect())
    };
    Node::ByHand { instruction: text(head, fresh), undo: text(undo, known) }
}

/// A host that cannot be re-pointed by program.
pub(super) fn host(b: &Builder<'_>, new: &New, host: &Host, reason: &str) -> (String, Node) {
    let places: Vec<String> = places(host).collect();
    let places = if places.is_empty() { "its identity".to_owned() } else { places.join(", ") };
    let head = format!("{}\n{reason}.\nMake it use the new identity ({places}):", host.id);
    let undo = format!("{}\nMake it use the old identity again ({places}):", host.id);
    (format!("{}: use NEW ({reason})", grouped(&host.id)), using(b, new, [head, undo]))
}

/// Says of a counterpart what its source says of the old identity, beside carrying it, itself and in parts of it
/// that have no counterparts of their own; `None` where it says nothing.
pub(super) fn follow(b: &Builder<'_>, new: &New, source: &Host, host: &Host) -> Option<(String, Node)> {
    let parts = b.facts.hosts.iter().filter(|part| {
        below(&part.id, &source.id)
            && b.facts.counterpart_of(part).is_some_and(|c| c.of.eq_ignore_ascii_case(&source.id))
    });
    let within = |part: &Host| {
        let tail = part.id[source.id.len()..].to_owned();
        places(part).map(move |place| format!("{tail} {place}")).collect::<Vec<_>>()
    };
    let all: Vec<String> = places(source).chain(parts.flat_map(within)).collect();
    if all.is_empty() {
        return None;
    }
    let like = format!("{}\ntakes the place of {}, which names the identity here:", host.id, source.id);
    let list = all.join("\n  ");
    let head = format!("{like}\n  {list}\nMake it name the new identity there:");
    let undo = format!("{like}\n  {list}\nTake the new identity out again. The old one is:");
    Some((
        format!("{}: name NEW, as {} names OLD", grouped(&host.id), place(&source.id)),
        using(b, new, [head, undo]),
    ))
}

/// Takes the old identity from a host that was left alone, because another resource takes its place.
pub(super) fn retire(b: &Builder<'_>, host: &Host) -> (String, Node) {
    let old = &b.old().resource_id;
    let node = Node::ByHand {
        instruction: Template::known(format!(
            "{}\nRemove this resource, or take the old identity from it:\n  {old}",
            host.id
        )),
        undo: Template::known(format!("{}\nGive it the old identity again:\n  {old}", host.id)),
    };
    (format!("{}: retire it, its counterpart has NEW", grouped(&host.id)), node)
}

/// Makes the code on a host name the old identity, so that a second one does no harm.
pub(super) fn pin(b: &Builder<'_>, host: &Host) -> (String, Node) {
    let node = Node::ByHand {
        instruction: Template::known(set_client_id(&host.id, &b.old().client_id)),
        undo: Template::known(format!("take AZURE_CLIENT_ID away again from the code on {}", host.id)),
    };
    (format!("{}: make its code name the old identity", place(&host.id)), node)
}

/// Makes the code on a pinned host name the new identity.
pub(super) fn switch_pin(b: &Builder<'_>, new: &New, host: &Host) -> (String, Node) {
    let command = set_client_id(&host.id, "");
    let node = Node::ByHand {
        instruction: Template::Text(vec![Template::known(command), new.name(Identifier::ClientId)]),
        undo: Template::known(set_client_id(&host.id, &b.old().client_id)),
    };
    (format!("{}: make its code name NEW", place(&host.id)), node)
}

fn set_client_id(id: &str, client_id: &str) -> String {
    if id.to_ascii_lowercase().contains("/providers/microsoft.web/sites/") {
        return format!(
            "az webapp config appsettings set --ids {} --settings AZURE_CLIENT_ID={client_id}",
            quoted(id)
        );
    }
    format!(
        "make the code on {id} name its identity, for most SDKs with the environment variable AZURE_CLIENT_ID={client_id}"
    )
}

/// The connections of a Standard Logic App are in a file among its workflows, which no resource shows.
/// Source: <https://learn.microsoft.com/azure/logic-apps/authenticate-with-managed-identity>, `connections.json`
pub(super) fn connections(b: &Builder<'_>, new: &New, app: &Host) -> (String, Node) {
    let file = quoted(&format!("{}/hostruntime/admin/vfs/connections.json?api-version=2022-03-01", app.id));
    let text = |from: &str, to: &str| {
        Template::known(format!(
            "its connections are in a file that may name the identity:\n  \
             az rest --method get --url {file} > connections.json\n\
             where it names\n  {from}\nput in its place\n  {to}\nand the same in the repository that it is deployed from; then\n  \
             az rest --method put --url {file} --headers 'If-Match=*' --body @connections.json"
        ))
    };
    let (old, fresh) = (&b.old().resource_id, &new.id);
    let node = Node::ByHand { instruction: text(old, fresh), undo: text(fresh, old) };
    (format!("{}: connections.json old -> NEW, if it names it", place(&app.id)), node)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(issuer: &str, subject: &str) -> FederatedCredential {
        FederatedCredential {
            name: "n".into(),
            issuer: issuer.into(),
            subject: Some(subject.into()),
            audiences: vec!["api://AzureADTokenExchange".into()],
            claims_matching: None,
        }
    }

    #[test]
    fn issuers_and_subjects_name_the_system_that_keeps_the_client_id() {
        let github = "https://token.actions.githubusercontent.com";
        assert_eq!(
            outside(&credential(github, "repo:o/r:environment:prod")),
            Outside::GitHub { repository: "o/r".into(), environment: Some("prod".into()) }
        );
        assert_eq!(
            outside(&credential(github, "repo:o/r:ref:refs/heads/main")),
            Outside::GitHub { repository: "o/r".into(), environment: None }
        );
        assert_eq!(
            outside(&credential(
                "https://westeurope.oic.prod-aks.azure.com/t/c/",
                "system:serviceaccount:pay:w"
            )),
            Outside::Kubernetes { namespace: "pay".into(), account: "w".into() }
        );
        assert_eq!(
            outside(&credential("https://vstoken.dev.azure.com/x", "sc://org/project/conn")),
            Outside::AzureDevOps { connection: "org/project/conn".into() }
        );
        assert!(matches!(outside(&credential("https://app.terraform.io", "x")), Outside::Other { .. }));
    }

    #[test]
    fn hostile_names_cannot_leave_their_word() {
        assert_eq!(quoted("a; rm -rf /'x"), r"'a; rm -rf /'\''x'");
        assert_eq!(quoted("o/r"), "o/r");
        assert_eq!(quoted(""), "''");
    }
}
