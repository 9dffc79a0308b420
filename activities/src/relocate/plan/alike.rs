//! Activities: what the new identity is to have and nothing else, for the comparison of both. Pure.

use crate::conditions::alike::AlikeInput;
use crate::conditions::alike_read::Side;
use crate::references::scan::{Identifier, Identifiers};
use crate::relocate::names;
use crate::relocate::plan::builder::{Builder, NewIdentity};
use crate::surfaces::ALL;
use crate::surfaces::identity::create::IdentityCreated;
use std::collections::BTreeSet;

/// The input of the comparison.
pub(crate) fn input(b: &Builder<'_>, new: &NewIdentity) -> AlikeInput {
    let all = [Identifier::ResourceId, Identifier::ClientId, Identifier::PrincipalId];
    let Identifiers { resource_id, client_id, principal_id } = b.old();
    let old = Side { id: resource_id.into(), principal_id: principal_id.into(), client_id: client_id.into() };
    let fresh = Side {
        id: (&new.id).into(),
        principal_id: IdentityCreated::principal_id(&new.made_by),
        client_id: IdentityCreated::client_id(&new.made_by),
    };
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
