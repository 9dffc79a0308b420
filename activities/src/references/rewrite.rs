//! Activities: puts one set of identifiers in the place of another, and nothing else. Pure.

use super::scan::escape;
use super::text::replace;
use rehome_orchestrator::PlanValue;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What is replaced by what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The identifier that is looked for, whole and without regard to case.
    pub from: String,
    /// What is put in its place.
    pub to: PlanValue<String>,
}

impl Pair {
    /// The same the other way round.
    pub fn back(&self) -> Self {
        Self { from: self.to.to_string(), to: (&self.from).into() }
    }
}

/// One text that was replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// JSON pointer in the value as it was: of a text, or of the member whose name was replaced.
    pub pointer: String,
    /// Whether a member's name was replaced rather than a value.
    pub key: bool,
    /// The text before: of a setting it may be a secret.
    pub before: String,
    /// The text after.
    pub after: String,
}

/// Replaces every mention in the value: texts and members' names, in every spelling.
///
/// Where a member's new name is taken already, the member that has it stays and the other goes.
pub fn rewrite(value: &Value, pairs: &[Pair]) -> (Value, Vec<Change>) {
    rewrite_where(value, pairs, &|_| true)
}

/// As [`rewrite`], but only at the pointers that are named.
pub fn rewrite_at(value: &Value, pairs: &[Pair], pointers: &[String]) -> (Value, Vec<Change>) {
    rewrite_where(value, pairs, &|pointer| pointers.iter().any(|p| p == pointer))
}

/// As [`rewrite`], but only at pointers that are wanted.
pub fn rewrite_where(value: &Value, pairs: &[Pair], wanted: &dyn Fn(&str) -> bool) -> (Value, Vec<Change>) {
    let texts: Vec<(&str, &str)> = pairs.iter().map(|p| (p.from.as_str(), p.to.as_str())).collect();
    let mut work = Work { pairs: &texts, wanted, changes: Vec::new() };
    let rewritten = work.value(value, &mut String::new());
    (rewritten, work.changes)
}

struct Work<'a> {
    pairs: &'a [(&'a str, &'a str)],
    wanted: &'a dyn Fn(&str) -> bool,
    changes: Vec<Change>,
}

impl Work<'_> {
    fn value(&mut self, value: &Value, at: &mut String) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text, at, false)),
            Value::Array(items) => {
                let here = at.len();
                let mut out = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    at.push_str(&format!("/{index}"));
                    out.push(self.value(item, at));
                    at.truncate(here);
                }
                Value::Array(out)
            }
            Value::Object(members) => Value::Object(self.members(members, at)),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    fn members(&mut self, members: &Map<String, Value>, at: &mut String) -> Map<String, Value> {
        let here = at.len();
        let mut out = Map::new();
        for (name, member) in members {
            at.push('/');
            at.push_str(&escape(name));
            let renamed = self.text(name, at, true);
            let taken = renamed != *name && members.keys().any(|k| k.eq_ignore_ascii_case(&renamed));
            if !taken {
                out.insert(renamed, self.value(member, at));
            }
            at.truncate(here);
        }
        out
    }

    fn text(&mut self, text: &str, at: &str, key: bool) -> String {
        match replace(text, self.pairs) {
            Some(after) if after != text && (self.wanted)(at) => {
                self.changes.push(Change {
                    pointer: at.to_owned(),
                    key,
                    before: text.to_owned(),
                    after: after.clone(),
                });
                after
            }
            _ => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::references::compare::differences;
    use serde_json::json;

    fn pair(from: &str, to: &str) -> Pair {
        Pair { from: from.into(), to: to.into() }
    }

    #[test]
    fn only_mentions_change_and_the_way_back_gives_the_same_value() {
        let body = json!({
            "properties": {"a": "x=old-1;", "b": ["OLD-1", {"old-1": 7}], "c": "old-12", "n": 3, "z": null},
            "tags": {"t": "unrelated"}
        });
        let (after, changes) = rewrite(&body, &[pair("old-1", "new-1")]);
        assert_eq!(after["properties"]["a"], "x=new-1;");
        assert_eq!(after["properties"]["b"], json!(["new-1", {"new-1": 7}]));
        assert_eq!(after["properties"]["c"], "old-12");
        assert_eq!(after["tags"], body["tags"]);
        assert_eq!(changes.len(), 3);
        let (back, _) = rewrite(&after, &[pair("new-1", "old-1")]);
        // Letter case is the only thing that the way back does not know.
        assert_eq!(back["properties"]["b"][1], body["properties"]["b"][1]);
        assert_eq!(differences(&body, &back, &[]).len(), 1);
    }

    #[test]
    fn only_the_places_that_are_named_change() {
        let body = json!({"a": "old", "b": {"c": "old"}});
        let (after, changes) = rewrite_at(&body, &[pair("old", "new")], &["/b/c".to_owned()]);
        assert_eq!(after, json!({"a": "old", "b": {"c": "new"}}));
        assert_eq!(changes[0].pointer, "/b/c");
    }

    #[test]
    fn a_member_that_has_the_new_name_already_stays() {
        let (after, changes) = rewrite(&json!({"old": 1, "NEW": 2}), &[pair("old", "new")]);
        assert_eq!(after, json!({"NEW": 2}));
        assert_eq!((changes.len(), changes[0].key), (1, true));
    }
}
