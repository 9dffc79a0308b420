//! Simulator: texts in the place of others, as a person puts them who changes a resource or an object by hand. Pure.

use serde_json::Value;

/// A value with the second of each pair wherever the first stands, in texts and in the names of members.
pub(crate) fn rewritten(value: &Value, pairs: &[(String, String)]) -> Value {
    match value {
        Value::String(text) => Value::String(replaced(text, pairs)),
        Value::Array(items) => items.iter().map(|item| rewritten(item, pairs)).collect(),
        Value::Object(members) => Value::Object(
            members.iter().map(|(name, member)| (replaced(name, pairs), rewritten(member, pairs))).collect(),
        ),
        plain => plain.clone(),
    }
}

fn replaced(text: &str, pairs: &[(String, String)]) -> String {
    let mut out = text.to_owned();
    for (from, to) in pairs.iter().filter(|(from, _)| !from.is_empty()) {
        let (mut done, mut rest) = (String::with_capacity(out.len()), out.as_str());
        // Ids are compared without case.
        while let Some(at) = rest.to_ascii_lowercase().find(&from.to_ascii_lowercase()) {
            let ends = at + from.len();
            // What goes on behind a name is another name.
            let whole = !rest[ends..].starts_with(|c: char| c.is_ascii_alphanumeric() || "-_.".contains(c));
            done.push_str(&rest[..at]);
            done.push_str(if whole { to } else { &rest[at..ends] });
            rest = &rest[ends..];
        }
        done.push_str(rest);
        out = done;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_place_has_the_new_text_names_of_members_too_and_a_longer_name_is_another_one() {
        let pairs = [("/s/old".to_owned(), "/s/new".to_owned()), ("C-1".to_owned(), "c-2".to_owned())];
        let was =
            json!({"map": {"/S/OLD": {"clientId": "c-1"}}, "list": ["/s/older", "a c-1 b C-1"], "n": 1});
        let is = json!({"map": {"/s/new": {"clientId": "c-2"}}, "list": ["/s/older", "a c-2 b c-2"], "n": 1});
        assert_eq!(rewritten(&was, &pairs), is);
    }
}
