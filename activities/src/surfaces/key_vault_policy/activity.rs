//! Activities: entries in key vaults (keyvault/2023-07-01). `add` and `remove` merge on Azure's side, so
//! nobody's entry is written over.

use crate::activity::spilt::{Spilt, broken, more_changed, not_put_back};
use crate::activity::{Clients, PATIENT, SETTLING_MS, finding, map, unread};
use crate::azure::NO_ANSWER;
use crate::commands::shown;
use crate::references::rest::{Rest, Spill};
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
        Ok(self.look(clients).await?.0)
    }

    /// What the vault allows the principal now, and what it allows others.
    async fn look(&self, clients: &Clients) -> Result<(Option<Value>, Rest), Fault> {
        let vault = clients.reader.get(&self.vault, VAULTS).await?;
        let by_roles = vault.pointer("/properties/enableRbacAuthorization") == Some(&Value::Bool(true));
        let entries = vault.pointer("/properties/accessPolicies").and_then(Value::as_array);
        if entries.is_none() && !by_roles {
            let what = "the answer has no list of access policies";
            return Err(Fault::new(FaultKind::Broken, NO_ANSWER, what).at(self.vault.clone()));
        }
        let (mine, others): (Vec<&Value>, Vec<&Value>) =
            entries.into_iter().flatten().partition(|entry| self.is_mine(entry));
        let others = others.into_iter().map(|entry| (holder(entry), json!(flat(&entry["permissions"]))));
        Ok((mine.first().map(|entry| entry["permissions"].clone()), Rest::of_values(others)))
    }

    /// Gives others back what a write took from them.
    async fn give_back(&self, clients: &Clients, call: &Call, lost: &[Spill]) -> Outcome<()> {
        let entries: Vec<Value> = lost.iter().filter_map(entry_of).collect();
        if entries.is_empty() {
            return Outcome::Applied(());
        }
        let (id, body) = (
            format!("{}/accessPolicies/add", self.vault),
            json!({"properties": {"accessPolicies": entries}}),
        );
        map(clients.writer.put(call, &id, VAULTS, &body, None).await, |_| ())
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

/// Whose entry it is: tenant, object and application.
fn holder(entry: &Value) -> String {
    let text = |name: &str| entry[name].as_str().unwrap_or_default().to_lowercase();
    format!("{} {} {}", text("tenantId"), text("objectId"), text("applicationId"))
}

/// An entry that a write has taken away, as it can be added again; one that it has changed is told only.
fn entry_of(lost: &Spill) -> Option<Value> {
    let mut names = lost.pointer.strip_prefix('/')?.split(' ');
    let (tenant, object, application) = (names.next()?, names.next()?, names.next().unwrap_or_default());
    let mut permissions: std::collections::BTreeMap<&str, Vec<&str>> = std::collections::BTreeMap::new();
    let was = lost.was.as_ref().filter(|_| lost.now.is_none())?.as_array()?;
    for (kind, permission) in was.iter().filter_map(|one| one.as_str()?.split_once('/')) {
        permissions.entry(kind).or_default().push(permission);
    }
    let mut entry = json!({"tenantId": tenant, "objectId": object, "permissions": permissions});
    if !application.is_empty() {
        entry["applicationId"] = json!(application);
    }
    Some(entry)
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
    /// What the vault allows others; logs of older programs do not have it.
    type Before = Option<Rest>;
    type Output = Spilt;

    fn locks(&self, input: &PolicyInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.vault)]
    }

    async fn before(&self, input: &PolicyInput) -> Result<Option<Rest>, Fault> {
        Ok(Some(input.look(&self.0).await?.1))
    }

    async fn run(&self, call: &Call, input: &PolicyInput, before: &Option<Rest>) -> Outcome<Spilt> {
        if call.attempt() > 1 {
            // An attempt that goes on where another one stopped finds here what that one has changed.
            match input.look(&self.0).await {
                Ok((_, rest)) => match before.as_ref().map(|was| was.spilt(&rest)) {
                    Some(spilt) if !spilt.is_empty() => {
                        return Outcome::Refused(more_changed(&input.vault, &spilt));
                    }
                    Some(_) | None => {}
                },
                Err(why) => return unread(why),
            }
        }
        match input.write(&self.0, call, "add").await {
            Outcome::Applied(()) => match input.look(&self.0).await {
                Ok((_, rest)) => match before.as_ref().map(|was| was.spilt(&rest)) {
                    Some(spilt) if !spilt.is_empty() => Outcome::Unknown(more_changed(&input.vault, &spilt)),
                    Some(_) | None => Outcome::Applied(Spilt::NONE),
                },
                Err(why) => Outcome::Unknown(why),
            },
            other => map(other, |()| Spilt::NONE),
        }
    }

    async fn probe(&self, input: &PolicyInput, before: &Option<Rest>) -> Probe<Spilt> {
        let (mine, rest) = match input.look(&self.0).await {
            Ok(found) => found,
            Err(why) => return Probe::Unsettled { after: None, why },
        };
        let spilt = Spilt::of(before.as_ref().map(|was| was.spilt(&rest)).unwrap_or_default());
        match mine.map(|live| judge(input, Some(&live))) {
            Some(Some(difference)) => Probe::Foreign(difference),
            None if spilt.is_empty() => Probe::NotApplied,
            Some(None) if spilt.is_empty() => Probe::Applied(spilt),
            None | Some(None) => Probe::Partial(spilt),
        }
    }

    async fn probe_undo(&self, input: &PolicyInput, _: &Option<Rest>, was: Option<&Spilt>) -> Probe<Spilt> {
        let (mine, rest) = match input.look(&self.0).await {
            Ok(found) => found,
            Err(why) => return Probe::Unsettled { after: None, why },
        };
        let was = was.cloned().unwrap_or_default();
        match mine.map(|live| judge(input, Some(&live))) {
            Some(Some(difference)) => Probe::Foreign(difference),
            Some(None) => Probe::Applied(was),
            None if was.still(&rest).is_empty() => Probe::NotApplied,
            None => Probe::Partial(was),
        }
    }

    fn trace(&self, _: &PolicyInput) -> Trace {
        Trace::Ours
    }

    /// What others had is not known any more.
    async fn recall(&self, _: &PolicyInput) -> Result<Option<Option<Rest>>, Fault> {
        Ok(Some(None))
    }

    async fn undo(
        &self,
        call: &Call,
        input: &PolicyInput,
        _: &Option<Rest>,
        was: Option<&Spilt>,
    ) -> Outcome<()> {
        let (mine, rest) = match input.look(&self.0).await {
            Ok(found) => found,
            Err(why) => return unread(why),
        };
        let lost = was.map(|was| was.still(&rest)).unwrap_or_default();
        let back = input.give_back(&self.0, call, &lost).await;
        let gone = match (back, mine.map(|live| judge(input, Some(&live)))) {
            (Outcome::Applied(()), None) => Outcome::Applied(()),
            (Outcome::Applied(()), Some(None)) => input.write(&self.0, call, "remove").await,
            (Outcome::Applied(()), Some(Some(difference))) => crate::activity::foreign(&difference),
            (other, _) => other,
        };
        match gone {
            Outcome::Applied(()) => match input.look(&self.0).await {
                Ok((_, now)) => {
                    let mut left = was.map(|was| was.still(&now)).unwrap_or_default();
                    let more = rest.spilt(&now).into_iter();
                    left.extend(more.filter(|one| !lost.iter().any(|lost| lost.pointer == one.pointer)));
                    if left.is_empty() {
                        return Outcome::Applied(());
                    }
                    Outcome::Refused(not_put_back(&input.vault, &left))
                }
                Err(why) => Outcome::Unknown(why),
            },
            other => other,
        }
    }

    async fn verify(
        &self,
        input: &PolicyInput,
        _: &Option<Rest>,
        spilt: &Spilt,
    ) -> Result<Vec<Finding>, Fault> {
        let (mine, rest) = input.look(&self.0).await?;
        let difference = judge(input, mine.as_ref());
        let mut out = vec![finding(&input.fact(), "present", difference.as_ref())];
        out.extend(broken(&input.vault, &spilt.still(&rest)));
        Ok(out)
    }

    fn residue(&self, input: &PolicyInput, _: &Option<Rest>, _: Option<&Spilt>) -> String {
        let name = input.vault.rsplit('/').next().unwrap_or_default();
        format!(
            "az keyvault delete-policy --name {} --object-id {}",
            crate::activity::quoted(name),
            crate::activity::quoted(&input.object_id)
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
                Some(difference) => crate::activity::foreign(&difference),
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
