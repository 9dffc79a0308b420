//! Activities: the steps for lists of callers that the identity is in: the new one comes in beside it before any host is
//! switched, and the old one goes in the clean-up. Pure.

use crate::relocate::facts::Host;
use crate::relocate::plan::builder::{Builder, Group, New, Words, object};
use crate::relocate::plan::kinds::act;
use crate::relocate::plan::words::inside;
use rehome_orchestrator::{StepId, Template};

/// Lets the new identity in, wherever the old one is.
pub(crate) fn admit(b: &mut Builder<'_>, new: &New) -> Vec<StepId> {
    let needs = [new.made_by.clone()];
    let facts = b.facts;
    let mut steps = Vec::new();
    for host in facts.hosts.iter().filter(|host| !host.callers.is_empty()) {
        let words = Words::new(format!("{}: let NEW in beside old", inside(&host.id)), "take it out");
        let node = act("caller.admit/1", input(b, new, host));
        steps.push(b.push(Group::Grant, words, &needs, node));
    }
    steps
}

/// Takes the old identity out.
pub(crate) fn dismiss(b: &mut Builder<'_>, new: &New, after: &StepId) -> Vec<StepId> {
    let facts = b.facts;
    let mut steps = Vec::new();
    for host in facts.hosts.iter().filter(|host| !host.callers.is_empty()) {
        let words = Words::new(format!("{}: let old in no more", inside(&host.id)), "let it in again");
        let node = act("caller.dismiss/1", input(b, new, host));
        steps.push(b.push(Group::CleanUp, words, std::slice::from_ref(after), node));
    }
    steps
}

fn input(b: &Builder<'_>, new: &New, host: &Host) -> Template {
    let lists = host.callers.iter().map(|place| {
        object([
            ("pointer", Some(Template::known(&place.pointer))),
            ("old", Some(Template::known(b.name_of(place.identifier)))),
            ("new", Some(new.name(place.identifier))),
        ])
    });
    object([
        ("id", Some(Template::known(&host.id))),
        ("api_version", Some(Template::known(&host.api_version))),
        ("lists", Some(Template::List(lists.collect()))),
    ])
}
