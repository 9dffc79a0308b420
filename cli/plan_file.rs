//! CLI: the plan file: a document with its digest. Touches that file.

use crate::error::{CliError, Exit};
use crate::layout;
use rehome_orchestrator::{Document, digest};
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;

/// A plan file has at most this many bytes: far above a thousand identities. Read, it takes several times that.
const BYTES_MAX: u64 = 256 << 20;

/// The text of the file of a document, and its digest.
pub(crate) fn text(document: &Document) -> Result<(String, String), CliError> {
    let failed = |e: serde_json::Error| CliError::because(Exit::Failed, "failed to write the plan", &e);
    let digest = document.digest();
    let mut value = serde_json::to_value(document).map_err(failed)?;
    if let Value::Object(members) = &mut value {
        members.insert("digest".to_owned(), Value::from(digest.clone()));
    }
    let text = layout::text(&value).map_err(failed)?;
    Ok((text + "\n", digest))
}

/// Whether this is a plan, also of another version or one that somebody changed: what a new plan may replace.
pub(crate) fn is_plan(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "it is asked whether they are there")]
    struct Members {
        format_version: String,
        digest: String,
        batch: String,
        moves: Vec<Value>,
    }
    serde_json::from_slice::<Members>(bytes).is_ok_and(|plan| plan.digest.starts_with("sha256:"))
}

/// Reads a plan file and checks that its digest is the digest of what it says.
pub(crate) fn load(path: &Path) -> Result<(Document, String), CliError> {
    parse(&crate::files::read(path, "a plan file", BYTES_MAX)?)
        .map_err(|error| error.at(path.display().to_string()))
}

/// Reads the bytes of a plan file.
pub(crate) fn parse(bytes: &[u8]) -> Result<(Document, String), CliError> {
    let bad = |what: String| CliError::new(Exit::Usage, what);
    let mut value: Value =
        serde_json::from_slice(bytes).map_err(|e| bad(format!("the plan is not JSON: {e}")))?;
    let said = value.as_object_mut().and_then(|members| members.remove("digest"));
    let Some(Value::String(said)) = said else {
        return Err(bad("the file is not a plan: it has no digest".to_owned()));
    };
    let found = digest(&value);
    if said != found {
        return Err(bad(format!(
            "the plan was changed after it was made: it says {said}, but it is {found}"
        )));
    }
    let document: Document =
        serde_json::from_value(value).map_err(|e| bad(format!("the file is not a plan: {e}")))?;
    document.check().map_err(|e| bad(crate::error::causes(&e)))?;
    Ok((document, said))
}
