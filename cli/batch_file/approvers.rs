//! CLI: the file of approvers that a batch file names: whose approvals count, and how many are needed. Pure.

use super::keys::APPROVERS;
use super::mistakes::{Mistakes, Place};
use super::section::Section;
use super::{shape, syntax};
use rehome_orchestrator::{ApprovalPolicy, Approver, Needed, PublicKey};

/// Whose approvals count, as it was asked for.
#[derive(Clone, Debug)]
pub(crate) struct ApproversAsked {
    approvers: Vec<Approver>,
    needed: Needed,
    author_may_approve: bool,
}

impl ApproversAsked {
    /// The same for a plan that somebody made, who is called so.
    pub(crate) fn policy(&self, author: Vec<String>) -> ApprovalPolicy {
        let Self { approvers, needed, author_may_approve } = self.clone();
        ApprovalPolicy { approvers, needed, author_may_approve, author }
    }
}

/// Reads the text of a file of approvers; what is wrong in it is a mistake.
pub(super) fn read(name: &str, text: &str, found: &mut Mistakes) -> ApproversAsked {
    let (top, before) = (Place::top(found.file(name, text)), found.count());
    let table = syntax::read(top.file, found);
    let is_toml = found.count() == before;
    if is_toml {
        shape::check(&table, top, "a file of approvers", APPROVERS, found);
    }
    let file = Section::new(&table, APPROVERS, top);
    let approver = |said: Section<'_>| Approver {
        name: said.owned("name").unwrap_or_default(),
        also: said.owned("object_id").into_iter().collect(),
        keys: said.texts("keys").filter_map(|line| PublicKey::parse(&line)).collect(),
    };
    let needed = file.section("needed");
    let count = |key| needed.count(key).and_then(|count| u32::try_from(count).ok()).unwrap_or(1);
    let asked = ApproversAsked {
        approvers: file.sections("approver").map(approver).collect(),
        needed: Needed { waves: count("waves"), cleanup: count("cleanup") },
        author_may_approve: file.flag("author_may_approve"),
    };
    if found.count() == before
        && let Err(why) = asked.policy(Vec::new()).check()
    {
        found.add(top, why, "name each approver once, with keys of their own, and enough of them");
    }
    asked
}
