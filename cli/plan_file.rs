//! CLI: the plan file: a document with its digest. Touches that file.

use crate::error::{CliError, Exit};
use rehome_orchestrator::{Document, digest};
use serde_json::Value;
use std::path::Path;

/// A plan file has at most this many bytes: far above a thousand identities. Read, it takes several times that.
const BYTES_MAX: u64 = 256 << 20;

/// Writes a document with its digest.
pub(crate) fn save(path: &Path, document: &Document) -> Result<String, CliError> {
    let failed = |e: &(dyn std::error::Error + 'static)| {
        CliError::because(Exit::Failed, "failed to write the plan", e).at(path.display().to_string())
    };
    let digest = document.digest();
    let mut value = serde_json::to_value(document).map_err(|e| failed(&e))?;
    if let Value::Object(members) = &mut value {
        members.insert("digest".to_owned(), Value::from(digest.clone()));
    }
    let text = serde_json::to_string_pretty(&value).map_err(|e| failed(&e))?;
    std::fs::write(path, text + "\n").map_err(|e| failed(&e))?;
    Ok(digest)
}

/// Reads a plan file and checks that its digest is the digest of what it says.
pub(crate) fn load(path: &Path) -> Result<(Document, String), CliError> {
    parse(&crate::files::read(path, "a plan file", BYTES_MAX)?)
        .map_err(|error| error.at(path.display().to_string()))
}

/// Reads the bytes of a plan file.
pub(crate) fn parse(bytes: &[u8]) -> Result<(Document, String), CliError> {
    let bad =
        |what: String| CliError::new(Exit::Usage, what).next("rehome plan -f BATCH.toml --save PLAN.json");
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
