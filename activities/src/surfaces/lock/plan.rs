//! Activities: locks against deletion above what a move makes: the way back lifts them and puts them back, or what is
//! made below them says that it cannot be taken back. Pure.

use crate::relocate::facts::Lock;
use crate::relocate::plan::builder::{Builder, Group, Words, object};
use crate::relocate::plan::clean_up::lock_properties;
use crate::relocate::plan::kinds::act;
use crate::relocate::plan::words::place;
use crate::surfaces::lock::which as locks;
use rehome_orchestrator::{Node, StepId, Template};
use serde_json::json;
use std::borrow::Cow;

/// A lock that bears on something that is made.
pub(crate) struct Kept<'a> {
    lock: &'a Lock,
    /// The step that puts it back; `None` where it may not be lifted.
    step: Option<StepId>,
}

/// Steps that keep each such lock, before anything is made.
pub(crate) fn keep(b: &mut Builder<'_>) {
    for lock in locks::way_back(b.facts) {
        let step = b.params.options.lift_locks.then(|| {
            let title = format!("keep lock {} ({}) on {}", place(&lock.id), lock.level, place(&lock.scope));
            let words = Words::new(title, "put it back, once what it refuses to remove is removed");
            b.push(Group::Create, words, &[], act("lock.keep/1", written(lock)))
        });
        b.kept.push(Kept { lock, step });
    }
}

fn written(lock: &Lock) -> Template {
    object([
        ("id", Some(Template::known(&lock.id))),
        ("body", Some(Template::known(json!({ "properties": lock_properties(lock) })))),
    ])
}

/// What the undo of a step removes, as far as it is known.
fn removes(node: &Node) -> Option<String> {
    let Node::Act { activity, input, .. } = node else { return None };
    let member = match activity.as_str() {
        "resource_group.ensure/1" | "identity.create/1" | "grant.put/1" => "id",
        "federated_credential.add/1" => "identity",
        "role_assignment.grant/1" | "schedule.grant/1" => "scope",
        _ => return None,
    };
    input.render()[member].as_str().map(ToOwned::to_owned)
}

/// What a step that makes something below such locks needs, says and is given.
pub(crate) fn below(kept: &[Kept<'_>], node: &mut Node, words: &mut Words, needs: &mut Vec<StepId>) {
    let Some(id) = removes(node) else { return };
    let (mut lifted, mut names) = (Vec::new(), Vec::new());
    for Kept { lock, step } in kept.iter().filter(|kept| locks::bears_on(kept.lock, &id)) {
        names.push(place(&lock.id));
        if let Some(step) = step {
            needs.push(step.clone());
            lifted.push(written(lock));
        }
    }
    if names.is_empty() {
        return;
    }
    let (names, undo) = (names.join(", "), &words.undo);
    words.undo = Cow::Owned(if lifted.is_empty() {
        format!("{undo}: lock {names} refuses it")
    } else {
        format!("{undo}, with lock {names} lifted")
    });
    if let Node::Act { input, .. } = node
        && !lifted.is_empty()
    {
        input.insert("locks", Template::List(lifted));
    }
}
