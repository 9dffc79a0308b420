//! Activities: every read that something is decided by, and what its failure does. Pure.
//!
//! `docs/fail-closed.md` is made of this; what the code has as a table (services with grants, tables of the index, kinds
//! of change) is taken from there. The end-to-end test `every_read` holds that no read is missing, and refuses them all.

use crate::conditions::alike::IdentityAlike;
use crate::conditions::equal_access::EqualAccess;
use crate::conditions::known::{IdentityKnown, PrincipalEntitled, PrincipalKnown};
use crate::conditions::not_attached::NotAttached;
use crate::relocate::looking::TABLES;
use crate::relocate::preflight::code::NoticeCode;
use crate::surfaces::ALL;
use crate::surfaces::data_plane::unnamed::PlaneUnnamed;
use crate::surfaces::host::repointed::HostRepointed;
use crate::surfaces::sign_ins::no_recent_sign_ins::NoRecentSignIns;
use rehome_orchestrator::Condition;

/// When something is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// `discover`, `plan`, before the first step, and when a way back is compared with the beginning.
    Survey,
    /// A wait of the plan.
    Wait,
    /// A step, before, during and after its write.
    Step,
}

impl When {
    fn word(self) -> &'static str {
        match self {
            Self::Survey => "survey",
            Self::Wait => "wait",
            Self::Step => "step",
        }
    }
}

/// One check, with the reads that it goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// When it is made.
    pub when: When,
    /// What is looked at.
    pub what: String,
    /// `arm`, `graph` or `plane`, and the path in lower case, with `*` for anything.
    pub reads: Vec<(&'static str, String)>,
    /// What happens when it cannot be read.
    pub failure: String,
}

impl Check {
    /// Whether a request is one of its reads.
    pub fn is_of(&self, host: &str, method: &str, path: &str) -> bool {
        let reads = matches!(method, "GET" | "HEAD" | "POST");
        reads && self.reads.iter().any(|(of, read)| *of == host && fits(&path.to_lowercase(), read))
    }
}

/// Whether a path is this one, in which `*` stands for anything.
fn fits(path: &str, read: &str) -> bool {
    let mut parts = read.split('*');
    let Some(mut rest) = path.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut last = "";
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        last = part;
    }
    rest.is_empty() || read.ends_with('*') || !last.is_empty() && path.ends_with(last)
}

/// A gap that blocks.
const BLOCKED: &str = "B133 with its name: the plan is blocked until it can be read, or the batch file answers for it \
                       (`accept_unseen`); before the first step, and on the way back, the run stops (exit 1)";

/// What the survey reads of Resource Manager.
const OF_ARM: [(&str, &[&str], &str); 15] = [
    ("subscriptions that may be seen", &["/subscriptions"], "nothing is planned (exit 1)"),
    (
        "the identity itself",
        &["*/userassignedidentities/*"],
        "nothing is planned (exit 1; exit 3 where there is none)",
    ),
    ("management groups", &["/providers/microsoft.management/managementgroups*"], BLOCKED),
    (
        "role assignments of it, on it, and how many there are",
        &["*/providers/microsoft.authorization/roleassignments"],
        BLOCKED,
    ),
    (
        "which of them end",
        &["*/roleassignmentschedules"],
        "B121 where there are some: copies could be permanent; else B133",
    ),
    ("roles that it, or others on it, could activate", &["*/roleeligibilityschedules"], BLOCKED),
    ("role definitions", &["*/roledefinitions*"], BLOCKED),
    ("locks", &["*/providers/microsoft.authorization/locks"], BLOCKED),
    ("deny assignments", &["*/denyassignments"], BLOCKED),
    ("what the caller may do", &["*/providers/microsoft.authorization/permissions"], BLOCKED),
    ("its federated credentials", &["*/federatedidentitycredentials"], BLOCKED),
    (
        "the target: its group, the provider, what policies deny there",
        &["/subscriptions/*/resourcegroups/*", "/subscriptions/*/providers/*", "*/checkpolicyrestrictions"],
        "the group: nothing is planned (exit 1); the rest: B133",
    ),
    ("who uses it, by Azure's own list", &["*/listassociatedresources"], BLOCKED),
    (
        "settings and connection strings of sites",
        &["*/config/appsettings/list", "*/config/connectionstrings/list"],
        BLOCKED,
    ),
    (
        "every resource that is found, what is below it, and what stands on the identity",
        &["/subscriptions/*/providers/*/*/*"],
        "B118 where Azure says that it uses the identity, else B133",
    ),
];

/// What it reads of Microsoft Graph.
const OF_GRAPH: [(&str, &[&str], &str); 5] = [
    (
        "many of the following in one request",
        &["/v1.0/$batch"],
        "each of them counts as unread by its own name",
    ),
    (
        "groups, permissions, ownership, settings and grants of its service principal",
        &["/v1.0/serviceprincipals*", "/v1.0/groups/*", "/v1.0/oauth2permissiongrants*"],
        BLOCKED,
    ),
    (
        "directory roles, and what of all this ends",
        &["/v1.0/rolemanagement/*", "/v1.0/identitygovernance/*"],
        "B131 where copies could be permanent, else B133",
    ),
    ("applications, and what they trust", &["/v1.0/applications*"], BLOCKED),
    ("who of others is gone; what the caller is", &["/v1.0/directoryobjects/*", "/v1.0/users/*"], BLOCKED),
];

/// What waits look at, by the names of the conditions.
const WAITS: [(&str, &str, &str); 9] = [
    (
        PrincipalKnown::NAME,
        "that the principal is that of the new identity",
        "not yet; another one's principal: the step stops, and nothing was granted",
    ),
    (PrincipalEntitled::NAME, "groups and permissions of the new principal", "not yet"),
    (
        EqualAccess::NAME,
        "what both may do, by Azure's own sum",
        "not yet; for `verify` a difference (exit 14)",
    ),
    (IdentityKnown::NAME, "the other identity of a batch", "not yet"),
    (
        IdentityAlike::NAME,
        "before anything is taken away: everything that both have, compared both ways",
        "not yet; a difference stops the clean-up",
    ),
    (NoRecentSignIns::NAME, "the log of sign-ins", "not yet; B132 in the plan"),
    (
        NotAttached::NAME,
        "between detaching and the first revocation: the hosts of the plan and of people, Azure's own list of users, every \
         table of the index",
        "not yet, with the name of what did not answer; only a list that the batch file answers for is passed over",
    ),
    (
        PlaneUnnamed::NAME,
        "before anything is detached: all that a service keeps inside, by its own word; for `verify` what a person changed there",
        "not yet, with the name of what did not answer; for `verify` a difference (exit 14); only a list that the batch file \
         answers for is passed over",
    ),
    (HostRepointed::NAME, "a host that a person said is done", "for `verify` a difference (exit 14)"),
];

/// What a step does, whatever it is.
const STEPS: [(&str, &str); 6] = [
    (
        "what is there before a write",
        "nothing is written: it is tried again, and then the step stops (exit 10)",
    ),
    (
        "what is there after a write, or where one is in doubt",
        "it is never taken for done, and not written again: it is asked again",
    ),
    ("a proof (`verify`, the check before the soak)", "a difference: unreadable (exit 14)"),
    (
        "that something is gone",
        "by two answers: its own, with a code that says so, and the list that it would be in",
    ),
    ("who uses the identity, right before its deletion", "not deleted: as for identity.unused/1"),
    ("a list that was read a moment ago, for proofs", "the thing itself is read instead"),
];

/// Every check.
pub fn checks() -> Vec<Check> {
    let of = |when, host: &'static str| {
        move |(what, reads, failure): &(&str, &[&str], &str)| Check {
            when,
            what: (*what).to_owned(),
            reads: reads.iter().map(|read| (host, (*read).to_owned())).collect(),
            failure: (*failure).to_owned(),
        }
    };
    let mut out: Vec<Check> = OF_ARM.iter().map(of(When::Survey, "arm")).collect();
    out.push(Check {
        when: When::Survey,
        what: format!("the index: {}, and every question for kinds of resources", TABLES.join(", ")),
        reads: vec![("arm", "/providers/microsoft.resourcegraph/resources".to_owned())],
        failure: format!("{BLOCKED}; a table of which the index says that there is none is none"),
    });
    out.extend(ALL.iter().filter_map(|surface| surface.reads()).map(|(what, paths)| Check {
        when: When::Survey,
        what,
        reads: paths.into_iter().map(|path| ("arm", path)).collect(),
        failure: format!("{BLOCKED}; a kind of grant of which the service says that it cannot be is none"),
    }));
    out.extend(OF_GRAPH.iter().map(of(When::Survey, "graph")));
    out.push(Check {
        when: When::Survey,
        what: "where it signs in, with `quiet` in the batch file".to_owned(),
        reads: vec![("graph", "/beta/auditlogs/signins".to_owned())],
        failure: NoticeCode::B132.code().to_owned(),
    });
    out.push(Check {
        when: When::Survey,
        what: "what services keep inside, with `[data_planes]` in the batch file: each list; its host, which has to be below \
               the domain of the service"
            .to_owned(),
        reads: vec![("plane", "//*".to_owned())],
        failure: format!("{BLOCKED}; the plan keeps the step that names the service and the command"),
    });
    let plain = |when, what: String, failure: &str| Check {
        when,
        what,
        reads: Vec::new(),
        failure: failure.to_owned(),
    };
    out.extend(
        WAITS.iter().map(|(name, what, failure)| plain(When::Wait, format!("`{name}`: {what}"), failure)),
    );
    out.extend(STEPS.iter().map(|(what, failure)| plain(When::Step, (*what).to_owned(), failure)));
    out
}

/// The page.
pub fn text() -> String {
    let mut out = String::from(
        "# What fails closed\n\n\
         A read that failed is never taken for an empty one. \"It is not there\" and \"this cloud does not offer it\" are \
         answers with codes that say so;\neverything else (a refusal, a 404 of something in between, 429, 5xx, a cut \
         connection, an empty body, a success with an error or another shape in it, a list\nthat says that it has more \
         than came) is \"it failed now\", and has a name in what follows. This page is made from the code:\n\
         `REHOME_WRITE=1 cargo test --workspace --lib fail_closed`. `tests/it/recovery/every_read.rs` holds that no read of a \
         move is missing here, and refuses\nthem in turn.\n\n\
         | when | what is looked at | what its failure does |\n|---|---|---|\n",
    );
    for check in checks() {
        out.push_str(&format!("| {} | {} | {} |\n", check.when.word(), check.what, check.failure));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_the_code_makes() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/fail-closed.md");
        if std::env::var_os("REHOME_WRITE").is_some() {
            std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs")).unwrap();
            std::fs::write(path, text()).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap();
        assert!(found == text(), "the page is behind the code; make it again: the command is in it");
    }

    #[test]
    fn every_condition_has_a_row_of_its_own() {
        let rows: Vec<String> = checks().into_iter().map(|check| check.what).collect();
        for name in crate::surfaces::registry::condition_names() {
            assert!(rows.iter().any(|row| row.starts_with(&format!("`{name}`"))), "{name} is in no row");
        }
    }

    #[test]
    fn a_read_is_found_by_its_path() {
        assert!(fits("/a/b", "/a/b") && fits("/x/locks", "*/locks") && fits("/a/1/b/2", "/a/*/b/*"));
        assert!(!fits("/a/b/c", "/a/b") && !fits("/x/locks/y", "*/locks") && !fits("/b", "/a/*"));
    }
}
