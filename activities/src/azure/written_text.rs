//! Azure: what Resource Manager answers as a text and not as JSON. Pure.
//!
//! The text of a runbook is the one thing of that kind that is read. It becomes a resource with an id, so that whoever looks
//! for a name looks for it there as anywhere.
//! Source: automation/2023-11-01 (`Runbook_GetContent`)

use super::id::ResourceId;
use super::recording::decoded;
use super::transport::Answer;
use serde_json::{Value, json};

/// The type of such a resource, in lower case.
const RUNBOOK: &str = "microsoft.automation/automationaccounts/runbooks/content";

/// What was answered, as JSON.
///
/// # Errors
/// When it is neither JSON nor a text that is read.
pub(super) fn json(answer: &Answer, path: &str) -> Result<Value, String> {
    resource(path, answer.bytes()).map_or_else(|| answer.json(), Ok)
}

/// The resource, where this path is that of a text.
fn resource(path: &str, body: &[u8]) -> Option<Value> {
    let id = ResourceId::from(decoded(path));
    let kind = id.kind().filter(|kind| kind.folded() == RUNBOOK)?;
    Some(json!({"id": id, "type": kind, "content": String::from_utf8_lossy(body)}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_runbook_is_a_resource_and_everything_else_is_json() {
        let runbook = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Automation/automationAccounts/a/runbooks/r%20b";
        let found = resource(&format!("{runbook}/content"), b"Connect-AzAccount").expect("a text");
        assert_eq!(found["id"], format!("{}/content", runbook.replace("%20", " ")));
        assert_eq!(found["content"], "Connect-AzAccount");
        assert_eq!((resource(runbook, b"{}"), resource("/subscriptions", b"{}")), (None, None));
    }
}
