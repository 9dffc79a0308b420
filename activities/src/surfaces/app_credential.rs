//! Activities: applications, and blueprints of agent identities, that trust the identity as their credential (msgraph, v1.0).

use crate::activity::Clients;
use crate::activity::kit::Kind;
use crate::activity::link::{Add, BLUEPRINT, Link, Unlink, application, id_of, list, same};
use crate::azure::{DirectoryId, PrincipalId, Reader, items};
use crate::references::members;
use crate::references::scan::Identifiers;
use crate::references::words::{Batch, ByIdentity};
use crate::relocate::facts::{AppCredential, Facts};
use crate::relocate::facts::{Gap, GapCode};
use crate::relocate::plan::builder::{Builder, Part, ReadyPrincipal};
use crate::relocate::short::short;
use crate::relocate::survey::gaps::gap;
use crate::relocate::survey::graph_rights as graph;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::row::{Row, moved};
use crate::surfaces::surface::{Once, Surface};
use futures_util::future::BoxFuture;
use rehome_orchestrator::{Fault, Node, PlanValue, Reversibility, StepId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Applications whose credentials are read; in a larger tenant the rest is a gap.
const APPLICATIONS_MAX: usize = 2_000;

/// A credential of an application that trusts the identity.
pub(crate) struct TrustLink;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppCredentialInput {
    application_object_id: DirectoryId,
    name: String,
    issuer: String,
    subject: PlanValue<String>,
    audiences: PlanValue<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    blueprint: bool,
}

impl AppCredentialInput {
    /// The list that it is in.
    fn list(&self) -> String {
        credentials(&self.application_object_id, self.blueprint)
    }
}

fn credentials(application_id: &str, blueprint: bool) -> String {
    format!("{}/federatedIdentityCredentials", application(application_id, blueprint))
}

impl Link for TrustLink {
    const ADD: &'static str = "app_credential.add/1";
    const REMOVE: &'static str = "app_credential.remove/1";
    const RETURNS: Reversibility = Reversibility::Compensable;
    type Input = AppCredentialInput;

    fn fact(input: &AppCredentialInput) -> String {
        format!("{}/{}", input.list(), input.name)
    }

    async fn find(clients: &Clients, input: &AppCredentialInput) -> Result<Option<String>, Fault> {
        let credentials = list(clients, &input.list()).await?;
        let wanted = |c: &&Value| same(c, "issuer", &input.issuer) && same(c, "subject", &input.subject);
        Ok(credentials.iter().find(wanted).and_then(id_of))
    }

    fn add(_: &Clients, input: &AppCredentialInput) -> (String, Value) {
        let mut body = json!({
            "name": input.name, "issuer": input.issuer, "subject": input.subject, "audiences": input.audiences,
        });
        if let Some(description) = &input.description {
            body["description"] = json!(description);
        }
        (input.list(), body)
    }

    fn remove(input: &AppCredentialInput, id: &str) -> String {
        format!("{}/{id}", input.list())
    }

    fn import(input: &AppCredentialInput, made: Option<&str>) -> Option<(&'static str, String)> {
        // Terraform has no type for what a blueprint trusts.
        let made = made.filter(|_| !input.blueprint)?;
        let id = format!("{}/federatedIdentityCredential/{made}", input.application_object_id);
        Some(("azuread_application_federated_identity_credential", id))
    }
}

fn link(credential: &AppCredential, name: String, subject: PlanValue<String>) -> AppCredentialInput {
    AppCredentialInput {
        application_object_id: credential.application.clone(),
        name,
        issuer: credential.issuer.clone(),
        subject,
        audiences: credential.audiences.clone().into(),
        description: credential.description.clone(),
        blueprint: credential.blueprint,
    }
}

/// What people call an application.
fn called(credential: &AppCredential) -> String {
    let what = if credential.blueprint { "agent identity blueprint" } else { "application" };
    format!("{what} {}", credential.application_name)
}

/// The surface.
pub(crate) struct AppCredentials;

impl Surface for AppCredentials {
    fn rows(&self) -> Vec<Row> {
        vec![
            moved("applications that trust it as their credential", TrustLink::ADD),
            moved("blueprints of agent identities that trust it as their credential", TrustLink::ADD),
        ]
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind::of::<Unlink<TrustLink>>(), Kind::of::<Add<TrustLink>>()]
    }

    fn read_once<'a>(&'a self, reader: &'a Reader, batch: Batch<'a>) -> BoxFuture<'a, Once> {
        Box::pin(async move {
            let (applications, gaps) = applications(reader).await;
            Once::new(batch.sorted_values(applications), gaps)
        })
    }

    fn survey(&self, once: &Once, who: &Identifiers, facts: &mut Facts) {
        let applications = once.get::<ByIdentity<Value>>().into_iter().flat_map(|all| all.of(who));
        facts.directory.app_credentials =
            applications.flat_map(|a| trusted_by(a, &who.principal_id)).collect();
    }

    fn compare(&self, facts: &Facts, put: &mut dyn FnMut(String, String)) {
        for c in &facts.directory.app_credentials {
            put(format!("trusted by application {} {}", c.application, c.name), short(c));
        }
    }

    fn rights(&self, facts: &Facts, wanted: &mut Rights<'_>) {
        for credential in &facts.directory.app_credentials {
            let right = if credential.blueprint { &graph::BLUEPRINT } else { &graph::APPLICATION };
            wanted.graph(right, called(credential));
        }
    }

    fn grant(&self, b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Vec<StepId> {
        let step = |c: &AppCredential| {
            let name = format!("{}-{}", c.name, &b.derived_name(&["app", &c.application])[..8]);
            let title = format!("{} trusts it ({name})", called(c));
            let input = link(c, name, b.renamed_text(made.new, &c.subject));
            (title, "remove", Node::doing::<Add<TrustLink>>(&input))
        };
        let steps: Vec<_> = b.facts.directory.app_credentials.iter().map(step).collect();
        b.each(Part::Grant, steps, &made.known)
    }

    fn remove(&self, b: &mut Builder<'_>, _: &ReadyPrincipal<'_>, after: &StepId) -> Vec<StepId> {
        let step = |c: &AppCredential| {
            let node = Node::doing::<Unlink<TrustLink>>(&link(c, c.name.clone(), (&c.subject).into()));
            (format!("{} trusts it no more", called(c)), "put it back", node)
        };
        b.each(Part::CleanUp, b.facts.directory.app_credentials.iter().map(step), after)
    }
}

/// Applications with the credentials that they trust, read once for all identities.
async fn applications(reader: &Reader) -> (Vec<Value>, Vec<Gap>) {
    let mut gaps = Vec::new();
    let (plain, agents) = futures_util::join!(
        reader.graph_list("applications?$select=id,displayName,appId"),
        blueprints(reader)
    );
    let agents = named(agents, "Entra ID: agent identity blueprints", &mut gaps);
    let mut plain = named(plain, "Entra ID: applications", &mut gaps);
    // A list of applications may have blueprints too, which answer only where they are called so.
    plain.retain(|(id, _)| !agents.iter().any(|(agent, _)| agent.eq_ignore_ascii_case(id)));
    let mut applications = Vec::with_capacity(plain.len() + agents.len());
    for (all, blueprint) in [(plain, false), (agents, true)] {
        let paths: Vec<String> = all.iter().map(|(id, _)| credentials(id, blueprint)).collect();
        let answers = reader.graph_batch(&paths).await.into_iter().zip(&paths);
        for ((_, mut application), (answer, path)) in all.into_iter().zip(answers) {
            match answer.and_then(|found| items(&found, path)) {
                Ok(list) => application["credentials"] = Value::Array(list),
                Err(why) => gaps.push(gap(&format!("Entra ID: {path}"), &why)),
            }
            application["blueprint"] = Value::from(blueprint);
            applications.push(application);
        }
    }
    (applications, gaps)
}

/// Blueprints of agent identities; a cloud that does not know the type has none.
/// Source: <https://learn.microsoft.com/graph/api/agentidentityblueprint-list>
async fn blueprints(reader: &Reader) -> Result<Vec<Value>, Fault> {
    let found = reader.graph_list(&format!("applications/{BLUEPRINT}?$select=id,displayName,appId")).await;
    match found {
        Err(why) if is_unknown_type(&why) => Ok(Vec::new()),
        found => found,
    }
}

/// Graph's words for a type that is none of its schema.
fn is_unknown_type(why: &Fault) -> bool {
    why.status == Some(400) && why.message.contains("Resource not found for the segment")
}

/// What was listed, with ids, as many as are looked into.
fn named(found: Result<Vec<Value>, Fault>, scope: &str, gaps: &mut Vec<Gap>) -> Vec<(String, Value)> {
    let mut found = found.unwrap_or_else(|why| {
        gaps.push(gap(scope, &why));
        Vec::new()
    });
    if found.len() > APPLICATIONS_MAX {
        let why = format!("only the first {APPLICATIONS_MAX} of {} were read", found.len());
        gaps.push(Gap { code: GapCode::Unreadable, scope: scope.to_owned(), why });
        found.truncate(APPLICATIONS_MAX);
    }
    with_ids(found)
}

/// Those that have an id, with it: only objects have one, and only they can be asked after.
pub(crate) fn with_ids(objects: Vec<Value>) -> Vec<(String, Value)> {
    objects.into_iter().filter_map(|object| Some((members::text(&object, "/id")?, object))).collect()
}

pub(crate) fn trusted_by(application: &Value, principal: &PrincipalId) -> Vec<AppCredential> {
    let credentials = application["credentials"].as_array().into_iter().flatten();
    let of_it = |c: &&Value| c["subject"].as_str().is_some_and(|s| principal == s);
    let credential = |c: &Value| {
        let audiences = c["audiences"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let id: DirectoryId = members::id(application, "/id")?;
        Some(AppCredential {
            application_name: members::text(application, "/displayName").unwrap_or_else(|| id.to_string()),
            application: id,
            name: members::text(c, "/name")?,
            issuer: members::text(c, "/issuer")?,
            subject: members::text(c, "/subject")?,
            audiences: audiences.map(ToOwned::to_owned).collect(),
            description: members::text(c, "/description"),
            blueprint: application["blueprint"] == true,
        })
    };
    credentials.filter(of_it).filter_map(credential).collect()
}
