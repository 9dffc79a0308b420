//! CLI: the JSON Schema of batch files, made from the table that they are checked against. Pure.

use super::keys::{APPROVERS, FILE, Key, Kind, Rule};
use serde_json::{Map, Value, json};

/// The JSON Schema, draft 2020-12. What it refuses, the program refuses too; what a file means as a whole only the program knows.
pub(crate) fn schema() -> Value {
    of("A batch file of rehome, format version 1", FILE)
}

/// The same of files of approvers.
pub(crate) fn approvers_schema() -> Value {
    of("A file of approvers of rehome, format version 1", APPROVERS)
}

fn of(title: &str, keys: &[Key]) -> Value {
    let mut schema = json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title});
    if let (Value::Object(schema), Value::Object(file)) = (&mut schema, object(keys)) {
        schema.extend(file);
    }
    schema
}

fn object(keys: &[Key]) -> Value {
    let properties: Map<String, Value> =
        keys.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    let required: Vec<&str> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn property(key: &Key) -> Value {
    let mut schema = match &key.kind {
        Kind::Text(rule) => text(rule),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Count => json!({"type": "integer", "minimum": 1}),
        Kind::Texts(rule) => json!({"type": "array", "items": text(rule)}),
        Kind::Spans(rule) => {
            json!({"type": "array", "items": {"type": "array", "items": text(rule), "minItems": 2, "maxItems": 2}})
        }
        Kind::Pairs(rule) => json!({"type": "object", "additionalProperties": text(rule)}),
        Kind::Table(_, keys) => object(keys),
        Kind::Tables(_, keys) => json!({"type": "array", "items": object(keys)}),
    };
    schema["description"] = key.about.into();
    schema
}

fn text(rule: &Rule) -> Value {
    let pattern = |pattern: &str| json!({"type": "string", "pattern": pattern});
    match rule {
        Rule::Any | Rule::Pattern | Rule::Template => json!({"type": "string"}),
        Rule::Version => pattern(r"^1(\..*)?$"),
        Rule::BatchName | Rule::WaveName => pattern("^[A-Za-z0-9_.-]{1,64}$"),
        Rule::Region => pattern("^[A-Za-z0-9 ]*[A-Za-z0-9][A-Za-z0-9 ]*$"),
        Rule::Duration => pattern("^[0-9]+[smhd]$"),
        Rule::Clean => pattern("^[0-9]+[smhd]( clean)?$"),
        Rule::IdentityId => pattern("^(/[^/]+){8}$"),
        Rule::IdentityName => pattern("^[A-Za-z0-9][A-Za-z0-9_-]{2,127}$"),
        Rule::GroupName => {
            json!({"type": "string", "minLength": 1, "maxLength": 90, "pattern": r"^[^/\s]*[^/.\s]$"})
        }
        Rule::RowsFile => pattern(r"\.([cC][sS][vV]|[jJ][sS][oO][nN])$"),
        Rule::ApproversFile => pattern(r"\.[tT][oO][mM][lL]$"),
        Rule::PublicKey => pattern(r"^\s*(ssh-ed25519|sk-ssh-ed25519@openssh\.com)\s+[A-Za-z0-9+/]+=*(\s|$)"),
        Rule::Share => pattern("^([1-9][0-9]?|100)%$"),
        Rule::Hours => pattern("^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$"),
        Rule::Zone => json!({"type": "string", "minLength": 1}),
        Rule::Date => pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:]+(Z|[+-][0-9:]+)?)?$"),
        Rule::OneOf(known) => json!({"enum": known}),
    }
}
