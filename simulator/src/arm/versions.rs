//! ARM: which version of a type has which property. A version that does not know a property neither gives nor takes it,
//! and a write in it leaves what it does not know as it is. Pure. The table is made by `simulator/tools/versions.py`.

use crate::authorization::Call;
use crate::http::Reply;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What came later than the first version of a type: its place and the version.
type Came = Vec<(&'static str, &'static str)>;

static ROWS: LazyLock<BTreeMap<String, Came>> = LazyLock::new(|| {
    let rows = include_str!("versions.csv").lines().skip(1).filter_map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let [kind, places, _source] = cells[..] else { return None };
        let places = places.split_ascii_whitespace().filter_map(|place| place.split_once('@'));
        Some((kind.to_lowercase(), places.collect()))
    });
    rows.collect()
});

/// Previews of a day come before what is stable.
fn age(version: &str) -> (&str, bool) {
    let (day, rest) = version.split_at_checked(10).unwrap_or((version, ""));
    (day, rest.is_empty())
}

/// The places that a version of a type does not know.
fn unknown<'a>(kind: &str, version: &'a str) -> impl Iterator<Item = &'static str> + use<'a> {
    let rows = ROWS.get(&kind.to_lowercase()).map(Vec::as_slice).unwrap_or_default();
    rows.iter().filter(move |(_, first)| age(version) < age(first)).map(|(place, _)| *place)
}

fn asked<'a>(call: &'a Call<'_>) -> &'a str {
    call.query.get("api-version").map(String::as_str).unwrap_or_default()
}

/// The members around a place, and its name there.
fn around<'a>(
    object: &'a mut Value,
    place: &'static str,
) -> Option<(&'a mut Map<String, Value>, &'static str)> {
    match place.split_once('.') {
        Some((outer, name)) => Some((object.get_mut(outer)?.as_object_mut()?, name)),
        None => Some((object.as_object_mut()?, place)),
    }
}

fn strip(object: &mut Value, kind: &str, version: &str) {
    for place in unknown(kind, version) {
        if let Some((members, name)) = around(object, place) {
            members.remove(name);
        }
    }
}

/// What of a body the version that is asked in takes.
pub(super) fn taken(call: &Call<'_>, kind: &str) -> Value {
    let mut body = call.body.clone();
    strip(&mut body, kind, asked(call));
    body
}

/// Leaves what the version that is asked in does not know as it was.
pub(super) fn keep(call: &Call<'_>, kind: &str, before: &Value, after: &mut Value) {
    for place in unknown(kind, asked(call)) {
        let was = before.pointer(&format!("/{}", place.replace('.', "/"))).cloned();
        if let (Some(was), Some((members, name))) = (was, around(after, place)) {
            members.insert(name.to_owned(), was);
        }
    }
}

/// An answer with what the version that is asked in has.
pub(super) fn shown(mut reply: Reply, call: &Call<'_>) -> Reply {
    let show = |object: &mut Value| {
        if let Some(kind) = object["type"].as_str().map(ToOwned::to_owned) {
            strip(object, &kind, asked(call));
        }
    };
    if let Some(body) = reply.body.as_mut().filter(|_| reply.status < 300) {
        body.get_mut("value").and_then(Value::as_array_mut).into_iter().flatten().for_each(show);
        show(body);
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_version_has_what_came_with_it_or_before_and_nothing_else() {
        assert_eq!(ROWS.len(), include_str!("versions.csv").lines().count() - 1);
        assert!(
            age("2024-01-01-preview") < age("2024-01-01") && age("2024-01-01") < age("2024-01-02-preview")
        );
        let site = json!({"type": "Microsoft.Web/sites", "identity": {}, "properties": {"httpsOnly": true, "daprConfig": {}}});
        let at = |version: &str| {
            let mut site = site.clone();
            strip(&mut site, "microsoft.web/SITES", version);
            site
        };
        assert_eq!(at("2023-01-01"), site);
        assert_eq!(at("2022-09-01")["properties"], json!({"httpsOnly": true}));
        assert_eq!(at("2015-08-01"), json!({"type": "Microsoft.Web/sites", "properties": {}}));
        let mut unknown = json!({"x": 1});
        strip(&mut unknown, "Not/described", "2020-01-01");
        assert_eq!(unknown, json!({"x": 1}));
    }
}
