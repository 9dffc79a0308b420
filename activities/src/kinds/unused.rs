//! Activities: whether anything still uses an identity whose rights are about to go. Reads only.
//!
//! What people say that they did is not what is there, and somebody may have attached it after the plan was made.

use super::host_plan::identities;
use crate::azure::{ReadAction, Reader};
use rehome_orchestrator::{Condition, Fault, FaultKind, Met};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// No resource has this identity attached, as far as can be read.
pub(crate) struct IdentityUnused(pub(crate) Reader);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnusedInput {
    id: String,
    /// Hosts that people were to re-point.
    hosts: Vec<ByHand>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ByHand {
    id: String,
    api_version: String,
}

fn carries(body: &Value, id: &str) -> bool {
    identities(body).iter().any(|attached| attached.eq_ignore_ascii_case(id))
}

/// Whom Azure's own list names first. Not everybody may ask for it, and not every Azure answers.
pub(super) async fn listed_user(reader: &Reader, id: &str) -> Option<String> {
    let users = reader.post_read(ReadAction::ListAssociatedResources, id).await.ok()?;
    Some(users.pointer("/value/0/id")?.as_str()?.to_owned())
}

impl IdentityUnused {
    /// Who has it: by the hosts themselves, and by Azure's own list.
    async fn user(&self, input: &UnusedInput) -> Result<Option<String>, Fault> {
        for host in &input.hosts {
            let body = self.0.find(&host.id, &host.api_version).await?;
            if body.is_some_and(|body| carries(&body, &input.id)) {
                return Ok(Some(host.id.clone()));
            }
        }
        Ok(listed_user(&self.0, &input.id).await)
    }
}

impl Condition for IdentityUnused {
    const NAME: &'static str = "identity.unused/1";
    type Input = UnusedInput;

    async fn check(&self, input: &UnusedInput) -> Met {
        match self.user(input).await {
            Ok(None) => Met::Yes,
            Ok(Some(user)) => {
                let what = "this still has the old identity attached, whose rights would go now";
                let why = Fault::new(FaultKind::NotReady, "StillAttached", what).at(user);
                Met::NotYet { after: None, why }
            }
            Err(why) => Met::NotYet { after: None, why },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_is_attached_in_any_spelling_and_not_to_whom_it_is_only_a_prefix() {
        let host = |key: &str| json!({"identity": {"userAssignedIdentities": {key: {}}}});
        assert!(carries(&host("/S/ID1"), "/s/id1"));
        assert!(!carries(&host("/s/id10"), "/s/id1") && !carries(&json!({"identity": null}), "/s/id1"));
    }
}
