//! CLI: TOML into values with their places; every mistake of its syntax, and not only the first. Pure.

use super::mistakes::{Mistakes, Place};
use super::node::{Entry, Node, Table, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Reads what can be read of a file.
pub(super) fn read(file: usize, found: &mut Mistakes) -> Table {
    let text = found.text(file).to_owned();
    let (table, errors) = DeTable::parse_recoverable(&text);
    for error in errors {
        let byte = error.span().map_or(text.len(), |span| span.start.min(text.len()));
        found.add(Place { file, byte }, format!("this is not TOML: {}", error.message()), remedy(&error));
    }
    self::table(file, table.into_inner())
}

/// What people most often mean.
fn remedy(error: &toml::de::Error) -> &'static str {
    let quotes =
        error.message().contains("must be quoted") || error.message().contains("missing opening quote");
    if quotes { "write texts, durations too, in quotes: \"24h\"" } else { "" }
}

fn table(file: usize, table: DeTable<'_>) -> Table {
    let entry = |(key, value): (Spanned<_>, Spanned<DeValue<'_>>)| {
        let at = Place { file, byte: key.span().start };
        Entry { key: std::borrow::Cow::into_owned(key.into_inner()), at, node: node(file, value) }
    };
    let mut entries: Vec<Entry> = table.into_iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.at);
    Table { entries }
}

fn node(file: usize, value: Spanned<DeValue<'_>>) -> Node {
    let at = Place { file, byte: value.span().start };
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Boolean(flag) => Value::Flag(flag),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Other, Value::Number)
        }
        DeValue::Array(items) => Value::List(items.into_iter().map(|item| node(file, item)).collect()),
        DeValue::Table(inner) => Value::Table(table(file, inner)),
        DeValue::Float(_) | DeValue::Datetime(_) => Value::Other,
    };
    Node { at, value }
}
