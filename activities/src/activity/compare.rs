//! Activities: whether what is there is what must be there. Pure.

use rehome_orchestrator::Difference;
use serde_json::Value;

/// Where what is there is not what must be there. Members that Azure adds do not count; texts compare
/// without case, as ids and regions do.
pub(crate) fn lacks(live: &Value, wanted: &Value, at: &str) -> Option<Difference> {
    let plain = |text: &str| text.replace(' ', "").to_lowercase();
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => wanted.iter().find_map(|(name, wanted)| {
            let found =
                live.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map_or(&Value::Null, |(_, v)| v);
            lacks(found, wanted, &format!("{at}/{name}"))
        }),
        (Value::Array(live), Value::Array(wanted)) if live.len() == wanted.len() => {
            live.iter().zip(wanted).enumerate().find_map(|(n, (l, w))| lacks(l, w, &format!("{at}/{n}")))
        }
        (Value::String(live), Value::String(wanted)) if plain(live) == plain(wanted) => None,
        // A role's id begins with the scope at which it was asked for; only its GUID is its name.
        (Value::String(live), Value::String(wanted))
            if at.ends_with("/roleDefinitionId") && last(live) == last(wanted) =>
        {
            None
        }
        (live, wanted) if live == wanted => None,
        (live, wanted) => {
            let show = |value: &Value| (!value.is_null()).then(|| value.to_string());
            Some(Difference { fact: at.to_owned(), expected: show(wanted), found: show(live) })
        }
    }
}

fn last(id: &str) -> String {
    id.rsplit('/').next().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_azure_adds_does_not_count_and_what_is_missing_is_named() {
        let live = json!({"id": "/X", "location": "West Europe", "properties": {"a": 1, "more": true}});
        assert_eq!(lacks(&live, &json!({"location": "westeurope", "properties": {"a": 1}}), "x"), None);
        let lack = lacks(&live, &json!({"properties": {"a": 2}}), "x").expect("it differs");
        assert_eq!((lack.fact.as_str(), lack.found.as_deref()), ("x/properties/a", Some("1")));
        assert!(lacks(&json!({}), &json!({"tags": {"a": "b"}}), "x").is_some());
    }
}
