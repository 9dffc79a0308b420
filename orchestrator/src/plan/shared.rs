//! Engine: plans of one text, and their graphs, once in memory however many runs have them. Touches memory only.
//!
//! Runs that are started from one pattern have the same plan, and to read, check and keep it for each of them is most of what
//! a run costs. Nothing is kept alive by being known here.

use crate::plan::graph::Graph;
use crate::plan::{Plan, PlanError};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// What is in use, by what it is found by; what is not in use any more is forgotten now and then.
struct Known<K, V> {
    entries: BTreeMap<K, Weak<V>>,
    /// With so many entries it is looked which are still in use.
    sweep_at: usize,
}

impl<K: Ord, V> Known<K, V> {
    const NONE: Self = Self { entries: BTreeMap::new(), sweep_at: 1_024 };

    fn get(&self, key: &K) -> Option<Arc<V>> {
        self.entries.get(key)?.upgrade()
    }

    fn insert(&mut self, key: K, value: &Arc<V>) {
        self.entries.insert(key, Arc::downgrade(value));
        if self.entries.len() >= self.sweep_at {
            self.entries.retain(|_, value| value.strong_count() > 0);
            self.sweep_at = (self.entries.len() * 2).max(1_024);
        }
    }
}

/// By the SHA-256 of their text.
static PLANS: Mutex<Known<[u8; 32], Plan>> = Mutex::new(Known::NONE);

/// By where their plan lies in memory, which is its own for as long as the graph lives.
static GRAPHS: Mutex<Known<usize, Graph>> = Mutex::new(Known::NONE);

fn locked<T>(known: &Mutex<T>) -> MutexGuard<'_, T> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads a plan, or finds the one that was read from the same text and is in use.
pub(crate) fn plan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Plan>, D::Error> {
    let text = Box::<RawValue>::deserialize(deserializer)?;
    let digest: [u8; 32] = Sha256::digest(text.get()).into();
    if let Some(plan) = locked(&PLANS).get(&digest) {
        return Ok(plan);
    }
    let plan = Arc::new(serde_json::from_str(text.get()).map_err(D::Error::custom)?);
    locked(&PLANS).insert(digest, &plan);
    Ok(plan)
}

/// The graph of a plan, which is checked when it is first made.
///
/// # Errors
/// The first rule that the plan breaks.
pub(crate) fn graph(plan: &Arc<Plan>) -> Result<Arc<Graph>, PlanError> {
    let place = Arc::as_ptr(plan) as usize;
    if let Some(graph) = locked(&GRAPHS).get(&place).filter(|graph| Arc::ptr_eq(graph.plan(), plan)) {
        return Ok(graph);
    }
    plan.check()?;
    let graph = Arc::new(Graph::new(plan.clone()));
    locked(&GRAPHS).insert(place, &graph);
    Ok(graph)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::OnFailure;

    #[derive(Deserialize)]
    struct Holder(#[serde(deserialize_with = "plan")] Arc<Plan>);

    fn read(text: &str) -> Arc<Plan> {
        serde_json::from_str::<Holder>(text).expect("a plan").0
    }

    fn text(workflow: &str) -> String {
        let wait = r#"{"id":"s","group":"","title":"","undo":"","phase":"forward","needs":[],"node":{"soak":{"for_ms":1}}}"#;
        format!(r#"{{"workflow":"{workflow}","on_failure":"park","steps":[{wait}]}}"#)
    }

    #[test]
    fn runs_of_one_plan_share_it_and_its_graph_and_others_have_their_own() {
        let (one, same, other) = (read(&text("shared/1")), read(&text("shared/1")), read(&text("shared/2")));
        assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
        let graph_of = |plan| graph(plan).expect("it keeps the rules");
        let first = graph_of(&one);
        assert!(Arc::ptr_eq(&first, &graph_of(&same)) && !Arc::ptr_eq(&first, &graph_of(&other)));
    }

    #[test]
    fn a_plan_that_nobody_uses_any_more_is_read_anew_and_a_broken_one_is_refused_each_time() {
        let place = Arc::downgrade(&read(&text("shared/3")));
        assert!(place.upgrade().is_none(), "nothing is kept alive by being known");
        assert_eq!(read(&text("shared/3")).workflow, "shared/3");
        let none = Arc::new(Plan { workflow: "w/1".into(), on_failure: OnFailure::Park, steps: Vec::new() });
        for _ in 0..2 {
            assert_eq!(graph(&none).err(), Some(PlanError::Size(0)));
        }
    }
}
