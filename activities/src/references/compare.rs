//! Activities: where two resources differ, leaving out what Azure stamps by itself. Pure.

use super::scan::escape;
use rehome_orchestrator::{Difference, digest};
use serde_json::Value;

/// Members that change without anybody changing the resource: version tags and time stamps.
pub const STAMPS: [&str; 9] = [
    "etag",
    "systemData",
    "createdOn",
    "createdBy",
    "updatedOn",
    "updatedBy",
    "changedTime",
    "createdTime",
    "lastModifiedTimeUtc",
];

/// States that a resource only passes through; a difference in them is not a change of the resource.
const PASSING: [&str; 2] = ["provisioningState", "lastOperation"];

/// Where two values differ: stamps are left out, and so is everything at or below an ignored pointer.
/// A value is named by its digest only, since it may be a secret.
pub fn differences(expected: &Value, found: &Value, ignored: &[String]) -> Vec<Difference> {
    let mut out = Vec::new();
    compare(Some(expected), Some(found), &mut String::new(), ignored, &mut out);
    out
}

/// The digest of a resource without its stamps and without what is at the ignored pointers.
pub fn rest_digest(value: &Value, ignored: &[String]) -> String {
    digest(&strip(value, &mut String::new(), ignored).unwrap_or(Value::Null))
}

/// Whether a pointer is left out of a comparison.
pub(crate) fn left_out(at: &str, ignored: &[String]) -> bool {
    let name = at.rsplit('/').next().unwrap_or_default();
    // A tag is never a stamp, whatever it is called.
    let named = !at.is_empty() && !at.starts_with("/tags/");
    let stamp = named && STAMPS.iter().chain(&PASSING).any(|s| s.eq_ignore_ascii_case(name));
    stamp || ignored.iter().any(|i| at.eq_ignore_ascii_case(i))
}

fn strip(value: &Value, at: &mut String, ignored: &[String]) -> Option<Value> {
    if left_out(at, ignored) {
        return None;
    }
    let here = at.len();
    let mut below = |segment: &str, child: &Value| {
        at.push('/');
        at.push_str(segment);
        let kept = strip(child, at, ignored);
        at.truncate(here);
        kept
    };
    Some(match value {
        Value::Array(items) => Value::Array(
            // A left-out item still counts, so that an item more or less is seen.
            items.iter().enumerate().map(|(i, v)| below(&i.to_string(), v).unwrap_or(Value::Null)).collect(),
        ),
        Value::Object(members) => Value::Object(
            members.iter().filter_map(|(k, v)| Some((k.clone(), below(&escape(k), v)?))).collect(),
        ),
        plain => plain.clone(),
    })
}

fn compare(
    expected: Option<&Value>,
    found: Option<&Value>,
    at: &mut String,
    ignored: &[String],
    out: &mut Vec<Difference>,
) {
    if expected == found || left_out(at, ignored) {
        return;
    }
    let here = at.len();
    match (expected, found) {
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            let names: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for name in names {
                at.push('/');
                at.push_str(&escape(name));
                compare(left.get(name), right.get(name), at, ignored, out);
                at.truncate(here);
            }
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) => {
            for index in 0..left.len().max(right.len()) {
                at.push_str(&format!("/{index}"));
                compare(left.get(index), right.get(index), at, ignored, out);
                at.truncate(here);
            }
        }
        _ => out.push(Difference {
            fact: at.clone(),
            expected: expected.map(digest),
            found: found.map(digest),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn stamps_and_ignored_places_do_not_count_and_everything_else_does() {
        let one = json!({"etag": "1", "p": {"provisioningState": "Updating", "a": [1, 2], "secret": "s"}});
        let two = json!({"etag": "2", "p": {"provisioningState": "Succeeded", "a": [1, 2], "secret": "s"}});
        assert!(differences(&one, &two, &[]).is_empty());
        assert_eq!(rest_digest(&one, &[]), rest_digest(&two, &[]));
        let three = json!({"p": {"a": [1, 2, 3], "secret": "t"}});
        let found = differences(&one, &three, &[]);
        assert_eq!(found.iter().map(|d| d.fact.as_str()).collect::<Vec<_>>(), ["/p/a/2", "/p/secret"]);
        assert!(!format!("{found:?}").contains("\"t\""));
        let ignored = ["/p/a".to_owned(), "/p/secret".to_owned()];
        assert!(differences(&one, &three, &ignored).is_empty());
        assert_eq!(rest_digest(&one, &ignored), rest_digest(&three, &ignored));
        assert_ne!(rest_digest(&one, &[]), rest_digest(&three, &[]));
    }
}
