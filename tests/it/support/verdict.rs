//! What the oracle says of a whole batch, before and after its clean-up.

use crate::support::oracle::{Names, differences, mentioned_by, names, powers, rest};
use crate::support::rehome::{Rehome, text};
use serde_json::Value;

/// The moves of a batch: old and new ids, from the plan.
pub(crate) fn moves(rehome: &Rehome) -> Vec<(String, String)> {
    let plan = std::fs::read_to_string(rehome.path("plan.json")).expect("a plan");
    let plan: Value = serde_json::from_str(&plan).expect("JSON");
    let about =
        |m: &Value| (text(&m["about"]["identity"]).to_owned(), text(&m["about"]["target"]).to_owned());
    plan["moves"].as_array().expect("moves").iter().map(about).collect()
}

/// The oracle's judgement after clean-up.
pub(crate) fn judge(before: &Value, moved: &Value, after: &Value, moves: &[(String, String)]) {
    let mut pairs: Vec<(Names, Names)> = Vec::new();
    for (old, new) in moves {
        let old_names = names(before, old).expect("the old identity was there");
        let new_names = names(moved, new).expect("the new identity is there");
        let differing = |estate: &Value| {
            let (had, has) = (powers(before, &old_names), powers(estate, &new_names));
            had.symmetric_difference(&has).cloned().collect::<Vec<_>>()
        };
        assert_eq!(differing(moved), Vec::<String>::new(), "rights of {new} before clean-up");
        assert_eq!(differing(after), Vec::<String>::new(), "rights of {new} after clean-up");
        assert!(names(after, old).is_none(), "{old} is gone");
        assert_eq!(mentioned_by(after, &old_names), Vec::<String>::new(), "{old} is mentioned nowhere");
        pairs.push((old_names, new_names));
    }
    let left = differences(&rest(before, &pairs), &rest(after, &pairs), "");
    assert_eq!(left, Vec::<String>::new(), "every other byte is as before");
}
