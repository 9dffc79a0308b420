//! CLI: what was found of identities, as people read it.

use rehome_activities::relocate::Facts;
use rehome_activities::relocate::facts::{Assignment, GapCode, Host};
use std::fmt::Write;

/// Every identity with everything that it may do and everything that uses it.
pub(crate) fn text(found: &[Facts]) -> String {
    let mut out = String::new();
    for facts in found {
        one(&mut out, facts);
    }
    out.trim_end().to_owned()
}

fn one(out: &mut String, facts: &Facts) {
    let id = &facts.identity;
    putln!(out, "{} ({})", id.identifiers.resource_id, id.location);
    putln!(out, "  client {}  principal {}", id.identifiers.client_id, id.identifiers.principal_id);
    let role = |a: &Assignment| {
        let until = a.until.as_ref().map_or_else(String::new, |date| format!(", until {date}"));
        let condition = if a.condition.is_some() { ", with a condition" } else { "" };
        format!("{} at {}{condition}{until}", a.role, a.scope)
    };
    let on = |a: &Assignment| format!("{} held by {}", a.role, a.principal_id);
    list(out, "may do", facts.assignments_of.iter().map(role));
    list(out, "others may do with it", facts.assignments_on.iter().map(on));
    list(out, "conditions that name it", facts.conditions_naming.iter().map(role));
    let directory = &facts.directory;
    list(out, "member of", directory.groups.iter().map(|g| g.name.clone()));
    list(
        out,
        "application permissions",
        directory.app_roles.iter().map(|r| format!("{} of {}", r.app_role_id, r.resource)),
    );
    list(
        out,
        "directory roles",
        directory.roles.iter().map(|r| format!("{} at {}", r.role_definition_id, r.scope)),
    );
    list(out, "owner of", directory.owned.iter().map(|o| o.name.clone()));
    list(
        out,
        "trusted by applications",
        directory.app_credentials.iter().map(|c| c.application_name.clone()),
    );
    list(out, "key vaults", facts.access_policies.iter().map(|p| p.vault.clone()));
    list(out, "grants inside services", facts.service_grants.iter().map(|g| g.id.clone()));
    let credential = |c: &rehome_activities::relocate::facts::FederatedCredential| {
        format!("{}: {} of {}", c.name, c.subject.as_deref().unwrap_or("an expression"), c.issuer)
    };
    list(out, "federated credentials", facts.credentials.iter().map(credential));
    list(out, "used by", facts.hosts.iter().map(host));
    list(out, "stands on it", facts.on_itself.iter().map(|one| one.id.clone()));
    list(out, "locks", facts.locks.iter().map(|l| format!("{} ({})", l.id, l.level)));
    let gaps = |differ: bool| {
        let wanted = facts.gaps.iter().filter(move |g| (g.code == GapCode::Disagreement) == differ);
        wanted.map(|g| format!("{}: {}", g.scope, g.why))
    };
    list(out, "could not be read", gaps(false));
    list(out, "the ways of looking differ", gaps(true));
    out.push('\n');
}

fn host(host: &Host) -> String {
    let how = match (host.carries, host.readable) {
        (_, false) => "you may not see it".to_owned(),
        (true, true) => "attached".to_owned(),
        (false, true) => "named".to_owned(),
    };
    let places = host.references.len() + host.settings.len();
    let places = if places > 0 { format!(", named in {places} places") } else { String::new() };
    format!("{} ({how}{places})", host.id)
}

fn list(out: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    for (nth, line) in lines.enumerate() {
        putln!(out, "  {:<26}{line}", if nth == 0 { title } else { "" });
    }
}
