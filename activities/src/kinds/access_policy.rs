//! Activities: entries in key vaults (keyvault/2023-07-01). `add` and `remove` merge on Azure's side, so
//! nobody's entry is written over.

use super::{Clients, PATIENT, SETTLING_MS, finding, map, unread};
use crate::azure::NO_ANSWER;
use crate::commands::shown;
use rehome_orchestrator::{
    Activity, Call, Difference, Fault, FaultKind, Finding, Outcome, Probe, ResourceKey, Retry, Reversibility,
    Trace,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const VAULTS: &str = "2023-07-01";

pub(crate) struct AddPolicy(pub(crate) Clients);
pub(crate) struct RemovePolicy(pub(crate) Clients);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyInput {
    vault: String,
    tenant_id: String,
    object_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    application_id: Option<String>,
    permissions: Value,
}

impl PolicyInput {
    fn fact(&self) -> String {
        format!("{}/accessPolicies/{}", self.vault, self.object_id)
    }

    fn body(&self) -> Value {
        let mut entry =
            json!({"tenantId": self.tenant_id, "objectId": self.object_id, "permissions": self.permissions});
        if let Some(application) = &self.application_id {
            entry["applicationId"] = json!(application);
        }
        json!({"properties": {"accessPolicies": [entry]}})
    }

    fn is_mine(&self, entry: &Value) -> bool {
        let same =
            |name: &str, wanted: &str| entry[name].as_str().is_some_and(|f| f.eq_ignore_ascii_case(wanted));
        same("objectId", &self.object_id)
            && match &self.application_id {
                Some(application) => same("applicationId", application),
                None => entry.get("applicationId").is_none_or(Value::is_null),
            }
    }

    /// What the vault allows the principal now.
    async fn live(&self, clients: &Clients) -> Result<Option<Value>, Fault> {
        let vault = clients.reader.get(&self.vault, VAULTS).await?;
        let by_roles = vault.pointer("/properties/enableRbacAuthorization") == Some(&Value::Bool(true));
        let entries = vault.pointer("/properties/accessPolicies").and_then(Value::as_array);
        if entries.is_none() && !by_roles {
            let what = "the answer has no list of access policies";
            return Err(Fault::new(FaultKind::Broken, NO_ANSWER, what).at(self.vault.clone()));
        }
        Ok(entries.into_iter().flatten().find(|e| self.is_mine(e)).map(|e| e["permissions"].clone()))
    }

    async fn write(&self, clients: &Clients, call: &Call, operation: &str) -> Outcome<()> {
        let id = format!("{}/accessPolicies/{operation}", self.vault);
        map(clients.writer.put(call, &id, VAULTS, &self.body(), None).await, |_| ())
    }
}

/// All permissions as `secrets/get`, without case.
fn flat(permissions: &Value) -> BTreeSet<String> {
    let kinds = permissions.as_object().into_iter().flatten();
    kinds
        .flat_map(|(kind, list)| {
            let list = list.as_array().into_iter().flatten().filter_map(Value::as_str);
            list.map(move |p| format!("{kind}/{p}").to_lowercase())
        })
        .collect()
}

fn judge(input: &PolicyInput, live: Option<&Value>) -> Option<Difference> {
    let (wanted, found) = (flat(&input.permissions), live.map(flat));
    let show = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(" ");
    (found.as_ref() != Some(&wanted)).then(|| Difference {
        fact: input.fact(),
        expected: Some(show(&wanted)),
        found: found.as_ref().map(show),
    })
}

impl Activity for AddPolicy {
    const NAME: &'static str = "access_policy.add/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = PATIENT;
    type Input = PolicyInput;
    type Before = ();
    type Output = ();

    fn locks(&self, input: &PolicyInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.vault)]
    }

    async fn before(&self, _: &PolicyInput) -> Result<(), Fault> {
        Ok(())
    }

    async fn run(&self, call: &Call, input: &PolicyInput, (): &()) -> Outcome<()> {
        input.write(&self.0, call, "add").await
    }

    async fn probe(&self, input: &PolicyInput, (): &()) -> Probe<()> {
        match input.live(&self.0).await {
            Ok(None) => Probe::NotApplied,
            Ok(Some(live)) => match judge(input, Some(&live)) {
                None => Probe::Applied(()),
                Some(difference) => Probe::Foreign(difference),
            },
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    fn trace(&self, _: &PolicyInput) -> Trace {
        Trace::Ours
    }

    async fn undo(&self, call: &Call, input: &PolicyInput, (): &(), _: Option<&()>) -> Outcome<()> {
        match input.live(&self.0).await {
            Ok(None) => Outcome::Applied(()),
            Ok(Some(live)) => match judge(input, Some(&live)) {
                None => input.write(&self.0, call, "remove").await,
                Some(difference) => super::foreign(&difference),
            },
            Err(why) => unread(why),
        }
    }

    async fn verify(&self, input: &PolicyInput, (): &(), (): &()) -> Result<Vec<Finding>, Fault> {
        let live = input.live(&self.0).await?;
        let difference = judge(input, live.as_ref());
        Ok(vec![finding(&input.fact(), "present", difference.as_ref())])
    }

    fn residue(&self, input: &PolicyInput, (): &(), _: Option<&()>) -> String {
        let name = input.vault.rsplit('/').next().unwrap_or_default();
        format!(
            "az keyvault delete-policy --name {} --object-id {}",
            super::quoted(name),
            super::quoted(&input.object_id)
        )
    }
}

impl Activity for RemovePolicy {
    const NAME: &'static str = "access_policy.remove/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = PATIENT;
    type Input = PolicyInput;
    /// What the vault allowed before.
    type Before = Option<Value>;
    type Output = ();

    fn locks(&self, input: &PolicyInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.vault)]
    }

    async fn before(&self, input: &PolicyInput) -> Result<Option<Value>, Fault> {
        input.live(&self.0).await
    }

    async fn run(&self, call: &Call, input: &PolicyInput, before: &Option<Value>) -> Outcome<()> {
        match before {
            None => Outcome::Applied(()),
            Some(live) => match judge(input, Some(live)) {
                None => input.write(&self.0, call, "remove").await,
                Some(difference) => super::foreign(&difference),
            },
        }
    }

    async fn probe(&self, input: &PolicyInput, _: &Option<Value>) -> Probe<()> {
        match input.live(&self.0).await {
            Ok(None) => Probe::Applied(()),
            Ok(Some(_)) => Probe::NotApplied,
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    fn trace(&self, _: &PolicyInput) -> Trace {
        Trace::Anybodys
    }

    /// What is there, or what the plan says was there.
    async fn recall(&self, input: &PolicyInput) -> Result<Option<Option<Value>>, Fault> {
        let live = input.live(&self.0).await?;
        Ok(Some(Some(live.unwrap_or_else(|| input.permissions.clone()))))
    }

    async fn undo(
        &self,
        call: &Call,
        input: &PolicyInput,
        before: &Option<Value>,
        _: Option<&()>,
    ) -> Outcome<()> {
        match (before, input.live(&self.0).await) {
            (None, _) | (_, Ok(Some(_))) => Outcome::Applied(()),
            (Some(_), Ok(None)) => input.write(&self.0, call, "add").await,
            (_, Err(why)) => unread(why),
        }
    }

    async fn verify(&self, input: &PolicyInput, _: &Option<Value>, (): &()) -> Result<Vec<Finding>, Fault> {
        let live = input.live(&self.0).await?;
        let difference = live.map(|_| Difference {
            fact: input.fact(),
            expected: None,
            found: Some("present".to_owned()),
        });
        Ok(vec![finding(&input.fact(), "absent", difference.as_ref())])
    }

    fn residue(&self, input: &PolicyInput, _: &Option<Value>, _: Option<&()>) -> String {
        format!("put the access policy of {} back into {}", shown(&input.object_id), shown(&input.vault))
    }
}
