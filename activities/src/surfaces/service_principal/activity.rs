//! Activities: settings of a service principal (msgraph, v1.0): whether it may sign in, its tags and its notes.
//!
//! Source: <https://learn.microsoft.com/graph/api/serviceprincipal-update>. Which of them Graph takes of a managed
//! identity is not published: what it refuses is shown as what it is, a refused step, which can be left out.

use crate::activity::kit::{Change, Handed, Kit};
use crate::activity::principal_image::{WRITABLE, put_back, rest};
use crate::activity::spilt::{
    Parts, Spilt, broken, found_changed, left_out, probed, probed_back, taken_back, written,
};
use crate::activity::{Clients, REPLICATION_RETRY, SETTLING_MS, finding, foreign, map, quoted, unread};
use crate::azure::PrincipalId;
use crate::references::rest::{Rest, Spill};
use crate::references::settings_key::SettingsKey;
use rehome_orchestrator::PlanValue;
use rehome_orchestrator::{
    Activity, Call, Difference, Evidence, Fault, Finding, Outcome, Probe, ResourceKey, Retry, Reversibility,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Sets some.
pub(crate) struct SetPrincipal {
    clients: Clients,
    key: SettingsKey,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrincipalInput {
    pub(crate) principal_id: PlanValue<PrincipalId>,
    /// By the names that Graph has for them.
    pub(crate) settings: Map<String, Value>,
}

/// What was there before.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "Recorded")]
pub(crate) struct PrincipalBefore {
    settings: Map<String, Value>,
    /// What else can be written of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    rest: Option<Rest>,
}

/// What stands in logs: older ones have the settings alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Recorded {
    Image { settings: Map<String, Value>, rest: Rest },
    Settings(Map<String, Value>),
}

impl From<Recorded> for PrincipalBefore {
    fn from(recorded: Recorded) -> Self {
        match recorded {
            Recorded::Image { settings, rest } => Self { settings, rest: Some(rest) },
            Recorded::Settings(settings) => Self { settings, rest: None },
        }
    }
}

/// A value as it is compared: no text is none, and a list is a set.
fn plain(value: &Value) -> Value {
    match value {
        Value::String(text) if text.is_empty() => Value::Null,
        Value::Array(items) => {
            let mut items = items.clone();
            items.sort_by_key(ToString::to_string);
            Value::Array(items)
        }
        other => other.clone(),
    }
}

impl PrincipalInput {
    fn path(&self) -> String {
        format!("servicePrincipals/{}", self.principal_id)
    }

    /// The settings of a principal, of those that are set.
    fn settings(&self, principal: &Value) -> Map<String, Value> {
        self.settings.keys().map(|name| (name.clone(), principal[name].clone())).collect()
    }

    /// How much of the change is in place.
    fn parts(&self, before: &PrincipalBefore, live: &Value) -> Result<Parts, Difference> {
        let (mut was, mut wanted) = (false, false);
        for (name, value) in &self.settings {
            let now = plain(&live[name]);
            if now == plain(value) {
                wanted = true;
            } else if now == plain(before.settings.get(name).unwrap_or(&Value::Null)) {
                was = true;
            } else {
                let fact = format!("{}/{name}", self.path());
                let (expected, found) = (Some(value.to_string()), Some(live[name].to_string()));
                return Err(Difference { fact, expected, found });
            }
        }
        Ok(match (was, wanted) {
            (false, _) => Parts::All,
            (true, false) => Parts::None,
            (true, true) => Parts::Some,
        })
    }
}

impl SetPrincipal {
    async fn live(&self, input: &PrincipalInput) -> Result<Option<Value>, Fault> {
        let path = format!("{}?$select=id,{WRITABLE}", input.path());
        self.clients.reader.graph_find(&path).await
    }

    fn rest(&self, input: &PrincipalInput, live: &Value) -> Rest {
        let places: Vec<String> = input.settings.keys().map(|name| format!("/{name}")).collect();
        rest(live, &self.key, &input.path(), &places)
    }

    fn spilt(&self, input: &PrincipalInput, before: &PrincipalBefore, live: &Value) -> Vec<Spill> {
        before.rest.as_ref().map(|was| was.spilt(&self.rest(input, live))).unwrap_or_default()
    }

    /// Writes settings, and what is there then.
    async fn write(&self, call: &Call, input: &PrincipalInput, body: &Value) -> Outcome<Value> {
        match self.clients.writer.graph_patch(call, &input.path(), body).await {
            Outcome::Applied(_) => match self.live(input).await {
                Ok(now) => Outcome::Applied(now.unwrap_or_default()),
                Err(why) => Outcome::Unknown(why),
            },
            other => other,
        }
    }
}

fn not_as_written(input: &PrincipalInput) -> Fault {
    let names: Vec<&str> = input.settings.keys().map(String::as_str).collect();
    left_out("with success", &names.join(", "), input.path())
}

impl Activity for SetPrincipal {
    const NAME: &'static str = "service_principal.set/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = REPLICATION_RETRY;
    const EVIDENCE: Evidence = Evidence::Conclusive;
    type Input = PrincipalInput;
    type Before = PrincipalBefore;
    type Output = Spilt;

    fn locks(&self, input: &PrincipalInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.path())]
    }

    async fn before(&self, input: &PrincipalInput) -> Result<PrincipalBefore, Fault> {
        let live = self.live(input).await?.unwrap_or_default();
        Ok(PrincipalBefore { settings: input.settings(&live), rest: Some(self.rest(input, &live)) })
    }

    async fn run(&self, call: &Call, input: &PrincipalInput, before: &PrincipalBefore) -> Outcome<Spilt> {
        let live = match self.live(input).await {
            Ok(live) => live.unwrap_or_default(),
            Err(why) => return unread(why),
        };
        if let Some(why) = found_changed(call, &input.path(), || self.spilt(input, before, &live)) {
            return Outcome::Refused(why);
        }
        match input.parts(before, &live) {
            Ok(Parts::All) => return Outcome::Applied(Spilt::NONE),
            Ok(Parts::None | Parts::Some) => {}
            Err(difference) => return foreign(&difference),
        }
        match self.write(call, input, &json!(input.settings)).await {
            Outcome::Applied(now) if input.parts(before, &now) != Ok(Parts::All) => {
                Outcome::Unknown(not_as_written(input))
            }
            Outcome::Applied(now) => {
                written(&input.path(), &self.rest(input, &live).spilt(&self.rest(input, &now)))
            }
            other => map(other, |_| Spilt::NONE),
        }
    }

    async fn probe(&self, input: &PrincipalInput, before: &PrincipalBefore) -> Probe<Spilt> {
        match self.live(input).await {
            Ok(None) => Probe::NotApplied,
            Ok(Some(live)) => probed(input.parts(before, &live), self.spilt(input, before, &live)),
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    async fn probe_undo(
        &self,
        input: &PrincipalInput,
        before: &PrincipalBefore,
        was: Option<&Spilt>,
    ) -> Probe<Spilt> {
        match self.live(input).await {
            Ok(None) => Probe::NotApplied,
            Ok(Some(live)) => probed_back(input.parts(before, &live), was, &self.rest(input, &live)),
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    async fn undo(
        &self,
        call: &Call,
        input: &PrincipalInput,
        before: &PrincipalBefore,
        was: Option<&Spilt>,
    ) -> Outcome<()> {
        let live = match self.live(input).await {
            // It went with its identity.
            Ok(None) => return Outcome::Applied(()),
            Ok(Some(live)) => live,
            Err(why) => return unread(why),
        };
        let rest = self.rest(input, &live);
        let still = was.map(|was| was.still(&rest)).unwrap_or_default();
        let (mut left, open): (Vec<Spill>, Vec<Spill>) = still.into_iter().partition(Spill::is_secret);
        let mut body = match input.parts(before, &live) {
            Ok(Parts::None) => json!({}),
            Ok(Parts::All | Parts::Some) => json!(before.settings),
            Err(difference) => return foreign(&difference),
        };
        put_back(&mut body, &live, &open);
        if body != json!({}) {
            let now = match self.write(call, input, &body).await {
                Outcome::Applied(now) => now,
                other => return map(other, |_| ()),
            };
            if input.parts(before, &now) != Ok(Parts::None) {
                return Outcome::Unknown(not_as_written(input));
            }
            let mut target = live;
            open.iter().for_each(|spill| spill.put_back(&mut target));
            left.extend(self.rest(input, &target).spilt(&self.rest(input, &now)));
        }
        taken_back(&input.path(), &left)
    }

    async fn verify(
        &self,
        input: &PrincipalInput,
        _: &PrincipalBefore,
        spilt: &Spilt,
    ) -> Result<Vec<Finding>, Fault> {
        let live = self.live(input).await?.unwrap_or_default();
        let one = |(name, value): (&String, &Value)| {
            let fact = format!("{}/{name}", input.path());
            let found = &live[name];
            let lacks = (plain(found) != plain(value)).then(|| Difference {
                fact: fact.clone(),
                expected: Some(value.to_string()),
                found: Some(found.to_string()),
            });
            finding(&fact, &value.to_string(), lacks.as_ref())
        };
        let mut out: Vec<Finding> = input.settings.iter().map(one).collect();
        out.extend(broken(&input.path(), &spilt.still(&self.rest(input, &live))));
        Ok(out)
    }

    fn residue(&self, input: &PrincipalInput, before: &PrincipalBefore, _: Option<&Spilt>) -> String {
        let url = quoted(&format!("https://graph.microsoft.com/v1.0/{}", input.path()));
        let body = quoted(&json!(before.settings).to_string());
        format!("az rest --method patch --url {url} --body {body}")
    }
}

impl Change for SetPrincipal {
    fn new(kit: &Kit) -> Self {
        Self { clients: kit.clients(), key: kit.key() }
    }

    fn handed(input: &PrincipalInput, _: Option<&str>) -> Handed {
        Handed::ByItself(input.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_of_before_have_the_settings_alone() {
        let old: PrincipalBefore =
            serde_json::from_value(json!({"notes": null, "tags": ["a"]})).expect("an old one");
        assert!(old.rest.is_none() && old.settings.len() == 2);
        let rest = Some(Rest::of_values([("homepage".to_owned(), json!("x"))].into_iter()));
        let new = PrincipalBefore { settings: old.settings, rest };
        let read: PrincipalBefore =
            serde_json::from_str(&serde_json::to_string(&new).expect("a text")).expect("the same");
        assert!(read.settings == new.settings && read.rest == new.rest);
    }
}
