//! World: the objects that have something in common, as long as it tells them from the others. Pure.

use std::sync::Arc;

/// What more objects have than this tells nothing of any of them.
const FEW: usize = 500;

/// Ids of objects, in order; forgotten for good once there were too many.
#[derive(Default)]
pub(crate) struct Holders {
    few: Vec<Arc<str>>,
    common: bool,
}

impl Holders {
    pub(crate) fn add(&mut self, id: &Arc<str>) {
        let Err(at) = self.few.binary_search(id) else { return };
        if self.common {
            return;
        }
        if self.few.len() == FEW {
            *self = Self { few: Vec::new(), common: true };
            return;
        }
        self.few.insert(at, id.clone());
    }

    /// Takes one out; whether nothing is left to remember.
    pub(crate) fn remove(&mut self, id: &str) -> bool {
        if let Ok(at) = self.few.binary_search_by(|one| (**one).cmp(id)) {
            self.few.remove(at);
        }
        self.few.is_empty() && !self.common
    }

    /// Those that have it; `None` where too many had it.
    pub(crate) fn few(&self) -> Option<&[Arc<str>]> {
        (!self.common).then_some(&*self.few)
    }
}
