//! Activities: the issuers that are known by a grammar of their own. Their order is that of their steps.

use crate::surfaces::issuer::gitlab::GitLab;
use crate::surfaces::issuer::known::Issuer;
use crate::surfaces::issuer::terraform::Terraform;

/// Every such issuer; a new one comes last.
pub(crate) static ISSUERS: [&dyn Issuer; 2] = [&Terraform, &GitLab];
