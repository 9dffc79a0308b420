//! CLI: the plan file: a document with its digest. Touches that file.

use crate::error::{CliError, Exit};
use rehome_orchestrator::{Document, digest};
use serde_json::Value;
use std::path::Path;

/// A plan file has at most this many bytes: far above a thousand identities.
const BYTES_MAX: u64 = 1 << 30;

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
    let place = path.display().to_string();
    let bad = |what: String| {
        CliError::new(Exit::Usage, what).at(place.clone()).next("rehome plan -f BATCH.toml --save PLAN.json")
    };
    let size = match std::fs::metadata(path) {
        Ok(meta) => meta.len(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(CliError::new(Exit::NotFound, "there is no such plan file").at(place));
        }
        Err(e) => return Err(CliError::because(Exit::Failed, "failed to read the plan", &e).at(place)),
    };
    if size > BYTES_MAX {
        return Err(bad("the file is too large to be a plan".to_owned()));
    }
    let text = std::fs::read(path)
        .map_err(|e| CliError::because(Exit::Failed, "failed to read the plan", &e).at(place.clone()))?;
    let mut value: Value =
        serde_json::from_slice(&text).map_err(|e| bad(format!("the plan is not JSON: {e}")))?;
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
