//! Activities: settings of a service principal (msgraph, v1.0): whether it may sign in, its tags and its notes.
//!
//! Source: <https://learn.microsoft.com/graph/api/serviceprincipal-update>. Which of them Graph takes of a managed
//! identity is not published: what it refuses is shown as what it is, a refused step, which can be left out.

use crate::activity::{Clients, PATIENT, SETTLING_MS, finding, foreign, map, quoted, unread};
use rehome_orchestrator::{
    Activity, Call, Difference, Fault, Finding, Outcome, Probe, ResourceKey, Retry, Reversibility, Trace,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Sets some.
pub(crate) struct SetPrincipal(pub(crate) Clients);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrincipalInput {
    principal_id: String,
    /// By the names that Graph has for them.
    settings: Map<String, Value>,
}

/// Where each setting is as it was, or as it is to be.
enum Stands {
    AsWas,
    AsWanted,
    Mixed,
    Otherwise(Difference),
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

    /// The settings that are there, of those that are set.
    async fn live(&self, clients: &Clients) -> Result<Option<Map<String, Value>>, Fault> {
        let names: Vec<&str> = self.settings.keys().map(String::as_str).collect();
        let path = format!("{}?$select=id,{}", self.path(), names.join(","));
        let found = clients.reader.graph_find(&path).await?;
        Ok(found.map(|found| self.settings.keys().map(|name| (name.clone(), found[name].clone())).collect()))
    }

    fn stands(&self, before: &Map<String, Value>, live: &Map<String, Value>) -> Stands {
        let (mut was, mut wanted) = (0, 0);
        for (name, value) in &self.settings {
            let now = plain(&live[name]);
            if now == plain(value) {
                wanted += 1;
            } else if now == plain(before.get(name).unwrap_or(&Value::Null)) {
                was += 1;
            } else {
                let fact = format!("{}/{name}", self.path());
                let (expected, found) = (Some(value.to_string()), Some(live[name].to_string()));
                return Stands::Otherwise(Difference { fact, expected, found });
            }
        }
        match (was, wanted) {
            (0, _) => Stands::AsWanted,
            (_, 0) => Stands::AsWas,
            (_, _) => Stands::Mixed,
        }
    }

    async fn write(&self, clients: &Clients, call: &Call, settings: &Map<String, Value>) -> Outcome<()> {
        map(clients.writer.graph_patch(call, &self.path(), &json!(settings)).await, |_| ())
    }
}

impl Activity for SetPrincipal {
    const NAME: &'static str = "service_principal.set/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = PATIENT;
    type Input = PrincipalInput;
    type Before = Map<String, Value>;
    type Output = ();

    fn locks(&self, input: &PrincipalInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.path())]
    }

    async fn before(&self, input: &PrincipalInput) -> Result<Map<String, Value>, Fault> {
        Ok(input.live(&self.0).await?.unwrap_or_default())
    }

    async fn run(&self, call: &Call, input: &PrincipalInput, before: &Map<String, Value>) -> Outcome<()> {
        let live = match input.live(&self.0).await {
            Ok(live) => live.unwrap_or_default(),
            Err(why) => return unread(why),
        };
        match input.stands(before, &live) {
            Stands::AsWanted => Outcome::Applied(()),
            Stands::AsWas | Stands::Mixed => input.write(&self.0, call, &input.settings).await,
            Stands::Otherwise(difference) => foreign(&difference),
        }
    }

    async fn probe(&self, input: &PrincipalInput, before: &Map<String, Value>) -> Probe<()> {
        match input.live(&self.0).await {
            Ok(None) => Probe::NotApplied,
            Ok(Some(live)) => match input.stands(before, &live) {
                Stands::AsWanted => Probe::Applied(()),
                Stands::AsWas => Probe::NotApplied,
                Stands::Mixed => Probe::Partial(()),
                Stands::Otherwise(difference) => Probe::Foreign(difference),
            },
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    fn trace(&self, _: &PrincipalInput) -> Trace {
        Trace::Ours
    }

    async fn undo(
        &self,
        call: &Call,
        input: &PrincipalInput,
        before: &Map<String, Value>,
        _: Option<&()>,
    ) -> Outcome<()> {
        let live = match input.live(&self.0).await {
            // It went with its identity.
            Ok(None) => return Outcome::Applied(()),
            Ok(Some(live)) => live,
            Err(why) => return unread(why),
        };
        match input.stands(before, &live) {
            Stands::AsWas => Outcome::Applied(()),
            Stands::AsWanted | Stands::Mixed => input.write(&self.0, call, before).await,
            Stands::Otherwise(difference) => foreign(&difference),
        }
    }

    async fn verify(
        &self,
        input: &PrincipalInput,
        _: &Map<String, Value>,
        (): &(),
    ) -> Result<Vec<Finding>, Fault> {
        let live = input.live(&self.0).await?.unwrap_or_default();
        let one = |(name, value): (&String, &Value)| {
            let fact = format!("{}/{name}", input.path());
            let found = live.get(name).unwrap_or(&Value::Null);
            let lacks = (plain(found) != plain(value)).then(|| Difference {
                fact: fact.clone(),
                expected: Some(value.to_string()),
                found: Some(found.to_string()),
            });
            finding(&fact, &value.to_string(), lacks.as_ref())
        };
        Ok(input.settings.iter().map(one).collect())
    }

    fn residue(&self, input: &PrincipalInput, before: &Map<String, Value>, _: Option<&()>) -> String {
        let url = quoted(&format!("https://graph.microsoft.com/v1.0/{}", input.path()));
        let body = quoted(&json!(before).to_string());
        format!("az rest --method patch --url {url} --body {body}")
    }
}
