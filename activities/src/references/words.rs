//! Activities: which identities of a batch a text may name, by the words in it. Pure.
//!
//! To look for each identity in everything that was read takes the square of the batch. So whatever was read is cut into
//! words once, and an identity is looked for only where its name, its client id or its principal id is a word. That is never
//! too seldom: an identifier that could be missed so is looked for everywhere.

use super::scan::Identifiers;
use crate::azure::ResourceId;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// The identities of a batch, by the words that name them.
#[derive(Default)]
pub(crate) struct Words {
    numbers: HashMap<String, Vec<usize>>,
    /// Those with an identifier that is not one word.
    everywhere: BTreeSet<usize>,
    count: usize,
}

impl Words {
    pub(crate) fn of<'a>(identities: impl IntoIterator<Item = &'a Identifiers>) -> Self {
        let mut all = Self::default();
        for (number, who) in identities.into_iter().enumerate() {
            all.count = number + 1;
            for word in
                [who.resource_id.name(), &who.client_id, &who.principal_id].map(str::to_ascii_lowercase)
            {
                if !word.chars().all(is_of_word) {
                    all.everywhere.insert(number);
                } else if !word.is_empty() {
                    all.numbers.entry(word).or_default().push(number);
                }
            }
        }
        all
    }

    /// The numbers of those that a text may name.
    pub(crate) fn in_text(&self, text: &str, found: &mut BTreeSet<usize>) {
        found.extend(&self.everywhere);
        let folded = text.to_ascii_lowercase();
        // A URL inside a URL.
        let folded = if folded.contains("%252f") { folded.replace("%252f", "/") } else { folded };
        let mut take = |word: &str| found.extend(self.numbers.get(word).into_iter().flatten());
        for word in words(&folded) {
            take(word);
            // An id may follow an underscore, and a name may hold one.
            if word.contains('_') {
                word.split('_').for_each(&mut take);
            }
        }
    }

    /// The numbers of those that anything in a value may name, members' names included.
    pub(crate) fn in_value(&self, value: &Value, found: &mut BTreeSet<usize>) {
        match value {
            Value::String(text) => self.in_text(text, found),
            Value::Array(items) => items.iter().for_each(|item| self.in_value(item, found)),
            Value::Object(members) => {
                for (name, member) in members {
                    self.in_text(name, found);
                    self.in_value(member, found);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

fn is_of_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_')
}

/// The words of a text. Two digits behind a percent sign are an escape of a URL or the beginning of a word, as in
/// `like '%…%'`: which of them nobody can tell, so the word stands here with and without them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split('%').enumerate().flat_map(|(nth, part)| {
        let escape = nth > 0 && part.len() > 2 && part.bytes().take(2).all(|digit| digit.is_ascii_hexdigit());
        let behind = escape.then(|| part[2..].split(|c| !is_of_word(c)).next()).flatten();
        part.split(|c| !is_of_word(c)).chain(behind)
    })
}

/// Things of which each identity is shown only those that may name it.
pub(crate) struct ByIdentity<T> {
    all: Vec<T>,
    /// An identity that is not known here sees everything.
    of: HashMap<ResourceId, Vec<usize>>,
}

impl<T> Default for ByIdentity<T> {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl<T> From<Vec<T>> for ByIdentity<T> {
    fn from(all: Vec<T>) -> Self {
        Self { all, of: HashMap::new() }
    }
}

impl<T> ByIdentity<T> {
    /// Sorts things by whom they may name; `read` shows the texts of one.
    pub(crate) fn sorted(
        all: Vec<T>,
        identities: &[&Identifiers],
        words: &Words,
        read: impl Fn(&T, &mut BTreeSet<usize>),
    ) -> Self {
        let mut of: Vec<Vec<usize>> = vec![Vec::new(); words.count];
        let mut found = BTreeSet::new();
        for (nth, one) in all.iter().enumerate() {
            found.clear();
            read(one, &mut found);
            found.iter().for_each(|who| of[*who].push(nth));
        }
        let of = identities.iter().map(|who| who.resource_id.clone()).zip(of).collect();
        Self { all, of }
    }

    /// Everything.
    pub(crate) fn all(&self) -> &[T] {
        &self.all
    }

    /// What may name an identity.
    pub(crate) fn of<'a>(&'a self, who: &Identifiers) -> impl Iterator<Item = &'a T> + use<'a, T> {
        let known = self.of.get(&who.resource_id);
        let everything = known.is_none().then_some(&self.all).into_iter().flatten();
        known.into_iter().flatten().map(|nth| &self.all[*nth]).chain(everything)
    }
}

/// The identities of a batch, and the words that name them.
#[derive(Clone, Copy)]
pub(crate) struct Batch<'a> {
    pub(crate) identities: &'a [&'a Identifiers],
    pub(crate) words: &'a Words,
}

impl Batch<'_> {
    /// Sorts things by whom of the batch they may name.
    pub(crate) fn sorted<T>(self, all: Vec<T>, read: impl Fn(&T, &mut BTreeSet<usize>)) -> ByIdentity<T> {
        ByIdentity::sorted(all, self.identities, self.words, read)
    }

    /// The same of resources.
    pub(crate) fn sorted_values(self, all: Vec<Value>) -> ByIdentity<Value> {
        self.sorted(all, |one, found| self.words.in_value(one, found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::references::scan::scan;
    use serde_json::json;

    fn identity(n: usize) -> Identifiers {
        let group =
            "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities";
        Identifiers {
            resource_id: format!("{group}/id_{n}-x").into(),
            client_id: format!("1111111{n}-0000-4000-8000-000000000001").into(),
            principal_id: format!("2222222{n}-0000-4000-8000-000000000002").into(),
        }
    }

    #[test]
    fn whoever_is_named_in_whatever_spelling_is_among_those_that_may_be() {
        let all: Vec<Identifiers> = (0..4).map(identity).collect();
        let words = Words::of(&all);
        for (n, who) in all.iter().enumerate() {
            let rid = &who.resource_id;
            for text in [
                rid.to_string(),
                rid.to_uppercase(),
                rid.replace('/', "%2F"),
                rid.replace('/', "%252f"),
                rid.replace('/', "\\/"),
                format!("https://x{rid}/federatedIdentityCredentials/é"),
                format!("client_id%3D{}%26x", who.client_id),
                format!("_{{{}}}_", who.principal_id.to_uppercase()),
                format!("é{}é", who.principal_id),
                format!("x_{};", who.client_id),
                format!("x like '%{}%'", who.client_id),
                format!("%%3D{}%", who.principal_id),
            ] {
                let body = json!({"a": [{ text.clone(): 1 }, text]});
                let mut found = BTreeSet::new();
                words.in_value(&body, &mut found);
                assert!(found.contains(&n), "{text}");
                for (other, is) in all.iter().enumerate() {
                    assert!(scan(&body, is).is_empty() || found.contains(&other), "{text}");
                }
            }
        }
    }

    #[test]
    fn others_are_not_looked_for() {
        let all: Vec<Identifiers> = (0..4).map(identity).collect();
        let mut found = BTreeSet::new();
        Words::of(&all).in_text(&format!("{}1 {}-api", all[0].client_id, all[1].resource_id), &mut found);
        assert!(found.is_empty());
    }

    #[test]
    fn who_could_be_missed_is_looked_for_everywhere() {
        let mut odd = identity(1);
        odd.client_id = "ä b".into();
        let mut found = BTreeSet::new();
        Words::of([&identity(0), &odd]).in_text("nothing", &mut found);
        assert_eq!(found, BTreeSet::from([1]));
    }

    #[test]
    fn each_is_shown_its_own_and_a_stranger_everything() {
        let all = [identity(0), identity(1)];
        let refs: Vec<&Identifiers> = all.iter().collect();
        let words = Words::of(refs.iter().copied());
        let things = vec![all[1].client_id.to_string(), "x".to_owned(), all[0].principal_id.to_string()];
        let sorted = ByIdentity::sorted(things, &refs, &words, |text, found| words.in_text(text, found));
        assert_eq!(sorted.of(&all[0]).count(), 1);
        assert_eq!(sorted.of(&all[1]).collect::<Vec<_>>(), [all[1].client_id.as_str()]);
        assert_eq!(sorted.of(&identity(3)).count(), 3);
        assert_eq!(sorted.all().len(), 3);
    }
}
