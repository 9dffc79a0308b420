//! Activities: what the service principal may do on behalf of those who are signed in (msgraph, v1.0).

use crate::activity::Clients;
use crate::activity::kit::Kind;
use crate::activity::link::{Add, Link, Unlink, id_of, list, same};
use crate::azure::PrincipalId;
use crate::references::members;
use crate::relocate::facts::{DelegatedGrant, Facts};
use crate::relocate::names;
use crate::relocate::plan::builder::{Builder, Part, ReadyPrincipal};
use crate::relocate::short::short;
use crate::relocate::survey::graph_rights as graph;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::row::{Row, moved};
use crate::surfaces::surface::{Answers, Heard, Leaves, Surface};
use rehome_orchestrator::{Fault, Node, PlanValue, Reversibility, StepId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A grant on behalf of others.
pub(crate) struct DelegatedLink;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DelegatedGrantInput {
    client_id: PlanValue<PrincipalId>,
    resource_id: PrincipalId,
    consent_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    principal_id: Option<PrincipalId>,
    scope: String,
}

/// The permissions of a grant, in any order.
fn permissions(scope: &str) -> BTreeSet<&str> {
    scope.split_whitespace().collect()
}

impl Link for DelegatedLink {
    const ADD: &'static str = "delegated_grant.add/1";
    const REMOVE: &'static str = "delegated_grant.remove/1";
    const RETURNS: Reversibility = Reversibility::Compensable;
    type Input = DelegatedGrantInput;

    fn fact(input: &DelegatedGrantInput) -> String {
        let of = input.principal_id.as_deref().unwrap_or("everybody");
        format!("oauth2PermissionGrants: {} on {} for {of}", input.client_id, input.resource_id)
    }

    /// One with other permissions is another one.
    async fn find(clients: &Clients, input: &DelegatedGrantInput) -> Result<Option<String>, Fault> {
        let path = format!("servicePrincipals/{}/oauth2PermissionGrants", input.client_id);
        let grants = list(clients, &path).await?;
        let wanted = |grant: &&Value| {
            same(grant, "resourceId", &input.resource_id)
                && same(grant, "consentType", &input.consent_type)
                && members::id(grant, "/principalId") == input.principal_id
                && permissions(grant["scope"].as_str().unwrap_or_default()) == permissions(&input.scope)
        };
        Ok(grants.iter().find(wanted).and_then(id_of))
    }

    fn add(_: &Clients, input: &DelegatedGrantInput) -> (String, Value) {
        let mut body = json!({
            "clientId": input.client_id, "resourceId": input.resource_id, "consentType": input.consent_type,
            "scope": input.scope,
        });
        if let Some(principal) = &input.principal_id {
            body["principalId"] = json!(principal);
        }
        ("oauth2PermissionGrants".to_owned(), body)
    }

    fn remove(_: &DelegatedGrantInput, id: &str) -> String {
        format!("oauth2PermissionGrants/{id}")
    }

    fn place(input: &DelegatedGrantInput) -> String {
        format!("servicePrincipals/{}/delegated/{}", input.client_id, input.resource_id)
    }
}

fn link(grant: &DelegatedGrant, client: PlanValue<PrincipalId>) -> DelegatedGrantInput {
    let DelegatedGrant { resource_id, consent_type, principal_id, scope } = grant.clone();
    DelegatedGrantInput { client_id: client, resource_id, consent_type, principal_id, scope }
}

fn title(grant: &DelegatedGrant) -> String {
    let of = grant.principal_id.as_ref().map_or_else(String::new, |of| format!(" for {of}"));
    format!("delegated grant of {} on service principal {}{of}", grant.scope.trim(), grant.resource_id)
}

/// The surface.
pub(crate) struct DelegatedGrants;

impl Surface for DelegatedGrants {
    fn rows(&self) -> Vec<Row> {
        let what = "delegated grants of its service principal, for everybody or for one";
        vec![moved(what, DelegatedLink::ADD)]
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind::of::<Unlink<DelegatedLink>>(), Kind::of::<Add<DelegatedLink>>()]
    }

    fn asks_graph(&self, principal: &str) -> Vec<String> {
        vec![format!("servicePrincipals/{principal}/oauth2PermissionGrants")]
    }

    fn hear_graph(&self, answers: Answers<'_>, out: &mut Heard) {
        out.directory.delegated =
            answers.object(out).map(|found| delegated_grants(&found)).unwrap_or_default();
    }

    fn compare(&self, facts: &Facts, put: &mut dyn FnMut(String, String)) {
        for g in &facts.directory.delegated {
            let whom = short(&g.principal_id);
            let name = format!("delegated grant {} {} {whom}", g.resource_id, g.consent_type);
            put(name, short(&permissions(&g.scope)));
        }
    }

    fn given(&self, b: &Builder<'_>, out: &mut BTreeSet<String>) {
        let name = |g: &DelegatedGrant| names::on_behalf(&g.resource_id, g.principal_id.as_deref(), &g.scope);
        out.extend(b.facts.directory.delegated.iter().map(name));
    }

    fn rights(&self, facts: &Facts, wanted: &mut Rights<'_>) {
        for grant in &facts.directory.delegated {
            let scope = format!("delegated grants on service principal {}", grant.resource_id);
            wanted.graph(&graph::DELEGATED, scope);
        }
    }

    fn grant(&self, b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Vec<StepId> {
        let add = |grant| Node::doing::<Add<DelegatedLink>>(&link(grant, made.principal()));
        let step = |grant| (title(grant), "remove", add(grant));
        b.each(Part::Grant, b.facts.directory.delegated.iter().map(step), &made.known)
    }

    fn leaves(&self) -> Leaves {
        Leaves::Ending
    }

    fn remove(&self, b: &mut Builder<'_>, _: &ReadyPrincipal<'_>, after: &StepId) -> Vec<StepId> {
        let old = b.old_principal();
        let remove = |grant| Node::doing::<Unlink<DelegatedLink>>(&link(grant, old.clone()));
        let step = |grant| (format!("revoke {}", title(grant)), "grant it again", remove(grant));
        b.each(Part::CleanUp, b.facts.directory.delegated.iter().map(step), after)
    }
}

/// What a service principal may do on behalf of others, in an order of its own.
pub(crate) fn delegated_grants(found: &Value) -> Vec<DelegatedGrant> {
    let grants = found["value"].as_array().into_iter().flatten().filter_map(|grant| {
        Some(DelegatedGrant {
            resource_id: members::id(grant, "/resourceId")?,
            consent_type: members::text(grant, "/consentType")?,
            principal_id: members::id(grant, "/principalId"),
            scope: members::text(grant, "/scope")?,
        })
    });
    let mut grants: Vec<DelegatedGrant> = grants.collect();
    grants.sort();
    grants
}
