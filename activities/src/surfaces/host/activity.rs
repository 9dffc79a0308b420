//! Activities: one read-modify-write of a resource that carries or names the identity: attach, swap, detach
//! and re-pointing are all this, with other words in the input.
//!
//! What is written is the live resource with exactly our places changed, and it is read back; what
//! others changed elsewhere meanwhile stays. The decisions are in `host_plan`, without any HTTP.

use crate::activity::kit::{Change, Handed, Kit};
use crate::activity::spilt::{
    Parts, Spilt, broken, found_changed, more_changed, probed, probed_back, taken_back, written,
};
use crate::activity::splice::Splice;
use crate::activity::{
    Clients, REPLICATION_RETRY, SETTLING_MS, failed, finding, foreign, held_back, quoted, unread,
};
use crate::azure::ResourceId;
use crate::azure::errors::is_over;
use crate::commands::shown;
use crate::references::hidden;
use crate::references::rest::{Lens, Rest, Spill};
use crate::references::rewrite::rewrite_at;
use crate::references::secrets::MASK;
use crate::references::settings_key::SettingsKey;
use crate::references::states;
use crate::references::writable::is_guarded;
use crate::surfaces::host::faults::{by_hand, not_as_written};
use crate::surfaces::host::input::{HostBefore, HostInput};
use crate::surfaces::host::rewrite::{
    Shape, backward, forward, identities, missed, parts, put_back, reconstruct_before, shape,
};
use crate::surfaces::identity::create::MSI;
use rehome_orchestrator::{
    Activity, Call, Difference, Direction, Evidence, Fault, FaultKind, Finding, Operation, Outcome, Probe,
    ResourceKey, Retry, Reversibility,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// What was read before a write is what the write starts from, if the write follows within this time.
const FRESH: Duration = Duration::from_secs(1);

/// A resource as it was read, with its tag.
type Read = (Value, Option<String>);

pub(crate) struct HostRewrite {
    clients: Clients,
    key: SettingsKey,
    /// What was read for a write that is about to begin.
    seen: Mutex<BTreeMap<ResourceId, (Instant, Read)>>,
}

impl HostRewrite {
    fn keep(&self, id: &ResourceId, read: Read) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(id.clone(), (Instant::now(), read));
    }

    /// What was read a moment ago, once.
    fn kept(&self, id: &ResourceId) -> Option<Read> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, (since, _)| since.elapsed() < FRESH);
        seen.remove(id).map(|(_, read)| read)
    }

    async fn live(&self, input: &HostInput) -> Result<Read, Fault> {
        self.clients.reader.get_tagged(&input.id, &input.api_version).await
    }

    /// Writes the target, if it is another one than what is there.
    async fn write(
        &self,
        call: &Call,
        input: &HostInput,
        live: &Value,
        target: &Value,
        tag: Option<&str>,
    ) -> Outcome<Value> {
        if live == target {
            return Outcome::Applied(live.clone());
        }
        let (writer, id, api) = (&self.clients.writer, &input.id, &input.api_version);
        // What was read a moment ago is what is changed; without its tag, whatever is there.
        let tag = tag.or_else(|| is_guarded(id).then_some("*"));
        let mut shape = shape(input.verb, live, target);
        let given = match self.complete(id, &mut shape).await {
            Ok(given) => given,
            Err(why) => return unread(why),
        };
        let outcome = match &shape {
            Shape::Patch(body) => writer.patch(call, id, api, body, tag).await,
            Shape::Put(body) => writer.put(call, id, api, body, tag).await,
        };
        match untold(outcome, &given) {
            Outcome::Refused(why) => Outcome::Refused(by_hand(input, shape, why)),
            other => other,
        }
    }

    /// Puts in what reads of the resource hide, where the service gives it to who asks; it goes into this one write and
    /// nowhere else, and is returned. What is still missing would be lost, so nothing is sent.
    async fn complete(&self, id: &ResourceId, shape: &mut Shape) -> Result<Vec<String>, Fault> {
        let (Shape::Patch(body) | Shape::Put(body)) = shape;
        let kind = id.kind().unwrap_or_default();
        let mut put_in = Vec::new();
        if let (Some(_), Some((read, _))) = (held_back(id, body), hidden::given(&kind)) {
            let given = self.clients.reader.post_read(read, id).await?;
            put_in = hidden::fill(&kind, body, &given);
        }
        held_back(id, body).map_or(Ok(put_in), Err)
    }

    /// What the resource is beside our places.
    fn rest(&self, resource: &Value, input: &HostInput) -> Rest {
        let identities = input.attach.iter().chain(&input.detach).collect();
        let (key, id, places) = (&self.key, input.id.as_str(), &input.pointers[..]);
        Rest::of(resource, &Lens { key, id, places, identities })
    }

    /// What is not as it was before the step, beside our places.
    fn spilt(&self, live: &Value, input: &HostInput, before: &HostBefore) -> Vec<Spill> {
        let was = before.rest.as_ref().map(|was| was.of_type(live));
        was.map(|was| was.spilt(&self.rest(live, input))).unwrap_or_default()
    }

    /// Reads back what was written: our places as wished, and nothing else changed.
    async fn read_back(
        &self,
        input: &HostInput,
        before: &HostBefore,
        was: &Value,
        target: &Value,
    ) -> Outcome<Spilt> {
        let live = match self.live(input).await {
            Ok((live, _)) => live,
            Err(why) => return Outcome::Unknown(why),
        };
        // What somebody changed between the two reads is not this write's.
        let spilt = self.rest(was, input).spilt(&self.rest(&live, input));
        match parts(&live, input, before) {
            Ok(Parts::All) => written(&input.id, &spilt),
            Ok(Parts::None | Parts::Some) => Outcome::Unknown(not_as_written(input, &live, target)),
            Err(difference) => {
                Outcome::Unknown(Fault::new(FaultKind::Differs, "NotAsWritten", format!("{difference:?}")))
            }
        }
    }

    /// Reads back what was taken back: our places as they were, and nothing else changed.
    async fn taken_back(&self, input: &HostInput, target: &Value, secret: Vec<Spill>) -> Outcome<()> {
        let live = match self.live(input).await {
            Ok((live, _)) => live,
            Err(why) => return Outcome::Unknown(why),
        };
        if !missed(&live, target, input).is_empty() {
            return Outcome::Unknown(not_as_written(input, &live, target));
        }
        let mut left = self.rest(target, input).spilt(&self.rest(&live, input));
        left.extend(secret);
        taken_back(&input.id, &left)
    }
}

/// An answer without the secrets that were sent: a service may repeat them in its words.
fn untold<T>(outcome: Outcome<T>, secrets: &[String]) -> Outcome<T> {
    let masked = |mut why: Fault| {
        for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
            why.message = why.message.replace(secret.as_str(), MASK);
            why.needs = why.needs.take().map(|needs| needs.replace(secret.as_str(), MASK));
        }
        why
    };
    match outcome {
        Outcome::Refused(why) => Outcome::Refused(masked(why)),
        Outcome::Unknown(why) => Outcome::Unknown(masked(why)),
        Outcome::Retry { after, why } => Outcome::Retry { after, why: masked(why) },
        done @ (Outcome::Applied(_) | Outcome::Accepted(_)) => done,
    }
}

/// A resource that is being changed is not judged.
fn is_busy(live: &Value) -> bool {
    live.pointer("/properties/provisioningState").and_then(Value::as_str).is_some_and(states::is_busy)
}

fn gone(input: &HostInput) -> Difference {
    Difference { fact: input.id.to_string(), expected: Some("present".to_owned()), found: None }
}

impl Activity for HostRewrite {
    const NAME: &'static str = "host.rewrite/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = REPLICATION_RETRY;
    type Input = HostInput;
    type Before = HostBefore;
    type Output = Spilt;

    fn locks(&self, input: &HostInput) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.id)]
    }

    fn turn(&self, input: &HostInput, _: Direction) -> Option<Duration> {
        self.clients.writer.turn("PUT", &input.id)
    }

    async fn before(&self, input: &HostInput) -> Result<HostBefore, Fault> {
        let read = self.live(input).await?;
        let live = &read.0;
        let (_, changes) = rewrite_at(live, &input.replace, &input.pointers);
        let values = changes.iter().filter(|change| !change.key);
        let before = HostBefore {
            attached: identities(live),
            identity_type: live
                .pointer("/identity/type")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            splices: values.map(|c| (c.pointer.clone(), Splice::of(&c.before, &c.after))).collect(),
            rest: Some(self.rest(live, input)),
        };
        self.keep(&input.id, read);
        Ok(before)
    }

    async fn run(&self, call: &Call, input: &HostInput, before: &HostBefore) -> Outcome<Spilt> {
        let read = match self.kept(&input.id) {
            Some(read) => Ok(read),
            None => self.live(input).await,
        };
        let (live, tag) = match read {
            Ok(live) => live,
            Err(why) => return unread(why),
        };
        if let Some(why) = found_changed(call, &input.id, || self.spilt(&live, input, before)) {
            return Outcome::Refused(why);
        }
        let target = match forward(&live, input, before) {
            Ok(target) => target,
            Err(difference) => return foreign(&difference),
        };
        match self.write(call, input, &live, &target, tag.as_deref()).await {
            Outcome::Applied(_) => match self.read_back(input, before, &live, &target).await {
                Outcome::Unknown(why) if why.code == "NotAsWritten" => {
                    Outcome::Unknown(by_hand(input, shape(input.verb, &live, &target), why))
                }
                other => other,
            },
            other => crate::activity::map(other, |_| Spilt::NONE),
        }
    }

    async fn poll(&self, input: &HostInput, before: &HostBefore, operation: &Operation) -> Outcome<Spilt> {
        match self.clients.reader.poll(operation).await {
            Outcome::Applied(_) => match self.live(input).await {
                Ok((live, _)) if is_busy(&live) => Outcome::Accepted(operation.clone()),
                Ok((live, _)) => self.polled(input, before, &live),
                Err(why) => Outcome::Retry { after: None, why },
            },
            Outcome::Unknown(why) if is_over(&why) => match self.live(input).await {
                Ok((live, _)) if !is_busy(&live) && parts(&live, input, before) == Ok(Parts::None) => {
                    failed(why)
                }
                Ok(_) | Err(_) => Outcome::Unknown(why),
            },
            other => crate::activity::map(other, |_| Spilt::NONE),
        }
    }

    async fn probe(&self, input: &HostInput, before: &HostBefore) -> Probe<Spilt> {
        match self.clients.reader.find(&input.id, &input.api_version).await {
            Ok(None) => Probe::Foreign(gone(input)),
            Ok(Some(live)) if is_busy(&live) => Probe::InProgress { after: None },
            Ok(Some(live)) => probed(parts(&live, input, before), self.spilt(&live, input, before)),
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    async fn probe_undo(&self, input: &HostInput, before: &HostBefore, was: Option<&Spilt>) -> Probe<Spilt> {
        match self.clients.reader.find(&input.id, &input.api_version).await {
            Ok(None) => Probe::Foreign(gone(input)),
            Ok(Some(live)) if is_busy(&live) => Probe::InProgress { after: None },
            Ok(Some(live)) => probed_back(parts(&live, input, before), was, &self.rest(&live, input)),
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    async fn restored(&self, input: &HostInput, before: &HostBefore) -> Result<Vec<Difference>, Fault> {
        let Some(was) = &before.rest else { return Ok(Vec::new()) };
        let Some(live) = self.clients.reader.find(&input.id, &input.api_version).await? else {
            return Ok(vec![gone(input)]);
        };
        let spilt = was.of_type(&live).blurred().spilt(&self.rest(&live, input).blurred());
        let ours = spilt.iter().filter(|_| !input.shared);
        let mut out: Vec<Difference> = ours.map(|spill| spill.difference(&input.id)).collect();
        for id in missing(&live, input, before) {
            // What was deleted, by its own way back or by somebody, nobody can have attached; what cannot be read
            // may be there.
            if !matches!(self.clients.reader.find(id, MSI).await, Ok(None)) {
                let expected = Some(format!("{id} is attached"));
                out.push(Difference { fact: format!("{}#/identity", input.id), expected, found: None });
            }
        }
        Ok(out)
    }

    /// Nobody else makes a host use the new identity; that it does not use the old one may have other reasons.
    fn evidence(&self, input: &HostInput) -> Evidence {
        if input.attach.is_empty() && input.pointers.is_empty() {
            Evidence::AbsenceOnly
        } else {
            Evidence::Conclusive
        }
    }

    async fn reconstruct_before(&self, input: &HostInput) -> Result<Option<HostBefore>, Fault> {
        let (live, _) = self.live(input).await?;
        Ok(reconstruct_before(&live, input))
    }

    async fn undo(
        &self,
        call: &Call,
        input: &HostInput,
        before: &HostBefore,
        was: Option<&Spilt>,
    ) -> Outcome<()> {
        let (live, tag) = match self.live(input).await {
            Ok(live) => live,
            Err(why) => return unread(why),
        };
        let mut target = match backward(&live, input, before) {
            Ok(target) => target,
            Err(difference) => return foreign(&difference),
        };
        let still = was.map(|was| was.still(&self.rest(&live, input))).unwrap_or_default();
        let (secret, open): (Vec<Spill>, Vec<Spill>) = still.into_iter().partition(Spill::is_secret);
        put_back(&mut target, before, &open);
        match self.write(call, input, &live, &target, tag.as_deref()).await {
            Outcome::Applied(_) => self.taken_back(input, &target, secret).await,
            other => crate::activity::map(other, |_| ()),
        }
    }

    async fn verify(
        &self,
        input: &HostInput,
        before: &HostBefore,
        spilt: &Spilt,
    ) -> Result<Vec<Finding>, Fault> {
        let (live, _) = self.live(input).await?;
        let difference = match parts(&live, input, before) {
            Ok(Parts::All) => self.lost(&live, input, before).await?,
            Ok(Parts::None | Parts::Some) => Some(Difference {
                fact: input.id.to_string(),
                expected: Some("re-pointed".to_owned()),
                found: Some("not, or only in part".to_owned()),
            }),
            Err(difference) => Some(difference),
        };
        let mut still = spilt.still(&self.rest(&live, input));
        // What a later step takes out of the map has to be attached no more.
        still.retain(|spill| !spill.lost_identity().is_some_and(|id| input.leaves.contains(&id)));
        let mut out = vec![finding(&input.id, "re-pointed", difference.as_ref())];
        out.extend(broken(&input.id, &still));
        Ok(out)
    }

    fn residue(&self, input: &HostInput, _: &HostBefore, was: Option<&Spilt>) -> String {
        let id = quoted(&input.id);
        let joined = |ids: &[ResourceId]| ids.iter().map(ResourceId::as_str).collect::<Vec<_>>().join(" ");
        let ours = match (&input.attach[..], &input.detach[..]) {
            ([], []) => {
                format!("az resource show --ids {id} and set {} back", shown(&input.pointers.join(", ")))
            }
            (attached, detached) => {
                format!(
                    "az resource update --ids {id}: take out {} and put back {}",
                    shown(&joined(attached)),
                    shown(&joined(detached))
                )
            }
        };
        let lost: Vec<&str> = was.iter().flat_map(|was| was.iter()).map(|s| s.pointer.as_str()).collect();
        if lost.is_empty() { ours } else { format!("{ours}; and put back {}", shown(&lost.join(", "))) }
    }
}

/// Other identities that were attached before and are not any more.
fn missing<'a>(
    live: &Value,
    input: &'a HostInput,
    before: &'a HostBefore,
) -> impl Iterator<Item = &'a ResourceId> {
    let now = identities(live);
    before.attached.iter().filter(move |id| !now.contains(id) && !input.detach.contains(id))
}

impl HostRewrite {
    /// What a long-running write has come to.
    fn polled(&self, input: &HostInput, before: &HostBefore, live: &Value) -> Outcome<Spilt> {
        let spilt = self.spilt(live, input, before);
        match parts(live, input, before) {
            Ok(Parts::All) if spilt.is_empty() => Outcome::Applied(Spilt::NONE),
            Ok(Parts::All) => Outcome::Unknown(more_changed(&input.id, &spilt)),
            Ok(Parts::None | Parts::Some) => {
                let target = forward(live, input, before).unwrap_or_default();
                Outcome::Unknown(not_as_written(input, live, &target))
            }
            Err(_) => {
                let what = "the operation succeeded, and what was written is not there";
                Outcome::Unknown(Fault::new(FaultKind::Differs, "NotAsWritten", what).at(&*input.id))
            }
        }
    }

    /// Another identity that was attached before and is not any more, though it is there: what the clean-up has
    /// deleted, nobody can have attached.
    async fn lost(
        &self,
        live: &Value,
        input: &HostInput,
        before: &HostBefore,
    ) -> Result<Option<Difference>, Fault> {
        for id in missing(live, input, before).filter(|id| !input.leaves.contains(id)) {
            if self.clients.reader.find(id, MSI).await?.is_some() {
                let expected = Some(format!("{id} is still attached"));
                return Ok(Some(Difference { fact: input.id.to_string(), expected, found: None }));
            }
        }
        Ok(None)
    }
}

impl Change for HostRewrite {
    const IN_PLACE: bool = true;

    fn new(kit: &Kit) -> Self {
        Self { clients: kit.clients(), key: kit.key(), seen: Mutex::default() }
    }

    fn handed(input: &HostInput, _: Option<&str>) -> Handed {
        Handed::Changed(input.id.to_string())
    }
}
