//! Activities: what the new identity is to have and nothing else, for the comparison of both. Pure.

use super::builder::{Builder, New, object};
use super::grants::scopes;
use crate::references::scan::Identifier;
use crate::relocate::facts::{Facts, PimKind};
use crate::relocate::names;
use crate::surfaces::cluster::bindings::copied;
use rehome_orchestrator::Template;
use std::collections::BTreeSet;

/// The input of the comparison.
pub(crate) fn input(b: &Builder<'_>, new: &New) -> Template {
    let all = [Identifier::ResourceId, Identifier::ClientId, Identifier::PrincipalId];
    let old = b.old();
    let not_copied = not_copied(b.facts);
    object([
        (
            "old",
            Some(object([
                ("id", Some(Template::known(&old.resource_id))),
                ("principal_id", Some(Template::known(&old.principal_id))),
                ("client_id", Some(Template::known(&old.client_id))),
            ])),
        ),
        (
            "new",
            Some(object([
                ("id", Some(new.name(Identifier::ResourceId))),
                ("principal_id", Some(new.name(Identifier::PrincipalId))),
                ("client_id", Some(new.name(Identifier::ClientId))),
            ])),
        ),
        ("replace", Some(b.pairs(new, &all))),
        ("given", Some(Template::known(given(b)))),
        ("not_copied", (!not_copied.is_empty()).then(|| Template::known(&not_copied))),
    ])
}

/// Everything that the plan gives, under the names of the old identity or of places that the plan knows.
fn given(b: &Builder<'_>) -> BTreeSet<String> {
    let facts = b.facts;
    let mut out = BTreeSet::new();
    for a in &facts.assignments_of {
        out.extend(scopes(b, a).into_iter().map(|(scope, _)| names::role(&a.role_definition_id, &scope)));
    }
    out.extend(facts.roles_on().map(|a| names::role_of_other(&a.role_definition_id, &a.principal_id)));
    out.extend(copied(facts).map(names::credential_of));
    let directory = &facts.directory;
    out.extend(directory.groups.iter().map(|g| names::member("group", &g.id)));
    out.extend(directory.app_roles.iter().map(|r| names::permission(&r.resource_id, &r.app_role_id)));
    out.extend(directory.owned.iter().map(|o| names::ownership(&o.id)));
    out.extend(directory.roles.iter().map(|r| names::directory_role_at(&r.role_definition_id, &r.scope)));
    out.extend(
        directory
            .delegated
            .iter()
            .map(|g| names::on_behalf(&g.resource_id, g.principal_id.as_deref(), &g.scope)),
    );
    for pim in &directory.scheduled {
        out.insert(match (pim.kind, pim.is_membership()) {
            (PimKind::Group, true) => names::member("group", &pim.at),
            (PimKind::Group, false) => names::ownership(&pim.at),
            (PimKind::DirectoryRole | PimKind::AzureRole, _) => names::directory_role_at(&pim.role, &pim.at),
        });
    }
    out
}

/// What the old identity has and the plan leaves where it is: groups that nobody can be added to, which are a step for
/// a person, and what is said to be not copied.
fn not_copied(facts: &Facts) -> BTreeSet<String> {
    let closed = facts.directory.groups.iter().filter(|g| !g.can_be_joined());
    closed.map(|g| names::member("group", &g.id)).collect()
}
