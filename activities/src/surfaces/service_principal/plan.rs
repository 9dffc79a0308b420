//! Activities: the steps that make the new service principal what the old one is, besides what it is granted. Pure.

use crate::references::scan::Identifier;
use crate::relocate::facts::{DelegatedGrant, SecurityAttribute};
use crate::relocate::plan::builder::{Builder, Group, Words, object};
use crate::relocate::plan::grants::Made;
use crate::relocate::plan::kinds::act;
use rehome_orchestrator::{StepId, Template};
use serde_json::{Map, Value, json};

/// Everything that belongs to the principal itself.
pub(crate) fn steps(b: &mut Builder<'_>, made: &Made<'_>) -> Vec<StepId> {
    let facts = b.facts;
    let mut steps: Vec<StepId> = attributes(b, made).into_iter().chain(settings(b, made)).collect();
    for grant in &facts.directory.delegated {
        let node = act("delegated_grant.add/1", delegated(grant, made.new.name(Identifier::PrincipalId)));
        let words = Words::new(said(grant), "remove");
        steps.push(b.push(Group::Grant, words, std::slice::from_ref(&made.known), node));
    }
    steps
}

/// Takes from the old one what does not go by itself.
pub(crate) fn revoke(b: &mut Builder<'_>, after: &StepId) -> Vec<StepId> {
    let facts = b.facts;
    let mut steps = Vec::new();
    for grant in &facts.directory.delegated {
        let node = act("delegated_grant.remove/1", delegated(grant, Template::known(&b.old().principal_id)));
        let words = Words::new(format!("revoke {}", said(grant)), "grant it again");
        steps.push(b.push(Group::CleanUp, words, std::slice::from_ref(after), node));
    }
    steps
}

fn delegated(grant: &DelegatedGrant, client: Template) -> Template {
    object([
        ("client_id", Some(client)),
        ("resource_id", Some(Template::known(&grant.resource_id))),
        ("consent_type", Some(Template::known(&grant.consent_type))),
        ("principal_id", grant.principal_id.as_ref().map(Template::known)),
        ("scope", Some(Template::known(&grant.scope))),
    ])
}

fn said(grant: &DelegatedGrant) -> String {
    let of = grant.principal_id.as_ref().map_or_else(String::new, |of| format!(" for {of}"));
    format!("delegated grant of {} on service principal {}{of}", grant.scope.trim(), grant.resource_id)
}

/// What is set otherwise than on a new one, and nothing else.
fn settings(b: &mut Builder<'_>, made: &Made<'_>) -> Option<StepId> {
    let held = &b.facts.directory.settings;
    let members = [
        ("accountEnabled", held.disabled.then_some(json!(false))),
        ("tags", (!held.tags.is_empty()).then(|| json!(held.tags))),
        ("notes", held.notes.as_ref().map(|notes| json!(notes))),
    ];
    let settings: Map<String, Value> =
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    if settings.is_empty() {
        return None;
    }
    let names: Vec<&str> = settings.keys().map(String::as_str).collect();
    let words = Words::new(format!("settings of the service principal: {}", names.join(", ")), "set back");
    let input = object([
        ("principal_id", Some(made.new.name(Identifier::PrincipalId))),
        ("settings", Some(Template::known(&settings))),
    ]);
    let node = act("service_principal.set/1", input);
    Some(b.push(Group::Grant, words, std::slice::from_ref(&made.known), node))
}

/// The custom security attributes, in one write.
fn attributes(b: &mut Builder<'_>, made: &Made<'_>) -> Option<StepId> {
    let attributes = &b.facts.directory.attributes;
    if attributes.is_empty() {
        return None;
    }
    let input = object([
        ("source_id", Some(Template::known(&b.old().principal_id))),
        ("principal_id", Some(made.new.name(Identifier::PrincipalId))),
        ("attributes", Some(Template::known(attributes))),
    ]);
    let words = Words::new(format!("custom security attributes {}", named(attributes)), "remove");
    let node = act("security_attributes.set/1", input);
    Some(b.push(Group::Grant, words, std::slice::from_ref(&made.known), node))
}

fn named(attributes: &[SecurityAttribute]) -> String {
    let names: Vec<String> = attributes.iter().map(|of| format!("{}.{}", of.set, of.name)).collect();
    names.join(", ")
}
