//! CLI: whether a batch file has the keys that it may have, and each of them what it takes. Pure.

use super::keys::{Key, Kind, Rule};
use super::mistakes::{Mistakes, Place};
use super::node::{Node, Table, Value};
use std::collections::BTreeSet;

/// Checks a table against its keys; `title` is what people call it.
pub(super) fn check(table: &Table, at: Place, title: &str, keys: &'static [Key], found: &mut Mistakes) {
    let is_whole = found.is_whole();
    let mut seen = BTreeSet::new();
    for entry in &table.entries {
        if !seen.insert(&entry.key) {
            found.add(entry.at, format!("{title} has {:?} twice", entry.key), "leave one out");
        }
        match keys.iter().find(|key| key.name == entry.key) {
            Some(key) => value(&entry.node, &key.kind, key.name, found),
            None => {
                let what = format!("{title} has no key {:?}", entry.key);
                found.unknown(entry.at, what, &entry.key, keys.iter().map(|key| key.name));
            }
        }
    }
    // What stands on a line that could not be read, nobody knows.
    let lacks = |key: &&Key| is_whole && key.required && table.get(key.name).is_none();
    for key in keys.iter().filter(lacks) {
        let remedy = format!("add {}: {}", example(key), key.about);
        let name = match &key.kind {
            Kind::Table(title, _) | Kind::Tables(title, _) => title,
            _ => key.name,
        };
        found.add(at, format!("{title} lacks {name}"), remedy);
    }
}

/// How a key is written that is not there.
fn example(key: &Key) -> String {
    match &key.kind {
        Kind::Table(title, _) | Kind::Tables(title, _) => (*title).to_owned(),
        Kind::Text(_) => format!("{} = \"…\"", key.name),
        Kind::Flag => format!("{} = true", key.name),
        Kind::Count => format!("{} = 1", key.name),
        Kind::Texts(_) => format!("{} = [\"…\"]", key.name),
        Kind::Spans(_) => format!("{} = [[\"…\", \"…\"]]", key.name),
        Kind::Pairs(_) => format!("{} = {{ … = \"…\" }}", key.name),
    }
}

/// Checks a value; `name` is the key that it is of.
fn value(node: &Node, kind: &'static Kind, name: &str, found: &mut Mistakes) {
    match (kind, &node.value) {
        (Kind::Text(rule), Value::Text(said)) => text(node.at, rule, name, said, found),
        (Kind::Flag, Value::Flag(_)) | (Kind::Count, Value::Number(1..)) => {}
        (Kind::Texts(rule), Value::List(items)) => {
            for item in items {
                match &item.value {
                    Value::Text(said) => text(item.at, rule, name, said, found),
                    other => mistyped(item.at, name, "texts", other, found),
                }
            }
        }
        (Kind::Spans(rule), Value::List(items)) => {
            for item in items {
                match &item.value {
                    Value::List(ends) if ends.len() == 2 => {
                        ends.iter().for_each(|end| match &end.value {
                            Value::Text(said) => text(end.at, rule, name, said, found),
                            other => mistyped(end.at, name, "texts", other, found),
                        });
                    }
                    other => mistyped(item.at, name, "lists of two texts, from and to", other, found),
                }
            }
        }
        (Kind::Pairs(rule), Value::Table(table)) => {
            for entry in &table.entries {
                match &entry.node.value {
                    Value::Text(said) => text(entry.node.at, rule, name, said, found),
                    other => mistyped(entry.node.at, name, "texts", other, found),
                }
            }
        }
        (Kind::Table(title, keys), Value::Table(table)) => check(table, node.at, title, keys, found),
        (Kind::Tables(title, keys), Value::List(items)) => {
            for item in items {
                match &item.value {
                    Value::Table(table) => check(table, item.at, title, keys, found),
                    other => mistyped(item.at, name, "tables", other, found),
                }
            }
        }
        (Kind::Text(Rule::Duration), other) => mistyped(node.at, name, "a duration in quotes", other, found),
        (Kind::Text(_), other) => mistyped(node.at, name, "a text in quotes", other, found),
        (Kind::Flag, other) => mistyped(node.at, name, "true or false, without quotes", other, found),
        (Kind::Count, other) => {
            mistyped(node.at, name, "a whole number from 1, without quotes", other, found)
        }
        (Kind::Spans(_), other) => mistyped(node.at, name, "a list of lists of two texts", other, found),
        (Kind::Texts(_), other) => mistyped(node.at, name, "a list of texts", other, found),
        (Kind::Pairs(_), other) => mistyped(node.at, name, "a table of texts", other, found),
        (Kind::Table(title, _) | Kind::Tables(title, _), other) => {
            mistyped(node.at, name, title, other, found)
        }
    }
}

pub(super) fn text(at: Place, rule: &Rule, name: &str, said: &str, found: &mut Mistakes) {
    if let Err(wrong) = rule.check(name, said) {
        found.add(at, wrong.what, wrong.remedy);
    }
}

fn mistyped(at: Place, name: &str, wants: &str, is: &Value, found: &mut Mistakes) {
    found.add(at, format!("{name} takes {wants}, and this is {}", is.word()), "");
}
