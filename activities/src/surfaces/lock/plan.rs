//! Activities: the steps about locks: those that are lifted and put back, those that come to the new identity, and those
//! against deletion above what a move makes, which the way back lifts and puts back. Pure.

use crate::activity::kept_lock::KeptLock;
use crate::activity::object::{Put, Remove};
use crate::azure::ResourceId;
use crate::relocate::facts::Lock;
use crate::relocate::plan::builder::{Builder, Part};
use crate::relocate::plan::kept::{Kept, properties, written};
use crate::relocate::plan::words::{StepText, place};
use crate::surfaces::lock::keep::KeepLock;
use crate::surfaces::lock::objects::{LiftInput, LiftedLock, RestoredLock};
use crate::surfaces::lock::which as locks;
use rehome_orchestrator::{Node, StepId};

/// Steps that keep each such lock, before anything is made.
pub(crate) fn keep(b: &mut Builder<'_>) {
    for lock in locks::way_back(b.facts) {
        let step = b.params.options.lift_locks.then(|| {
            let title = format!("keep lock {} ({}) on {}", place(&lock.id), lock.level, place(&lock.scope));
            let text = StepText::new(title, "put it back, once what it refuses to remove is removed");
            b.push(Part::Create, text, &[], Node::doing::<KeepLock>(&written(lock)))
        });
        b.kept.push(Kept { lock, step });
    }
}

/// Takes locks away.
pub(crate) fn lift(b: &mut Builder<'_>, part: Part, locks: &[&Lock], needs: &[StepId]) -> Vec<StepId> {
    let step = |lock: &&Lock| {
        let title = format!("lift lock {} ({}) on {}", place(&lock.id), lock.level, place(&lock.scope));
        let input = LiftInput { id: lock.id.clone(), expected: properties(lock).into() };
        let node = Node::doing::<Remove<LiftedLock>>(&input);
        b.push(part, StepText::new(title, "put it back"), needs, node)
    };
    locks.iter().map(step).collect()
}

/// Puts locks back.
pub(crate) fn restore(b: &mut Builder<'_>, part: Part, locks: &[&Lock], needs: &[StepId]) -> Vec<StepId> {
    locks.iter().map(|lock| restore_at(b, part, lock, &lock.id, needs)).collect()
}

/// Locks of the old identity come last on the new one: they would refuse what is done before.
pub(crate) fn copy(b: &mut Builder<'_>, after: &[StepId]) {
    let old = &b.facts.identity.identifiers.resource_id;
    let own: Vec<&Lock> = b.facts.locks.iter().filter(|l| l.scope == *old).collect();
    let mut needs = after.to_vec();
    needs.extend(b.all().first().cloned());
    for lock in own {
        let id = format!("{}/providers/Microsoft.Authorization/locks/{}", b.facts.target.id, lock.id.name());
        restore_at(b, Part::RePoint, lock, &id.into(), &needs);
    }
}

/// Puts a lock at this id.
fn restore_at(b: &mut Builder<'_>, part: Part, lock: &Lock, id: &ResourceId, needs: &[StepId]) -> StepId {
    let scope = id.split("/providers/Microsoft.Authorization/locks").next().unwrap_or(id);
    let title = format!("lock {} ({}) on {}", place(id), lock.level, place(scope));
    let input = KeptLock { id: id.clone(), ..written(lock) };
    b.push(part, StepText::new(title, "lift it"), needs, Node::doing::<Put<RestoredLock>>(&input))
}
