//! Activities: what would put the old identity back from outside: repositories of data factories and workspaces, deployment
//! stacks, assigned blueprints, and what keeps Kubernetes clusters as a repository says. Read once for all identities;
//! reads only.

use crate::azure::{AT_ONCE, Reader, ResourceId, says_never};
use crate::references::scan::{Identifiers, scan};
use crate::references::{by_name, members};
use crate::relocate::facts::{FederatedCredential, Gap, Home, HomeKind, Host, ManualReference};
use crate::relocate::survey::common::Common;
use crate::relocate::survey::gaps::{gap, understood};
use crate::relocate::survey::query::{self, RESOURCE_GRAPH};
use crate::surfaces::host::candidates::Candidates;
use crate::surfaces::issuer::outside::Outside;
use crate::surfaces::issuer::subject::of;
use futures_util::stream::{self, StreamExt};
use serde_json::Value;

const STACKS: &str = "2024-03-01";
const BLUEPRINTS: &str = "2018-11-01-preview";

/// What may be a home of something.
#[derive(Default)]
pub(crate) struct Homes {
    stacks: Vec<Value>,
    blueprints: Vec<Value>,
    /// What keeps clusters, by their ids.
    git_ops: Vec<(ResourceId, Value)>,
    /// Clusters of AKS with what issues their tokens.
    issuers: Vec<(ResourceId, String)>,
    /// Versions of template specs.
    templates: Vec<Value>,
}

/// Reads it all; the index tells what there is.
pub(crate) async fn read(reader: &Reader, common: &Common) -> (Homes, Vec<Gap>) {
    let mut gaps = Vec::new();
    let kept = rows(
        reader,
        "kubernetesconfigurationresources",
        &[
            "microsoft.kubernetesconfiguration/fluxconfigurations",
            "microsoft.kubernetesconfiguration/sourcecontrolconfigurations",
        ],
        &mut gaps,
    )
    .await;
    let stacks =
        rows(reader, "deploymentresources", &["microsoft.resources/deploymentstacks"], &mut gaps).await;
    let mut blueprints = Vec::new();
    for subscription in &common.subscriptions {
        let path =
            format!("/subscriptions/{subscription}/providers/Microsoft.Blueprint/blueprintAssignments");
        match reader.list(&path, BLUEPRINTS, &[]).await {
            Ok(found) => blueprints.extend(found),
            // A subscription without the service has none.
            Err(why) if says_never(&why) => {}
            Err(why) => gaps.push(gap(&path, &why)),
        }
    }
    let mut asked = Vec::new();
    for id in stacks.iter().filter_map(|row| members::text(row, "/id")) {
        asked.push(async move { (reader.find_twice(&id, STACKS).await, id) });
    }
    let templates = templates(reader, &mut gaps).await;
    let mut homes = Homes { blueprints, templates, ..Homes::default() };
    for (found, id) in stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>().await {
        match found {
            Ok(found) => homes.stacks.extend(found),
            Err(why) => gaps.push(gap(&id, &why)),
        }
    }
    if !kept.is_empty() {
        let clusters =
            rows(reader, "resources", &["microsoft.containerservice/managedclusters"], &mut gaps).await;
        let issuer = |row: &Value| {
            Some((members::id(row, "/id")?, members::text(row, "/properties/oidcIssuerProfile/issuerURL")?))
        };
        homes.issuers.extend(clusters.iter().filter_map(issuer));
    }
    homes
        .git_ops
        .extend(kept.into_iter().filter_map(|row| Some((cluster_of(&members::id(&row, "/id")?)?, row))));
    (homes, gaps)
}

/// Every version of every template spec.
/// Source: resources/2022-02-01 (`TemplateSpecVersions_List`)
async fn templates(reader: &Reader, gaps: &mut Vec<Gap>) -> Vec<Value> {
    let specs = rows(reader, "resources", &["microsoft.resources/templatespecs"], gaps).await;
    let mut asked = Vec::new();
    for id in specs.iter().filter_map(|row| members::text(row, "/id")) {
        let path = format!("{id}/versions");
        asked.push(async move { (reader.list(&path, "2022-02-01", &[]).await, path) });
    }
    let mut all = Vec::new();
    for (found, path) in stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>().await {
        match found {
            Ok(found) => all.extend(found),
            Err(why) => gaps.push(gap(&path, &why)),
        }
    }
    all
}

/// The cluster that a configuration extends.
fn cluster_of(id: &ResourceId) -> Option<ResourceId> {
    let at = id.folded().find("/providers/microsoft.kubernetesconfiguration/")?;
    Some(id[..at].into())
}

/// Everything of these types, by one table of the index.
async fn rows(reader: &Reader, table: &str, types: &[&str], gaps: &mut Vec<Gap>) -> Vec<Value> {
    let types: Vec<String> = types.iter().map(|kind| format!("type =~ '{kind}'")).collect();
    let asked = format!("{table} | where {} | project id, type, location, properties", types.join(" or "));
    let scope = format!("{RESOURCE_GRAPH}: {table}");
    let whole = |row: &Value| members::text(row, "/id").map(|_| row.clone());
    match reader.resource_graph(&asked, &[]).await {
        Ok(rows) => understood(&scope, &rows, whole, gaps),
        Err(why) if query::lacks_table(&why, table) => Vec::new(),
        Err(why) => {
            gaps.push(gap(&scope, &why));
            Vec::new()
        }
    }
}

impl Homes {
    /// The homes of what names one identity.
    pub(crate) fn of(
        &self,
        who: &Identifiers,
        mentioned: &Candidates,
        hosts: &[Host],
        credentials: &[FederatedCredential],
    ) -> Vec<ManualReference> {
        let mut out: Vec<Home> = Vec::new();
        let read = hosts.iter().filter_map(|host| mentioned.get(&host.id)?.body());
        out.extend(read.filter_map(|body| repository(&body)));
        out.extend(self.stacks.iter().filter_map(|stack| deploys(stack, who, hosts)));
        // One that carries the identity has a step of its own.
        let is_host = |home: &Home| hosts.iter().any(|host| host.id == home.id);
        out.extend(
            self.blueprints.iter().filter_map(|body| blueprint(body, who)).filter(|home| !is_host(home)),
        );
        out.extend(
            self.templates.iter().filter_map(|body| template(body, who)).filter(|home| !is_host(home)),
        );
        for (cluster, body) in
            self.git_ops.iter().filter(|(cluster, _)| self.is_of(cluster, hosts, credentials))
        {
            let id = members::id(body, "/id").unwrap_or_default();
            out.push(Home { id, kind: HomeKind::GitOps, place: source(body), of: vec![cluster.clone()] });
        }
        out.sort();
        out.dedup();
        out.into_iter().map(ManualReference::Home).collect()
    }

    /// Whether a cluster carries the identity, or its service accounts sign in as it. Whose issuer is not known may be any.
    fn is_of(&self, cluster: &ResourceId, hosts: &[Host], credentials: &[FederatedCredential]) -> bool {
        let issuer = self.issuers.iter().find(|(id, _)| id == cluster).map(|(_, issuer)| issuer);
        let trims = |text: &str| text.trim_end_matches('/').to_ascii_lowercase();
        let signs_in = |credential: &FederatedCredential| match of(credential) {
            Outside::Kubernetes { issuer: theirs, .. } => {
                issuer.is_none_or(|own| trims(own) == trims(&theirs))
            }
            _ => false,
        };
        hosts.iter().any(|host| host.id == *cluster) || credentials.iter().any(signs_in)
    }
}

/// The repository that a data factory or a workspace is published from.
/// Sources: datafactory/2018-06-01 (`FactoryRepoConfiguration`), synapse/2021-06-01 (`WorkspaceRepositoryConfiguration`)
pub(crate) fn repository(body: &Value) -> Option<Home> {
    let at = ["/properties/repoConfiguration", "/properties/workspaceRepositoryConfiguration"];
    let git = at.iter().find_map(|at| body.pointer(at))?;
    let text = |name: &str| members::text(git, &format!("/{name}"));
    let path: Vec<String> =
        ["hostName", "accountName", "projectName", "repositoryName"].into_iter().filter_map(text).collect();
    text("repositoryName")?;
    let more =
        |what: &str, name: &str| text(name).map_or_else(String::new, |text| format!(", {what} {text}"));
    let place = format!(
        "{}{}{}",
        path.join("/"),
        more("branch", "collaborationBranch"),
        more("folder", "rootFolder")
    );
    Some(Home { id: members::id(body, "/id")?, kind: HomeKind::Repository, place, of: Vec::new() })
}

/// A stack that has made something that names the identity, or says it in its parameters.
fn deploys(stack: &Value, who: &Identifiers, hosts: &[Host]) -> Option<Home> {
    let id = members::id(stack, "/id")?;
    let resources = stack.pointer("/properties/resources").and_then(Value::as_array);
    let made = resources.into_iter().flatten().filter_map(|one| members::id(one, "/id"));
    let ours = |made: &ResourceId| *made == who.resource_id || hosts.iter().any(|host| host.id == *made);
    let mut of: Vec<ResourceId> = made.filter(ours).collect();
    of.sort();
    let said = !by_name::pairs(&stack["properties"]["parameters"], who).is_empty()
        || !scan(&stack["properties"]["parameters"], who).is_empty();
    (!of.is_empty() || said).then(|| Home { id, kind: HomeKind::Stack, place: String::new(), of })
}

fn template(body: &Value, who: &Identifiers) -> Option<Home> {
    let made_of = [&body["properties"]["mainTemplate"], &body["properties"]["linkedTemplates"]];
    let named = made_of.iter().any(|one| {
        !scan(one, who).is_empty() || !by_name::pairs(one, who).is_empty() || by_name::is_worked_out(one, who)
    });
    let id = members::text(body, "/id").filter(|_| named)?;
    Some(Home { id: id.into(), kind: HomeKind::Template, place: String::new(), of: Vec::new() })
}

fn blueprint(body: &Value, who: &Identifiers) -> Option<Home> {
    let named = !scan(body, who).is_empty() || !by_name::pairs(body, who).is_empty();
    let id = members::text(body, "/id").filter(|_| named)?;
    let place = members::text(body, "/properties/blueprintId").unwrap_or_default();
    Some(Home { id: id.into(), kind: HomeKind::Blueprint, place, of: Vec::new() })
}

/// Where a configuration has its source.
/// Sources: kubernetesconfiguration/2023-05-01 (`FluxConfiguration`, `SourceControlConfiguration`)
fn source(body: &Value) -> String {
    let places = [
        "/properties/gitRepository/url",
        "/properties/bucket/url",
        "/properties/azureBlob/url",
        "/properties/ociRepository/url",
        "/properties/repositoryUrl",
    ];
    places.iter().find_map(|at| members::text(body, at)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::testing::{GROUP, OLD, facts, host};
    use serde_json::json;

    #[test]
    fn a_repository_is_named_with_its_account_branch_and_folder() {
        let id = format!("{GROUP}/providers/Microsoft.DataFactory/factories/adf");
        let git = json!({"type": "FactoryVSTSConfiguration", "accountName": "contoso", "projectName": "data",
            "repositoryName": "adf", "collaborationBranch": "main", "rootFolder": "/x"});
        let found = repository(&json!({"id": id, "properties": {"repoConfiguration": git}})).unwrap();
        assert_eq!(
            (found.place.as_str(), found.kind),
            ("contoso/data/adf, branch main, folder /x", HomeKind::Repository)
        );
        assert_eq!(
            repository(&json!({"id": id, "properties": {"workspaceRepositoryConfiguration": {}}})),
            None
        );
    }

    #[test]
    fn a_stack_is_a_home_by_what_it_has_made_and_by_a_parameter_that_gives_name_and_group() {
        let (who, hosts) = (facts().identity.identifiers, [host("Microsoft.Web/sites", "app")]);
        let stack = |resources: Value, parameters: Value| {
            let id = format!("{GROUP}/providers/Microsoft.Resources/deploymentStacks/s");
            deploys(
                &json!({"id": id, "properties": {"resources": resources, "parameters": parameters}}),
                &who,
                &hosts,
            )
        };
        let made = stack(json!([{"id": hosts[0].id.to_uppercase()}, {"id": "/x"}]), json!({})).unwrap();
        assert_eq!(made.of, [hosts[0].id.to_uppercase()]);
        assert!(stack(json!([{"id": OLD}]), json!({})).is_some());
        let by_name = json!({"n": {"value": "id-pay"}, "g": {"value": "rg-pay-weu"}});
        assert!(
            stack(json!([]), by_name).is_some()
                && stack(json!([]), json!({"n": {"value": "id-pay"}})).is_none()
        );
    }

    #[test]
    fn git_ops_count_where_the_cluster_carries_it_or_issues_tokens_for_it() {
        let mut facts = facts();
        facts.credentials[0].issuer = "https://westeurope.oic.prod-aks.azure.com/t/c/".into();
        facts.credentials[0].subject = Some("system:serviceaccount:pay:w".into());
        let cluster = |name: &str| host("Microsoft.ContainerService/managedClusters", name);
        let flux = |name: &str| {
            let id = format!(
                "{}/providers/Microsoft.KubernetesConfiguration/fluxConfigurations/f",
                cluster(name).id
            );
            (
                cluster(name).id,
                json!({"id": id, "properties": {"gitRepository": {"url": "https://git.example/r"}}}),
            )
        };
        let homes = Homes {
            git_ops: vec![flux("same"), flux("other"), flux("carries")],
            issuers: vec![
                (cluster("same").id, "https://westeurope.oic.prod-aks.azure.com/t/C".into()),
                (cluster("other").id, "https://westeurope.oic.prod-aks.azure.com/t/d/".into()),
                (cluster("carries").id, "https://x.example".into()),
            ],
            ..Homes::default()
        };
        let who = facts.identity.identifiers.clone();
        let found = homes.of(&who, &Candidates::default(), &[cluster("carries")], &facts.credentials);
        let clusters: Vec<&str> = found
            .iter()
            .map(|named| match named {
                ManualReference::Home(home) if home.place == "https://git.example/r" => {
                    home.of[0].rsplit('/').next().unwrap()
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(clusters, ["carries", "same"]);
    }
}
