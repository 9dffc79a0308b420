//! Activities: how each type is written: which of PUT and PATCH takes which place, how many identities it may carry.
//!
//! The table is made by `activities/tools/writes.py` out of API descriptions, which also says what its columns mean.
//! A PATCH says nothing of the rest of a resource, so it is what is sent wherever it takes all that changes; many
//! a provider answers 200 to a PATCH and leaves out what its model lacks.

use super::inside;
use crate::references::table::Verb;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a PATCH of a type takes; places are written as `properties.a.b`, a list is one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Patch {
    /// No description says it.
    Unknown,
    /// There is no PATCH.
    Missing,
    /// Whatever a PUT takes.
    All,
    /// Whatever a PUT takes, but for what is at or below these.
    But(Vec<&'static str>),
    /// What is at or below these.
    Only(Vec<&'static str>),
}

/// How one type is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteRow {
    /// `Microsoft.Web/sites/slots`.
    pub name: &'static str,
    /// Whether a PUT changes what is there; of some types it only makes it.
    pub put: bool,
    /// What a PATCH takes.
    pub patch: Patch,
    /// The description that says so, with its version, or `documentation: WHERE`; `-` where nothing does.
    pub source: &'static str,
    /// Whether a PATCH replaces the identities that are attached, so that it has to name all of them.
    pub whole_set: bool,
    /// The version in which a write does this, where the one that the type is read with does not.
    pub version: Option<&'static str>,
    /// How many user-assigned identities may be attached.
    pub most: Option<usize>,
    /// Where the last three are documented.
    pub documented: &'static str,
}

pub(crate) static ROWS: LazyLock<BTreeMap<String, WriteRow>> = LazyLock::new(|| {
    let rows = include_str!("../writes.csv").lines().skip(1).filter_map(parse);
    rows.map(|row| (row.name.to_ascii_lowercase(), row)).collect()
});

/// A type whose description names no identity, and of which a PUT takes everything.
static WHOLE: WriteRow = WriteRow {
    name: "",
    put: true,
    patch: Patch::Missing,
    source: "inside.rs",
    whole_set: false,
    version: None,
    most: None,
    documented: "",
};

fn parse(line: &'static str) -> Option<WriteRow> {
    let cells: Vec<&str> = line.split(',').collect();
    let [name, put, patch, source, set, version, most, documented] = cells[..] else { return None };
    let (word, places) = patch.split_once(' ').unwrap_or((patch, ""));
    let places = places.split_ascii_whitespace().collect();
    Some(WriteRow {
        name,
        put: put != "create",
        patch: match word {
            "all" => Patch::All,
            "none" => Patch::Missing,
            "but" => Patch::But(places),
            "only" => Patch::Only(places),
            "unknown" => Patch::Unknown,
            _ => return None,
        },
        source,
        whole_set: set == "whole",
        version: (!version.is_empty()).then_some(version),
        most: most.parse().ok(),
        documented,
    })
}

/// Everything that is known, in the order of lower-case names.
pub fn rows() -> impl Iterator<Item = &'static WriteRow> {
    ROWS.values()
}

/// How a type is written; letter case does not matter.
pub fn row(type_name: &str) -> Option<&'static WriteRow> {
    let folded = type_name.to_ascii_lowercase();
    ROWS.get(&folded).or_else(|| inside::is_whole(&folded).then_some(&WHOLE))
}

/// The place of the map of identities.
pub const MAP: &str = "/identity";

/// The verb that takes all of these places (JSON pointers) in one write.
pub fn verb<'a>(type_name: &str, places: impl IntoIterator<Item = &'a str>) -> Verb {
    let Some(row) = row(type_name).filter(|row| row.patch != Patch::Unknown) else {
        return undescribed(type_name);
    };
    if places.into_iter().all(|place| row.patch_takes(place)) { Verb::Patch } else { Verb::Put }
}

/// Most resources of the first level can be patched, and most children cannot; extensions of machines can. A PATCH loses nothing that a GET
/// hides, and whether it did what it was to do is looked at.
fn undescribed(type_name: &str) -> Verb {
    let folded = type_name.to_ascii_lowercase();
    let on_machines =
        ["microsoft.compute/", "microsoft.hybridcompute/"].iter().any(|p| folded.starts_with(p));
    if on_machines && folded.ends_with("/extensions") {
        return Verb::Patch;
    }
    if type_name.matches('/').count() > 1 { Verb::Put } else { Verb::Patch }
}

impl WriteRow {
    /// Whether a PATCH takes a place, given as a JSON pointer. A type of which that is not known takes it.
    pub fn patch_takes(&self, place: &str) -> bool {
        let within = |places: &[&str]| places.iter().any(|path| is_within(place, path));
        match &self.patch {
            Patch::Unknown | Patch::All => true,
            Patch::Missing => false,
            Patch::But(places) => !within(places),
            Patch::Only(places) => within(places),
        }
    }

    /// Whether anything changes this place of a resource that is there.
    pub fn changes(&self, place: &str) -> bool {
        self.put || self.patch_takes(place)
    }
}

/// Whether a JSON pointer is at or below a path; the numbers of a list's items do not count, `{*}` is any member.
pub(crate) fn is_within(place: &str, path: &str) -> bool {
    let is_index = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let mut parts = place.split('/').skip(1).filter(|part| !is_index(part));
    path.split('.').all(|wanted| {
        let part = parts.next().map(|part| part.replace("~1", "/").replace("~0", "~"));
        part.is_some_and(|part| wanted == "{*}" || part.eq_ignore_ascii_case(wanted))
    })
}
