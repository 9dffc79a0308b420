//! Activities: the steps that make the new service principal what the old one is, besides what it is granted. Pure.

use super::builder::{Builder, Group, Words, object};
use super::grants::Made;
use super::kinds::act;
use crate::references::scan::Identifier;
use crate::relocate::facts::SecurityAttribute;
use rehome_orchestrator::{StepId, Template};

/// Everything that is set on the principal itself.
pub(super) fn steps(b: &mut Builder<'_>, made: &Made<'_>) -> Vec<StepId> {
    attributes(b, made).into_iter().collect()
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
