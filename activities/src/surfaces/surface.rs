//! Activities: what a surface is. Pure, but for what is read once for a batch.
//!
//! A surface says everything about itself; whoever plans, surveys or compares walks the list of all
//! ([`ALL`](super::ALL)) and knows none by name. What has nothing to say in one of these keeps the default.

use crate::activity::kit::{Kind, Kit};
use crate::azure::{PrincipalId, Reader, items};
use crate::references::scan::Identifiers;
use crate::references::words::Batch;
use crate::relocate::facts::{Directory, Facts, Gap, ManualReference};
use crate::relocate::params::Params;
use crate::relocate::plan::builder::{Builder, ReadyPrincipal};
use crate::relocate::preflight::notice::Preflight;
use crate::relocate::survey::gaps::gap;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::row::Row;
use futures_util::future::BoxFuture;
use rehome_orchestrator::{Fault, Registry, StepId};
use serde_json::Value;
use std::any::Any;
use std::collections::BTreeSet;

/// One surface on which an identity may be something to somebody.
pub(crate) trait Surface: Sync {
    /// Its rows of the table of surfaces.
    fn rows(&self) -> Vec<Row>;

    /// Its kinds of change.
    fn kinds(&self) -> Vec<Kind> {
        Vec::new()
    }

    /// Adds what it waits for.
    fn conditions(&self, registry: Registry, kit: &Kit) -> Registry {
        let _ = kit;
        registry
    }

    /// What is the same for all identities of a batch, read once; what may name them is sorted by whom.
    fn read_once<'a>(&'a self, reader: &'a Reader, batch: Batch<'a>) -> BoxFuture<'a, Once> {
        let _ = (reader, batch);
        Box::pin(async { Once::default() })
    }

    /// What is read beside the identity and its hosts, as the page of what fails closed has it: what it is, and the paths of
    /// Resource Manager in lower case, in which a star stands for anything.
    fn reads(&self) -> Option<(String, Vec<String>)> {
        None
    }

    /// Puts into the facts what of that is about one identity.
    fn survey(&self, once: &Once, who: &Identifiers, facts: &mut Facts) {
        let _ = (once, who, facts);
    }

    /// What Graph is asked about a service principal, as paths: all surfaces ask in one request.
    fn asks_graph(&self, principal: &str) -> Vec<String> {
        let _ = principal;
        Vec::new()
    }

    /// Puts into the facts what Graph answered, in the order in which it was asked.
    fn hear_graph(&self, _answers: Answers<'_>, _out: &mut Heard) {}

    /// Each of its facts under a name that two surveys give it, with a short text that stands for its value.
    fn compare(&self, facts: &Facts, put: &mut dyn FnMut(String, String)) {
        let _ = (facts, put);
    }

    /// The names under which both identities are compared, of what the plan gives the new one.
    fn given(&self, b: &Builder<'_>, out: &mut BTreeSet<String>) {
        let _ = (b, out);
    }

    /// What speaks against the move, or should be known before it.
    fn preflight(&self, params: &Params, facts: &Facts, out: &mut Preflight) {
        let _ = (params, facts, out);
    }

    /// What whoever is signed in must be allowed.
    fn rights(&self, facts: &Facts, wanted: &mut Rights<'_>) {
        let _ = (facts, wanted);
    }

    /// The steps that give the new identity what the old one has.
    fn grant(&self, b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Vec<StepId> {
        let _ = (b, made);
        Vec::new()
    }

    /// When the old identity loses it.
    fn leaves(&self) -> Leaves {
        Leaves::Inside
    }

    /// The steps of the clean-up that take it from the old identity.
    fn remove(&self, b: &mut Builder<'_>, made: &ReadyPrincipal<'_>, after: &StepId) -> Vec<StepId> {
        let _ = (b, made, after);
        Vec::new()
    }
}

/// The order in which the clean-up takes things from the old identity. What is a claim in tokens waits for these to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Leaves {
    /// What is checked where it is used.
    Roles,
    /// What ends by itself, or is done for others.
    Ending,
    /// What stands in tokens.
    Claims,
    /// What applications, vaults and services keep.
    Inside,
    /// What stands on the identity or names it among others.
    Last,
}

impl Leaves {
    /// All of them, in their order.
    pub(crate) const ALL: [Self; 5] = [Self::Roles, Self::Ending, Self::Claims, Self::Inside, Self::Last];

    /// Whether tokens carry it.
    pub(crate) fn is_claim(self) -> bool {
        matches!(self, Self::Ending | Self::Claims)
    }
}

/// What was read once for a batch: in a form of the surface's own.
pub(crate) struct Once {
    kept: Box<dyn Any + Send + Sync>,
    /// What could not be read.
    pub(crate) gaps: Vec<Gap>,
}

impl Once {
    pub(crate) fn new<T: Any + Send + Sync>(kept: T, gaps: Vec<Gap>) -> Self {
        Self { kept: Box::new(kept), gaps }
    }

    /// What was kept, where it is of this form.
    pub(crate) fn get<T: Any>(&self) -> Option<&T> {
        self.kept.downcast_ref()
    }
}

impl Default for Once {
    fn default() -> Self {
        Self::new((), Vec::new())
    }
}

/// What Graph answered to the questions of one surface.
pub(crate) struct Answers<'a> {
    /// The service principal that was asked about.
    pub(crate) principal: &'a str,
    /// Each question with its answer.
    pub(crate) all: Vec<(&'a str, Result<Value, Fault>)>,
}

impl Answers<'_> {
    /// The answer to the one question, or none, which is said.
    pub(crate) fn object(self, out: &mut Heard) -> Option<Value> {
        let (path, answer) = self.all.into_iter().next()?;
        answer.map_err(|why| out.gaps.push(gap(&format!("Entra ID: {path}"), &why))).ok()
    }

    /// The items of the answer to the one question. What cannot be read is a gap: the identity is there all the same.
    pub(crate) fn items(self, out: &mut Heard) -> Vec<Value> {
        let Some((path, answer)) = self.all.into_iter().next() else { return Vec::new() };
        answer.and_then(|found| items(&found, path)).unwrap_or_else(|why| {
            out.gaps.push(gap(&format!("Entra ID: {path}"), &why));
            Vec::new()
        })
    }
}

/// What came of the answers of Graph.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) directory: Directory,
    pub(crate) manual_references: Vec<ManualReference>,
    pub(crate) gaps: Vec<Gap>,
    /// Groups of which more is to be asked.
    pub(crate) groups: Vec<PrincipalId>,
}
