//! Activities: where two surveys of one identity differ in what the plan was made from. Pure.
//!
//! Whatever a step is made from is compared, so that facts which somebody wrote into a plan file cannot become a
//! write. Version tags, stamps, counts and the caller's rights are not: a plan does not become wrong by them. Nor is
//! the rest of a host, which each write compares by itself when it happens.

use super::facts::{Assignment, Facts, Gap, GapCode, Host, Moving, Named};
use crate::surfaces::schedule::activity::moment;
use rehome_orchestrator::{Difference, Fault, FaultKind, digest};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Where the surveys differ, by the names of the facts.
pub fn differences(expected: &Facts, found: &Facts) -> Vec<Difference> {
    let (mut left, mut right) = (facts(expected), facts(found));
    // Exemptions were once only said, and are now facts of their own.
    for said in expected.named.iter().filter(|named| matches!(named, Named::Exemption(_))) {
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

const TARGET_GROUP: &str = "target group";

/// Those with a role on it of whom the plan says that the directory does not know them, and it does: their roles would
/// not be copied. Who has gone since is no difference, because nothing can be copied for them.
fn returned(expected: &Facts, found: &Facts) -> Vec<Difference> {
    let held = |id: &&String| found.assignments_on.iter().any(|a| a.principal_id.eq_ignore_ascii_case(id));
    let back = expected.gone.difference(&found.gone).filter(held);
    let said = |id: &String| Difference {
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
            let mover = |m: &Moving| m.principal_id.eq_ignore_ascii_case(&was.principal_id);
            expected.moving.iter().any(mover) && same(was, a)
        };
        if expected.assignments_on.iter().any(|was| held(&was)) {
            out.push(format!("role on it {}", known_by(a)));
        }
    }
    for a in found.assignments_of.iter().filter(|a| !known(&expected.assignments_of, a)) {
        let moved = |was: &&Assignment| {
            let mover =
                |m: &Moving| m.from.eq_ignore_ascii_case(&was.scope) && m.to.eq_ignore_ascii_case(&a.scope);
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
    let id = &facts.identity;
    put("identity".into(), id.identifiers.resource_id.to_ascii_lowercase());
    put("identity client id".into(), id.identifiers.client_id.clone());
    put("identity principal id".into(), id.identifiers.principal_id.clone());
    put("identity tenant".into(), id.tenant_id.to_ascii_lowercase());
    put("identity location".into(), id.location.to_ascii_lowercase());
    put("identity tags".into(), short(&id.tags));
    put("identity isolation".into(), short(&(&id.isolation_scope, &id.assignment_restrictions)));
    if !id.more.is_empty() || !id.unknown.is_empty() {
        put("identity other properties".into(), short(&(&id.more, &id.unknown)));
    }
    put("target".into(), facts.target.id.to_ascii_lowercase());
    if let Some(location) = &facts.target.group_location {
        put(TARGET_GROUP.into(), location.to_ascii_lowercase());
    }
    put("target taken".into(), facts.target.taken.to_string());
    for policy in &facts.target.policies {
        put(format!("target denied by {}", policy.to_ascii_lowercase()), "denied".into());
    }
    for c in &facts.credentials {
        put(format!("federated credential {}", c.name), short(c));
    }
    for (what, list) in [("role of it", &facts.assignments_of), ("role on it", &facts.assignments_on)] {
        for a in list {
            put(format!("{what} {}", known_by(a)), assignment(a));
        }
    }
    for a in &facts.conditions_naming {
        put(format!("condition naming it {}", a.id.to_ascii_lowercase()), assignment(a));
    }
    directory(facts, &mut put);
    for p in &facts.access_policies {
        let name = format!("access policy {} {}", p.vault.to_ascii_lowercase(), short(&p.application_id));
        put(name, short(&(&p.permissions, p.tenant_id.to_ascii_lowercase(), p.ignored)));
    }
    for g in &facts.service_grants {
        put(format!("grant {}", g.id.to_ascii_lowercase()), short(&g.body));
    }
    // A run that has ended is left alone, and goes when its time is over.
    for h in facts.hosts.iter().filter(|h| !h.writing.ended) {
        put(format!("host {}", h.id.to_ascii_lowercase()), host(h));
    }
    for c in &facts.counterparts {
        let has = short(&(&c.host.attached, &c.host.identity_type, c.of.to_ascii_lowercase()));
        put(format!("counterpart {}", c.host.id.to_ascii_lowercase()), format!("{has} {}", host(&c.host)));
    }
    mapped(facts, &mut put);
    for named in &facts.named {
        put(named.key(), short(named));
    }
    for one in &facts.on_itself {
        put(format!("on it {}", one.id.to_ascii_lowercase()), short(&one.body));
    }
    for l in &facts.locks {
        let rest = short(&(l.scope.to_ascii_lowercase(), &l.notes));
        put(format!("lock {}", l.id.to_ascii_lowercase()), format!("{} {rest}", l.level));
    }
    out
}

fn mapped(facts: &Facts, put: &mut impl FnMut(String, String)) {
    for p in &facts.mapped.places {
        let found = if p.there { short(&(p.by_roles, &p.lacks)) } else { "not there".to_owned() };
        let found = format!("{} {found}", p.id.to_ascii_lowercase());
        put(format!("counterpart of {}", p.of.to_ascii_lowercase()), found);
    }
    for m in &facts.mapped.grants {
        let found = if m.there { short(&(&m.grant.body, &m.lacks)) } else { "not there".to_owned() };
        let found = format!("{} {found}", m.grant.id.to_ascii_lowercase());
        put(format!("counterpart of grant {}", m.of.to_ascii_lowercase()), found);
    }
}

fn directory(facts: &Facts, put: &mut impl FnMut(String, String)) {
    for g in &facts.directory.groups {
        let joined = if g.can_be_joined() { "" } else { ", which cannot be joined" };
        put(format!("member of group {}", g.id), format!("{}{joined}", g.name));
    }
    for r in &facts.directory.app_roles {
        put(format!("application permission {} {}", r.resource_id, r.app_role_id), r.resource.clone());
    }
    for r in &facts.directory.roles {
        put(format!("directory role {} {}", r.role_definition_id, r.scope), "held".into());
    }
    for o in &facts.directory.owned {
        put(format!("owner of {} {}", o.collection, o.id), o.name.clone());
    }
    for c in &facts.directory.app_credentials {
        put(format!("trusted by application {} {}", c.application, c.name), short(c));
    }
    for pim in &facts.directory.scheduled {
        let [until, from] = [&pim.until, &pim.from].map(|time| time.as_deref().map(moment));
        put(pim.key(), short(&(until, from)));
    }
    for g in &facts.directory.delegated {
        let name = format!("delegated grant {} {} {}", g.resource_id, g.consent_type, short(&g.principal_id));
        put(name, short(&g.scope.split_whitespace().collect::<BTreeSet<_>>()));
    }
    if !facts.directory.settings.are_fresh() {
        put("settings of the service principal".into(), short(&facts.directory.settings));
    }
    for a in &facts.directory.attributes {
        put(format!("custom security attribute {} {}", a.set, a.name), "has a value".into());
    }
}

/// What an assignment is found again by. Azure names those that begin or end by themselves, and names one that is
/// given again anew.
fn known_by(a: &Assignment) -> String {
    if a.is_scheduled() {
        format!("{} for {} at {}, for a time", a.role_guid(), a.principal_id, a.scope).to_ascii_lowercase()
    } else {
        a.id.to_ascii_lowercase()
    }
}

fn assignment(a: &Assignment) -> String {
    let role = a.role_guid().to_ascii_lowercase();
    let [until, from] = [&a.until, &a.from].map(|time| time.as_deref().map(moment));
    let place = (a.scope.to_ascii_lowercase(), &a.principal_type, &a.description);
    let rest =
        (&a.principal_id, &a.condition, &a.condition_version, &a.delegated_identity, until, from, place);
    format!("{} ({role}) {}", a.role, short(&rest))
}

/// What the plan for a host was made from; other identities may come and go.
fn host(h: &Host) -> String {
    // Which one it is, where it is alone; others may come and go.
    let alone = match h.attached.as_slice() {
        [one] => Some(one.to_ascii_lowercase()),
        _ => None,
    };
    let system = h.identity_type.to_ascii_lowercase().contains("systemassigned");
    let marks: Vec<_> = h.settings.iter().map(|s| (&s.list, &s.name, &s.identifiers)).collect();
    let made = (
        h.kind.to_ascii_lowercase(),
        h.verb,
        h.workflow_app,
        h.nodes_in.as_deref().map(str::to_ascii_lowercase),
    );
    let read = if h.readable { "readable" } else { "not readable" };
    let carries = if h.carries { "carries it" } else { "names it" };
    let dead = if h.dead.is_empty() { String::new() } else { format!(", gone {}", h.dead.join(" ")) };
    let rest = (alone, system, &h.references, marks, &h.databases, made, &h.callers);
    format!("{read}, {carries}, {}{dead}", short(&rest))
}

/// A plain text as it is, anything else by its digest.
fn short(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        Ok(Value::Null) => "none".to_owned(),
        Ok(other) => digest(&other),
        Err(_) => "unreadable".to_owned(),
    }
}
