//! Activities: which locks stand in the way of a move. Pure.

use crate::azure::ResourceId;
use crate::relocate::facts::{Facts, Lock};

/// Whether a lock at this scope bears on this id.
pub(crate) fn bears_on(lock: &Lock, id: &ResourceId) -> bool {
    let scope = lock.scope.trim_end_matches('/');
    scope.is_empty() || id.is_at_or_below(scope)
}

fn read_only(lock: &Lock) -> bool {
    lock.level.eq_ignore_ascii_case("ReadOnly")
}

/// The locks that refuse a write of the way forward: only `ReadOnly` ones do.
pub(crate) fn forward(facts: &Facts) -> Vec<&Lock> {
    let written = written(facts);
    facts.locks.iter().filter(|l| read_only(l) && written.iter().any(|id| bears_on(l, id))).collect()
}

/// The locks that refuse a removal of the clean-up.
pub(crate) fn clean_up(facts: &Facts) -> Vec<&Lock> {
    let old = &facts.identity.identifiers.resource_id;
    let removed: Vec<&ResourceId> = std::iter::once(old)
        .chain(facts.assignments_of.iter().chain(&facts.assignments_on).map(|a| &a.scope))
        .chain(facts.service_grants.iter().map(|g| &g.id))
        .collect();
    let changed: Vec<&ResourceId> = facts
        .hosts
        .iter()
        .filter(|h| !h.writing.ended)
        .map(|h| &h.id)
        .chain(facts.access_policies.iter().map(|p| &p.vault))
        .collect();
    let in_the_way = |lock: &&Lock| {
        removed.iter().any(|id| bears_on(lock, id))
            || (read_only(lock) && changed.iter().any(|id| bears_on(lock, id)))
    };
    facts.locks.iter().filter(in_the_way).collect()
}

/// The locks that refuse a removal of the way back, and nothing before it: what is made below them can be made, and
/// not be taken away again. A `ReadOnly` one is lifted or refuses the making too.
pub(crate) fn way_back(facts: &Facts) -> Vec<&Lock> {
    let kept = facts.locks.iter().filter(|l| !read_only(l));
    kept.filter(|lock| !made_below(facts, lock).is_empty()).collect()
}

/// What a move makes below a lock, as people call it.
pub(crate) fn made_below(facts: &Facts, lock: &Lock) -> Vec<String> {
    let old = &facts.identity.identifiers.resource_id;
    let mut out = Vec::new();
    if bears_on(lock, &facts.target.id) {
        out.push(format!("the new identity {} with all that it has", facts.target.id.name()));
    }
    let roles = facts.assignments_of.iter().filter(|a| a.scope != *old);
    out.extend(
        roles.filter(|a| bears_on(lock, &a.scope)).map(|a| format!("{} on {}", a.role, a.scope.name())),
    );
    let grants = facts.service_grants.iter().map(|g| &g.id);
    let usable = facts.mapped.usable().map(|m| &m.grant.id);
    out.extend(grants.chain(usable).filter(|id| bears_on(lock, id)).map(|id| format!("grant {}", id.name())));
    let places = facts.mapped.places.iter().filter(|p| p.there && bears_on(lock, &p.id));
    out.extend(places.map(|p| format!("roles on {}", p.id.name())));
    out
}

/// Everything that the way forward writes to.
pub(crate) fn written(facts: &Facts) -> Vec<&ResourceId> {
    // What has a counterpart is left alone.
    let hosts = facts.hosts.iter().filter(|h| facts.counterpart_of(h).is_none() && !h.writing.ended);
    std::iter::once(&facts.target.id)
        .chain(hosts.map(|h| &h.id))
        .chain(facts.counterparts.iter().map(|c| &c.host.id))
        .chain(facts.assignments_of.iter().map(|a| &a.scope))
        .chain(facts.access_policies.iter().map(|p| &p.vault))
        .chain(facts.service_grants.iter().map(|g| &g.id))
        .chain(facts.mapped.places.iter().filter(|p| p.there).map(|p| &p.id))
        .chain(facts.mapped.usable().map(|m| &m.grant.id))
        .collect()
}

/// Those of all locks that bear on what a move touches.
pub(crate) fn bearing(all: &[Lock], facts: &Facts) -> Vec<Lock> {
    let mut touched = written(facts);
    touched.push(&facts.identity.identifiers.resource_id);
    touched.extend(facts.hosts.iter().map(|h| &h.id));
    touched.extend(facts.assignments_on.iter().map(|a| &a.scope));
    all.iter().filter(|l| touched.iter().any(|t| bears_on(l, t))).cloned().collect()
}
