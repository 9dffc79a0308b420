//! Activities: federated credentials of the identity (msi/2024-11-30), one write at a time for each identity.

use crate::activity::kept_lock::KeptLock;
use crate::activity::kit::Kind;
use crate::activity::list_cache::List;
use crate::activity::object::{Object, Put};
use crate::azure::{Reader, ResourceId, says_no_version};
use crate::references::members;
use crate::relocate::facts::{ClaimsMatching, Facts, FederatedCredential, Gap};
use crate::relocate::names;
use crate::relocate::plan::builder::{Builder, Part, ReadyPrincipal};
use crate::relocate::plan::words::StepText;
use crate::relocate::short::short;
use crate::relocate::survey::gaps::{gap, understood};
use crate::relocate::survey::parse;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::cluster::bindings::copied;
use crate::surfaces::identity::create::MSI;
use crate::surfaces::identity::survey::{newest_list, together};
use crate::surfaces::row::{Row, moved};
use crate::surfaces::surface::Surface;
use rehome_orchestrator::{Evidence, Fault, Node, PlanValue, Reversibility, StepId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A federated credential that is made.
pub(crate) struct MadeCredential;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialInput {
    identity: ResourceId,
    name: String,
    issuer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    audiences: PlanValue<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claims_matching: Option<PlanValue<ClaimsMatching>>,
    /// Locks that its removal lifts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    locks: Vec<KeptLock>,
}

impl Object for MadeCredential {
    const NAME: &'static str = "federated_credential.add/1";
    const REVERSIBILITY: Reversibility = Reversibility::Compensable;
    const EVIDENCE: Evidence = Evidence::Conclusive;
    type Input = CredentialInput;

    fn kept(input: &CredentialInput) -> &[KeptLock] {
        &input.locks
    }

    fn id(input: &CredentialInput) -> ResourceId {
        format!("{}/federatedIdentityCredentials/{}", input.identity, input.name).into()
    }

    fn api(input: &CredentialInput) -> String {
        if input.claims_matching.is_some() { "2025-01-31-preview" } else { MSI }.to_owned()
    }

    fn body(input: &CredentialInput) -> Value {
        let mut properties = json!({"issuer": input.issuer, "audiences": *input.audiences});
        if let Some(subject) = &input.subject {
            properties["subject"] = json!(subject);
        }
        if let Some(claims) = &input.claims_matching {
            properties["claimsMatchingExpression"] =
                json!({"value": claims.value, "languageVersion": claims.language_version});
        }
        json!({ "properties": properties })
    }

    fn import(input: &CredentialInput) -> Option<(&'static str, String)> {
        Some(("azurerm_federated_identity_credential", Self::id(input).to_string()))
    }

    fn lock(input: &CredentialInput) -> String {
        input.identity.to_string()
    }

    fn shown_in(input: &CredentialInput) -> Option<List> {
        let path = format!("{}/federatedIdentityCredentials", input.identity);
        Some(List::Arm(path, Self::api(input), None))
    }
}

/// The surface.
pub(crate) struct FederatedCredentials;

impl Surface for FederatedCredentials {
    fn rows(&self) -> Vec<Row> {
        let what = "its federated credentials, flexible ones too, audiences as they are";
        vec![moved(what, MadeCredential::NAME)]
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind::of::<Put<MadeCredential>>()]
    }

    fn compare(&self, facts: &Facts, put: &mut dyn FnMut(String, String)) {
        for c in &facts.credentials {
            put(format!("federated credential {}", c.name), short(c));
        }
    }

    fn given(&self, b: &Builder<'_>, out: &mut BTreeSet<String>) {
        out.extend(copied(b.facts).map(names::credential_of));
    }

    fn rights(&self, facts: &Facts, wanted: &mut Rights<'_>) {
        if copied(facts).next().is_some() {
            let action =
                "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write";
            wanted.forward(action, &wanted.home.clone());
        }
    }

    fn grant(&self, b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Vec<StepId> {
        let (facts, mut steps) = (b.facts, Vec::new());
        for credential in copied(facts) {
            let title = format!("federated credential {} of {}", credential.name, credential.issuer);
            let identity = facts.target.id.clone();
            let node = |locks| {
                Node::doing::<Put<MadeCredential>>(&CredentialInput {
                    identity: identity.clone(),
                    name: credential.name.clone(),
                    issuer: credential.issuer.clone(),
                    subject: credential.subject.clone(),
                    audiences: credential.audiences.clone().into(),
                    claims_matching: credential.claims_matching.clone().map(PlanValue::Known),
                    locks,
                })
            };
            let text = StepText::new(title, "remove");
            steps.push(b.make(Part::Grant, text, &[made.new.step()], &identity, node));
        }
        steps
    }
}

/// A federated credential.
pub(crate) fn credential(body: &Value) -> Option<FederatedCredential> {
    let claims = body.pointer("/properties/claimsMatchingExpression");
    Some(FederatedCredential {
        name: members::text(body, "/name")?,
        issuer: members::text(body, "/properties/issuer")?,
        subject: members::text(body, "/properties/subject"),
        audiences: members::texts(body, "/properties/audiences"),
        claims_matching: claims.and_then(|c| {
            Some(ClaimsMatching {
                value: members::text(c, "/value")?,
                language_version: c.get("languageVersion")?.as_i64()?,
            })
        }),
        unknown: parse::unknown(body, &OF_CREDENTIAL),
    })
}

/// What a federated credential is known to have; all of it is copied.
const OF_CREDENTIAL: [&str; 4] = ["issuer", "subject", "audiences", "claimsMatchingExpression"];

/// Its federated credentials, or what of them could not be read.
pub(crate) async fn read(reader: &Reader, id: &str) -> (Vec<FederatedCredential>, Vec<Gap>) {
    let path = format!("{id}/federatedIdentityCredentials");
    let mut gaps = Vec::new();
    // No version tells everything: flexible ones are seen in previews, and what came later in the newest.
    let (newest, told) = futures_util::join!(newest_list(reader, &path), credential_list(reader, &path));
    match (newest, told) {
        (Ok(newest), Ok(told)) => {
            let found = together(told, newest);
            (understood(&path, &found, credential, &mut gaps), gaps)
        }
        (Err(why), _) | (_, Err(why)) => (Vec::new(), vec![gap(&path, &why)]),
    }
}

/// The list of federated credentials. Flexible ones are seen only in a preview version, which not every cloud has.
pub(crate) async fn credential_list(reader: &Reader, path: &str) -> Result<Vec<Value>, Fault> {
    match reader.list(path, "2025-01-31-preview", &[]).await {
        Err(why) if says_no_version(&why) => reader.list(path, MSI, &[]).await,
        other => other,
    }
}
