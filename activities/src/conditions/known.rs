//! Activities: what is waited for. Reads only.

use crate::azure::{ClientId, DirectoryId, PrincipalId, Reader, ResourceId};
use crate::surfaces::identity::create::MSI;
use rehome_orchestrator::{Condition, ConditionResult, Difference, Fault, FaultKind, PlanValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Graph knows a new principal: links to it can be made.
pub(crate) struct PrincipalKnown(pub(crate) Reader);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrincipalInput {
    pub(crate) principal_id: PlanValue<PrincipalId>,
    /// The application and the resource that it is to be the principal of; not in plans of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<PlanValue<ClientId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) resource_id: Option<PlanValue<ResourceId>>,
}

/// Where a service principal is not that of the identity: whoever said its id said another one's.
fn stranger(found: &Value, input: &PrincipalInput) -> Option<Difference> {
    let differs = |fact: &str, expected: &str, found: String| {
        Some(Difference { fact: fact.to_owned(), expected: Some(expected.to_owned()), found: Some(found) })
    };
    let app = found["appId"].as_str().unwrap_or_default();
    if let Some(client) = input.client_id.as_deref().filter(|client| **client != *app) {
        return differs("appId", client, app.to_owned());
    }
    // The names of a managed identity have its ARM id, where they are shown.
    let names: Vec<&str> =
        found["alternativeNames"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut ids = names.iter().filter(|name| name.to_lowercase().starts_with("/subscriptions/")).peekable();
    let wanted = input.resource_id.as_deref()?;
    let is_its_own = ids.peek().is_none() || ids.any(|id| wanted == id);
    if is_its_own { None } else { differs("alternativeNames", wanted, names.join(" ")) }
}

impl Condition for PrincipalKnown {
    const NAME: &'static str = "principal.known/1";
    type Input = PrincipalInput;

    async fn check(&self, input: &PrincipalInput) -> ConditionResult {
        let path = format!("servicePrincipals/{}?$select=id,appId,alternativeNames", input.principal_id);
        match self.0.graph_find(&path).await {
            Ok(Some(found)) => match stranger(&found, input) {
                None => ConditionResult::Yes,
                Some(Difference { fact, expected, found }) => {
                    let side = |text: Option<String>| text.unwrap_or_default();
                    let what = format!(
                        "the principal that Azure said is another one's: its {fact} is {}, not {}; nothing was granted to it",
                        side(found),
                        side(expected)
                    );
                    ConditionResult::Never(
                        Fault::new(FaultKind::Differs, "NotItsPrincipal", what)
                            .at(input.principal_id.to_string()),
                    )
                }
            },
            Ok(None) => {
                let what = "Entra ID does not know the new principal yet";
                ConditionResult::NotYet {
                    after: None,
                    why: Fault::new(FaultKind::NotReady, "EntraReplication", what),
                }
            }
            Err(why) => ConditionResult::NotYet { after: None, why },
        }
    }
}

/// Graph shows the new principal in its groups and with its application permissions: a token that is made
/// from now on has them.
pub(crate) struct PrincipalEntitled(pub(crate) Reader);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntitledInput {
    pub(crate) principal_id: PlanValue<PrincipalId>,
    pub(crate) groups: PlanValue<Vec<PrincipalId>>,
    pub(crate) app_roles: Vec<Permission>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Permission {
    pub(crate) resource_id: PrincipalId,
    pub(crate) app_role_id: DirectoryId,
}

impl PrincipalEntitled {
    /// What is not shown yet.
    async fn missing(&self, input: &EntitledInput) -> Result<Option<String>, Fault> {
        let is = |object: &Value, name: &str, wanted: &str| {
            object[name].as_str().is_some_and(|found| found.eq_ignore_ascii_case(wanted))
        };
        let of = &input.principal_id;
        if !input.groups.is_empty() {
            let seen = self.0.graph_list(&format!("servicePrincipals/{of}/memberOf?$select=id")).await?;
            if let Some(group) = input.groups.iter().find(|g| !seen.iter().any(|s| is(s, "id", g))) {
                return Ok(Some(format!("the membership of group {group}")));
            }
        }
        if input.app_roles.is_empty() {
            return Ok(None);
        }
        let seen = self.0.graph_list(&format!("servicePrincipals/{of}/appRoleAssignments")).await?;
        let shown = |role: &&Permission| {
            seen.iter()
                .any(|s| is(s, "resourceId", &role.resource_id) && is(s, "appRoleId", &role.app_role_id))
        };
        let missing = input.app_roles.iter().find(|role| !shown(role));
        Ok(missing.map(|role| format!("application permission {}", role.app_role_id)))
    }
}

impl Condition for PrincipalEntitled {
    const NAME: &'static str = "principal.entitled/1";
    type Input = EntitledInput;

    async fn check(&self, input: &EntitledInput) -> ConditionResult {
        match self.missing(input).await {
            Ok(None) => ConditionResult::Yes,
            Ok(Some(what)) => {
                let what = format!("Entra ID does not show {what} yet");
                ConditionResult::NotYet {
                    after: None,
                    why: Fault::new(FaultKind::NotReady, "EntraReplication", what),
                }
            }
            Err(why) => ConditionResult::NotYet { after: None, why },
        }
    }
}

/// An identity that another move makes is there.
pub(crate) struct IdentityKnown(pub(crate) Reader);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityIsThere {
    pub(crate) id: ResourceId,
}

impl Condition for IdentityKnown {
    const NAME: &'static str = "identity.known/1";
    type Input = IdentityIsThere;

    async fn check(&self, input: &IdentityIsThere) -> ConditionResult {
        match self.0.find(&input.id, MSI).await {
            Ok(Some(_)) => ConditionResult::Yes,
            Ok(None) => {
                let why = Fault::new(FaultKind::NotReady, "NotMade", "the other identity is not there yet");
                ConditionResult::NotYet { after: None, why: why.at(&*input.id) }
            }
            Err(why) => ConditionResult::NotYet { after: None, why },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_principal_of_another_application_or_another_resource_is_a_stranger() {
        let input = PrincipalInput {
            principal_id: PrincipalId::from("p").into(),
            client_id: Some(ClientId::from("C").into()),
            resource_id: Some(ResourceId::from("/subscriptions/S/id-new").into()),
        };
        let own = |app: &str, names: Value| json!({"id": "p", "appId": app, "alternativeNames": names});
        let names = json!(["isExplicit=True", "/subscriptions/s/ID-NEW"]);
        assert!(stranger(&own("c", names.clone()), &input).is_none());
        assert!(
            stranger(&own("c", json!(["isExplicit=True"])), &input).is_none(),
            "not every Graph shows it"
        );
        assert_eq!(stranger(&own("d", names), &input).unwrap().fact, "appId");
        let other = json!(["isExplicit=True", "/subscriptions/s/id-other"]);
        assert_eq!(stranger(&own("c", other), &input).unwrap().fact, "alternativeNames");
        assert!(stranger(&json!({"id": "p"}), &input).is_some(), "an answer that does not say is no proof");
        let before: PrincipalInput = serde_json::from_value(json!({"principal_id": "p"})).unwrap();
        assert!(stranger(&json!({"id": "p"}), &before).is_none(), "plans of before ask for nothing");
    }
}
