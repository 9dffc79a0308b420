//! CLI: everything that one identity is tied to, from the facts of its plan. Pure.

use crate::about::MoveAbout;
use rehome_activities::azure::ResourceId;
use rehome_activities::relocate::Facts;
use rehome_activities::relocate::facts::{Assignment, Host};
use serde::Serialize;

/// How something is tied to the identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Relation {
    /// A resource that carries or names it.
    UsedBy,
    /// Something outside that signs in as it.
    SignsInAsIt,
    /// A role that it has in Azure.
    MayDo,
    /// A group that it is a member of.
    MemberOf,
    /// A role that it has in Entra ID.
    DirectoryRole,
    /// A permission of an application that it has.
    Permission,
    /// What it owns in Entra ID.
    Owns,
    /// An application that trusts it.
    TrustedBy,
    /// Somebody who has a role on it.
    MayUseIt,
    /// Somebody else's grant, whose condition names it.
    NamedBy,
}

impl Relation {
    /// All of them, in the order in which they are shown.
    pub(crate) const ALL: [Self; 10] = [
        Self::UsedBy,
        Self::SignsInAsIt,
        Self::MayDo,
        Self::MemberOf,
        Self::DirectoryRole,
        Self::Permission,
        Self::Owns,
        Self::TrustedBy,
        Self::MayUseIt,
        Self::NamedBy,
    ];

    /// As people read it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::UsedBy => "USED BY",
            Self::SignsInAsIt => "SIGNS IN AS IT",
            Self::MayDo => "MAY DO IN AZURE",
            Self::MemberOf => "MEMBER OF",
            Self::DirectoryRole => "DIRECTORY ROLES",
            Self::Permission => "PERMISSIONS OF APPLICATIONS",
            Self::Owns => "OWNS",
            Self::TrustedBy => "TRUSTED BY",
            Self::MayUseIt => "OTHERS MAY DO WITH IT",
            Self::NamedBy => "NAMED BY",
        }
    }

    /// Whether the tie goes from the other end to the identity.
    pub(crate) fn comes_in(self) -> bool {
        matches!(self, Self::UsedBy | Self::SignsInAsIt | Self::TrustedBy | Self::MayUseIt | Self::NamedBy)
    }
}

/// One tie of the identity. Names come from Azure, and are hostile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Link {
    pub(crate) relation: Relation,
    /// What the tie is: a role, how a resource names the identity.
    pub(crate) label: String,
    /// The other end, in short.
    pub(crate) name: String,
    /// The other end: an ARM id, an object id, an issuer.
    pub(crate) id: String,
}

/// An identity with everything that it is tied to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Graph {
    /// The move that its facts were read for.
    pub(crate) run: String,
    pub(crate) identity: String,
    pub(crate) location: String,
    pub(crate) client_id: String,
    pub(crate) principal_id: String,
    pub(crate) links: Vec<Link>,
    /// What could not be read: there may be more.
    pub(crate) gaps: Vec<String>,
    /// What nobody can see from outside.
    pub(crate) unseen: Vec<String>,
}

impl Graph {
    /// The graph of the identity that these facts are about, and what its plan says that nobody can see.
    pub(crate) fn of(run: &str, facts: &Facts, about: Option<&MoveAbout>) -> Self {
        let id = &facts.identity.identifiers;
        let mut links: Vec<Link> = facts.hosts.iter().map(host).collect();
        outside(facts, &mut links);
        in_azure(facts, &mut links);
        in_entra(facts, &mut links);
        Self {
            run: run.to_owned(),
            identity: id.resource_id.to_string(),
            location: facts.identity.location.clone(),
            client_id: id.client_id.to_string(),
            principal_id: id.principal_id.to_string(),
            links,
            gaps: facts.gaps.iter().map(|gap| format!("{}: {}", gap.scope, gap.why)).collect(),
            unseen: about.map(MoveAbout::unseen).unwrap_or_default(),
        }
    }

    /// The identity's name.
    pub(crate) fn name(&self) -> &str {
        self.identity.rsplit('/').next().unwrap_or_default()
    }
}

fn link(
    relation: Relation,
    label: impl Into<String>,
    name: impl Into<String>,
    id: impl Into<String>,
) -> Link {
    Link { relation, label: label.into(), name: name.into(), id: id.into() }
}

/// The last part of an id, which people know something by.
fn short(id: &ResourceId) -> String {
    match id.as_str().rsplit('/').next() {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => id.to_string(),
    }
}

fn host(host: &Host) -> Link {
    let mut how = Vec::new();
    if host.carries {
        how.push("attached".to_owned());
    }
    how.extend(host.settings.iter().map(|setting| format!("setting {}", setting.name)));
    how.extend(host.references.iter().chain(&host.callers).map(|reference| reference.pointer.clone()));
    let kind = host.kind.to_string();
    let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
    link(Relation::UsedBy, how.join(", "), format!("{kind} {}", short(&host.id)), host.id.to_string())
}

fn outside(facts: &Facts, links: &mut Vec<Link>) {
    for credential in &facts.credentials {
        let matching = credential.claims_matching.as_ref().map(|claims| claims.value.clone());
        let who = credential.subject.clone().or(matching).unwrap_or_default();
        links.push(link(Relation::SignsInAsIt, &credential.name, who, &credential.issuer));
    }
}

fn role(assignment: &Assignment) -> String {
    let condition = if assignment.condition.is_some() { ", with a condition" } else { "" };
    let until = assignment.until.as_ref().map_or_else(String::new, |date| format!(", until {date}"));
    format!("{}{condition}{until}", assignment.role)
}

fn in_azure(facts: &Facts, links: &mut Vec<Link>) {
    for a in &facts.assignments_of {
        links.push(link(Relation::MayDo, role(a), short(&a.scope), a.scope.to_string()));
    }
    for policy in &facts.access_policies {
        links.push(link(Relation::MayDo, "access policy", short(&policy.vault), policy.vault.to_string()));
    }
    for grant in &facts.service_grants {
        let inside = grant.id.parent().rsplit('/').next().unwrap_or_default();
        links.push(link(Relation::MayDo, short(&grant.id), inside, grant.id.to_string()));
    }
    for a in facts.roles_on() {
        let who = format!("{} {}", a.principal_type, a.principal_id);
        links.push(link(Relation::MayUseIt, role(a), who, a.principal_id.to_string()));
    }
    for a in &facts.conditions_naming {
        links.push(link(Relation::NamedBy, role(a), short(&a.scope), a.id.to_string()));
    }
}

fn in_entra(facts: &Facts, links: &mut Vec<Link>) {
    let directory = &facts.directory;
    for group in &directory.groups {
        links.push(link(Relation::MemberOf, "member", &group.name, group.id.to_string()));
    }
    for one in &directory.roles {
        let (role, scope) = (one.role_definition_id.to_string(), one.scope.to_string());
        links.push(link(Relation::DirectoryRole, role, scope.clone(), scope));
    }
    for one in &directory.app_roles {
        let role = one.app_role_id.to_string();
        links.push(link(Relation::Permission, role, &one.resource, one.resource_id.to_string()));
    }
    for one in &directory.delegated {
        let on_behalf = format!("{} on behalf of users", one.scope.trim());
        links.push(link(
            Relation::Permission,
            on_behalf,
            one.resource_id.to_string(),
            one.resource_id.to_string(),
        ));
    }
    for one in &directory.owned {
        links.push(link(Relation::Owns, &one.collection, &one.name, one.id.to_string()));
    }
    for one in &directory.app_credentials {
        links.push(link(Relation::TrustedBy, &one.name, &one.application_name, one.application.to_string()));
    }
}
