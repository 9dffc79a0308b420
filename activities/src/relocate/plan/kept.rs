//! Activities: what locks against deletion mean to a step that makes something below them. Pure.

use crate::activity::kept_lock::KeptLock;
use crate::azure::ResourceId;
use crate::relocate::facts::Lock;
use crate::relocate::plan::words::{StepText, place};
use crate::surfaces::lock::which as locks;
use rehome_orchestrator::StepId;
use serde_json::{Value, json};
use std::borrow::Cow;

/// A lock that bears on something that is made.
pub(crate) struct Kept<'a> {
    pub(crate) lock: &'a Lock,
    /// The step that puts it back; `None` where it may not be lifted.
    pub(crate) step: Option<StepId>,
}

/// A lock as what is to be put back.
pub(crate) fn written(lock: &Lock) -> KeptLock {
    KeptLock { id: lock.id.clone(), body: json!({ "properties": properties(lock) }).into() }
}

/// What a step that makes something at this id needs, says and is given.
pub(crate) fn below(
    kept: &[Kept<'_>],
    id: &ResourceId,
    text: &mut StepText,
    needs: &mut Vec<StepId>,
) -> Vec<KeptLock> {
    let (mut lifted, mut names) = (Vec::new(), Vec::new());
    for Kept { lock, step } in kept.iter().filter(|kept| locks::bears_on(kept.lock, id)) {
        names.push(place(&lock.id));
        if let Some(step) = step {
            needs.push(step.clone());
            lifted.push(written(lock));
        }
    }
    if !names.is_empty() {
        let (names, undo) = (names.join(", "), &text.undo);
        text.undo = Cow::Owned(if lifted.is_empty() {
            format!("{undo}: lock {names} refuses it")
        } else {
            format!("{undo}, with lock {names} lifted")
        });
    }
    lifted
}

/// What a lock is made of.
pub(crate) fn properties(lock: &Lock) -> Value {
    let mut properties = json!({ "level": lock.level });
    if let Some(notes) = &lock.notes {
        properties["notes"] = json!(notes);
    }
    properties
}
