//! Activities: what is waited for. Reads only.

use super::objects::MSI;
use crate::azure::Reader;
use rehome_orchestrator::{Condition, Fault, FaultKind, Met};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Graph knows a new principal: links to it can be made.
pub(crate) struct PrincipalKnown(pub(crate) Reader);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrincipalInput {
    principal_id: String,
}

impl Condition for PrincipalKnown {
    const NAME: &'static str = "principal.known/1";
    type Input = PrincipalInput;

    async fn check(&self, input: &PrincipalInput) -> Met {
        match self.0.graph_find(&format!("servicePrincipals/{}?$select=id", input.principal_id)).await {
            Ok(Some(_)) => Met::Yes,
            Ok(None) => {
                let what = "Entra ID does not know the new principal yet";
                Met::NotYet { after: None, why: Fault::new(FaultKind::NotReady, "EntraReplication", what) }
            }
            Err(why) => Met::NotYet { after: None, why },
        }
    }
}

/// Graph shows the new principal in its groups and with its application permissions: a token that is made
/// from now on has them.
pub(crate) struct PrincipalEntitled(pub(crate) Reader);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntitledInput {
    principal_id: String,
    groups: Vec<String>,
    app_roles: Vec<AppRole>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AppRole {
    resource_id: String,
    app_role_id: String,
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
        let shown = |role: &&AppRole| {
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

    async fn check(&self, input: &EntitledInput) -> Met {
        match self.missing(input).await {
            Ok(None) => Met::Yes,
            Ok(Some(what)) => {
                let what = format!("Entra ID does not show {what} yet");
                Met::NotYet { after: None, why: Fault::new(FaultKind::NotReady, "EntraReplication", what) }
            }
            Err(why) => Met::NotYet { after: None, why },
        }
    }
}

/// An identity that another move makes is there.
pub(crate) struct IdentityKnown(pub(crate) Reader);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityInput {
    id: String,
}

impl Condition for IdentityKnown {
    const NAME: &'static str = "identity.known/1";
    type Input = IdentityInput;

    async fn check(&self, input: &IdentityInput) -> Met {
        match self.0.find(&input.id, MSI).await {
            Ok(Some(_)) => Met::Yes,
            Ok(None) => {
                let why = Fault::new(FaultKind::NotReady, "NotMade", "the other identity is not there yet");
                Met::NotYet { after: None, why: why.at(input.id.clone()) }
            }
            Err(why) => Met::NotYet { after: None, why },
        }
    }
}
