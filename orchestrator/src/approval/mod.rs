//! Engine: approvals that people sign: whose count, what they say, and whether a signature is theirs. Pure.

mod judge;
mod policy;
mod ssh;
mod statement;
#[cfg(test)]
pub(crate) mod testing;

pub use judge::{Approval, ApprovalError, ApprovalStanding, Subject};
pub use policy::{ApprovalPolicy, Approver, Needed};
pub use ssh::{PublicKey, SignatureError, verify_signature};
pub use statement::{ApprovalScope, ApprovalStatement, ApprovalWord, NAMESPACE, SignedApproval};
