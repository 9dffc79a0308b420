//! Graph: `$filter`, the part of it that clients use on directory objects. Pure.
//!
//! `a eq 'x'`, `startswith(a,'x')`, `list/any(v:v eq 'x')`, `list/any(v:startsWith(v/a,'x'))`, joined by
//! `and` or by `or`. What is not understood matches nothing.

use super::is;
use serde_json::Value;

/// Whether an object fits.
pub(super) fn matches(object: &Value, filter: &str) -> bool {
    let whole = filter.trim();
    let whole = whole.strip_prefix('(').and_then(|f| f.strip_suffix(')')).unwrap_or(whole);
    whole.split(" or ").any(|any| any.split(" and ").all(|part| holds(object, part.trim())))
}

fn holds(object: &Value, part: &str) -> bool {
    if let Some((list, rest)) = part.split_once("/any(") {
        let Some((variable, inner)) = rest.strip_suffix(')').and_then(|r| r.split_once(':')) else {
            return false;
        };
        let inner = inner.trim();
        return items(object, list.trim()).iter().any(|item| inside(item, variable.trim(), inner));
    }
    if let Some((name, start)) = starts_with(part) {
        return object[name].as_str().is_some_and(|text| begins(text, start));
    }
    match part.split_once(" eq ") {
        Some((name, value)) => is(object, name.trim(), literal(value)),
        None => false,
    }
}

/// The condition on one item of a list.
fn inside(item: &Value, variable: &str, condition: &str) -> bool {
    let field = |path: &str| match path.trim().strip_prefix(variable)?.strip_prefix('/') {
        Some(name) => item[name].as_str(),
        None => item.as_str(),
    };
    if let Some((path, start)) = starts_with(condition) {
        return field(path).is_some_and(|text| begins(text, start));
    }
    let Some((path, value)) = condition.split_once(" eq ") else { return false };
    field(path).is_some_and(|text| text.eq_ignore_ascii_case(literal(value)))
}

/// A list of the object; a service principal answers to the id of its application.
fn items(object: &Value, list: &str) -> Vec<Value> {
    match object[list].as_array() {
        Some(items) => items.clone(),
        None if list.eq_ignore_ascii_case("servicePrincipalNames") => vec![object["appId"].clone()],
        None => Vec::new(),
    }
}

fn starts_with(part: &str) -> Option<(&str, &str)> {
    let folded = part.to_ascii_lowercase();
    let open = folded.strip_prefix("startswith(").map(|_| "startswith(".len())?;
    let (name, start) = part.get(open..)?.strip_suffix(')')?.split_once(',')?;
    Some((name.trim(), literal(start)))
}

fn begins(text: &str, start: &str) -> bool {
    text.to_lowercase().starts_with(&start.to_lowercase())
}

fn literal(text: &str) -> &str {
    text.trim().trim_matches('\'')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_filters_that_clients_send_pick_what_they_mean() {
        let object = json!({
            "displayName": "Payments", "appId": "A-1",
            "federatedIdentityCredentials": [{"name": "f", "subject": "OID-9"}],
        });
        for yes in [
            "displayName eq 'payments'",
            "startswith(displayName,'Pay')",
            "servicePrincipalNames/any(c:c eq 'a-1')",
            "federatedIdentityCredentials/any(f:startsWith(f/subject,'oid-9'))",
            "displayName eq 'x' or appId eq 'A-1'",
            "(startswith(displayName,'Pay') and appId eq 'a-1')",
        ] {
            assert!(matches(&object, yes), "{yes}");
        }
        for no in [
            "displayName eq 'pay'",
            "servicePrincipalNames/any(c:c eq 'a-2')",
            "federatedIdentityCredentials/any(f:startsWith(f/issuer,'oid'))",
            "displayName ne 'x'",
            "",
        ] {
            assert!(!matches(&object, no), "{no}");
        }
    }
}
