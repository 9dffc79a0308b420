//! Activities: the conditions of others' role assignments that name the old identity. A condition cannot be
//! changed by itself: the whole assignment is written again under its own name.

use super::objects::AUTHORIZATION;
use super::{Clients, PATIENT, SETTLING_MS, finding, map, unread};
use crate::references::rewrite::{Pair, rewrite};
use crate::references::text::mentions;
use rehome_orchestrator::{
    Activity, Call, Difference, Fault, Finding, Outcome, Probe, ResourceKey, Retry, Reversibility, Trace,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) struct Recondition(pub(crate) Clients);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReconditionInput {
    id: String,
    replace: Vec<Pair>,
}

impl Recondition {
    async fn write(&self, call: &Call, input: &ReconditionInput, pairs: &[Pair]) -> Outcome<()> {
        let live = match self.0.reader.get(&input.id, AUTHORIZATION).await {
            Ok(live) => live,
            Err(why) => return unread(why),
        };
        let mut properties = live["properties"].clone();
        let (condition, changes) = rewrite(&properties["condition"], pairs);
        if changes.is_empty() {
            return Outcome::Applied(());
        }
        properties["condition"] = condition;
        let body = json!({ "properties": properties });
        map(self.0.writer.put(call, &input.id, AUTHORIZATION, &body, None).await, |_| ())
    }

    async fn names_old(&self, input: &ReconditionInput) -> Result<(bool, bool), Fault> {
        let live = self.0.reader.get(&input.id, AUTHORIZATION).await?;
        let text = live.pointer("/properties/condition").and_then(Value::as_str).unwrap_or_default();
        let any = |side: fn(&Pair) -> &str| input.replace.iter().any(|p| mentions(text, side(p)));
        Ok((any(|p| &p.from), any(|p| &p.to)))
    }
}

impl Activity for Recondition {
    const NAME: &'static str = "role_assignment.recondition/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = PATIENT;
    type Input = ReconditionInput;
    type Before = ();
    type Output = ();

    fn locks(&self, input: &ReconditionInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.id)]
    }

    async fn before(&self, _: &ReconditionInput) -> Result<(), Fault> {
        Ok(())
    }

    async fn run(&self, call: &Call, input: &ReconditionInput, (): &()) -> Outcome<()> {
        self.write(call, input, &input.replace).await
    }

    async fn probe(&self, input: &ReconditionInput, (): &()) -> Probe<()> {
        match self.names_old(input).await {
            Ok((true, _)) => Probe::NotApplied,
            Ok((false, true)) => Probe::Applied(()),
            Ok((false, false)) => Probe::Foreign(Difference {
                fact: input.id.clone(),
                expected: Some("a condition that names one of the two".to_owned()),
                found: None,
            }),
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    fn trace(&self, _: &ReconditionInput) -> Trace {
        Trace::Ours
    }

    async fn undo(&self, call: &Call, input: &ReconditionInput, (): &(), _: Option<&()>) -> Outcome<()> {
        let back: Vec<Pair> =
            input.replace.iter().map(|p| Pair { from: p.to.clone(), to: p.from.clone() }).collect();
        self.write(call, input, &back).await
    }

    async fn verify(&self, input: &ReconditionInput, (): &(), (): &()) -> Result<Vec<Finding>, Fault> {
        let (old, new) = self.names_old(input).await?;
        let difference = (old || !new).then(|| Difference {
            fact: input.id.clone(),
            expected: Some("names the new identity".to_owned()),
            found: Some(if old { "names the old one" } else { "names neither" }.to_owned()),
        });
        Ok(vec![finding(&input.id, "names the new identity", difference.as_ref())])
    }

    fn residue(&self, input: &ReconditionInput, (): &(), _: Option<&()>) -> String {
        format!("az role assignment list --scope {} and set the condition back", super::quoted(&input.id))
    }
}
