//! World: which objects may hold a text. Pure.
//!
//! Each object's JSON is cut into grams of a few letters; of each stretch of grams the one with the least hash is kept
//! (winnowing: Schleimer, Wilkerson, Aiken, 2003). A text that is as long as a stretch has at least one kept gram in
//! common with every object that holds it, so whoever looks at those misses none. What follows the word before the name
//! of an identity is kept as a whole too: ids of identities differ at their very end, where a stretch sees little of it.

use super::holders::Holders;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Letters in a gram.
const GRAM: usize = 12;
/// Grams in a stretch.
const STRETCH: usize = 13;
/// The shortest text that can be looked for.
pub(crate) const SHORTEST: usize = GRAM + STRETCH - 1;
/// What stands before the name of an identity, and what may stand between.
const BEFORE_NAME: &str = "userassignedidentities";
const SLASHES: [&str; 2] = ["/", "%2f"];

/// Objects by kept grams, and by the names of identities that they name.
#[derive(Default)]
pub(crate) struct Texts {
    grams: HashMap<u64, Holders>,
    names: BTreeMap<String, Holders>,
}

impl Texts {
    pub(crate) fn add(&mut self, id: &Arc<str>, object: &Value) {
        let text = text_of(object);
        for gram in kept(&text) {
            self.grams.entry(gram).or_default().add(id);
        }
        for (name, _) in names(&text) {
            match self.names.get_mut(name) {
                Some(holders) => holders.add(id),
                None => self.names.entry(name.to_owned()).or_default().add(id),
            }
        }
    }

    pub(crate) fn remove(&mut self, id: &str, object: &Value) {
        let text = text_of(object);
        for gram in kept(&text) {
            if self.grams.get_mut(&gram).is_some_and(|holders| holders.remove(id)) {
                self.grams.remove(&gram);
            }
        }
        for (name, _) in names(&text) {
            if self.names.get_mut(name).is_some_and(|holders| holders.remove(id)) {
                self.names.remove(name);
            }
        }
    }

    /// The ids of objects that may hold one of these; `None` where a text is too short to say, or all that is in it is
    /// in too many of them.
    pub(crate) fn holding(&self, texts: &[String]) -> Option<BTreeSet<&str>> {
        let mut found = BTreeSet::new();
        for text in texts {
            let text = text.to_lowercase();
            // What JSON writes in another way than it is would not be found.
            if text.len() < SHORTEST || !text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
            {
                return None;
            }
            let with_gram = kept(&text)
                .into_iter()
                .filter_map(|gram| self.grams.get(&gram).map_or(Some([].as_slice()), Holders::few))
                .min_by_key(|ids| ids.len());
            let with_name = names(&text).filter_map(|(name, whole)| self.naming(name, whole));
            let with_name = with_name.min_by_key(Vec::len);
            match (with_gram, with_name) {
                (Some(ids), Some(others)) if others.len() < ids.len() => found.extend(others),
                (Some(ids), _) => found.extend(ids.iter().map(|id| &**id)),
                (None, others) => found.extend(others?),
            }
        }
        Some(found)
    }

    /// The ids of objects that name an identity so, or with more behind it where this is not the whole name.
    fn naming(&self, name: &str, whole: bool) -> Option<Vec<&str>> {
        if whole {
            let few = self.names.get(name).map_or(Some([].as_slice()), Holders::few)?;
            return Some(few.iter().map(|id| &**id).collect());
        }
        let from = (std::ops::Bound::Included(name), std::ops::Bound::Unbounded);
        let alike = self.names.range::<str, _>(from).take_while(|(known, _)| known.starts_with(name));
        let mut all = Vec::new();
        for (_, holders) in alike {
            all.extend(holders.few()?.iter().map(|id| &**id));
        }
        Some(all)
    }
}

fn text_of(object: &Value) -> String {
    object.to_string().to_lowercase()
}

/// The names of identities in a text, each with whether it ends before the text does.
fn names(text: &str) -> impl Iterator<Item = (&str, bool)> {
    text.match_indices(BEFORE_NAME).filter_map(|(at, before)| {
        let rest = &text[at + before.len()..];
        let rest = SLASHES.iter().find_map(|slash| rest.strip_prefix(slash))?;
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
        Some((&rest[..end.unwrap_or(rest.len())], end.is_some()))
    })
}

/// What a polynomial over the bytes of a gram is made with: the numbers of FNV-1a and of the golden ratio.
const BASE: u64 = 0x0100_0000_01b3;
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
const BASE_TO_THE_GRAM: u64 = {
    let (mut power, mut at) = (1_u64, 0);
    while at < GRAM {
        power = power.wrapping_mul(BASE);
        at += 1;
    }
    power
};

/// The hash of each gram of a text, each made from the one before it.
fn grams(text: &[u8]) -> impl Iterator<Item = u64> {
    let mut sum = 0_u64;
    text.iter().enumerate().filter_map(move |(at, byte)| {
        sum = sum.wrapping_mul(BASE).wrapping_add(u64::from(*byte) + 1);
        if let Some(gone) = at.checked_sub(GRAM) {
            sum = sum.wrapping_sub(BASE_TO_THE_GRAM.wrapping_mul(u64::from(text[gone]) + 1));
        }
        // Mixed, so that the least of some is not the least letter.
        let mixed = (sum ^ (sum >> 32)).wrapping_mul(MIX);
        (at + 1 >= GRAM).then_some(mixed ^ (mixed >> 29))
    })
}

/// The grams of a text that are kept: the least of each stretch.
fn kept(text: &str) -> Vec<u64> {
    let mut kept = Vec::new();
    let mut least: std::collections::VecDeque<(usize, u64)> = std::collections::VecDeque::new();
    for (at, gram) in grams(text.as_bytes()).enumerate() {
        while least.back().is_some_and(|(_, back)| *back >= gram) {
            least.pop_back();
        }
        least.push_back((at, gram));
        if least.front().is_some_and(|(front, _)| front + STRETCH <= at) {
            least.pop_front();
        }
        if at + 1 >= STRETCH
            && let Some((_, front)) = least.front()
            && kept.last() != Some(front)
        {
            kept.push(*front);
        }
    }
    kept.sort_unstable();
    kept.dedup();
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
        assert!(texts.grams.is_empty() && texts.names.is_empty());
    }

    #[test]
    fn what_too_many_objects_hold_says_nothing_and_the_name_of_an_identity_tells_them_apart() {
        let id = |n: usize| format!("/subscriptions/8f4c/providers/m/userAssignedIdentities/id-{n}");
        let object = |n: usize| {
            let spelt = if n.is_multiple_of(2) { id(n) } else { id(n).replace('/', "%2F") };
            json!({"p": format!("{spelt}?x")})
        };
        let mut texts = Texts::default();
        for n in 0..2_000 {
            texts.add(&Arc::from(format!("{n:04}")), &object(n));
        }
        let found = |text: &str| texts.holding(&[text.to_owned()]).map(|ids| ids.len());
        assert_eq!(found(&id(1_234)), Some(1));
        assert_eq!(found(&id(1_235).replace('/', "%2f")), Some(1));
        assert_eq!(found(&format!("{}?x", id(12))), Some(1));
        // Where a name may go on: 12, 120 to 129, 1200 to 1299.
        assert!(found(&id(12)).is_some_and(|many| (56..=111).contains(&many)), "{:?}", found(&id(12)));
        assert_eq!(found(&id(3_000)), Some(0));
        assert_eq!(found("/subscriptions/8f4c/providers/m/"), None);
        for n in 0..2_000 {
            texts.remove(&format!("{n:04}"), &object(n));
        }
        assert!(texts.names.is_empty());
        assert_eq!(texts.holding(&[id(12)]), Some(BTreeSet::new()));
    }
}
