//! Activities: who is let in beside the old identity by a resource that keeps a list of its callers, and the old one's
//! way out of it in the clean-up (web/2023-12-01, app/2025-07-01, apimanagement/2024-05-01). Each write is of the live
//! resource with one entry more or less, in the state that was read where the service has tags; everything else in it,
//! the other callers too, has to be there afterwards.

use crate::activity::kit::{Change, Handed, Kit};
use crate::activity::spilt::{
    Parts, Spilt, broken, found_changed, left_out, probed, probed_back, taken_back, written,
};
use crate::activity::{
    Clients, REPLICATION_RETRY, SETTLING_MS, finding, foreign, held_back, map, quoted, unread,
};
use crate::azure::ResourceId;
use crate::references::callers::{admit, dismiss, lists};
use crate::references::rest::{Lens, Rest, Spill};
use crate::references::settings_key::SettingsKey;
use crate::references::table::Verb;
use crate::references::writable::is_guarded;
use crate::surfaces::host::rewrite::{Shape, shape};
use rehome_orchestrator::PlanValue;
use rehome_orchestrator::{
    Activity, Call, Difference, Direction, Evidence, Fault, Finding, Operation, Outcome, Probe, ResourceKey,
    Retry, Reversibility,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::marker::PhantomData;
use std::time::Duration;

/// What becomes of somebody in the lists.
pub(crate) trait Way: Send + Sync + 'static {
    const NAME: &'static str;
    /// The new identity comes in; otherwise the old one goes.
    const ADMITS: bool;
    const EVIDENCE: Evidence;
    const PROMISE: &'static str;
    const BACK: &'static str;
}

/// The new identity is let in beside the old one.
pub(crate) struct Admit;

impl Way for Admit {
    const NAME: &'static str = "caller.admit/1";
    const ADMITS: bool = true;
    const EVIDENCE: Evidence = Evidence::Conclusive;
    const PROMISE: &'static str = "lets the new identity in";
    const BACK: &'static str = "take the new identity out of its lists of callers";
}

/// The old identity is let in no more.
pub(crate) struct Dismiss;

impl Way for Dismiss {
    const NAME: &'static str = "caller.dismiss/1";
    const ADMITS: bool = false;
    const EVIDENCE: Evidence = Evidence::AbsenceOnly;
    const PROMISE: &'static str = "lets the old identity in no more";
    const BACK: &'static str = "put the old identity back into its lists of callers";
}

pub(crate) struct Callers<W> {
    clients: Clients,
    key: SettingsKey,
    way: PhantomData<W>,
}

/// Whom it is about, and where.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallersInput {
    pub(crate) id: ResourceId,
    pub(crate) api_version: String,
    pub(crate) lists: Vec<CallerList>,
}

/// One list of callers: the one who is let in stands beside the one who goes.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallerList {
    pub(crate) pointer: String,
    pub(crate) old: String,
    pub(crate) new: PlanValue<String>,
}

/// What was there before.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "Recorded")]
pub(crate) struct CallersBefore {
    /// The lists that have whom it is about.
    lists: Vec<String>,
    /// Everything else, the other callers too.
    #[serde(skip_serializing_if = "Option::is_none")]
    rest: Option<Rest>,
}

/// What stands in logs: older ones have the lists alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Recorded {
    Lists(Vec<String>),
    Image {
        lists: Vec<String>,
        #[serde(default)]
        rest: Option<Rest>,
    },
}

impl From<Recorded> for CallersBefore {
    fn from(recorded: Recorded) -> Self {
        match recorded {
            Recorded::Lists(lists) => Self { lists, rest: None },
            Recorded::Image { lists, rest } => Self { lists, rest },
        }
    }
}

type Read = (Value, Option<String>);

impl<W: Way> Callers<W> {
    async fn live(&self, input: &CallersInput) -> Result<Read, Fault> {
        self.clients.reader.get_tagged(&input.id, &input.api_version).await
    }

    /// Whom it is about.
    fn who(list: &CallerList) -> &str {
        if W::ADMITS { &list.new } else { &list.old }
    }

    fn other(list: &CallerList) -> &str {
        if W::ADMITS { &list.old } else { &list.new }
    }

    fn has(live: &Value, list: &CallerList) -> bool {
        lists(live, &list.pointer, Self::who(list)) == Some(true)
    }

    /// The lists that have whom it is about.
    fn with(input: &CallersInput, live: &Value) -> Vec<String> {
        let has = input.lists.iter().filter(|list| Self::has(live, list));
        has.map(|list| list.pointer.clone()).collect()
    }

    /// Whether a list is changed: one that was as it is to be stays as it is on the way back, too.
    fn is_ours(before: &CallersBefore, list: &CallerList) -> bool {
        before.lists.contains(&list.pointer) != W::ADMITS
    }

    fn parts(input: &CallersInput, before: &CallersBefore, live: &Value) -> Parts {
        let ours = input.lists.iter().filter(|list| Self::is_ours(before, list));
        let done: Vec<bool> = ours.map(|list| Self::has(live, list) == W::ADMITS).collect();
        match (done.contains(&true), done.contains(&false)) {
            (_, false) => Parts::All,
            (true, true) => Parts::Some,
            (false, true) => Parts::None,
        }
    }

    /// The resource with somebody in a list, or without.
    fn turn(
        input: &CallersInput,
        target: &mut Value,
        list: &CallerList,
        admits: bool,
    ) -> Result<(), Difference> {
        match admits {
            true if !admit(target, &list.pointer, Self::other(list), Self::who(list)) => Err(Difference {
                fact: format!("{}#{}", input.id, list.pointer),
                expected: Some("a list with the old or the new identity".to_owned()),
                found: None,
            }),
            true => Ok(()),
            false => {
                dismiss(target, &list.pointer, Self::who(list));
                Ok(())
            }
        }
    }

    /// The resource without whom it is about.
    fn rest(&self, input: &CallersInput, resource: &Value) -> Rest {
        let mut plain = resource.clone();
        input.lists.iter().for_each(|list| dismiss(&mut plain, &list.pointer, Self::who(list)));
        let lens = Lens { key: &self.key, id: &input.id, places: &[], identities: Vec::new() };
        Rest::of(&plain, &lens)
    }

    /// What is not as it was before the step, beside whom it is about.
    fn spilt(&self, input: &CallersInput, before: &CallersBefore, live: &Value) -> Vec<Spill> {
        before.rest.as_ref().map(|was| was.spilt(&self.rest(input, live))).unwrap_or_default()
    }

    /// Writes the whole resource and reads it back; what is changed in it beside the target.
    async fn write(
        &self,
        call: &Call,
        input: &CallersInput,
        (live, tag): &Read,
        target: &Value,
    ) -> Outcome<Vec<Spill>> {
        if live == target {
            return Outcome::Applied(Vec::new());
        }
        let tag = tag.as_deref().or_else(|| is_guarded(&input.id).then_some("*"));
        let (Shape::Put(body) | Shape::Patch(body)) = shape(Verb::Put, live, target);
        if let Some(why) = held_back(&input.id, &body) {
            return Outcome::Refused(why);
        }
        match self.clients.writer.put(call, &input.id, &input.api_version, &body, tag).await {
            Outcome::Applied(_) => {}
            other => return map(other, |_| Vec::new()),
        }
        match self.live(input).await {
            Err(why) => Outcome::Unknown(why),
            Ok((now, _)) if Self::with(input, &now) != Self::with(input, target) => {
                Outcome::Unknown(not_as_written(input))
            }
            Ok((now, _)) => Outcome::Applied(self.rest(input, target).spilt(&self.rest(input, &now))),
        }
    }
}

fn not_as_written(input: &CallersInput) -> Fault {
    let places: Vec<&str> = input.lists.iter().map(|list| list.pointer.as_str()).collect();
    left_out("200", &places.join(", "), &input.id)
}

impl<W: Way> Activity for Callers<W> {
    const NAME: &'static str = W::NAME;
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = REPLICATION_RETRY;
    const EVIDENCE: Evidence = W::EVIDENCE;
    type Input = CallersInput;
    type Before = CallersBefore;
    type Output = Spilt;

    fn locks(&self, input: &CallersInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.id)]
    }

    fn turn(&self, input: &CallersInput, _: Direction) -> Option<Duration> {
        self.clients.writer.turn("PUT", &input.id)
    }

    async fn before(&self, input: &CallersInput) -> Result<CallersBefore, Fault> {
        let (live, _) = self.live(input).await?;
        Ok(CallersBefore { lists: Self::with(input, &live), rest: Some(self.rest(input, &live)) })
    }

    async fn run(&self, call: &Call, input: &CallersInput, before: &CallersBefore) -> Outcome<Spilt> {
        let read = match self.live(input).await {
            Ok(read) => read,
            Err(why) => return unread(why),
        };
        if let Some(why) = found_changed(call, &input.id, || self.spilt(input, before, &read.0)) {
            return Outcome::Refused(why);
        }
        let mut target = read.0.clone();
        for list in input.lists.iter().filter(|list| Self::is_ours(before, list)) {
            if let Err(difference) = Self::turn(input, &mut target, list, W::ADMITS) {
                return foreign(&difference);
            }
        }
        match self.write(call, input, &read, &target).await {
            Outcome::Applied(spilt) => written(&input.id, &spilt),
            other => map(other, |_| Spilt::NONE),
        }
    }

    async fn poll(
        &self,
        input: &CallersInput,
        before: &CallersBefore,
        operation: &Operation,
    ) -> Outcome<Spilt> {
        match self.clients.reader.poll(operation).await {
            Outcome::Applied(_) => match self.live(input).await {
                Err(why) => Outcome::Unknown(why),
                Ok((live, _)) if Self::parts(input, before, &live) == Parts::All => {
                    written(&input.id, &self.spilt(input, before, &live))
                }
                Ok(_) => Outcome::Unknown(not_as_written(input)),
            },
            other => map(other, |_| Spilt::NONE),
        }
    }

    async fn probe(&self, input: &CallersInput, before: &CallersBefore) -> Probe<Spilt> {
        match self.live(input).await {
            Ok((live, _)) => probed(Ok(Self::parts(input, before, &live)), self.spilt(input, before, &live)),
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    async fn probe_undo(
        &self,
        input: &CallersInput,
        before: &CallersBefore,
        was: Option<&Spilt>,
    ) -> Probe<Spilt> {
        match self.live(input).await {
            Ok((live, _)) => {
                probed_back(Ok(Self::parts(input, before, &live)), was, &self.rest(input, &live))
            }
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    async fn restored(&self, input: &CallersInput, before: &CallersBefore) -> Result<Vec<Difference>, Fault> {
        let Some(was) = &before.rest else { return Ok(Vec::new()) };
        let (live, _) = self.live(input).await?;
        let spilt = was.blurred().spilt(&self.rest(input, &live).blurred());
        // Other moves let their own identities in; and of this one the new identity, which was let in before the old one
        // went, goes as well.
        let goes = usize::from(!W::ADMITS);
        let is_list = |spill: &Spill| input.lists.iter().any(|list| list.pointer == spill.pointer);
        let others = spilt
            .iter()
            .filter(|spill| !(is_list(spill) && spill.entries_lost().is_some_and(|lost| lost <= goes)));
        Ok(others.map(|spill| spill.difference(&input.id)).collect())
    }

    /// Nobody else lets the new one in, and the plan was made because the old one was in all of the lists.
    async fn reconstruct_before(&self, input: &CallersInput) -> Result<Option<CallersBefore>, Fault> {
        let had = input.lists.iter().filter(|_| !W::ADMITS);
        Ok(Some(CallersBefore { lists: had.map(|list| list.pointer.clone()).collect(), rest: None }))
    }

    async fn undo(
        &self,
        call: &Call,
        input: &CallersInput,
        before: &CallersBefore,
        was: Option<&Spilt>,
    ) -> Outcome<()> {
        let read = match self.live(input).await {
            Ok(read) => read,
            Err(why) => return unread(why),
        };
        let still = was.map(|was| was.still(&self.rest(input, &read.0))).unwrap_or_default();
        let (mut left, open): (Vec<Spill>, Vec<Spill>) = still.into_iter().partition(Spill::is_secret);
        let mut target = read.0.clone();
        open.iter().for_each(|spill| spill.put_back(&mut target));
        for list in &input.lists {
            let admits = if Self::is_ours(before, list) { !W::ADMITS } else { Self::has(&read.0, list) };
            if let Err(difference) = Self::turn(input, &mut target, list, admits) {
                return foreign(&difference);
            }
        }
        match self.write(call, input, &read, &target).await {
            Outcome::Applied(more) => {
                left.extend(more);
                taken_back(&input.id, &left)
            }
            other => map(other, |_| ()),
        }
    }

    async fn verify(
        &self,
        input: &CallersInput,
        _: &CallersBefore,
        spilt: &Spilt,
    ) -> Result<Vec<Finding>, Fault> {
        let (live, _) = self.live(input).await?;
        let holds = input.lists.iter().all(|list| Self::has(&live, list) == W::ADMITS);
        let difference = (!holds).then(|| Difference {
            fact: input.id.to_string(),
            expected: Some(W::PROMISE.to_owned()),
            found: Some("not so in every list".to_owned()),
        });
        let mut out = vec![finding(&input.id, W::PROMISE, difference.as_ref())];
        out.extend(broken(&input.id, &spilt.still(&self.rest(input, &live))));
        Ok(out)
    }

    fn residue(&self, input: &CallersInput, _: &CallersBefore, _: Option<&Spilt>) -> String {
        format!("az resource show --ids {} and {}", quoted(&input.id), W::BACK)
    }
}

impl<W: Way> Change for Callers<W> {
    fn new(kit: &Kit) -> Self {
        Self { clients: kit.clients(), key: kit.key(), way: PhantomData }
    }

    fn handed(input: &CallersInput, _: Option<&str>) -> Handed {
        Handed::Changed(input.id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn logs_of_before_have_the_lists_alone() {
        let old: CallersBefore = serde_json::from_value(json!(["/a"])).expect("an old one");
        assert_eq!((old.lists.as_slice(), old.rest.is_none()), (["/a".to_owned()].as_slice(), true));
        let rest = Some(Rest::of_values([("tags".to_owned(), json!({"a": "b"}))].into_iter()));
        let new = CallersBefore { lists: vec!["/a".to_owned()], rest };
        let text = serde_json::to_string(&new).expect("a text");
        let read: CallersBefore = serde_json::from_str(&text).expect("the same");
        assert!(read.lists == new.lists && read.rest == new.rest, "{text}");
    }
}
