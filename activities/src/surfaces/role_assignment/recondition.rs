//! Activities: the conditions of others' role assignments that name the old identity. A condition cannot be
//! changed by itself: the whole assignment is written again under its own name.

use crate::activity::kit::{Change, Handed, Kit};
use crate::activity::spilt::{
    Parts, Spilt, broken, found_changed, left_out, probed, probed_back, taken_back, written,
};
use crate::activity::{Clients, REPLICATION_RETRY, SETTLING_MS, finding, map, unread};
use crate::azure::ResourceId;
use crate::references::rest::{Lens, Rest, Spill};
use crate::references::rewrite::{Pair, rewrite};
use crate::references::settings_key::SettingsKey;
use crate::references::text::mentions;
use crate::surfaces::role_assignment::activity::AUTHORIZATION;
use rehome_orchestrator::{
    Activity, Call, Difference, Evidence, Fault, Finding, Outcome, Probe, ResourceKey, Retry, Reversibility,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The one place that is written.
const CONDITION: &str = "/properties/condition";

pub(crate) struct Recondition {
    clients: Clients,
    key: SettingsKey,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReconditionInput {
    pub(crate) id: ResourceId,
    pub(crate) replace: Vec<Pair>,
}

impl ReconditionInput {
    /// How much of the change is in place: nothing while the old one is named.
    fn parts(&self, live: &Value) -> Result<Parts, Difference> {
        let text = live.pointer(CONDITION).and_then(Value::as_str).unwrap_or_default();
        let any = |side: fn(&Pair) -> &str| self.replace.iter().any(|p| mentions(text, side(p)));
        match (any(|p| &p.from), any(|p| &p.to)) {
            (true, _) => Ok(Parts::None),
            (false, true) => Ok(Parts::All),
            (false, false) => Err(neither(self)),
        }
    }

    fn back(&self) -> Vec<Pair> {
        self.replace.iter().map(Pair::back).collect()
    }
}

fn neither(input: &ReconditionInput) -> Difference {
    Difference {
        fact: input.id.to_string(),
        expected: Some("a condition that names one of the two".to_owned()),
        found: None,
    }
}

fn not_as_written(input: &ReconditionInput) -> Fault {
    left_out("200", CONDITION, &input.id)
}

impl Recondition {
    async fn live(&self, input: &ReconditionInput) -> Result<Value, Fault> {
        self.clients.reader.get(&input.id, AUTHORIZATION).await
    }

    /// The assignment but for its condition.
    fn rest(&self, input: &ReconditionInput, live: &Value) -> Rest {
        let places = [CONDITION.to_owned()];
        Rest::of(live, &Lens { key: &self.key, id: &input.id, places: &places, identities: Vec::new() })
    }

    fn spilt(&self, input: &ReconditionInput, before: Option<&Rest>, live: &Value) -> Vec<Spill> {
        before.map(|was| was.spilt(&self.rest(input, live))).unwrap_or_default()
    }

    /// Writes the whole assignment where its condition names one side, or something is to be put back; and what is
    /// there then.
    async fn write(
        &self,
        call: &Call,
        input: &ReconditionInput,
        pairs: &[Pair],
        live: &Value,
        lost: &[Spill],
    ) -> Outcome<Value> {
        let mut target = live.clone();
        let (condition, changes) = rewrite(&live["properties"]["condition"], pairs);
        if changes.is_empty() && lost.is_empty() {
            return Outcome::Applied(target);
        }
        target["properties"]["condition"] = condition;
        lost.iter().for_each(|spill| spill.put_back(&mut target));
        let body = json!({ "properties": target["properties"] });
        match self.clients.writer.put(call, &input.id, AUTHORIZATION, &body, None).await {
            Outcome::Applied(_) => match self.live(input).await {
                Ok(now) if now.pointer(CONDITION) != target.pointer(CONDITION) => {
                    Outcome::Unknown(not_as_written(input))
                }
                Ok(now) => Outcome::Applied(now),
                Err(why) => Outcome::Unknown(why),
            },
            other => other,
        }
    }
}

impl Activity for Recondition {
    const NAME: &'static str = "role_assignment.recondition/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = REPLICATION_RETRY;
    const EVIDENCE: Evidence = Evidence::Conclusive;
    type Input = ReconditionInput;
    /// Everything but the condition; logs of older programs do not have it.
    type Before = Option<Rest>;
    type Output = Spilt;

    fn locks(&self, input: &ReconditionInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.id)]
    }

    async fn before(&self, input: &ReconditionInput) -> Result<Option<Rest>, Fault> {
        Ok(Some(self.rest(input, &self.live(input).await?)))
    }

    async fn run(&self, call: &Call, input: &ReconditionInput, before: &Option<Rest>) -> Outcome<Spilt> {
        let live = match self.live(input).await {
            Ok(live) => live,
            Err(why) => return unread(why),
        };
        if let Some(why) = found_changed(call, &input.id, || self.spilt(input, before.as_ref(), &live)) {
            return Outcome::Refused(why);
        }
        match self.write(call, input, &input.replace, &live, &[]).await {
            Outcome::Applied(now) => {
                written(&input.id, &self.rest(input, &live).spilt(&self.rest(input, &now)))
            }
            other => map(other, |_| Spilt::NONE),
        }
    }

    async fn probe(&self, input: &ReconditionInput, before: &Option<Rest>) -> Probe<Spilt> {
        match self.live(input).await {
            Ok(live) => probed(input.parts(&live), self.spilt(input, before.as_ref(), &live)),
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    async fn probe_undo(
        &self,
        input: &ReconditionInput,
        _: &Option<Rest>,
        was: Option<&Spilt>,
    ) -> Probe<Spilt> {
        match self.live(input).await {
            Ok(live) => probed_back(input.parts(&live), was, &self.rest(input, &live)),
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    async fn restored(
        &self,
        input: &ReconditionInput,
        before: &Option<Rest>,
    ) -> Result<Vec<Difference>, Fault> {
        let Some(was) = before else { return Ok(Vec::new()) };
        // One that is gone is told by the facts.
        let Some(live) = self.clients.reader.find(&input.id, AUTHORIZATION).await? else {
            return Ok(Vec::new());
        };
        let spilt = was.blurred().spilt(&self.rest(input, &live).blurred());
        Ok(spilt.iter().map(|spill| spill.difference(&input.id)).collect())
    }

    /// What else there was is not known any more.
    async fn reconstruct_before(&self, _: &ReconditionInput) -> Result<Option<Option<Rest>>, Fault> {
        Ok(Some(None))
    }

    async fn undo(
        &self,
        call: &Call,
        input: &ReconditionInput,
        _: &Option<Rest>,
        was: Option<&Spilt>,
    ) -> Outcome<()> {
        let live = match self.live(input).await {
            Ok(live) => live,
            Err(why) => return unread(why),
        };
        let still = was.map(|was| was.still(&self.rest(input, &live))).unwrap_or_default();
        let (mut left, open): (Vec<Spill>, Vec<Spill>) = still.into_iter().partition(Spill::is_secret);
        match self.write(call, input, &input.back(), &live, &open).await {
            Outcome::Applied(now) => {
                let mut target = live.clone();
                open.iter().for_each(|spill| spill.put_back(&mut target));
                left.extend(self.rest(input, &target).spilt(&self.rest(input, &now)));
                taken_back(&input.id, &left)
            }
            other => map(other, |_| ()),
        }
    }

    async fn verify(
        &self,
        input: &ReconditionInput,
        _: &Option<Rest>,
        spilt: &Spilt,
    ) -> Result<Vec<Finding>, Fault> {
        let live = self.live(input).await?;
        let found = match input.parts(&live) {
            Ok(Parts::All) => None,
            Ok(Parts::Some | Parts::None) => Some("names the old one"),
            Err(_) => Some("names neither"),
        };
        let difference = found.map(|found| Difference {
            fact: input.id.to_string(),
            expected: Some("names the new identity".to_owned()),
            found: Some(found.to_owned()),
        });
        let mut out = vec![finding(&input.id, "names the new identity", difference.as_ref())];
        out.extend(broken(&input.id, &spilt.still(&self.rest(input, &live))));
        Ok(out)
    }

    fn residue(&self, input: &ReconditionInput, _: &Option<Rest>, _: Option<&Spilt>) -> String {
        format!(
            "az role assignment list --scope {} and set the condition back",
            crate::activity::quoted(&input.id)
        )
    }
}

impl Change for Recondition {
    const IN_PLACE: bool = true;

    fn new(kit: &Kit) -> Self {
        Self { clients: kit.clients(), key: kit.key() }
    }

    fn handed(input: &ReconditionInput, _: Option<&str>) -> Handed {
        Handed::Changed(input.id.to_string())
    }
}
