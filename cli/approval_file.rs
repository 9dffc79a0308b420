//! CLI: the file that goes from an approver to the machine of the log. Touches that file.

use crate::error::{CliError, Exit};
use rehome_orchestrator::SignedApproval;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A signed approval, as it is handed over.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApprovalFile {
    pub(crate) format_version: String,
    /// As `ssh-keygen -Y sign` writes it.
    pub(crate) signature: String,
    /// The text that was signed, byte by byte.
    pub(crate) statement: String,
}

/// A file with an approval has at most this many bytes.
const BYTES_MAX: u64 = 256 << 10;

impl ApprovalFile {
    pub(crate) fn of(signed: SignedApproval) -> Self {
        let SignedApproval { statement, signature } = signed;
        Self { format_version: "1.0".to_owned(), signature, statement }
    }

    pub(crate) fn read(path: &Path) -> Result<SignedApproval, CliError> {
        let bytes = crate::files::read(path, "an approval", BYTES_MAX)?;
        let bad = |what: String| {
            CliError::new(Exit::Usage, what)
                .at(path.display().to_string())
                .next("ask for the file that approve --save wrote, as it was")
        };
        let read: Self =
            serde_json::from_slice(&bytes).map_err(|e| bad(format!("the file is no approval: {e}")))?;
        if read.format_version.split('.').next() != Some("1") {
            return Err(bad(format!(
                "the approval has format {:?}, and this reads 1.0",
                read.format_version
            )));
        }
        Ok(SignedApproval { statement: read.statement, signature: read.signature })
    }
}

/// Whether this is such a file, which a new one may replace.
pub(crate) fn is_approval(bytes: &[u8]) -> bool {
    serde_json::from_slice::<ApprovalFile>(bytes).is_ok()
}
