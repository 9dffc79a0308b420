//! World: what Resource Manager holds, and the indexes over it. One place changes both.

use super::texts::Texts;
use crate::objects::{Key, keys};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Objects by canonical id, found by what they have in common too.
#[derive(Default)]
pub(crate) struct Resources {
    all: BTreeMap<Arc<str>, Value>,
    index: HashMap<Key, BTreeSet<Arc<str>>>,
    texts: Texts,
    /// Whether the index is left alone and everything is walked over, as a test compares.
    pub(super) walks: bool,
}

impl Resources {
    pub(crate) fn new(objects: impl Iterator<Item = (String, Value)>) -> Self {
        let mut resources = Self::default();
        for (id, object) in objects {
            resources.insert(&id, object);
        }
        resources
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Value> {
        self.all.get(id)
    }

    /// An id as it is kept.
    pub(crate) fn get_key(&self, id: &str) -> Option<&str> {
        self.all.get_key_value(id).map(|(id, _)| &**id)
    }

    /// Everything, in the order of ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.all.iter().map(|(id, object)| (&**id, object))
    }

    /// What has an id that begins so.
    pub(crate) fn below(&self, prefix: &str) -> impl Iterator<Item = &Value> {
        let from = self.all.range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
        from.take_while(move |(id, _)| id.starts_with(prefix)).map(|(_, object)| object)
    }

    pub(crate) fn insert(&mut self, id: &str, object: Value) -> Option<Value> {
        let before = self.remove(id);
        let id: Arc<str> = Arc::from(id);
        for key in keys(&id, &object) {
            self.index.entry(key).or_default().insert(id.clone());
        }
        self.texts.add(&id, &object);
        self.all.insert(id, object);
        before
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Value> {
        let object = self.all.remove(id)?;
        for key in keys(id, &object) {
            if let Some(ids) = self.index.get_mut(&key) {
                ids.remove(id);
                if ids.is_empty() {
                    self.index.remove(&key);
                }
            }
        }
        self.texts.remove(id, &object);
        Some(object)
    }

    /// The ids that a key finds, in order, from a prefix on.
    fn ids<'a>(&'a self, key: &'a Key, prefix: &'a str) -> Box<dyn Iterator<Item = &'a str> + 'a> {
        if self.walks {
            let fits =
                move |(id, object): &(&str, &Value)| id.starts_with(prefix) && keys(id, object).contains(key);
            return Box::new(self.iter().filter(fits).map(|(id, _)| id));
        }
        let from = (std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded);
        let ids = self.index.get(key).into_iter().flat_map(move |ids| ids.range::<str, _>(from));
        Box::new(ids.map(|id| &**id).take_while(move |id| id.starts_with(prefix)))
    }

    pub(crate) fn found<'a>(&'a self, key: &Key, prefix: &str) -> Vec<(&'a str, &'a Value)> {
        let ids: Vec<&str> = self.ids(key, prefix).collect();
        ids.into_iter()
            .filter_map(|id| self.all.get_key_value(id))
            .map(|(id, object)| (&**id, object))
            .collect()
    }

    pub(crate) fn count(&self, key: &Key) -> usize {
        if self.walks {
            return self.ids(key, "").count();
        }
        self.index.get(key).map_or(0, BTreeSet::len)
    }

    /// The ids of what may hold one of these texts, whose case does not matter; `None` where any object may.
    pub(crate) fn holding(&self, texts: &[String]) -> Option<BTreeSet<&str>> {
        self.texts.holding(texts)
    }
}
