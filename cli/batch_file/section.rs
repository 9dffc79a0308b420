//! CLI: a table of a batch file as its meaning is read from it. What does not fit is left out: `shape` says it. Pure.

use super::keys::{Key, Kind};
use super::mistakes::{Mistakes, Place};
use super::node::{Node, Table, Value};
use super::rule;
use serde::de::DeserializeOwned;
use serde::de::value::{Error, StrDeserializer};

/// A table with the keys that it may have.
#[derive(Clone, Copy)]
pub(super) struct Section<'a> {
    table: Option<&'a Table>,
    keys: &'static [Key],
    pub(super) at: Place,
}

impl<'a> Section<'a> {
    pub(super) fn new(table: &'a Table, keys: &'static [Key], at: Place) -> Self {
        Self { table: Some(table), keys, at }
    }

    fn node(self, key: &str) -> Option<&'a Node> {
        debug_assert!(self.keys.iter().any(|known| known.name == key), "{key} is a key of the table");
        self.table.and_then(|table| table.get(key))
    }

    /// Whether every key and value of it is as it should be.
    pub(super) fn is_clean(self, found: &Mistakes) -> bool {
        let mut entries = self.table.iter().flat_map(|table| &table.entries);
        found.is_whole() && !entries.any(|entry| found.is_at(entry.at) || found.is_at(entry.node.at))
    }

    /// Where a value stands; the table, where it is not said.
    pub(super) fn place(self, key: &str) -> Place {
        self.node(key).map_or(self.at, |node| node.at)
    }

    pub(super) fn text(self, key: &str) -> Option<&'a str> {
        self.node(key).and_then(text_of)
    }

    pub(super) fn owned(self, key: &str) -> Option<String> {
        self.text(key).map(ToOwned::to_owned)
    }

    pub(super) fn flag(self, key: &str) -> bool {
        self.node(key).is_some_and(|node| matches!(node.value, Value::Flag(true)))
    }

    /// A whole number from 1.
    pub(super) fn count(self, key: &str) -> Option<usize> {
        match self.node(key)?.value {
            Value::Number(number @ 1..) => usize::try_from(number).ok(),
            _ => None,
        }
    }

    /// A duration, in milliseconds.
    pub(super) fn duration(self, key: &str) -> Option<u64> {
        self.text(key).and_then(rule::duration)
    }

    /// One of several words.
    pub(super) fn choice<T: DeserializeOwned>(self, key: &str) -> Option<T> {
        self.text(key).and_then(choice)
    }

    pub(super) fn texts(self, key: &str) -> impl Iterator<Item = String> + use<'a> {
        let items = match self.node(key).map(|node| &node.value) {
            Some(Value::List(items)) => items.as_slice(),
            _ => &[],
        };
        items.iter().filter_map(text_of).map(ToOwned::to_owned)
    }

    /// From, to, and where that stands.
    pub(super) fn spans(self, key: &str) -> impl Iterator<Item = (Place, &'a str, &'a str)> + use<'a> {
        let items = match self.node(key).map(|node| &node.value) {
            Some(Value::List(items)) => items.as_slice(),
            _ => &[],
        };
        items.iter().filter_map(|item| match &item.value {
            Value::List(ends) => match ends.as_slice() {
                [from, to] => Some((item.at, text_of(from)?, text_of(to)?)),
                _ => None,
            },
            _ => None,
        })
    }

    /// Keys of the file's own choice, with their texts.
    pub(super) fn pairs(self, key: &str) -> impl Iterator<Item = (String, &'a str)> + use<'a> {
        let entries = match self.node(key).map(|node| &node.value) {
            Some(Value::Table(table)) => table.entries.as_slice(),
            _ => &[],
        };
        entries.iter().filter_map(|entry| Some((entry.key.clone(), text_of(&entry.node)?)))
    }

    /// A table in this one, where it is there.
    pub(super) fn given(self, key: &str) -> Option<Self> {
        self.node(key).and_then(table_of).map(|_| self.section(key))
    }

    /// Whether anything is said for a key.
    pub(super) fn says(self, key: &str) -> bool {
        self.node(key).is_some()
    }

    /// A table in this one; an empty one, where it is not there.
    pub(super) fn section(self, key: &str) -> Self {
        let keys = match self.keys.iter().find(|known| known.name == key).map(|known| &known.kind) {
            Some(Kind::Table(_, keys)) => keys,
            _ => &[][..],
        };
        let node = self.node(key);
        let table = node.and_then(table_of);
        Self { table, keys, at: node.map_or(self.at, |node| node.at) }
    }

    /// The tables of a list.
    pub(super) fn sections(self, key: &str) -> impl Iterator<Item = Section<'a>> + use<'a> {
        let keys = match self.keys.iter().find(|known| known.name == key).map(|known| &known.kind) {
            Some(Kind::Tables(_, keys)) => keys,
            _ => &[][..],
        };
        let items = match self.node(key).map(|node| &node.value) {
            Some(Value::List(items)) => items.as_slice(),
            _ => &[],
        };
        items.iter().filter_map(move |item| Some(Section::new(table_of(item)?, keys, item.at)))
    }
}

fn text_of(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn table_of(node: &Node) -> Option<&Table> {
    match &node.value {
        Value::Table(table) => Some(table),
        _ => None,
    }
}

/// The value that a word stands for.
pub(super) fn choice<T: DeserializeOwned>(word: &str) -> Option<T> {
    T::deserialize(StrDeserializer::<Error>::new(word)).ok()
}
