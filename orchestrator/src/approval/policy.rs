//! Engine: whose approvals count, and how many are needed. A part of the document that is approved. Pure.

use crate::approval::ssh::PublicKey;
use crate::approval::statement::ApprovalScope;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A name of somebody has at most this many bytes.
const NAME_MAX: usize = 256;

/// Whose approvals count for a document. One without it is approved by whoever says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalPolicy {
    /// Those whose approvals count.
    pub approvers: Vec<Approver>,
    /// How many of them have to approve.
    pub needed: Needed,
    /// Whether an approval counts of who made the document.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub author_may_approve: bool,
    /// What who made the document is called.
    pub author: Vec<String>,
}

/// Somebody whose approvals count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approver {
    /// What they are called.
    pub name: String,
    /// What else they are called where a document says who made it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// The keys that they sign with.
    pub keys: Vec<PublicKey>,
}

/// How many people have to approve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Needed {
    /// Each wave, before it is let loose.
    pub waves: u32,
    /// What is behind the gate of a run.
    pub cleanup: u32,
}

impl ApprovalPolicy {
    /// How many people have to approve that.
    pub fn needed(&self, scope: &ApprovalScope) -> u32 {
        match scope {
            ApprovalScope::Waves | ApprovalScope::Wave(_) => self.needed.waves,
            ApprovalScope::CleanUp => self.needed.cleanup,
        }
    }

    /// Those whose approvals count.
    pub fn counting(&self) -> impl Iterator<Item = &Approver> {
        self.approvers.iter().filter(|approver| self.author_may_approve || !self.is_author(approver))
    }

    /// Whether they made the document.
    pub fn is_author(&self, approver: &Approver) -> bool {
        let mut names = approver.also.iter().chain([&approver.name]);
        names.any(|name| self.author.iter().any(|author| author.eq_ignore_ascii_case(name)))
    }

    /// Who signs with this key.
    pub fn owner(&self, key: &PublicKey) -> Option<&Approver> {
        self.approvers.iter().find(|approver| approver.keys.contains(key))
    }

    /// Checks that everybody is named once, has a key of their own, and that there are enough of them.
    ///
    /// # Errors
    /// The first rule that is broken, in words.
    pub fn check(&self) -> Result<(), String> {
        let (mut names, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for Approver { name, also, keys: own } in &self.approvers {
            let is_name = |name: &String| {
                (1..=NAME_MAX).contains(&name.len())
                    && name.trim() == name
                    && !name.contains(char::is_control)
            };
            if let Some(wrong) = [name].into_iter().chain(also).find(|name| !is_name(name)) {
                return Err(format!("{wrong:?} is no name of an approver"));
            }
            let all: BTreeSet<String> = also.iter().chain([name]).map(|n| n.to_ascii_lowercase()).collect();
            if let Some(twice) = all.into_iter().find(|name| !names.insert(name.clone())) {
                return Err(format!("two approvers are called {twice:?}"));
            }
            if own.is_empty() {
                return Err(format!("{name:?} has no key"));
            }
            if let Some(key) = own.iter().find(|key| !keys.insert(*key)) {
                return Err(format!("{name:?} has a key that is there twice: {}", key.fingerprint()));
            }
        }
        let (counting, Needed { waves, cleanup }) = (self.counting().count(), self.needed);
        if waves == 0 || cleanup == 0 {
            return Err("no approval is needed".to_owned());
        }
        let most = usize::try_from(waves.max(cleanup)).unwrap_or(usize::MAX);
        if counting < most {
            return Err(format!("{most} have to approve, and the approvals of {counting} count"));
        }
        Ok(())
    }
}
