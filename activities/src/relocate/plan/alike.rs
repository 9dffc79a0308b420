//! Activities: what the new identity is to have and nothing else, for the comparison of both. Pure.

use crate::conditions::alike::{AlikeInput, Side};
use crate::references::scan::Identifier;
use crate::relocate::names;
use crate::relocate::plan::builder::{Builder, NewIdentity};
use crate::surfaces::ALL;
use std::collections::BTreeSet;

/// The input of the comparison.
pub(crate) fn input(b: &Builder<'_>, new: &NewIdentity) -> AlikeInput {
    let all = [Identifier::ResourceId, Identifier::ClientId, Identifier::PrincipalId];
    let [id, client_id, principal_id] = all.map(|of| b.name_of(of).into());
    let old = Side { id, principal_id, client_id };
    let [id, client_id, principal_id] = all.map(|of| new.planned(of));
    let fresh = Side { id, principal_id, client_id };
    let mut given = BTreeSet::new();
    for surface in ALL {
        surface.given(b, &mut given);
    }
    // Groups that nobody can be added to stay the old one's: they are a step for a person.
    let closed = b.facts.directory.groups.iter().filter(|g| !g.can_be_joined());
    let not_copied: BTreeSet<String> = closed.map(|g| names::member("group", &g.id)).collect();
    AlikeInput {
        old,
        new: fresh,
        replace: b.pairs(new, &all),
        given: given.into_iter().collect(),
        not_copied: not_copied.into_iter().collect(),
    }
}
