//! CLI: rows that stand in a file beside the batch file, as CSV or JSON, into values with their places. Pure.

use super::keys::{IDENTITY, Key, Kind};
use super::mistakes::{Mistakes, Place};
use super::node::{Entry, Node, Table, Value};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Between the parts of a cell that holds several: hosts, tags.
const PARTS: char = ';';

/// So many columns are looked at: several times as many as there are keys.
const COLUMNS_MAX: usize = 64;

/// A list of rows, each an object, with lists and tables of texts in it.
const DEPTH_MAX: usize = 4;

/// The rows of a file whose name ends in `.csv` or `.json`; what cannot be read of it is a mistake.
pub(super) fn read(name: &str, text: &str, found: &mut Mistakes) -> Vec<Node> {
    let file = found.file(name, text);
    if name.to_ascii_lowercase().ends_with(".json") {
        json(file, text, found)
    } else {
        csv(file, text, found)
    }
}

/// Rows with a header: one column for each key of `[[identity]]` that is used.
fn csv(file: usize, text: &str, found: &mut Mistakes) -> Vec<Node> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut rows = reader.records();
    let Some(header) = rows.next() else {
        found.add(
            Place::top(file),
            "the file has no header",
            "begin it with the names of the columns: id,target_name",
        );
        return Vec::new();
    };
    let columns = match header {
        Ok(record) => columns(file, text, &record, found),
        Err(e) => return broken(file, &e, found),
    };
    let mut out = Vec::new();
    for record in rows {
        match record {
            Ok(record) => out.push(row(file, text, &record, &columns, found)),
            Err(e) => return broken(file, &e, found),
        }
    }
    out
}

fn broken(file: usize, error: &csv::Error, found: &mut Mistakes) -> Vec<Node> {
    let byte = error.position().map_or(0, |at| usize::try_from(at.byte()).unwrap_or_default());
    found.add(Place { file, byte }, format!("this is not CSV: {error}"), "");
    Vec::new()
}

/// The key of each column; a column that is none is a mistake once, and its cells are left out.
fn columns(
    file: usize,
    text: &str,
    header: &csv::StringRecord,
    found: &mut Mistakes,
) -> Vec<Option<&'static Key>> {
    let mut known: Vec<Option<&'static Key>> = Vec::new();
    for (nth, name) in header.iter().take(COLUMNS_MAX).enumerate() {
        let name = name.trim_start_matches('\u{feff}').trim();
        let key = IDENTITY.iter().find(|key| key.name == name);
        let at = Place { file, byte: cell(text, header, nth) };
        match key {
            None if name.contains(';') => {
                found.add(at, "the columns are not separated by commas", "write the file with commas");
            }
            None => found.unknown(
                at,
                format!("there is no column {name:?}"),
                name,
                IDENTITY.iter().map(|k| k.name),
            ),
            Some(key) if known.iter().flatten().any(|other| other.name == key.name) => {
                found.add(at, format!("the column {name} is there twice"), "leave one out");
            }
            Some(_) => {}
        }
        known.push(key);
    }
    if !known.iter().flatten().any(|key| key.name == "id") && !found.is_at(Place::top(file)) {
        found.add(Place::top(file), "there is no column id", "name it in the first line");
    }
    known
}

fn row(
    file: usize,
    text: &str,
    record: &csv::StringRecord,
    columns: &[Option<&'static Key>],
    found: &mut Mistakes,
) -> Node {
    let at = |nth: usize| Place { file, byte: cell(text, record, nth) };
    if record.len() > columns.len() {
        let what = format!("the row has {} cells, and the header {}", record.len(), columns.len());
        found.add(at(columns.len()), what, "put a cell with a comma in it into quotes");
    }
    let mut entries = Vec::new();
    for (nth, (said, key)) in record.iter().zip(columns).enumerate() {
        let (Some(key), said) = (key, said.trim()) else { continue };
        // An empty cell says nothing.
        if !said.is_empty() {
            entries.push(Entry {
                key: key.name.to_owned(),
                at: at(nth),
                node: value(at(nth), &key.kind, said),
            });
        }
    }
    Node { at: at(0), value: Value::Table(Table { entries }) }
}

/// What a cell says: `true`, `a; b`, `name = value; name = value`, or a text.
fn value(at: Place, kind: &Kind, said: &str) -> Node {
    let node = |value: Value| Node { at, value };
    let parts = || said.split(PARTS).map(str::trim).filter(|part| !part.is_empty());
    node(match (kind, said.to_ascii_lowercase().as_str()) {
        (Kind::Flag, "true") => Value::Flag(true),
        (Kind::Flag, "false") => Value::Flag(false),
        (Kind::Texts(_), _) => Value::List(parts().map(|part| node(Value::Text(part.to_owned()))).collect()),
        (Kind::Pairs(_), _) => {
            let entry = |part: &str| {
                let (name, value) = part.split_once('=')?;
                let (key, value) = (name.trim().to_owned(), Value::Text(value.trim().to_owned()));
                Some(Entry { key, at, node: Node { at, value } })
            };
            match parts().map(entry).collect() {
                Some(entries) => Value::Table(Table { entries }),
                None => Value::Text(said.to_owned()),
            }
        }
        _ => Value::Text(said.to_owned()),
    })
}

/// Where in the file a cell of a record begins, in bytes.
fn cell(text: &str, record: &csv::StringRecord, nth: usize) -> usize {
    let begin =
        record.position().map_or(0, |at| usize::try_from(at.byte()).unwrap_or_default()).min(text.len());
    let (mut is_quoted, mut left) = (false, nth);
    let rest = text.as_bytes().get(begin..).unwrap_or_default();
    // A record may be said to begin at the line end before it.
    let skipped = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    for (at, byte) in rest.iter().enumerate().skip(skipped) {
        match byte {
            _ if left == 0 => return begin + at,
            b'"' => is_quoted = !is_quoted,
            b',' if !is_quoted => left -= 1,
            b'\n' if !is_quoted => return begin + at,
            _ => {}
        }
    }
    if left == 0 && nth == 0 { begin + skipped } else { text.len() }
}

/// A list of objects with the keys of `[[identity]]`.
fn json(file: usize, text: &str, found: &mut Mistakes) -> Vec<Node> {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(raw) => match raw_value(file, text, raw, DEPTH_MAX) {
            Node { value: Value::List(rows), .. } => rows,
            Node { at, value } => {
                let what = format!("the file holds a list of rows, and this is {}", value.word());
                found.add(at, what, "write [{\"id\": \"…\"}, …]");
                Vec::new()
            }
        },
        Err(e) => {
            let line =
                text.split_inclusive('\n').take(e.line().saturating_sub(1)).map(str::len).sum::<usize>();
            let byte = (line + e.column().saturating_sub(1)).min(text.len());
            found.add(Place { file, byte }, format!("this is not JSON: {e}"), "");
            Vec::new()
        }
    }
}

/// A value of a text that is JSON, with its places: a raw value is a part of the text itself.
fn raw_value(file: usize, text: &str, raw: &RawValue, depth: usize) -> Node {
    let said = raw.get();
    let at = Place { file, byte: said.as_ptr() as usize - text.as_ptr() as usize };
    let value = match said.as_bytes().first() {
        Some(b'[' | b'{') if depth == 0 => Value::Other,
        Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(said) {
            Ok(items) => {
                Value::List(items.into_iter().map(|item| raw_value(file, text, item, depth - 1)).collect())
            }
            Err(_) => Value::Other,
        },
        Some(b'{') => match serde_json::Deserializer::from_str(said).deserialize_map(Members) {
            Ok(members) => {
                let entry = |(key, raw)| {
                    let node = raw_value(file, text, raw, depth - 1);
                    Entry { key, at: node.at, node }
                };
                Value::Table(Table { entries: members.into_iter().map(entry).collect() })
            }
            Err(_) => Value::Other,
        },
        _ => match serde_json::from_str(said) {
            Ok(serde_json::Value::String(text)) => Value::Text(text),
            Ok(serde_json::Value::Bool(flag)) => Value::Flag(flag),
            Ok(serde_json::Value::Number(number)) => number.as_i64().map_or(Value::Other, Value::Number),
            _ => Value::Other,
        },
    };
    Node { at, value }
}

/// The members of an object, in their order.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}
