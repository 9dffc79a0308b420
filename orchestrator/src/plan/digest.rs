//! Engine: the digests that people approve: SHA-256 over the RFC 8785 form. Pure.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// The digest of anything that is approved: SHA-256 over its RFC 8785 form, in lower-case hex with
/// the prefix `sha256:`.
pub fn digest(of: &impl Serialize) -> String {
    text(&Sha256::digest(canonical(of)))
}

/// The same of an object whose members come one after the other: the canonical form of a document of a thousand runs
/// need not be whole in memory.
#[derive(Clone, Debug)]
pub struct ObjectDigest {
    so_far: Sha256,
    /// What stands before the next member or item.
    before: &'static str,
}

impl Default for ObjectDigest {
    fn default() -> Self {
        Self { so_far: Sha256::new(), before: "{" }
    }
}

impl ObjectDigest {
    /// Adds a member. Members come in the order of their names, each once.
    pub fn member(&mut self, name: &str, value: &impl Serialize) {
        self.name(name);
        self.so_far.update(canonical(value));
    }

    /// Begins a member that is a list, whose items come next.
    pub fn begin_list(&mut self, name: &str) {
        self.name(name);
        self.so_far.update("[");
        self.before = "";
    }

    /// Adds an item to the list that was begun.
    pub fn item(&mut self, value: &impl Serialize) {
        self.so_far.update(self.before);
        self.so_far.update(canonical(value));
        self.before = ",";
    }

    /// Ends the list that was begun.
    pub fn end_list(&mut self) {
        self.so_far.update("]");
        self.before = ",";
    }

    /// The digest of the object with all members that were added.
    pub fn finish(mut self) -> String {
        self.so_far.update(if self.before == "{" { "{}" } else { "}" });
        text(&self.so_far.finalize())
    }

    fn name(&mut self, name: &str) {
        self.so_far.update(self.before);
        self.so_far.update(canonical(&name));
        self.so_far.update(":");
        self.before = ",";
    }
}

fn canonical(of: &impl Serialize) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(of).expect("plans hold no value that JSON cannot hold")
}

fn text(hash: &[u8]) -> String {
    hash.iter().fold(String::from("sha256:"), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_digest_does_not_depend_on_the_order_of_members() {
        assert_eq!(digest(&json!({"a": 1, "b": [1.0, "é"]})), digest(&json!({"b": [1.0, "é"], "a": 1})));
        assert_ne!(digest(&json!({"a": 1})), digest(&json!({"a": 2})));
    }

    #[test]
    fn an_object_has_the_same_digest_member_by_member() {
        assert_eq!(ObjectDigest::default().finish(), digest(&json!({})));
        for items in [vec![], vec![json!({"y": 1, "x": null})], vec![json!(1.50), json!("\"é\n"), json!([])]]
        {
            let mut members = ObjectDigest::default();
            members.member("a\"b", &json!({"d": 1, "c": [2]}));
            members.begin_list("list");
            items.iter().for_each(|item| members.item(item));
            members.end_list();
            members.member("z", &json!(true));
            let whole = json!({"z": true, "a\"b": {"c": [2], "d": 1}, "list": items});
            assert_eq!(members.finish(), digest(&whole));
        }
    }
}
