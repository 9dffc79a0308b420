//! Store: what belongs to a log in memory: its anchor, its key, and the right to act on it. Touches nothing but the machine's date.

use crate::anchor::Anchor;
use crate::backend::{Beside, Part, SidecarError};
use crate::checkpoint::KeptTree;
use crate::lease::{Heartbeat, HeldLease, Lease, LeaseError, LeaseHolder, Locker};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// What a log in memory is called in messages.
const PLACE: &str = "the log in memory";

#[derive(Debug, Default)]
struct Kept {
    anchor: Option<Anchor>,
    checkpoint: Option<String>,
    tree: Option<KeptTree>,
    key: Option<Vec<u8>>,
    /// Where copies were made.
    copies: BTreeSet<PathBuf>,
    held: bool,
    /// The name that a runner left is that of whoever has the right now.
    is_holder: bool,
    last: Option<Heartbeat>,
}

#[derive(Debug, Default)]
pub(super) struct MemoryBeside(Arc<Mutex<Kept>>);

fn kept(of: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryBeside {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        kept(&self.0)
    }

    /// Whether nothing was copied to this place yet; from now on something was.
    pub(super) fn is_new_copy(&self, to: &Path) -> bool {
        self.kept().copies.insert(to.to_owned())
    }
}

impl Beside for MemoryBeside {
    fn place(&self, _part: Part) -> String {
        PLACE.to_owned()
    }

    fn anchor(&self) -> Result<Option<Anchor>, SidecarError> {
        Ok(self.kept().anchor.clone())
    }

    fn set_anchor(&self, anchor: &Anchor) -> Result<(), SidecarError> {
        self.kept().anchor = Some(anchor.clone());
        Ok(())
    }

    fn checkpoint(&self) -> Result<Option<String>, SidecarError> {
        Ok(self.kept().checkpoint.clone())
    }

    fn set_checkpoint(&self, note: &str) -> Result<(), SidecarError> {
        self.kept().checkpoint = Some(note.to_owned());
        Ok(())
    }

    fn tree(&self) -> Option<KeptTree> {
        self.kept().tree.clone()
    }

    fn set_tree(&self, tree: &KeptTree) {
        self.kept().tree = Some(tree.clone());
    }

    fn key(&self) -> Result<Option<Vec<u8>>, SidecarError> {
        Ok(self.kept().key.clone())
    }

    fn set_key(&self, key: &[u8]) -> Result<(), SidecarError> {
        self.kept().key = Some(key.to_owned());
        Ok(())
    }

    fn retire_key(&self, _at_ms: i64) -> Result<(), SidecarError> {
        self.kept().key = None;
        Ok(())
    }

    fn lease(&self) -> &dyn Lease {
        self
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Lease for MemoryBeside {
    fn hold(&self) -> Result<Box<dyn HeldLease>, LeaseError> {
        let mut kept = self.kept();
        if kept.held {
            let holder = kept.last.as_ref().filter(|_| kept.is_holder).map(|last| last.holder.clone());
            let by = Some(Locker { pid: Some(std::process::id()), shared: false });
            return Err(LeaseError::Held { place: PLACE.to_owned(), holder, by });
        }
        kept.held = true;
        Ok(Box::new(Held(self.0.clone())))
    }

    fn holder(&self) -> Option<LeaseHolder> {
        let kept = self.kept();
        kept.last.as_ref().filter(|_| kept.is_holder).map(|last| last.holder.clone())
    }

    fn was_held(&self) -> bool {
        self.kept().last.is_some()
    }

    fn beat(&self) -> io::Result<()> {
        match &mut self.kept().last {
            Some(last) => last.at_ms = now_ms(),
            None => return Err(io::Error::new(io::ErrorKind::NotFound, "no runner left its name")),
        }
        Ok(())
    }

    fn last_beat(&self) -> io::Result<Option<Heartbeat>> {
        Ok(self.kept().last.clone())
    }
}

struct Held(Arc<Mutex<Kept>>);

impl HeldLease for Held {
    fn leave_name(&mut self, holder: &LeaseHolder) -> Result<(), LeaseError> {
        let mut kept = kept(&self.0);
        kept.last = Some(Heartbeat { holder: holder.clone(), at_ms: now_ms() });
        kept.is_holder = true;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut kept = kept(&self.0);
        (kept.held, kept.is_holder) = (false, false);
    }
}
