//! Activities: every id and every name of a batch's identities, found in one pass over the bytes of a file. Pure.
//!
//! A resource id is found by its last part, the name, and read backwards from there: so it is seen however its slashes are
//! spelt, and a name that stands apart from its group is found by the same pass.

use crate::code::context::named;
use crate::code::key::key;
use crate::code::kind::{CodeKind, kind};
use crate::code::patch::replaced;
use crate::code::place::{Form, Place};
use crate::code::spelt::{Before, before, begins, ends};
use crate::code::text::Lines;
use crate::references::scan::{Identifier, Identifiers};
use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError};
use std::collections::{BTreeMap, BTreeSet};

/// So many words and fewer are looked for by a table of every state, which is faster and takes more memory.
const AS_TABLE_MAX: usize = 3_000;

/// What is looked for.
#[derive(Debug)]
pub struct Sought {
    identities: Vec<Identifiers>,
    machine: AhoCorasick,
    /// Of each word that the machine knows, whose it is and what.
    words: Vec<Vec<(usize, Identifier)>>,
}

/// Something that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Where it begins and ends, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Which identity, by its number.
    pub who: usize,
    /// Which of its ids; of a name, that of the resource.
    pub identifier: Identifier,
    /// How it is named.
    pub form: Form,
}

impl Sought {
    /// What is looked for, of all these.
    ///
    /// # Errors
    /// When the words are too many for the machine.
    pub fn new(identities: Vec<Identifiers>) -> Result<Self, BuildError> {
        let mut words: BTreeMap<String, Vec<(usize, Identifier)>> = BTreeMap::new();
        for (who, ids) in identities.iter().enumerate() {
            for (word, identifier) in [
                (ids.resource_id.name(), Identifier::ResourceId),
                (ids.client_id.as_str(), Identifier::ClientId),
                (ids.principal_id.as_str(), Identifier::PrincipalId),
            ] {
                if !word.is_empty() {
                    words.entry(word.to_ascii_lowercase()).or_default().push((who, identifier));
                }
            }
        }
        let kind = (words.len() <= AS_TABLE_MAX).then_some(AhoCorasickKind::DFA);
        let machine = AhoCorasick::builder().ascii_case_insensitive(true).kind(kind).build(words.keys())?;
        Ok(Self { identities, machine, words: words.into_values().collect() })
    }

    /// The identities, by their numbers.
    pub fn identities(&self) -> &[Identifiers] {
        &self.identities
    }

    /// Everything that names one of them in a text, in its order.
    pub fn hits(&self, text: &[u8]) -> Vec<Hit> {
        let mut hits = Vec::new();
        for found in self.machine.find_overlapping_iter(text) {
            let (start, end) = (found.start(), found.end());
            for (who, identifier) in &self.words[found.pattern().as_usize()] {
                let is_name = *identifier == Identifier::ResourceId;
                if begins(text, start, is_name) && ends(text, end, is_name) {
                    hits.extend(self.hit(text, (start, end), *who, *identifier));
                }
            }
        }
        // One place may be read as the name of several; where one of them is certain, it is no other.
        let certain: BTreeSet<(usize, usize)> = hits
            .iter()
            .filter(|hit| matches!(hit.form, Form::Whole | Form::Parts))
            .map(|hit| (hit.start, hit.end))
            .collect();
        hits.retain(|hit| hit.form != Form::NameOnly || !certain.contains(&(hit.start, hit.end)));
        hits.sort();
        hits.dedup();
        hits
    }

    fn hit(
        &self,
        text: &[u8],
        (start, end): (usize, usize),
        who: usize,
        identifier: Identifier,
    ) -> Option<Hit> {
        let hit = |start, form| Some(Hit { start, end, who, identifier, form });
        if identifier != Identifier::ResourceId {
            return hit(start, Form::Whole);
        }
        let id = &self.identities[who].resource_id;
        match before(text, start, id) {
            Before::Id(start) => hit(start, Form::Whole),
            Before::Group => hit(start, Form::Parts),
            Before::Open => hit(start, Form::NameOnly),
            Before::Other => None,
            Before::Nothing => hit(start, named(text, start, end, id.resource_group().unwrap_or_default())?),
        }
    }

    /// A line in which new ids stand for the old ones, in the spelling that these had; `None` where one would be left, or the
    /// line is not UTF-8.
    pub fn replaced(&self, line: &[u8], pairs: &[(&str, &str)]) -> Option<Vec<u8>> {
        let new = replaced(line, pairs)?;
        self.hits(&new).iter().all(|hit| hit.form != Form::Whole).then_some(new)
    }

    /// The places of a file that name one of them, each with its hit. Whose the file is, whoever knows its repository adds.
    ///
    /// `path` is from the root of its repository, with slashes; `in_chart` is whether it belongs to a chart of Helm.
    pub fn places(&self, path: &str, text: &[u8], in_chart: bool) -> Vec<(Hit, Place)> {
        let hits = self.hits(text);
        if hits.is_empty() {
            return Vec::new();
        }
        let (kind, lines) = (kind(path, text, in_chart), Lines::of(text));
        let mut at = lines.places();
        let mut place = |hit: &Hit| {
            let (line, column) = at.of(hit.start);
            let from = lines.start(line - 1);
            Place {
                file: path.to_owned(),
                line,
                column,
                identifier: hit.identifier,
                form: hit.form,
                kind,
                key: key(lines.line(line - 1), hit.start - from),
                owner: None,
            }
        };
        // A state has every id whole beside the names; the rest of what it says is not looked into.
        let counts = |hit: &&Hit| kind != CodeKind::TerraformState || hit.form == Form::Whole;
        hits.iter().filter(counts).map(|hit| (*hit, place(hit))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::references::fuzz::OLD;

    fn identity(n: usize) -> Identifiers {
        Identifiers {
            resource_id: format!("{OLD}{n}").into(),
            client_id: format!("1111111{n}-0000-4000-8000-00000000000a").into(),
            principal_id: format!("2222222{n}-0000-4000-8000-00000000000b").into(),
        }
    }

    fn sought() -> Sought {
        Sought::new((0..3).map(identity).collect()).expect("a machine")
    }

    fn found(text: &str) -> Vec<(usize, Identifier, Form)> {
        sought().hits(text.as_bytes()).iter().map(|hit| (hit.who, hit.identifier, hit.form)).collect()
    }

    #[test]
    fn the_three_ids_are_found_in_any_spelling_and_longer_ones_are_others() {
        let id = identity(1);
        let rid = id.resource_id.as_str();
        let whole = |identifier| vec![(1, identifier, Form::Whole)];
        for text in
            [rid.to_uppercase(), rid.replace('/', "%2F"), format!("x{rid}/federatedIdentityCredentials/f")]
        {
            assert_eq!(found(&text), whole(Identifier::ResourceId), "{text}");
        }
        assert_eq!(found(&format!("\\n{}", id.client_id)), whole(Identifier::ClientId));
        assert_eq!(found(&id.principal_id.to_uppercase()), whole(Identifier::PrincipalId));
        for text in [
            format!("{rid}-api"),
            format!("{rid}0"),
            format!("a{}", id.client_id),
            format!("{}-1", id.client_id),
        ] {
            assert_eq!(found(&text), [], "{text}");
        }
    }

    #[test]
    fn a_name_that_two_have_is_of_the_one_whose_group_stands_beside_it() {
        let other = |id: &str| id.replace("rg-weu", "rg-neu").into();
        let mut second = identity(1);
        second.resource_id = other(OLD);
        let mut first = identity(0);
        first.resource_id = OLD.into();
        let sought = Sought::new(vec![first, second]).expect("a machine");
        let who = |text: &str| {
            sought.hits(text.as_bytes()).iter().map(|hit| (hit.who, hit.form)).collect::<Vec<_>>()
        };
        let block =
            "data \"azurerm_user_assigned_identity\" \"p\" {\n name = \"id-pay\"\n resource_group_name = ";
        assert_eq!(who(&format!("{block}\"rg-neu\"\n}}")), [(1, Form::Parts)]);
        assert_eq!(who(&format!("{block}var.g\n}}")), [(0, Form::NameOnly), (1, Form::NameOnly)]);
    }

    #[test]
    fn a_place_has_its_line_its_column_and_its_key() {
        let text = format!("# é\r\n  client_id = \"{}\"\r\n", identity(2).client_id);
        let places = sought().places("envs/prod/main.tf", text.as_bytes(), false);
        let [(_, place)] = &places[..] else { panic!("{places:?}") };
        assert_eq!((place.line, place.column, place.key.as_deref()), (2, 16, Some("client_id")));
        assert_eq!(place.kind, CodeKind::Terraform);
    }
}
