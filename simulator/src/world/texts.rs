//! World: which objects may hold a text. Pure.
//!
//! Each object's JSON is cut into grams of a few letters; of each stretch of grams the one with the least hash is kept
//! (winnowing: Schleimer, Wilkerson, Aiken, 2003). A text that is as long as a stretch has at least one kept gram in
//! common with every object that holds it, so whoever looks at those misses none.

use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Letters in a gram.
const GRAM: usize = 12;
/// Grams in a stretch.
const STRETCH: usize = 13;
/// The shortest text that can be looked for.
pub(crate) const SHORTEST: usize = GRAM + STRETCH - 1;

/// Objects by kept grams.
#[derive(Default)]
pub(crate) struct Texts(HashMap<u64, Vec<Arc<str>>>);

impl Texts {
    pub(crate) fn add(&mut self, id: &Arc<str>, object: &Value) {
        for gram in kept(&text_of(object)) {
            self.0.entry(gram).or_default().push(id.clone());
        }
    }

    pub(crate) fn remove(&mut self, id: &str, object: &Value) {
        for gram in kept(&text_of(object)) {
            if let Some(ids) = self.0.get_mut(&gram) {
                ids.retain(|one| &**one != id);
                if ids.is_empty() {
                    self.0.remove(&gram);
                }
            }
        }
    }

    /// The ids of objects that may hold one of these; `None` where a text is too short to say.
    pub(crate) fn holding(&self, texts: &[String]) -> Option<BTreeSet<&str>> {
        let mut found = BTreeSet::new();
        for text in texts {
            let text = text.to_lowercase();
            // What JSON writes in another way than it is would not be found.
            if text.len() < SHORTEST || !text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
            {
                return None;
            }
            let rarest =
                kept(&text).into_iter().map(|gram| self.0.get(&gram).map(Vec::as_slice).unwrap_or_default());
            let rarest = rarest.min_by_key(|ids| ids.len()).unwrap_or_default();
            found.extend(rarest.iter().map(|id| &**id));
        }
        Some(found)
    }
}

fn text_of(object: &Value) -> String {
    object.to_string().to_lowercase()
}

fn hash(gram: &[u8]) -> u64 {
    // FNV-1a, and a mix so that the least of some is not the least letter.
    let mut hash = gram.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^= hash >> 32;
    hash.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The grams of a text that are kept: the least of each stretch.
fn kept(text: &str) -> BTreeSet<u64> {
    let grams: Vec<u64> = text.as_bytes().windows(GRAM).map(hash).collect();
    let mut kept = BTreeSet::new();
    let mut least: std::collections::VecDeque<usize> = std::collections::VecDeque::new();
    for (at, gram) in grams.iter().enumerate() {
        while least.back().is_some_and(|back| grams[*back] >= *gram) {
            least.pop_back();
        }
        least.push_back(at);
        if least.front().is_some_and(|front| front + STRETCH <= at) {
            least.pop_front();
        }
        if at + 1 >= STRETCH
            && let Some(front) = least.front()
        {
            kept.insert(grams[*front]);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_object_that_holds_a_text_is_found_wherever_it_stands_in_it() {
        let mut texts = Texts::default();
        let needle = "/subscriptions/8f4c/resourcegroups/rg/providers/x";
        for n in 0..200 {
            let before = "-".repeat(n % 37);
            let held = if n % 3 == 0 { needle.to_uppercase() } else { format!("{}y", &needle[..40]) };
            texts.add(&Arc::from(format!("{n:03}")), &json!({"p": format!("{before}{held}{n}")}));
        }
        let found = texts.holding(&[needle.to_owned()]).expect("it is long enough");
        let wanted: Vec<String> = (0..200).filter(|n| n % 3 == 0).map(|n| format!("{n:03}")).collect();
        assert!(wanted.iter().all(|id| found.contains(id.as_str())), "{found:?}");
        assert_eq!(texts.holding(&["short".to_owned()]), None);
        assert_eq!(texts.holding(&["a text with spaces that is long".to_owned()]), None);
        for n in 0..200 {
            let before = "-".repeat(n % 37);
            let held = if n % 3 == 0 { needle.to_uppercase() } else { format!("{}y", &needle[..40]) };
            texts.remove(&format!("{n:03}"), &json!({"p": format!("{before}{held}{n}")}));
        }
        assert!(texts.0.is_empty());
    }
}
