//! Activities: what a scan found of the identity in a team's own code, among its facts. Pure.
//!
//! No survey reads it again: files are none of Azure's, so it is compared with nothing.

use crate::code::{Place, Scanned};
use crate::relocate::facts::Facts;
use std::collections::BTreeMap;

/// Under this name the facts have it.
const OWN_CODE: &str = "own_code";

/// Puts into the facts what was scanned: each repository, also where nothing was found.
pub fn keep(facts: &mut Facts, mut scanned: Vec<Scanned>) {
    for one in &mut scanned {
        one.places.sort();
    }
    facts.keep(OWN_CODE, scanned);
}

/// What was scanned.
pub fn scanned(facts: &Facts) -> Vec<Scanned> {
    facts.of(OWN_CODE)
}

/// The places that one person, or one team, changes in one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// The repository.
    pub repository: String,
    /// Whose they are, as CODEOWNERS says.
    pub owner: Option<String>,
    /// The places.
    pub places: Vec<Place>,
}

/// The places by repository and owner: each is a step.
pub fn owned(scanned: &[Scanned]) -> Vec<Owned> {
    let mut by: BTreeMap<(&str, Option<&str>), Vec<Place>> = BTreeMap::new();
    for one in scanned {
        for place in &one.places {
            by.entry((&one.repository, place.owner.as_deref())).or_default().push(place.clone());
        }
    }
    let owned = |((repository, owner), places): ((&str, Option<&str>), Vec<Place>)| Owned {
        repository: repository.to_owned(),
        owner: owner.map(ToOwned::to_owned),
        places,
    };
    by.into_iter().map(owned).collect()
}
