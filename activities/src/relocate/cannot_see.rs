//! Activities: what nobody can find out from Azure's lists, named so that somebody answers for it. Pure.

use super::facts::{Facts, GapCode};
use crate::code::Scanned;
use crate::commands::shown;
use crate::surfaces::own_code::facts::scanned;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// One thing that cannot be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unseen {
    /// `C1`, `C2`, …: stands for the same thing in every plan.
    pub code: String,
    /// What it is, and why it matters here.
    pub what: String,
}

/// How texts end that programs of before ended otherwise, and their end today.
const EARLIER_ENDS: [(&str, &str); 2] = [
    (
        "Fabric, Purview, Azure DevOps",
        "Fabric and the settings of its tenant, Purview, Azure DevOps, Dataverse, and mailboxes by roles of Exchange",
    ),
    (
        " limits the old identity to",
        " limits the old identity to (Get-ServicePrincipal, Get-ManagementRoleAssignment, Get-ApplicationAccessPolicy)",
    ),
];

impl Unseen {
    /// Whether both stand for the same, be it in the words of an earlier program.
    pub fn is_as(&self, other: &Self) -> bool {
        self.code == other.code && self.as_today() == other.as_today()
    }

    fn as_today(&self) -> Cow<'_, str> {
        let ended =
            |(earlier, today): &(&str, &str)| Some(self.what.strip_suffix(earlier)?.to_owned() + today);
        EARLIER_ENDS.iter().find_map(ended).map_or(Cow::Borrowed(&self.what), Cow::Owned)
    }
}

/// What stands for itself in every plan: its code, and what it is.
pub(crate) const GENERAL: [(&str, &str); 5] = [
    (
        "C1",
        "database users made from {client} (Azure SQL, MySQL) or {principal} (PostgreSQL), on servers that nothing read here points to",
    ),
    (
        "C2",
        "{client} in code, images, pipelines, secrets and Terraform or Bicep files (`rehome handoff` says what to look for)",
    ),
    ("C3", "grants in other tenants, and allow-lists of other companies"),
    ("C4", "access lists on files: Data Lake (POSIX), Azure Files"),
    (
        "C5",
        "rights inside Kubernetes, Databricks, Power BI, Fabric and the settings of its tenant, Purview, Azure DevOps, Dataverse, and mailboxes by roles of Exchange",
    ),
];

/// What each code stands for, in every plan.
pub const MEANINGS: [(&str, &str); 9] = [
    ("C1", "database users of the identity, on servers that nothing read here points to"),
    ("C2", "the client id in code, images, pipelines, secrets and Terraform or Bicep files"),
    ("C3", "grants in other tenants, and allow-lists of other companies"),
    ("C4", "access lists on files: Data Lake (POSIX), Azure Files"),
    (
        "C5",
        "rights inside Kubernetes, Databricks, Power BI, Fabric and the settings of its tenant, Purview, Azure DevOps, Dataverse, and mailboxes by roles of Exchange",
    ),
    ("C6", "who matches the expression of a federated credential"),
    ("C7", "sites and mailboxes that an application limits the identity to"),
    ("C8", "something in Entra ID that is not copied, such as an administrative unit"),
    ("C9", "what could not be read when the plan was made"),
];

/// Services that limit what an application permission gives, by lists of their own; within their display names:
/// "Office 365 Exchange Online", "Office 365 SharePoint Online", "Microsoft Graph".
/// Source: <https://learn.microsoft.com/exchange/permissions-exo/application-rbac>
const LIMITED: [&str; 3] = ["exchange online", "sharepoint", "microsoft graph"];

/// What this move cannot see, the general first and then what its facts point to.
pub fn cannot_see(facts: &Facts) -> Vec<Unseen> {
    let mut out = Vec::new();
    let mut add = |code: &str, what: String| out.push(Unseen { code: code.to_owned(), what });
    let old = &facts.identity.identifiers;
    let code_scanned = scanned(facts);
    for (code, what) in GENERAL {
        let what = match code {
            "C2" if !code_scanned.is_empty() => beside(&code_scanned),
            "C5" if !code_scanned.is_empty() => {
                what.replace("Kubernetes", "Kubernetes (but for manifests that were scanned)")
            }
            _ => what.to_owned(),
        };
        let what = what.replace("{client}", &format!("client id {}", old.client_id));
        add(code, what.replace("{principal}", &format!("principal id {}", old.principal_id)));
    }
    for credential in &facts.credentials {
        if credential.claims_matching.is_some() {
            let name = &credential.name;
            add("C6", format!("who matches the expression of federated credential {name}"));
        }
    }
    for role in &facts.directory.app_roles {
        let limited = role.resource.to_ascii_lowercase();
        if LIMITED.iter().any(|name| limited.contains(name)) {
            add("C7", limits(&role.resource));
        }
    }
    for thing in &facts.directory.by_hand {
        add("C8", thing.clone());
    }
    for gap in facts.gaps.iter().filter(|g| g.code != GapCode::Disagreement) {
        add("C9", format!("{}: {}", gap.scope, gap.why));
    }
    out
}

/// What a service may limit a permission by, and how its administrators see it.
fn limits(resource: &str) -> String {
    format!(
        "sites and mailboxes that {resource} limits the old identity to (Get-ServicePrincipal, Get-ManagementRoleAssignment, \
         Get-ApplicationAccessPolicy)"
    )
}

/// What is not seen of a team's code, where some of it was scanned.
fn beside(scanned: &[Scanned]) -> String {
    const NAMED_MAX: usize = 5;
    let files: u64 = scanned.iter().map(|one| one.files).sum();
    let names: Vec<String> = scanned.iter().take(NAMED_MAX).map(|one| shown(&one.repository)).collect();
    let more = scanned.len().saturating_sub(NAMED_MAX);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!(
        "{{client}} in images, secrets and whatever else was not scanned (scanned: {}{more}, {files} files)",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_of_before_said_is_the_same_and_something_else_is_not() {
        let said = |code: &str, what: String| Unseen { code: code.to_owned(), what };
        let today = said("C5", GENERAL[4].1.to_owned());
        let before = "rights inside Kubernetes, Databricks, Power BI, Fabric, Purview, Azure DevOps";
        assert!(said("C5", before.to_owned()).is_as(&today) && today.is_as(&today));
        assert!(!said("C4", before.to_owned()).is_as(&today));
        assert!(!said("C5", before.replace("Kubernetes, ", "")).is_as(&today));
        let limited = said("C7", limits("Microsoft Graph"));
        let before =
            said("C7", "sites and mailboxes that Microsoft Graph limits the old identity to".to_owned());
        assert!(before.is_as(&limited), "{limited:?}");
    }
}
