//! Activities: every surface on which an identity may be something to somebody, and what becomes of it. Pure.
//!
//! `docs/surfaces.md` is made of this. What the code has as a table (services with grants of their own,
//! types that cannot be changed in place, what nobody can see) is taken from there; the rest stands here with
//! the name of the kind of change that serves it, and a test holds these against the plan's source.

use crate::references::table;
use crate::relocate::cannot_see::GENERAL;
use crate::relocate::tables::{BY_HAND, SERVICES, is_single_kind};

/// What becomes of a surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// The plan has a step that does it, and one that takes it back.
    Moved,
    /// The plan has a step with what a person has to do, and waits for them.
    ByHand,
    /// It is found, and the plan says so; there is no step for it.
    Named,
    /// It is not looked for, or nobody can.
    NotVisible,
}

impl Fate {
    fn word(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::ByHand => "by hand",
            Self::Named => "found, and named",
            Self::NotVisible => "**not visible**",
        }
    }
}

/// One surface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surface {
    /// What it is.
    pub what: String,
    /// What becomes of it.
    pub fate: Fate,
    /// The kind of change, or what else there is to say.
    pub by: String,
}

/// What is moved, and by which kind of change.
const MOVED: [(&str, &str); 26] = [
    (
        "the identity: name, tags, isolation, restrictions on providers, whether it may be assigned and federated",
        "identity.create/1",
    ),
    ("its federated credentials, flexible ones too, audiences as they are", "federated_credential.add/1"),
    ("role assignments of it, at every scope that can be read, with conditions", "role_assignment.grant/1"),
    ("role assignments on it, of others", "role_assignment.grant/1"),
    ("time-bound role assignments: they begin and end when the old ones do", "schedule.grant/1"),
    ("conditions of others that name it", "role_assignment.recondition/1"),
    ("access policies of key vaults", "access_policy.add/1"),
    ("membership of groups, role-assignable ones too", "group_member.add/1"),
    ("application permissions", "app_role.grant/1"),
    ("directory roles, also in an administrative unit or on an application", "directory_role.grant/1"),
    ("ownership of groups, applications and service principals", "owner.add/1"),
    ("applications that trust it as their credential", "app_credential.add/1"),
    (
        "membership and ownership of groups and directory roles that begin or end by themselves (PIM)",
        "pim.grant/1",
    ),
    ("delegated grants of its service principal, for everybody or for one", "delegated_grant.add/1"),
    (
        "custom security attributes of its service principal: their values stay out of plan and log",
        "security_attributes.set/1",
    ),
    ("whether its service principal may sign in, its tags and its notes", "service_principal.set/1"),
    ("resources that carry it", "host.rewrite/1"),
    ("resources and their children that name it, in any text and spelling", "host.rewrite/1"),
    (
        "administrators of SQL and MySQL servers and of Synapse workspaces, of which there is one",
        "host.rewrite/1",
    ),
    ("application settings of sites and slots", "app_settings.rewrite/1"),
    ("connection strings of sites and slots", "connection_strings.rewrite/1"),
    ("policies assigned on it, exemptions from policies, its diagnostic settings", "grant.put/1"),
    ("locks on it", "lock.restore/1"),
    (
        "lists of callers, on sites and container apps that it calls and in policies of API Management: both are let in until the clean-up",
        "caller.admit/1",
    ),
    (
        "policies, fragments, back ends and named values of API Management at every scope; Dapr components of every environment",
        "host.rewrite/1",
    ),
    (
        "parameters of policies that give it by name and resource group, before anything is detached",
        "host.rewrite/1",
    ),
];

/// What a person does, with the command or the ids in the plan.
const HANDS: [(&str, &str); 23] = [
    ("client ids in GitHub repositories and environments", "from the credential's subject: a `gh` command"),
    ("annotations of Kubernetes service accounts", "from the credential's subject: a `kubectl` command"),
    (
        "service connections of Azure DevOps",
        "from the credential's subject, by either issuer; W332 where the issuer ends on 2027-07-01",
    ),
    ("runs of Terraform workspaces, pipelines of GitLab projects", "from the credential's subject"),
    (
        "what else a federated credential lets in",
        "its issuer and subject as they are, without a command: what is not understood is not made into one",
    ),
    (
        "users in databases of Azure SQL, PostgreSQL and MySQL, where the identity, a role or a host points to the server",
        "a script that makes the new user and copies what the old one has, and one that drops the old user",
    ),
    ("roles on tables of Azure Data Explorer, found in the same ways", "KQL commands, table by table"),
    (
        "the identity of the kubelets of a cluster, which replaces every node",
        "an `az aks update` command; moved instead with `replace_nodes = true` in the batch file",
    ),
    (
        "what binds it to a cluster of AKS, where AKS has left its credential on it or the cluster names it",
        "`az aks identity-binding` and `kubectl` commands; the credential that AKS keeps for it is not copied",
    ),
    ("code that names no identity, with `unpinned_host = \"pin-first\"`", "an `az` command before and after"),
    (
        "dynamic groups, and groups kept on-premises",
        "W341, and a step before the hosts; what they give is missed by the comparison",
    ),
    (
        "connections of Standard Logic Apps, which are in a file",
        "`az rest` commands that read and write the file",
    ),
    (
        "what each write would run again: scripts on machines, images that build themselves, workflows that start when they are saved, blueprints",
        "W204, and `az rest` commands that read and write it",
    ),
    (
        "what would be written with a secret that no read gives: secured parameters, masked keys, protected settings, certificates",
        "W204 with the place, and `az rest` commands; secrets of container apps are read for the write alone, and kept nowhere",
    ),
    ("resources that Azure names and you may not read", "a blocker until the batch file answers for each"),
    (
        "deny assignments that exclude it, or a group that the new one cannot join, and would deny the new one",
        "B130 until the batch file answers for each, then a step before the hosts",
    ),
    (
        "deployment stacks that exclude it, Lighthouse definitions that name it",
        "each place, and the command that shows it or deploys it again",
    ),
    (
        "policies assigned on it that have an identity of their own, or what looks like a secret",
        "an `az rest` command that assigns the policy, and what its new identity needs",
    ),
    ("local roles of Managed HSM", "`az keyvault role assignment` commands for each HSM there is"),
    ("roles on it that others could activate (PIM)", "an `az rest` command for each"),
    ("roles inside Synapse", "`az synapse role assignment` commands for each workspace there is"),
    (
        "what puts it back from outside: repositories of data factories and Synapse workspaces, deployment stacks that have made its hosts, blueprints, template specs, GitOps of its clusters, what its sites and container apps are deployed from; settings that give it by name and resource group, secret values of API Management that has it",
        "a step for each, with where the code is",
    ),
    (
        "what Unity Catalog, AI Search, Automation, Synapse, Purview, Load Testing, Batch and Machine Learning keep inside, where they carry it",
        "the command that shows it; W390 where `quiet` does not ask for sign-ins, W391 where only a grant covers them",
    ),
];

/// What is found and said.
const NAMED: [(&str, &str); 16] = [
    (
        "all that it may do by Azure's own word, through groups in groups too",
        "what the new one may do is compared with it before the hosts, and by `verify`",
    ),
    (
        "services that it signs in to, with `quiet` in the batch file",
        "W380; nothing is taken from it before nobody has signed in as it for so long",
    ),
    (
        "runs that have ended: deployment scripts, builds, commands on machines, jobs, database scripts, bulk launches",
        "W220: a write would run them again, so they are left as they are",
    ),
    (
        "properties of it and of its credentials that this program does not know",
        "B140 until the batch file answers for each (accept_unknown), then W354",
    ),
    ("its ids, its `systemData`", "the new one has its own: who made it, and when"),
    ("role assignments on it of those who are gone", "W353: neither copied nor removed"),
    ("deny assignments that deny it, or a group that the new one cannot join, and not the new one", "W370"),
    (
        "eligible assignments (PIM): roles of Azure and of the directory, groups",
        "W371: nobody activates for an identity",
    ),
    ("membership of administrative units", "C8"),
    (
        "deny assignments that deny whoever is signed in what a step needs",
        "B142, with the actions and places, until the batch file answers for each",
    ),
    ("an identity that Azure Policy makes in each region by itself", "B143"),
    ("who matches a flexible credential's expression", "C6"),
    ("sites and mailboxes behind an application permission", "C7"),
    ("what of groups and directory roles ends, where it cannot be read", "B131: copies could be permanent"),
    ("differences between the ways of looking", "W351, W352"),
    (
        "lists, scopes, parts of the index that may not be read, or do not answer",
        "B133 until the batch file answers for each by name; all of them are in docs/fail-closed.md",
    ),
];

/// What the survey does not look for, though there are lists of it.
const NOT_READ: [(&str, &str); 5] = [
    ("clients of Event Grid namespaces", "service by service"),
    ("billing roles", "rare"),
    ("access packages, access reviews, conditional access", "of Entra ID governance"),
    ("secrets of hosts that Azure does not give back", "protected settings, secure environments"),
    ("what is below a resource that neither names it nor keeps grants", "no index shows children"),
];

/// Every surface, what is moved first.
pub fn surfaces() -> Vec<Surface> {
    let of = |fate| {
        move |(what, by): &(&str, &str)| Surface { what: (*what).to_owned(), fate, by: (*by).to_owned() }
    };
    let mut out: Vec<Surface> = MOVED.iter().map(of(Fate::Moved)).collect();
    let single = |kind: &str, below: &str| is_single_kind(&format!("{kind}/{below}"));
    let grants = SERVICES.iter().filter(|(kind, below, _)| !single(kind, below));
    let mut services: Vec<(String, Vec<&str>)> = Vec::new();
    for (kind, below, _) in grants {
        match services.iter_mut().find(|(known, _)| known == kind) {
            Some((_, lists)) => lists.push(below),
            None => services.push(((*kind).to_owned(), vec![below])),
        }
    }
    out.extend(services.into_iter().map(|(kind, lists)| Surface {
        what: format!("grants inside {kind}: {}", lists.join(", ")),
        fate: Fate::Moved,
        by: "grant.put/1".to_owned(),
    }));
    out.extend(HANDS.iter().map(of(Fate::ByHand)));
    out.extend(BY_HAND.iter().map(|(kind, why)| Surface {
        what: (*kind).to_owned(),
        fate: Fate::ByHand,
        by: (*why).to_owned(),
    }));
    out.extend(NAMED.iter().map(of(Fate::Named)));
    out.extend(GENERAL.iter().map(|(code, what)| Surface {
        what: what.replace("{client}", "its client id").replace("{principal}", "its principal id"),
        fate: Fate::NotVisible,
        by: format!("{code} of every plan"),
    }));
    out.extend(NOT_READ.iter().map(of(Fate::NotVisible)));
    out
}

/// The page `docs/surfaces.md`.
pub fn text() -> String {
    let maps = table::rows().filter(|row| row.identity_map).count();
    let named: Vec<usize> = table::rows().map(|row| row.references.len()).filter(|n| *n > 0).collect();
    let mut out = format!(
        "# Every surface, and what becomes of it\n\n\
         A surface is a place where an identity is granted something, is carried, or is named. This page is made from the \
         code, and a\ntest holds it to the code. After a change: \
         `REHOME_WRITE=1 cargo test --workspace --lib surfaces`.\n\n\
         {maps} types that carry an identity and {} places in {} types that may name one are known by their\n\
         schemas; a type that is not known is found by its text like the others.\n\n\
         | surface | what becomes of it | how, or what to know |\n|---|---|---|\n",
        named.iter().sum::<usize>(),
        named.len()
    );
    for surface in surfaces() {
        out.push_str(&format!("| {} | {} | {} |\n", surface.what, surface.fate.word(), surface.by));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_page_is_what_the_code_makes() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/surfaces.md");
        if std::env::var_os("REHOME_WRITE").is_some() {
            std::fs::write(path, text()).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap();
        assert!(found == text(), "the page is behind the code; make it again: the command is in it");
    }

    /// The kinds of change that plans are made of, by the source of what makes them.
    fn planned() -> BTreeSet<&'static str> {
        let sources = [
            include_str!("../relocate/plan/grants.rs"),
            include_str!("host/plan.rs"),
            include_str!("service_principal/plan.rs"),
            include_str!("pim/plan.rs"),
            include_str!("../relocate/plan/order.rs"),
            include_str!("../relocate/plan/clean_up.rs"),
            include_str!("identity_extensions/plan.rs"),
            include_str!("callers/plan.rs"),
        ];
        let kinds = sources.iter().flat_map(|source| source.split('"')).filter(|word| word.ends_with("/1"));
        kinds.filter(|word| word.contains('.')).collect()
    }

    #[test]
    fn every_kind_of_change_serves_a_surface_or_is_part_of_the_way() {
        let way = [
            "resource_group.ensure/1",
            "identity.revoke_tokens/1",
            "identity.delete/1",
            "principal.known/1",
            "principal.quiet/1",
            "identity.unused/1",
            "host.repointed/1",
            "identity.known/1",
            "identity.look_up/1",
            "lock.lift/1",
        ];
        let served: BTreeSet<String> =
            surfaces().into_iter().filter(|s| s.fate == Fate::Moved).map(|s| s.by).collect();
        let planned = planned();
        let removes = |kind: &str| {
            ["remove/1", "revoke/1", ".end/1", "dismiss/1"].iter().any(|end| kind.ends_with(end))
        };
        let forgotten: Vec<_> = planned
            .iter()
            .filter(|kind| !served.contains(**kind) && !way.contains(kind) && !removes(kind))
            .collect();
        assert!(forgotten.is_empty(), "these serve no surface: {forgotten:?}");
        let unknown: Vec<_> = served.iter().filter(|kind| !planned.contains(kind.as_str())).collect();
        assert!(unknown.is_empty(), "no plan has these: {unknown:?}");
    }
}
