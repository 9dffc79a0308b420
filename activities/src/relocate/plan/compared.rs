//! Tests of the facts: whatever a step is made from is compared with the world before the first write.

use super::*;
use crate::references::scan::Identifier;
use crate::relocate::differences::differences;
use crate::relocate::facts::*;
use crate::relocate::testing::*;
use rehome_orchestrator::{Node, Step};
use serde_json::{Value, json};

/// One of everything that a plan is made from.
pub(super) fn everything() -> Facts {
    let mut facts = facts();
    let mut conditional = assignment("a2", "/subscriptions/s1");
    conditional.condition = Some(format!("@Request[x] ForAnyOfAnyValues:GuidEquals {{{PRINCIPAL}}}"));
    conditional.condition_version = Some("2.0".into());
    conditional.description = Some("made by hand".into());
    let mut ends = assignment("a3", "/subscriptions/s2");
    ends.until = Some("2098-12-31T23:00:00Z".into());
    let mut on = assignment("on", OLD);
    on.principal_id = "0a1b2c3d-3333-4000-8000-000000000001".into();
    let mut naming = assignment("other", "/subscriptions/s1");
    naming.principal_id = "0a1b2c3d-3333-4000-8000-000000000002".into();
    naming.condition = conditional.condition.clone();
    facts.assignments_of.extend([conditional, ends]);
    facts.assignments_on = vec![on];
    facts.conditions_naming = vec![naming];
    facts.directory.app_roles =
        vec![AppRole { resource_id: "r1".into(), resource: "Graph".into(), app_role_id: "ar1".into() }];
    facts.directory.owned =
        vec![Owned { collection: "groups".into(), id: "g2".into(), name: "grp-own".into() }];
    facts.directory.roles = vec![DirectoryRole { role_definition_id: "d1".into(), scope: "/".into() }];
    facts.directory.app_credentials = vec![AppCredential {
        application: "app1".into(),
        application_name: "trusting".into(),
        name: "c".into(),
        issuer: "https://login.microsoftonline.com/t/v2.0".into(),
        subject: PRINCIPAL.into(),
        audiences: vec!["api://AzureADTokenExchange".into()],
        description: None,
        blueprint: false,
    }];
    facts.directory.delegated = vec![DelegatedGrant {
        resource_id: "r1".into(),
        consent_type: "Principal".into(),
        principal_id: Some("u1".into()),
        scope: "User.Read".into(),
    }];
    facts.directory.settings.tags = vec!["t1".into()];
    facts.directory.attributes = vec![SecurityAttribute { set: "Eng".into(), name: "Project".into() }];
    facts.service_grants = vec![ServiceGrant {
        id: format!("{GROUP}/providers/Microsoft.Kusto/clusters/k/principalAssignments/p").into(),
        api_version: "2023-08-15".into(),
        body: json!({"properties": {"principalId": CLIENT, "role": "AllDatabasesViewer"}}),
    }];
    let mut app = host("Microsoft.Web/sites", "app");
    app.references = vec![Reference {
        pointer: "/properties/keyVaultReferenceIdentity".into(),
        identifier: Identifier::ResourceId,
    }];
    app.settings = vec![setting("AZURE_CLIENT_ID")];
    facts.hosts = vec![app, host("Microsoft.Storage/storageAccounts", "st")];
    facts.locks = vec![lock(OLD, "CanNotDelete"), lock(GROUP, "ReadOnly")];
    facts.identity_extensions = vec![IdentityExtension {
        id: format!("{OLD}/providers/Microsoft.Insights/diagnosticSettings/d").into(),
        api_version: "2021-05-01-preview".into(),
        body: json!({"properties": {"workspaceId": "/w"}}),
    }];
    facts
}

/// Every place of a value that is a text, a number or a truth value.
fn leaves(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(k, v)| {
                leaves(v, &format!("{at}/{}", k.replace('~', "~0").replace('/', "~1")), out)
            });
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, v)| leaves(v, &format!("{at}/{n}"), out))
        }
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => out.push(at.to_owned()),
    }
}

fn forged(value: &Value) -> Value {
    match value {
        Value::Bool(b) => json!(!b),
        Value::Number(_) => json!(7),
        Value::String(text) => json!(format!("{text}-forged")),
        other => other.clone(),
    }
}

/// What a plan does, without the numbers of its steps.
fn effects(facts: &Facts) -> Vec<String> {
    let mut params = params();
    params.options.lift_locks = true;
    let effect = |step: &Step| match &step.node {
        Node::Act { activity, input, .. } => format!("{activity} {}", input.render()),
        Node::ByHand { instruction, undo } => format!("by hand {} {}", instruction.render(), undo.render()),
        node => format!("{node:?}"),
    };
    let mut all: Vec<String> = plan(&params, facts).expect("a plan").steps.iter().map(effect).collect();
    all.sort();
    all
}

#[test]
fn whatever_a_step_is_made_from_is_compared_with_the_world() {
    // The command line compares Graph with the cloud that is signed in to. A version is what something was read with,
    // and changes nothing of what is written. Of what ends by itself only the name of a request is made of its id.
    let elsewhere = |at: &str| at == "/graph" || at.ends_with("/api_version") || at == "/assignments_of/2/id";
    let was = everything();
    let (value, planned) = (serde_json::to_value(&was).expect("JSON"), effects(&was));
    let (mut all, mut changed, mut unseen) = (Vec::new(), 0, Vec::new());
    leaves(&value, "", &mut all);
    for at in all.iter().filter(|at| !elsewhere(at)) {
        let mut lie = value.clone();
        let place = lie.pointer_mut(at).expect("it is there");
        *place = forged(place);
        let Ok(lie) = serde_json::from_value::<Facts>(lie) else { continue };
        if effects(&lie) != planned {
            changed += 1;
            if differences(&lie, &was).is_empty() {
                unseen.push(at);
            }
        }
    }
    assert!(changed > 60, "only {changed} facts change the plan");
    assert!(unseen.is_empty(), "nobody would notice these: {unseen:#?}");
}
