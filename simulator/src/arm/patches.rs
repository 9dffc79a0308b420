//! ARM: what a PATCH of a type takes, and how many identities a type carries.
//!
//! A provider reads a PATCH into a model of its own, and what that model lacks it does not see: the answer is 200 and
//! nothing has changed. Where there is no model, there is no PATCH. The table holds facts from API descriptions and
//! documentation; each row says from where. A type that is not in it takes whatever it has.

use super::answers::no_method;
use crate::authorization::Call;
use crate::http::Reply;
use crate::objects::ArmPath;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What the model of a PATCH has: places are written as `properties.a.b`, a list is one place.
enum Model {
    /// There is none.
    Missing,
    /// Everything but what is at or below these.
    But(Vec<&'static str>),
    /// What is at or below these.
    Only(Vec<&'static str>),
    /// These of the properties, which stand at the top of the body.
    Flat(Vec<&'static str>),
}

struct Row {
    model: Model,
    /// Whether the identities of a PATCH take the place of those that are attached.
    replaces: bool,
    /// How many user-assigned identities may be attached.
    most: Option<usize>,
}

/// Rows by type and version, in lower case; the version is empty where one row is good for all others.
static ROWS: LazyLock<BTreeMap<(String, String), Row>> = LazyLock::new(|| {
    let rows = include_str!("patches.csv").lines().skip(1).filter_map(parse);
    rows.map(|(kind, version, row)| ((kind.to_ascii_lowercase(), version.to_owned()), row)).collect()
});

fn parse(line: &'static str) -> Option<(&'static str, &'static str, Row)> {
    let cells: Vec<&str> = line.split(',').collect();
    let [kind, version, patch, set, most, _source] = cells[..] else { return None };
    let (word, places) = patch.split_once(' ').unwrap_or((patch, ""));
    let places: Vec<&str> = places.split_ascii_whitespace().collect();
    let model = match word {
        "none" => Model::Missing,
        "only" => Model::Only(places),
        "flat" => Model::Flat(places),
        "but" | "all" => Model::But(places),
        _ => return None,
    };
    Some((kind, version, Row { model, replaces: set == "whole", most: most.parse().ok() }))
}

fn row(kind: &str, version: &str) -> Option<&'static Row> {
    let of = |version: &str| ROWS.get(&(kind.to_ascii_lowercase(), version.to_owned()));
    of(version).or_else(|| of(""))
}

fn of(call: &Call<'_>, path: &ArmPath) -> Option<&'static Row> {
    let version = call.query.get("api-version").map(String::as_str).unwrap_or_default();
    row(&path.kind, version)
}

/// Azure's 405 for a type that has no PATCH.
pub(crate) fn refused(call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    of(call, path).filter(|row| matches!(row.model, Model::Missing)).map(|_| no_method(call))
}

/// What the provider sees of the body of a PATCH.
pub(crate) fn seen(call: &Call<'_>, path: &ArmPath) -> Value {
    match of(call, path).map(|row| &row.model) {
        Some(Model::But(places)) => without(call.body, places, &mut Vec::new()),
        Some(Model::Only(places)) => within(call.body, places, &mut Vec::new()),
        Some(Model::Flat(places)) => {
            let sent = within(call.body, places, &mut Vec::new());
            Value::Object(Map::from_iter([("properties".to_owned(), sent)]))
        }
        Some(Model::Missing) | None => call.body.clone(),
    }
}

/// Whether the identities of this PATCH are all that will be attached.
pub(crate) fn replaces(call: &Call<'_>, path: &ArmPath) -> bool {
    of(call, path).is_some_and(|row| row.replaces)
}

/// The refusal of more user-assigned identities than a type carries.
pub(crate) fn too_many(kind: &str, attached: usize) -> Option<Reply> {
    let most = row(kind, "")?.most.filter(|most| attached > *most)?;
    let message = format!(
        "A resource of type '{kind}' can have at most {most} user-assigned identities, not {attached}."
    );
    Some(Reply::error(400, "BadRequest", &message))
}

/// How a place of a body relates to one of the table.
fn covers(path: &str, at: &[&str]) -> bool {
    let mut wanted = path.split('.');
    let mut at = at.iter();
    wanted.all(|name| at.next().is_some_and(|part| name == "{*}" || part.eq_ignore_ascii_case(name)))
}

/// Whether something of the table lies below a place.
fn leads_to(path: &str, at: &[&str]) -> bool {
    let wanted: Vec<&str> = path.split('.').collect();
    let same = |(part, name): (&&str, &&str)| *name == "{*}" || part.eq_ignore_ascii_case(name);
    wanted.len() > at.len() && at.iter().zip(&wanted).all(same)
}

fn without<'a>(body: &'a Value, places: &[&str], at: &mut Vec<&'a str>) -> Value {
    let Some(members) = body.as_object() else { return body.clone() };
    let mut out = Map::new();
    for (name, value) in members {
        at.push(name);
        if !places.iter().any(|path| covers(path, at)) {
            out.insert(name.clone(), without(value, places, at));
        }
        at.pop();
    }
    Value::Object(out)
}

fn within<'a>(body: &'a Value, places: &[&str], at: &mut Vec<&'a str>) -> Value {
    let Some(members) = body.as_object() else { return body.clone() };
    let mut out = Map::new();
    for (name, value) in members {
        at.push(name);
        if places.iter().any(|path| covers(path, at)) {
            out.insert(name.clone(), value.clone());
        } else if value.is_object() && places.iter().any(|path| leads_to(path, at)) {
            out.insert(name.clone(), within(value, places, at));
        }
        at.pop();
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_line_of_the_table_is_read() {
        assert_eq!(ROWS.len(), include_str!("patches.csv").lines().count() - 1);
    }

    #[test]
    fn what_a_model_lacks_is_not_seen_and_the_rest_is() {
        let body = json!({"tags": {"a": "1"}, "identity": {"type": "UserAssigned"},
            "properties": {"encryption": {"identity": {"userAssignedIdentity": "x"}}, "publicNetworkAccess": "Off"}});
        let seen = within(&body, &["identity", "properties.publicNetworkAccess"], &mut Vec::new());
        let expected =
            json!({"identity": {"type": "UserAssigned"}, "properties": {"publicNetworkAccess": "Off"}});
        assert_eq!(seen, expected);
        let seen = without(&body, &["identity", "properties.ENCRYPTION.identity"], &mut Vec::new());
        let properties = json!({"encryption": {}, "publicNetworkAccess": "Off"});
        assert_eq!(seen, json!({"tags": {"a": "1"}, "properties": properties}));
    }

    #[test]
    fn a_version_may_take_what_the_others_do_not() {
        let kind = "Microsoft.HDInsight/clusters";
        let body = json!({"identity": {"type": "UserAssigned"}});
        let seen = |version: &str| match row(kind, version).map(|row| &row.model) {
            Some(Model::Only(places)) => within(&body, places, &mut Vec::new()),
            _ => panic!("a PATCH of some places"),
        };
        assert_eq!(seen("2021-06-01"), json!({}));
        assert_eq!(seen("2025-01-15-preview"), body);
    }
}
