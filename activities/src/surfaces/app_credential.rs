//! Activities: applications that trust the identity as their credential (msgraph, v1.0).

use crate::activity::Clients;
use crate::activity::kit::Kind;
use crate::activity::link::{Add, Link, Unlink, id_of, list, same};
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
}

impl Link for TrustLink {
    const ADD: &'static str = "app_credential.add/1";
    const REMOVE: &'static str = "app_credential.remove/1";
    const RETURNS: Reversibility = Reversibility::Compensable;
    type Input = AppCredentialInput;

    fn fact(input: &AppCredentialInput) -> String {
        format!("applications/{}/federatedIdentityCredentials/{}", input.application_object_id, input.name)
    }

    async fn find(clients: &Clients, input: &AppCredentialInput) -> Result<Option<String>, Fault> {
        let path = format!("applications/{}/federatedIdentityCredentials", input.application_object_id);
        let credentials = list(clients, &path).await?;
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
        (format!("applications/{}/federatedIdentityCredentials", input.application_object_id), body)
    }

    fn remove(input: &AppCredentialInput, id: &str) -> String {
        format!("applications/{}/federatedIdentityCredentials/{id}", input.application_object_id)
    }

    fn import(input: &AppCredentialInput, made: Option<&str>) -> Option<(&'static str, String)> {
        let id = format!("{}/federatedIdentityCredential/{}", input.application_object_id, made?);
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
    }
}

/// The surface.
pub(crate) struct AppCredentials;

impl Surface for AppCredentials {
    fn rows(&self) -> Vec<Row> {
        vec![moved("applications that trust it as their credential", TrustLink::ADD)]
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
            wanted.graph(&graph::APPLICATION, format!("application {}", credential.application_name));
        }
    }

    fn grant(&self, b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Vec<StepId> {
        let step = |c: &AppCredential| {
            let name = format!("{}-{}", c.name, &b.derived_name(&["app", &c.application])[..8]);
            let title = format!("application {} trusts it ({name})", c.application_name);
            let input = link(c, name, b.renamed_text(made.new, &c.subject));
            (title, "remove", Node::doing::<Add<TrustLink>>(&input))
        };
        let steps: Vec<_> = b.facts.directory.app_credentials.iter().map(step).collect();
        b.each(Part::Grant, steps, &made.known)
    }

    fn remove(&self, b: &mut Builder<'_>, _: &ReadyPrincipal<'_>, after: &StepId) -> Vec<StepId> {
        let step = |c: &AppCredential| {
            let node = Node::doing::<Unlink<TrustLink>>(&link(c, c.name.clone(), (&c.subject).into()));
            (format!("application {} trusts it no more", c.application_name), "put it back", node)
        };
        b.each(Part::CleanUp, b.facts.directory.app_credentials.iter().map(step), after)
    }
}

/// Applications with the credentials that they trust, read once for all identities.
async fn applications(reader: &Reader) -> (Vec<Value>, Vec<Gap>) {
    let mut gaps = Vec::new();
    let mut applications = match reader.graph_list("applications?$select=id,displayName,appId").await {
        Ok(found) => found,
        Err(why) => {
            gaps.push(gap("Entra ID: applications", &why));
            return (Vec::new(), gaps);
        }
    };
    if applications.len() > APPLICATIONS_MAX {
        let why =
            format!("only the first {APPLICATIONS_MAX} of {} applications were read", applications.len());
        gaps.push(Gap { code: GapCode::Unreadable, scope: "Entra ID: applications".to_owned(), why });
        applications.truncate(APPLICATIONS_MAX);
    }
    let mut applications = with_ids(applications);
    let paths: Vec<String> = applications
        .iter()
        .map(|(id, _)| format!("applications/{id}/federatedIdentityCredentials"))
        .collect();
    let answers = reader.graph_batch(&paths).await.into_iter().zip(&paths);
    for ((id, application), (answer, path)) in applications.iter_mut().zip(answers) {
        match answer.and_then(|found| items(&found, path)) {
            Ok(list) => application["credentials"] = Value::Array(list),
            Err(why) => {
                gaps.push(gap(&format!("Entra ID: applications/{id}/federatedIdentityCredentials"), &why))
            }
        }
    }
    (applications.into_iter().map(|(_, application)| application).collect(), gaps)
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
        })
    };
    credentials.filter(of_it).filter_map(credential).collect()
}
