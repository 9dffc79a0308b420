//! Activities: locks on the identity and above what the move makes and takes away.

use crate::activity::kit::Kind;
use crate::activity::object::{Object, Put, Remove};
use crate::relocate::facts::Facts;
use crate::relocate::short::short;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::lock::keep::KeepLock;
use crate::surfaces::lock::objects::{LiftedLock, RestoredLock};
use crate::surfaces::lock::which;
use crate::surfaces::row::{Row, moved};
use crate::surfaces::surface::Surface;

const DELETE: &str = "Microsoft.Authorization/locks/delete";
const WRITE: &str = "Microsoft.Authorization/locks/write";

/// The surface.
pub(crate) struct Locks;

impl Surface for Locks {
    fn rows(&self) -> Vec<Row> {
        vec![moved("locks on it", RestoredLock::NAME)]
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind::of::<Put<RestoredLock>>(), Kind::of::<Remove<LiftedLock>>(), Kind::of::<KeepLock>()]
    }

    fn compare(&self, facts: &Facts, put: &mut dyn FnMut(String, String)) {
        for l in &facts.locks {
            let rest = short(&(l.scope.folded(), &l.notes));
            put(format!("lock {}", l.id.folded()), format!("{} {rest}", l.level));
        }
    }

    fn rights(&self, facts: &Facts, wanted: &mut Rights<'_>) {
        let old = &facts.identity.identifiers.resource_id;
        if facts.locks.iter().any(|lock| lock.scope == *old) {
            let home = wanted.home.clone();
            wanted.forward(WRITE, &home);
        }
        if !wanted.params.options.lift_locks {
            return;
        }
        for lock in which::forward(facts) {
            wanted.forward(DELETE, &lock.scope);
            wanted.forward(WRITE, &lock.scope);
        }
        // The way back needs what it lifts with as late as the clean-up does.
        for lock in which::clean_up(facts).into_iter().chain(which::way_back(facts)) {
            wanted.clean_up(DELETE, &lock.scope);
            // One on the identity itself goes with it.
            if lock.scope != *old {
                wanted.clean_up(WRITE, &lock.scope);
            }
        }
    }
}
