//! Engine: whether a signed approval counts, and whether there are enough of them. Pure.

use crate::approval::policy::{ApprovalPolicy, Approver};
use crate::approval::ssh::{PublicKey, SignatureError, verify_signature};
use crate::approval::statement::{ApprovalScope, ApprovalStatement, ApprovalWord, NAMESPACE, SignedApproval};
use std::collections::BTreeSet;

/// An approval that counts until it expires, or another word of an approver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// What was signed.
    pub statement: ApprovalStatement,
    /// By which key.
    pub key: PublicKey,
}

/// Why an approval does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// The plan does not say whose approvals count.
    #[error("the plan names no approvers, so no signature counts for it")]
    NoPolicy,
    /// What was signed is no statement of this form.
    #[error("what was signed is no approval that this program knows, or is not written as it writes them")]
    Unreadable,
    /// The signature is none.
    #[error("the signature does not count: {0}")]
    Signature(#[from] SignatureError),
    /// Nobody whose approvals count has this key.
    #[error("the key {0} is of none of the plan's approvers")]
    UnknownKey(String),
    /// Somebody signs in the name of somebody else.
    #[error("it is said to be by {said:?}, and the key is {owner:?}'s")]
    OtherName {
        /// Who it is said to be by.
        said: String,
        /// Whose key it is.
        owner: String,
    },
    /// Who made the plan approves it.
    #[error("{0:?} made the plan, and an author's approval does not count")]
    Author(String),
    /// It is for another plan.
    #[error("it is for the plan {said}, and this is {is}")]
    OtherPlan {
        /// What was approved.
        said: String,
        /// What is to be approved.
        is: String,
    },
    /// It is for something that the plan does not have.
    #[error("the plan has no {0}")]
    UnknownScope(ApprovalScope),
    /// It does not count any more.
    #[error("it expired")]
    Expired {
        /// When, in milliseconds since 1970 UTC.
        at_ms: i64,
    },
    /// It is there already.
    #[error("it is in the log already")]
    Known,
}

/// What approvals are of: a document. That it is of the batch which a statement names is in its digest.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// Its digest.
    pub digest: &'a str,
    /// Whose approvals count.
    pub policy: Option<&'a ApprovalPolicy>,
    /// The names of its waves.
    pub waves: Vec<&'a str>,
}

/// How many have approved something, who else could, and who has rejected it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalStanding {
    /// Who has approved it.
    pub have: Vec<String>,
    /// How many have to.
    pub needed: u32,
    /// Whose approval would count and is not there.
    pub missing: Vec<String>,
    /// Who has rejected it and said nothing else since; while there is one, nothing is enough.
    pub rejected: Vec<String>,
}

impl Subject<'_> {
    /// Checks an approval at a time, in milliseconds since 1970 UTC.
    ///
    /// # Errors
    /// When it does not count.
    pub fn judge(&self, signed: &SignedApproval, now_ms: i64) -> Result<Approval, ApprovalError> {
        let policy = self.policy.ok_or(ApprovalError::NoPolicy)?;
        let statement = ApprovalStatement::parse(&signed.statement).ok_or(ApprovalError::Unreadable)?;
        let key = verify_signature(&signed.signature, NAMESPACE, signed.statement.as_bytes())?;
        let owner = policy.approver(&key)?;
        if owner.name != statement.approver {
            let (said, owner) = (statement.approver, owner.name.clone());
            return Err(ApprovalError::OtherName { said, owner });
        }
        if statement.plan != self.digest {
            return Err(ApprovalError::OtherPlan { said: statement.plan, is: self.digest.to_owned() });
        }
        if let Some(unknown) = statement.scope.iter().find(|scope| !self.has(scope)) {
            return Err(ApprovalError::UnknownScope(unknown.clone()));
        }
        if statement.expires_at_ms <= now_ms {
            return Err(ApprovalError::Expired { at_ms: statement.expires_at_ms });
        }
        Ok(Approval { statement, key })
    }

    /// Whether the plan has what an approval is of.
    pub fn has(&self, scope: &ApprovalScope) -> bool {
        match scope {
            ApprovalScope::Wave(name) => self.waves.iter().any(|wave| *wave == name),
            ApprovalScope::Waves | ApprovalScope::CleanUp => true,
        }
    }
}

impl ApprovalPolicy {
    /// The approver who has this key.
    ///
    /// # Errors
    /// When nobody has it, or an approval of theirs does not count.
    pub fn approver(&self, key: &PublicKey) -> Result<&Approver, ApprovalError> {
        let owner = self.owner(key).ok_or_else(|| ApprovalError::UnknownKey(key.fingerprint()))?;
        match self.author_may_approve || !self.is_author(owner) {
            true => Ok(owner),
            false => Err(ApprovalError::Author(owner.name.clone())),
        }
    }

    /// Who has approved that by these approvals at this time, who has rejected it, and who else could approve it.
    ///
    /// Of the words of one person the one that was signed last holds, in whichever order they came in: an approval that is
    /// handed over late does not undo what its approver said after it.
    pub fn standing<'a>(
        &self,
        approvals: impl Iterator<Item = &'a Approval>,
        scope: &ApprovalScope,
        now_ms: i64,
    ) -> ApprovalStanding {
        let of = approvals.map(|approval| &approval.statement);
        let of: Vec<_> = of.filter(|of| of.scope.iter().any(|said| said.covers(scope))).collect();
        let (mut have, mut rejected) = (BTreeSet::new(), BTreeSet::new());
        for one in &of {
            let own = || of.iter().filter(|other| other.approver == one.approver);
            let otherwise = |word| own().any(|other| other.word != word && other.at_ms >= one.at_ms);
            let since = || own().any(|other| other.word != ApprovalWord::Reject && other.at_ms > one.at_ms);
            match one.word {
                ApprovalWord::Approve if one.expires_at_ms > now_ms && !otherwise(one.word) => {
                    have.insert(one.approver.clone());
                }
                ApprovalWord::Reject if !since() => {
                    rejected.insert(one.approver.clone());
                }
                ApprovalWord::Approve | ApprovalWord::Reject | ApprovalWord::Withdraw => {}
            }
        }
        let missing = self.counting().map(|approver| &approver.name).filter(|name| !have.contains(*name));
        let (missing, needed) = (missing.cloned().collect(), self.needed(scope));
        let (have, rejected) = (have.into_iter().collect(), rejected.into_iter().collect());
        ApprovalStanding { have, needed, missing, rejected }
    }
}

impl ApprovalStanding {
    /// Whether nothing is missing, and nobody rejects it.
    pub fn is_enough(&self) -> bool {
        self.rejected.is_empty() && self.have.len() >= usize::try_from(self.needed).unwrap_or(usize::MAX)
    }
}
