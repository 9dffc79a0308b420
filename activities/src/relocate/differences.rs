//! Activities: where two surveys of one identity differ in what the plan was made from. Pure.
//!
//! Whatever a step is made from is compared, so that facts which somebody wrote into a plan file cannot become a
//! write. Version tags, stamps, counts and the caller's rights are not: a plan does not become wrong by them. Nor is
//! the rest of a host, which each write compares by itself when it happens.

use crate::azure::PrincipalId;
use crate::relocate::facts::{Assignment, Facts, Gap, GapCode, ManualReference, Moving};
use crate::relocate::short::short;
use crate::surfaces::ALL;
use crate::surfaces::identity::surface::TARGET_GROUP;
use crate::surfaces::role_assignment::known_by;
use rehome_orchestrator::{Difference, Fault, FaultKind};
use std::collections::BTreeMap;

/// Where the surveys differ, by the names of the facts.
pub fn differences(expected: &Facts, found: &Facts) -> Vec<Difference> {
    let (mut left, mut right) = (facts(expected), facts(found));
    // Exemptions were once only said, and are now facts of their own.
    for said in
        expected.manual_references.iter().filter(|named| matches!(named, ManualReference::Exemption(_)))
    {
        let now = said.key().replacen("exemption ", "on it ", 1);
        if right.remove(&now).is_some() {
            left.remove(&said.key());
        }
    }
    for copied in copies(expected, found) {
        right.remove(&copied);
    }
    if expected.target.group_location.is_none() {
        // Whoever made the group meanwhile, the plan would only have made it too.
        right.remove(TARGET_GROUP);
    }
    let mut out: Vec<Difference> = returned(expected, found);
    for (name, was) in &left {
        if right.get(name) != Some(was) {
            let found = right.get(name).cloned();
            out.push(Difference { fact: name.clone(), expected: Some(was.clone()), found });
        }
    }
    for (name, is) in &right {
        if !left.contains_key(name) {
            out.push(Difference { fact: name.clone(), expected: None, found: Some(is.clone()) });
        }
    }
    out
}

/// The first of what the later survey could not read and the earlier one could.
pub fn unread(expected: &Facts, found: &Facts) -> Option<Fault> {
    let known = |gap: &&Gap| expected.gaps.iter().any(|was| was.scope.eq_ignore_ascii_case(&gap.scope));
    let closed = |gap: &&Gap| matches!(gap.code, GapCode::Denied | GapCode::Unreadable);
    let first = found.gaps.iter().filter(closed).find(|gap| !known(gap))?;
    let kind = if first.code == GapCode::Denied { FaultKind::Denied } else { FaultKind::Unavailable };
    let what = format!("it could be read when the plan was made, and cannot now: {}", first.why);
    Some(Fault::new(kind, "Unread", what).at(first.scope.clone()))
}

/// Those with a role on it of whom the plan says that the directory does not know them, and it does: their roles would
/// not be copied. Who has gone since is no difference, because nothing can be copied for them.
fn returned(expected: &Facts, found: &Facts) -> Vec<Difference> {
    let held = |id: &&PrincipalId| found.assignments_on.iter().any(|a| a.principal_id == **id);
    let back = expected.orphaned_principals.difference(&found.orphaned_principals).filter(held);
    let said = |id: &PrincipalId| Difference {
        fact: format!("principal {id}"),
        expected: Some("gone".to_owned()),
        found: Some("there".to_owned()),
    };
    back.map(said).collect()
}

/// Assignments that another move of the same batch made meanwhile, as copies of ones that the plan knows: of
/// the other identity on this one, or of this one on the other. They are that move's to answer for.
fn copies(expected: &Facts, found: &Facts) -> Vec<String> {
    let same = |a: &Assignment, b: &Assignment| a.is_of_role(b) && a.condition_version == b.condition_version;
    let known = |was: &[Assignment], a: &Assignment| was.iter().any(|w| known_by(w) == known_by(a));
    let mut out = Vec::new();
    for a in found.assignments_on.iter().filter(|a| !known(&expected.assignments_on, a)) {
        let held = |was: &&Assignment| {
            let mover = |m: &Moving| m.principal_id == was.principal_id;
            expected.moving.iter().any(mover) && same(was, a)
        };
        if expected.assignments_on.iter().any(|was| held(&was)) {
            out.push(format!("role on it {}", known_by(a)));
        }
    }
    for a in found.assignments_of.iter().filter(|a| !known(&expected.assignments_of, a)) {
        let moved = |was: &&Assignment| {
            let mover = |m: &Moving| m.from == was.scope && m.to == a.scope;
            expected.moving.iter().any(mover) && same(was, a)
        };
        if expected.assignments_of.iter().any(|was| moved(&was)) {
            out.push(format!("role of it {}", known_by(a)));
        }
    }
    out
}

/// Every fact under a name that both surveys give it, with a short text that stands for its value.
fn facts(facts: &Facts) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let mut put = |name: String, value: String| {
        out.insert(name, value);
    };
    for surface in ALL {
        surface.compare(facts, &mut put);
    }
    mapped(facts, &mut put);
    out
}

fn mapped(facts: &Facts, put: &mut dyn FnMut(String, String)) {
    for p in &facts.mapped.places {
        let found = if p.there { short(&(p.by_roles, &p.lacks)) } else { "not there".to_owned() };
        let found = format!("{} {found}", p.id.folded());
        put(format!("counterpart of {}", p.of.folded()), found);
    }
    for m in &facts.mapped.grants {
        let found = if m.there { short(&(&m.grant.body, &m.lacks)) } else { "not there".to_owned() };
        let found = format!("{} {found}", m.grant.id.folded());
        put(format!("counterpart of grant {}", m.of.folded()), found);
    }
}
