//! HTTP: JSON as Azure takes it in templates. Pure.

use serde_json::json;

/// The text of a template as Azure takes it: comments are left out, and bare names of members get their quotes.
pub(super) fn relaxed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let length = if letter == '"' {
            string_end(rest)
        } else if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
            continue;
        } else if rest.starts_with("/*") {
            rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
            continue;
        } else if letter.is_alphabetic() || letter == '_' {
            let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            if rest[word..].trim_start().starts_with(':') {
                out.push_str(&json!(&rest[..word]).to_string());
                rest = &rest[word..];
                continue;
            }
            word
        } else {
            letter.len_utf8()
        };
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out
}

/// Where a text in quotes ends, from its first quote on.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn templates_may_have_comments_and_bare_names_and_texts_stay_as_they_are() {
        let text = "{\"properties\":{\"mode\":\"a // b \\\" template: c\", template:{ /* one */ // two\n \"x\": true}}}";
        let parsed: Value = serde_json::from_str(&relaxed(text)).expect("JSON");
        assert_eq!(parsed, json!({"properties": {"mode": "a // b \" template: c", "template": {"x": true}}}));
    }
}
