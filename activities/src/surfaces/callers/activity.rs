//! Activities: who is let in beside the old identity by a resource that keeps a list of its callers, and the old one's
//! way out of it in the clean-up (web/2023-12-01, app/2025-07-01, apimanagement/2024-05-01). Each write is of the live
//! resource with one entry more or less, in the state that was read where the service has tags.

use crate::activity::{Clients, PATIENT, SETTLING_MS, finding, quoted, unread};
use crate::references::callers::{admit, dismiss, lists};
use crate::references::compare::rest_digest;
use crate::references::table::Verb;
use crate::references::writable::is_guarded;
use crate::surfaces::host::rewrite::{Shape, shape};
use rehome_orchestrator::{
    Activity, Call, Difference, Fault, FaultKind, Finding, Outcome, Probe, ResourceKey, Retry, Reversibility,
    Trace,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) struct Admit(pub(crate) Clients);
pub(crate) struct Dismiss(pub(crate) Clients);

/// Whom it is about, and where.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallersInput {
    id: String,
    api_version: String,
    lists: Vec<List>,
}

/// One list of callers: the one who is let in stands beside the one who goes.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    pointer: String,
    old: String,
    new: String,
}

/// Which of the two an activity puts into the lists, or takes out.
#[derive(Clone, Copy, PartialEq)]
enum Who {
    Old,
    New,
}

impl Who {
    fn of(self, list: &List) -> &str {
        match self {
            Self::Old => &list.old,
            Self::New => &list.new,
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Old => Self::New,
            Self::New => Self::Old,
        }
    }
}

impl CallersInput {
    async fn live(&self, clients: &Clients) -> Result<(Value, Option<String>), Fault> {
        clients.reader.get_tagged(&self.id, &self.api_version).await
    }

    /// The lists that have this one.
    fn with(&self, live: &Value, who: Who) -> Vec<String> {
        let has = |list: &&List| lists(live, &list.pointer, who.of(list)) == Some(true);
        self.lists.iter().filter(has).map(|list| list.pointer.clone()).collect()
    }

    fn lacking(&self, list: &List) -> Difference {
        Difference {
            fact: format!("{}#{}", self.id, list.pointer),
            expected: Some("a list with the old or the new identity".to_owned()),
            found: None,
        }
    }

    /// The resource with one of them in these lists.
    fn admitting(&self, live: &Value, who: Who, only: &[String]) -> Result<Value, Difference> {
        let mut target = live.clone();
        for list in self.lists.iter().filter(|list| only.contains(&list.pointer)) {
            if !admit(&mut target, &list.pointer, who.other().of(list), who.of(list)) {
                return Err(self.lacking(list));
            }
        }
        Ok(target)
    }

    /// The resource with one of them in none of these lists.
    fn dismissing(&self, live: &Value, who: Who, only: &[String]) -> Value {
        let mut target = live.clone();
        for list in self.lists.iter().filter(|list| only.contains(&list.pointer)) {
            dismiss(&mut target, &list.pointer, who.of(list));
        }
        target
    }

    /// Writes the whole resource and reads it back: our lists as wished, and nothing else changed.
    async fn write(
        &self,
        clients: &Clients,
        call: &Call,
        (live, tag): &(Value, Option<String>),
        target: &Value,
    ) -> Outcome<()> {
        if live == target {
            return Outcome::Applied(());
        }
        let tag = tag.as_deref().or_else(|| is_guarded(&self.id).then_some("*"));
        let (Shape::Put(body) | Shape::Patch(body)) = shape(Verb::Put, live, target);
        match clients.writer.put(call, &self.id, &self.api_version, &body, tag).await {
            Outcome::Applied(_) => {}
            other => return crate::activity::map(other, |_| ()),
        }
        let doubt = |code: &str, what: &str| {
            Outcome::Unknown(Fault::new(FaultKind::Differs, code, what).at(self.id.clone()))
        };
        let pointers: Vec<String> = self.lists.iter().map(|list| list.pointer.clone()).collect();
        match self.live(clients).await {
            Err(why) => Outcome::Unknown(why),
            Ok((now, _)) if rest_digest(&now, &pointers) != rest_digest(target, &pointers) => {
                doubt("MoreChanged", "the write changed more than it was to change")
            }
            Ok((now, _)) => {
                let same = |who| self.with(&now, who) == self.with(target, who);
                match same(Who::Old) && same(Who::New) {
                    true => Outcome::Applied(()),
                    false => doubt("NotAsWritten", "what was written is not what is there"),
                }
            }
        }
    }

    fn finding(&self, holds: bool, promise: &str) -> Vec<Finding> {
        let difference = (!holds).then(|| Difference {
            fact: self.id.clone(),
            expected: Some(promise.to_owned()),
            found: Some("not so in every list".to_owned()),
        });
        vec![finding(&self.id, promise, difference.as_ref())]
    }
}

/// How much of a change is in place, where it is to be in all of these lists.
fn parts(done: usize, of: usize) -> Probe<()> {
    match done {
        _ if done == of => Probe::Applied(()),
        0 => Probe::NotApplied,
        _ => Probe::Partial(()),
    }
}

impl Activity for Admit {
    const NAME: &'static str = "caller.admit/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = PATIENT;
    type Input = CallersInput;
    /// The lists that have the new one already.
    type Before = Vec<String>;
    type Output = ();

    fn locks(&self, input: &CallersInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.id)]
    }

    async fn before(&self, input: &CallersInput) -> Result<Vec<String>, Fault> {
        Ok(input.with(&input.live(&self.0).await?.0, Who::New))
    }

    async fn run(&self, call: &Call, input: &CallersInput, _: &Vec<String>) -> Outcome<()> {
        let live = match input.live(&self.0).await {
            Ok(live) => live,
            Err(why) => return unread(why),
        };
        let all: Vec<String> = input.lists.iter().map(|list| list.pointer.clone()).collect();
        match input.admitting(&live.0, Who::New, &all) {
            Ok(target) => input.write(&self.0, call, &live, &target).await,
            Err(difference) => crate::activity::foreign(&difference),
        }
    }

    async fn probe(&self, input: &CallersInput, before: &Vec<String>) -> Probe<()> {
        match input.live(&self.0).await {
            Ok((live, _)) => {
                let done = input.with(&live, Who::New).iter().filter(|list| !before.contains(list)).count();
                parts(done, input.lists.len().saturating_sub(before.len()))
            }
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    fn trace(&self, _: &CallersInput) -> Trace {
        Trace::Ours
    }

    /// Nobody else lets the new one in.
    async fn recall(&self, _: &CallersInput) -> Result<Option<Vec<String>>, Fault> {
        Ok(Some(Vec::new()))
    }

    async fn undo(
        &self,
        call: &Call,
        input: &CallersInput,
        before: &Vec<String>,
        _: Option<&()>,
    ) -> Outcome<()> {
        let live = match input.live(&self.0).await {
            Ok(live) => live,
            Err(why) => return unread(why),
        };
        let mut ours = input.with(&live.0, Who::New);
        ours.retain(|list| !before.contains(list));
        let target = input.dismissing(&live.0, Who::New, &ours);
        input.write(&self.0, call, &live, &target).await
    }

    async fn verify(&self, input: &CallersInput, _: &Vec<String>, (): &()) -> Result<Vec<Finding>, Fault> {
        let (live, _) = input.live(&self.0).await?;
        Ok(input.finding(input.with(&live, Who::New).len() == input.lists.len(), "lets the new identity in"))
    }

    fn residue(&self, input: &CallersInput, _: &Vec<String>, _: Option<&()>) -> String {
        format!(
            "az resource show --ids {} and take the new identity out of its lists of callers",
            quoted(&input.id)
        )
    }
}

impl Activity for Dismiss {
    const NAME: &'static str = "caller.dismiss/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = PATIENT;
    type Input = CallersInput;
    /// The lists that have the old one.
    type Before = Vec<String>;
    type Output = ();

    fn locks(&self, input: &CallersInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.id)]
    }

    async fn before(&self, input: &CallersInput) -> Result<Vec<String>, Fault> {
        Ok(input.with(&input.live(&self.0).await?.0, Who::Old))
    }

    async fn run(&self, call: &Call, input: &CallersInput, before: &Vec<String>) -> Outcome<()> {
        match input.live(&self.0).await {
            Ok(live) => {
                let target = input.dismissing(&live.0, Who::Old, before);
                input.write(&self.0, call, &live, &target).await
            }
            Err(why) => unread(why),
        }
    }

    async fn probe(&self, input: &CallersInput, before: &Vec<String>) -> Probe<()> {
        match input.live(&self.0).await {
            Ok((live, _)) => {
                let left = input.with(&live, Who::Old).iter().filter(|list| before.contains(list)).count();
                parts(before.len().saturating_sub(left), before.len())
            }
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    fn trace(&self, _: &CallersInput) -> Trace {
        Trace::Anybodys
    }

    /// The plan was made because it was in all of them.
    async fn recall(&self, input: &CallersInput) -> Result<Option<Vec<String>>, Fault> {
        Ok(Some(input.lists.iter().map(|list| list.pointer.clone()).collect()))
    }

    async fn undo(
        &self,
        call: &Call,
        input: &CallersInput,
        before: &Vec<String>,
        _: Option<&()>,
    ) -> Outcome<()> {
        let live = match input.live(&self.0).await {
            Ok(live) => live,
            Err(why) => return unread(why),
        };
        match input.admitting(&live.0, Who::Old, before) {
            Ok(target) => input.write(&self.0, call, &live, &target).await,
            Err(difference) => crate::activity::foreign(&difference),
        }
    }

    async fn verify(&self, input: &CallersInput, _: &Vec<String>, (): &()) -> Result<Vec<Finding>, Fault> {
        let (live, _) = input.live(&self.0).await?;
        Ok(input.finding(input.with(&live, Who::Old).is_empty(), "lets the old identity in no more"))
    }

    fn residue(&self, input: &CallersInput, _: &Vec<String>, _: Option<&()>) -> String {
        format!(
            "az resource show --ids {} and put the old identity back into its lists of callers",
            quoted(&input.id)
        )
    }
}
