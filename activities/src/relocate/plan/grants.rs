//! Activities: the steps that give the new identity what the old one has. Pure.

use super::builder::{Builder, Group, New, Words, object};
use super::kinds::{act, wait};
use super::words::{place, role_at};
use crate::references::scan::Identifier;
use crate::references::table::type_of;
use crate::relocate::facts::{AccessPolicy, Assignment, ServiceGrant};
use crate::surfaces::cluster::bindings::copied;
use crate::surfaces::database::plan::fresh_name;
use crate::surfaces::host::strategy::below;
use crate::surfaces::pim::plan as scheduled;
use crate::surfaces::role_assignment::batch_peers as siblings;
use crate::surfaces::role_assignment::batch_peers::LookedUp;
use crate::surfaces::service_principal::plan as principal;
use rehome_orchestrator::{Node, StepId, Template};
use serde_json::Value;
use std::collections::BTreeSet;

/// The new identity, and the step after which Entra ID knows it.
pub(crate) struct Made<'a> {
    pub(crate) new: &'a New,
    pub(crate) known: StepId,
}

/// Everything that must be in place before anybody uses the new identity.
pub(crate) fn grants(b: &mut Builder<'_>, made: &Made<'_>) -> Vec<StepId> {
    let mut known = LookedUp::default();
    let mut steps = roles_of(b, made, &mut known);
    steps.extend(roles_on(b, made, &mut known));
    steps.extend(conditions(b, made));
    steps.extend(directory(b, made));
    steps.extend(scheduled::grants(b, made));
    steps.extend(principal::steps(b, made));
    steps.extend(credentials(b, made));
    steps.extend(vaults(b, made));
    steps.extend(services(b, made));
    steps
}

fn known_text(text: &str) -> Option<Template> {
    Some(Template::known(text))
}

/// The scopes at which an assignment of the old identity is granted to the new one.
pub(crate) fn scopes(b: &Builder<'_>, assignment: &Assignment) -> Vec<(String, Option<String>)> {
    let scope = assignment.scope.as_str();
    let moved = |from: &str, to: &str| {
        let same = scope.eq_ignore_ascii_case(from);
        (same || below(scope, from)).then(|| format!("{to}{}", &scope[from.len()..]))
    };
    if let Some(own) = moved(&b.old().resource_id, &b.facts.target.id) {
        return vec![(own, None)];
    }
    let mut out = vec![(scope.to_owned(), None)];
    // Azure keeps one assignment for principal, role and scope: what the old one has there is copied from there.
    let held = |at: &str| {
        let same = |a: &&Assignment| a.scope.eq_ignore_ascii_case(at) && a.is_of_role(assignment);
        b.facts.assignments_of.iter().any(|a| same(&a))
    };
    let mapped = b.facts.mapped.place(scope).filter(|place| !held(&place.id));
    out.extend(mapped.map(|place| (place.id.clone(), None)));
    for other in &b.facts.moving {
        out.extend(moved(&other.from, &other.to).map(|scope| (scope, Some(other.to.clone()))));
    }
    let mut seen = BTreeSet::new();
    out.retain(|(scope, _)| seen.insert(scope.to_ascii_lowercase()));
    out
}

fn roles_of(b: &mut Builder<'_>, made: &Made<'_>, known: &mut LookedUp) -> Vec<StepId> {
    let facts = b.facts;
    let mut steps = Vec::new();
    for assignment in &facts.assignments_of {
        for (scope, other) in scopes(b, assignment) {
            let mut needs = vec![made.known.clone()];
            if let Some(other) = other {
                let title = format!("until identity {} is there, which moves too", place(&other));
                let input = Template::object([("id", Template::known(other))]);
                needs.push(b.push(Group::Grant, Words::new(title, ""), &[], wait("identity.known/1", input)));
            }
            let (condition, first) = siblings::condition(b, made.new, assignment, known);
            needs.extend(first);
            let principal = made.new.name(Identifier::PrincipalId);
            let words = Words::new(role_at(assignment, &scope), "remove");
            let node = role(b, made.new, (assignment, condition), &scope, principal);
            steps.push(b.push(Group::Grant, words, &needs, node));
        }
    }
    steps
}

fn roles_on(b: &mut Builder<'_>, made: &Made<'_>, known: &mut LookedUp) -> Vec<StepId> {
    let facts = b.facts;
    let mut steps = Vec::new();
    // What another identity of the batch may do with this one is granted by that one's own move.
    let moves =
        |a: &&Assignment| facts.moving.iter().any(|m| m.principal_id.eq_ignore_ascii_case(&a.principal_id));
    for assignment in facts.roles_on().filter(|a| !moves(a)) {
        let tail = assignment.scope.get(b.old().resource_id.len()..).unwrap_or_default();
        let scope = format!("{}{tail}", facts.target.id);
        let title = format!(
            "{} for {} {}",
            role_at(assignment, &scope),
            assignment.principal_type,
            assignment.principal_id
        );
        let principal = Template::known(&assignment.principal_id);
        let (condition, mut needs) = siblings::condition(b, made.new, assignment, known);
        let node = role(b, made.new, (assignment, condition), &scope, principal);
        needs.push(made.new.made_by.clone());
        steps.push(b.push(Group::Grant, Words::new(title, "remove"), &needs, node));
    }
    steps
}

/// The role of an assignment for a principal at a scope: for good, or as long as that one has it.
fn role(
    b: &Builder<'_>,
    new: &New,
    (a, condition): (&Assignment, Option<Template>),
    scope: &str,
    principal: Template,
) -> Node {
    if !a.is_scheduled() {
        return act("role_assignment.grant/1", grant(b, new, (a, condition), scope, principal));
    }
    let when = [&a.until, &a.from].map(|time| time.as_deref().unwrap_or_default()).concat();
    let name = b.derived_name(&["schedule", scope, a.role_guid(), &when, &a.principal_id]);
    act("schedule.grant/1", schedule((a, condition), scope, &name, principal))
}

fn grant(
    b: &Builder<'_>,
    new: &New,
    (a, condition): (&Assignment, Option<Template>),
    scope: &str,
    principal: Template,
) -> Template {
    let old_condition = a.condition.as_deref().unwrap_or_default();
    let of = a.principal_id.as_str();
    let renamed = |text: &Option<String>| text.as_deref().map(|t| b.renamed_text(new, t));
    object([
        ("scope", known_text(scope)),
        ("name", known_text(&b.derived_name(&["role", scope, a.role_guid(), of, old_condition]))),
        ("role_definition_id", known_text(&a.role_definition_id)),
        ("principal_id", Some(principal)),
        ("principal_type", known_text(&a.principal_type)),
        ("condition", condition),
        ("condition_version", a.condition_version.as_deref().and_then(known_text)),
        ("description", renamed(&a.description)),
        ("delegated_identity", renamed(&a.delegated_identity)),
    ])
}

/// An assignment that begins or ends at a time of its own, with its condition as it is to be there.
pub(crate) fn schedule(
    (a, condition): (&Assignment, Option<Template>),
    scope: &str,
    name: &str,
    principal: Template,
) -> Template {
    object([
        ("scope", known_text(scope)),
        ("name", known_text(name)),
        ("role_definition_id", known_text(&a.role_definition_id)),
        ("principal_id", Some(principal)),
        ("start", a.from.as_deref().and_then(known_text)),
        ("end", a.until.as_deref().and_then(known_text)),
        ("condition", condition),
        ("condition_version", a.condition_version.as_deref().and_then(known_text)),
    ])
}

/// Conditions of others that name the old principal: without this, they could not manage the new one.
fn conditions(b: &mut Builder<'_>, made: &Made<'_>) -> Vec<StepId> {
    let facts = b.facts;
    let mut steps = Vec::new();
    for assignment in facts.conditions_naming.iter().filter(|a| !siblings::is_of_another(facts, a)) {
        let title = format!("condition of {}: old principal -> NEW", role_at(assignment, &assignment.scope));
        let input = object([
            ("id", known_text(&assignment.id)),
            (
                "replace",
                Some(b.pairs(
                    made.new,
                    &[Identifier::ResourceId, Identifier::ClientId, Identifier::PrincipalId],
                )),
            ),
        ]);
        let node = act("role_assignment.recondition/1", input);
        steps.push(b.push(
            Group::Grant,
            Words::new(title, "set back"),
            std::slice::from_ref(&made.known),
            node,
        ));
    }
    steps
}

fn directory(b: &mut Builder<'_>, made: &Made<'_>) -> Vec<StepId> {
    let directory = &b.facts.directory;
    let principal = || Some(made.new.name(Identifier::PrincipalId));
    let needs = [made.known.clone()];
    let mut steps = Vec::new();
    let mut add = |b: &mut Builder<'_>, title: String, undo, kind, input| {
        steps.push(b.push(Group::Grant, Words::new(title, undo), &needs, act(kind, input)));
    };
    for group in directory.groups.iter().filter(|g| g.can_be_joined()) {
        let input = object([("group_id", known_text(&group.id)), ("principal_id", principal())]);
        add(b, format!("member of group {}", group.name), "remove", "group_member.add/1", input);
    }
    for role in &directory.app_roles {
        let input = object([
            ("principal_id", principal()),
            ("resource_id", known_text(&role.resource_id)),
            ("app_role_id", known_text(&role.app_role_id)),
        ]);
        let title = format!("application permission {} of {}", role.app_role_id, role.resource);
        add(b, title, "remove", "app_role.grant/1", input);
    }
    for role in &directory.roles {
        let input = object([
            ("role_definition_id", known_text(&role.role_definition_id)),
            ("principal_id", principal()),
            ("directory_scope_id", known_text(&role.scope)),
        ]);
        let title = format!("directory role {} at {}", role.role_definition_id, role.scope);
        add(b, title, "remove", "directory_role.grant/1", input);
    }
    for owned in &directory.owned {
        let input = object([
            ("collection", known_text(&owned.collection)),
            ("object_id", known_text(&owned.id)),
            ("principal_id", principal()),
        ]);
        add(b, format!("owner of {}", owned.name), "remove", "owner.add/1", input);
    }
    for credential in &directory.app_credentials {
        let name = format!("{}-{}", credential.name, &b.derived_name(&["app", &credential.application])[..8]);
        let input = object([
            ("application_object_id", known_text(&credential.application)),
            ("name", known_text(&name)),
            ("issuer", known_text(&credential.issuer)),
            ("subject", Some(b.renamed_text(made.new, &credential.subject))),
            ("audiences", Some(Template::known(&credential.audiences))),
            ("description", credential.description.as_deref().and_then(known_text)),
        ]);
        let title = format!("application {} trusts it ({name})", credential.application_name);
        add(b, title, "remove", "app_credential.add/1", input);
    }
    steps
}

fn credentials(b: &mut Builder<'_>, made: &Made<'_>) -> Vec<StepId> {
    let facts = b.facts;
    let mut steps = Vec::new();
    for credential in copied(facts) {
        let input = object([
            ("identity", known_text(&facts.target.id)),
            ("name", known_text(&credential.name)),
            ("issuer", known_text(&credential.issuer)),
            ("subject", credential.subject.as_deref().and_then(known_text)),
            ("audiences", Some(Template::known(&credential.audiences))),
            ("claims_matching", credential.claims_matching.as_ref().map(Template::known)),
        ]);
        let words = Words::new(
            format!("federated credential {} of {}", credential.name, credential.issuer),
            "remove",
        );
        let needs = [made.new.made_by.clone()];
        steps.push(b.push(Group::Grant, words, &needs, act("federated_credential.add/1", input)));
    }
    steps
}

/// What the new one gets in one vault.
struct Entry<'a> {
    vault: &'a str,
    policy: &'a AccessPolicy,
    permissions: Value,
    ignored: bool,
}

/// In each vault what the old one has there, and what it has in a vault whose place this one takes: a principal
/// has one entry in a vault.
fn entries<'a>(b: &Builder<'a>) -> Vec<Entry<'a>> {
    let facts = b.facts;
    let entry = |policy: &'a AccessPolicy, vault: &'a str, ignored: bool| Entry {
        vault,
        policy,
        permissions: policy.permissions.clone(),
        ignored,
    };
    let mut out: Vec<Entry<'a>> =
        facts.access_policies.iter().map(|p| entry(p, &p.vault, p.ignored)).collect();
    for policy in &facts.access_policies {
        let Some(place) = facts.mapped.place(&policy.vault) else { continue };
        let same = |e: &&mut Entry<'a>| {
            e.vault.eq_ignore_ascii_case(&place.id) && e.policy.application_id == policy.application_id
        };
        match out.iter_mut().find(same) {
            Some(there) => join(&mut there.permissions, &policy.permissions),
            None => out.push(entry(policy, &place.id, place.by_roles)),
        }
    }
    out
}

/// Adds the permissions of one entry to those of another.
fn join(into: &mut Value, more: &Value) {
    for (kind, list) in more.as_object().into_iter().flatten() {
        let mut all = into[kind].as_array().cloned().unwrap_or_default();
        let text = |v: &Value| v.as_str().map(str::to_ascii_lowercase);
        for one in list.as_array().into_iter().flatten() {
            if !all.iter().any(|known| text(known) == text(one)) {
                all.push(one.clone());
            }
        }
        into[kind] = Value::Array(all);
    }
}

fn vaults(b: &mut Builder<'_>, made: &Made<'_>) -> Vec<StepId> {
    let mut steps = Vec::new();
    for Entry { vault, policy, permissions, ignored } in entries(b) {
        let input = object([
            ("vault", known_text(vault)),
            ("tenant_id", known_text(&policy.tenant_id)),
            ("object_id", Some(made.new.name(Identifier::PrincipalId))),
            ("application_id", policy.application_id.as_deref().and_then(known_text)),
            ("permissions", Some(Template::known(&permissions))),
        ]);
        let note = if ignored { " (without effect: the vault goes by roles)" } else { "" };
        let title = format!("access policy in {}{note}", place(vault));
        let node = act("access_policy.add/1", input);
        let needs = std::slice::from_ref(&made.known);
        steps.push(b.push(Group::Grant, Words::new(title, "remove"), needs, node));
    }
    steps
}

fn services(b: &mut Builder<'_>, made: &Made<'_>) -> Vec<StepId> {
    let facts = b.facts;
    let mut steps = Vec::new();
    let mapped = facts.mapped.usable().map(|m| (&m.grant, Some(&m.of)));
    for (grant, like) in facts.service_grants.iter().map(|grant| (grant, None)).chain(mapped) {
        let input = object([
            ("id", Some(grant_id(b, made.new, grant))),
            ("api_version", known_text(&grant.api_version)),
            ("body", Some(grant_body(b, made.new, grant))),
        ]);
        let like = like.map_or_else(String::new, |of| format!(", as inside {}", service(of)));
        let words = Words::new(format!("grant inside {}{like}", service(&grant.id)), "remove");
        steps.push(b.push(Group::Grant, words, std::slice::from_ref(&made.known), act("grant.put/1", input)));
    }
    steps
}

/// Services that keep a user's name beside the id: the type of the grant, the member, how long a name may be.
/// Sources: postgresql/2022-12-01 (`principalName`), redis/2024-03-01 (`objectIdAlias`).
const NAMED: [(&str, &str, usize); 2] = [
    ("Microsoft.DBforPostgreSQL/flexibleServers/administrators", "principalName", 63),
    ("Microsoft.Cache/redis/accessPolicyAssignments", "objectIdAlias", 128),
];

/// What the new one is granted; where users have names, under its own: both are there for a while.
fn grant_body(b: &Builder<'_>, new: &New, grant: &ServiceGrant) -> Template {
    let mut body = grant.body.clone();
    let kind = type_of(&grant.id).unwrap_or_default();
    if let Some((_, member, max)) = NAMED.iter().find(|(of, ..)| of.eq_ignore_ascii_case(&kind)) {
        let name = body["properties"].get_mut(*member);
        if let Some(name) = name.filter(|name| name.as_str().is_some_and(|n| b.old().in_text(n).is_empty())) {
            *name = Value::String(fresh_name(b, new, *max));
        }
    }
    b.renamed(new, &body)
}

/// The account that a grant belongs to.
pub(crate) fn service(id: &str) -> String {
    let parts: Vec<&str> = id.rsplit('/').collect();
    parts.get(2).map_or_else(|| place(id), |account| (*account).to_owned())
}

/// Where the new grant stands: named after the new principal, by a GUID, or by the old name and a mark.
fn grant_id(b: &Builder<'_>, new: &New, grant: &ServiceGrant) -> Template {
    let (parent, name) = grant.id.rsplit_once('/').unwrap_or(("", &grant.id));
    if let Some(identifier) = b.old().in_text(name).first() {
        return Template::Text(vec![Template::known(format!("{parent}/")), new.name(*identifier)]);
    }
    let derived = b.derived_name(&["grant", &grant.id]);
    let fresh =
        if uuid::Uuid::try_parse(name).is_ok() { derived } else { format!("{name}-{}", &derived[..8]) };
    Template::known(format!("{parent}/{fresh}"))
}
