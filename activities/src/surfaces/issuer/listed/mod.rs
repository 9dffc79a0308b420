//! Activities: the issuers that are known by a grammar of their own. Their order is that of their steps.

mod buildkite;
mod dataverse;
mod gitlab;
mod terraform;

use super::known::Issuer;

/// Every such issuer; a new one comes last.
pub(crate) static ISSUERS: &[&dyn Issuer] =
    &[&terraform::Terraform, &gitlab::GitLab, &buildkite::Buildkite, &dataverse::Dataverse];
