//! Activities: an ARM object that is put in place, or taken away. Every such kind is one [`Object`].

use crate::activity::compare::lacks;
use crate::activity::kept_lock::{KeptLock, below, lift};
use crate::activity::kit::{Change, Handed, Kit};
use crate::activity::list_cache::List;
use crate::activity::spilt::answered;
use crate::activity::{
    Clients, REPLICATION_RETRY, SETTLING_MS, failed, finding, foreign, held_back, map, quoted, unread,
};
use crate::azure::ResourceId;
use crate::azure::errors::is_over;
use crate::references::writable::is_guarded;
use rehome_orchestrator::{
    Activity, Call, Data, Difference, Direction, Evidence, Fault, FaultKind, Finding, Operation, Outcome,
    Probe, ResourceKey, Retry, Reversibility,
};
use serde_json::Value;
use std::marker::PhantomData;
use std::time::Duration;

/// Where an object of the same meaning is looked for.
pub(crate) struct Equivalent {
    /// The code of the refusal that says that there is one.
    pub(crate) code: &'static str,
    /// The list that it is in.
    pub(crate) list: String,
    /// What picks it from the list.
    pub(crate) filter: String,
}

/// What is particular to one kind of object.
pub(crate) trait Object: Send + Sync + 'static {
    const NAME: &'static str;
    const REVERSIBILITY: Reversibility;
    /// Whether somebody else may have one under the same id: then it is looked at before it is put.
    const MAY_EXIST: bool = false;
    /// Whether it is read back when it was put: an answer need not show what came of it.
    const READ_BACK: bool = false;
    /// Whether it is taken away for a while only.
    const COMES_BACK: bool = false;
    /// What may be concluded from it when the record is lost: of one that is put, and of one that is taken away.
    const EVIDENCE: Evidence;
    type Input: Data;

    /// The id.
    fn id(input: &Self::Input) -> ResourceId;
    /// The API version.
    fn api(input: &Self::Input) -> String;
    /// What must be there, in the form in which it is sent.
    fn body(input: &Self::Input) -> Value;
    /// Where one of the same meaning may stand under another id.
    fn equivalent(input: &Self::Input) -> Option<Equivalent> {
        let _ = input;
        None
    }
    /// Whether what is there means the same as what was to be put; `None` where it is about something else.
    fn is_equivalent(input: &Self::Input, live: &Value) -> Option<Result<(), Difference>> {
        let _ = (input, live);
        None
    }
    /// What only one step may work on at a time.
    fn lock(input: &Self::Input) -> String {
        Self::id(input).to_string()
    }
    /// Locks that are lifted where it is removed again; whoever kept them puts them back.
    fn kept(_: &Self::Input) -> &[KeptLock] {
        &[]
    }
    /// The type of Terraform's that it is imported as, and by which id.
    fn import(_: &Self::Input) -> Option<(&'static str, String)> {
        None
    }
    /// A list that shows it among others of its kind.
    fn shown_in(_: &Self::Input) -> Option<List> {
        None
    }
    /// What later steps may refer to.
    fn output(input: &Self::Input, live: &Value) -> Value {
        let _ = live;
        serde_json::json!({"id": Self::id(input)})
    }
    /// The part of what was read that is sent to put it back.
    fn writable(_: &Self::Input, live: &Value) -> Value {
        serde_json::json!({"properties": live["properties"]})
    }
}

/// Puts an object in place.
pub(crate) struct Put<T>(Clients, PhantomData<T>);

/// Takes an object away.
pub(crate) struct Remove<T>(Clients, PhantomData<T>);

fn is_of(item: &Value, id: &ResourceId) -> bool {
    item["id"].as_str().is_some_and(|found| id == found)
}

/// Where what is there is another one of the same name than was made: somebody made it again.
fn another(was: Option<&Value>, now: &Value, id: &str) -> Option<Difference> {
    was.and_then(Value::as_object)?.iter().find_map(|(name, was)| {
        let (was, now) = (was.as_str()?, now[name].as_str()?);
        let (expected, found) = (Some(was.to_owned()), Some(now.to_owned()));
        let fact = format!("{id}/{name}");
        (!was.eq_ignore_ascii_case(now)).then_some(Difference { fact, expected, found })
    })
}

/// The service has answered that it did what was asked, and some of it is not there.
fn not_as_written(code: &str, difference: Difference) -> Fault {
    let side = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
    let (was, is) = (side(&difference.expected), side(&difference.found));
    let what = format!("answered with success and left this out: {was} was sent, and {is} is there");
    let at = difference.fact.clone();
    answered(Fault::new(FaultKind::Differs, code, what)).at(at).differing(vec![difference])
}

/// Takes an object away; one that is guarded, in whatever state it is.
async fn remove<T: Object>(clients: &Clients, call: &Call, input: &T::Input) -> Outcome<()> {
    let (id, kept) = (T::id(input), T::kept(input));
    if let Err(not_now) = lift(clients, call, kept).await {
        return not_now;
    }
    let tag = is_guarded(&id).then_some("*");
    let gone = clients.writer.delete(call, &id, &T::api(input), tag).await;
    clients.shelf.clear();
    below(call, kept, map(gone, |_| ()))
}

impl<T: Object> Put<T> {
    async fn live(&self, input: &T::Input) -> Result<Option<Value>, Fault> {
        self.0.reader.find(&T::id(input), &T::api(input)).await
    }

    /// What is there after a success.
    async fn read_back(&self, input: &T::Input) -> Outcome<Value> {
        match self.live(input).await {
            Ok(Some(live)) => match lacks(&live, &T::body(input), &T::id(input)) {
                None => Outcome::Applied(T::output(input, &live)),
                Some(difference) => Outcome::Unknown(not_as_written("NotAsWritten", difference)),
            },
            Ok(None) => {
                let what = "the service says that it succeeded, and there is nothing";
                Outcome::Unknown(Fault::new(FaultKind::Missing, "NotThere", what).at(T::id(input)))
            }
            Err(why) => Outcome::Unknown(why),
        }
    }

    /// Somebody else's object may mean the same: then nothing is to be put, and nothing to be taken back.
    async fn judge_refusal(&self, input: &T::Input, why: Fault) -> Outcome<Value> {
        let Some(equivalent) =
            T::equivalent(input).filter(|equivalent| why.code.eq_ignore_ascii_case(equivalent.code))
        else {
            return Outcome::Refused(why);
        };
        let filter = [("$filter", equivalent.filter.as_str())];
        let there = match self.0.reader.list(&equivalent.list, &T::api(input), &filter).await {
            Ok(there) => there,
            Err(unreadable) => return unread(unreadable),
        };
        let judged = there.iter().find_map(|live| Some((live, T::is_equivalent(input, live)?)));
        match judged {
            Some((live, Ok(()))) => Outcome::Applied(serde_json::json!({"id": live["id"]})),
            Some((_, Err(difference))) => foreign(&difference),
            None => Outcome::Refused(why),
        }
    }

    /// What stands for the effect: our own object, or the one that was found to mean the same.
    async fn standing(&self, input: &T::Input, output: &Value) -> Result<Option<Difference>, Fault> {
        let (own, id) = (T::id(input), ResourceId::from(output["id"].as_str().unwrap_or_default()));
        let id = if T::equivalent(input).is_some() && !id.is_empty() { &id } else { &own };
        let listed = match T::shown_in(input) {
            Some(list) => self.0.shelf.find(&self.0.reader, &list, |item| is_of(item, id)).await,
            None => None,
        };
        // A list may lag behind: what it does not show is looked for itself.
        let live = match listed {
            Some(live) => Some(live),
            None => self.0.reader.find(id, &T::api(input)).await?,
        };
        let Some(live) = live else {
            return Ok(Some(Difference {
                fact: own.to_string(),
                expected: Some("present".to_owned()),
                found: None,
            }));
        };
        if *id == own {
            return Ok(lacks(&live, &T::body(input), &own));
        }
        let other =
            || Difference { fact: own.to_string(), expected: Some("the same".to_owned()), found: None };
        Ok(T::is_equivalent(input, &live).unwrap_or_else(|| Err(other())).err())
    }
}

impl<T: Object> Activity for Put<T> {
    const NAME: &'static str = T::NAME;
    const REVERSIBILITY: Reversibility = T::REVERSIBILITY;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = REPLICATION_RETRY;
    const EVIDENCE: Evidence = T::EVIDENCE;
    type Input = T::Input;
    type Before = ();
    type Output = Value;

    fn locks(&self, input: &T::Input) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&T::lock(input))]
    }

    fn turn(&self, input: &T::Input, direction: Direction) -> Option<Duration> {
        let method = if direction == Direction::Do { "PUT" } else { "DELETE" };
        self.0.writer.turn(method, &T::id(input))
    }

    async fn run(&self, call: &Call, input: &T::Input, (): &()) -> Outcome<Value> {
        if T::MAY_EXIST {
            match self.live(input).await {
                Ok(None) => {}
                Ok(Some(_)) => {
                    let fact = T::id(input);
                    let found = Some("somebody's".to_owned());
                    return foreign(&Difference { fact: fact.to_string(), expected: None, found });
                }
                Err(why) => return unread(why),
            }
        }
        let body = T::body(input);
        if let Some(why) = held_back(&T::id(input), &body) {
            return Outcome::Refused(why);
        }
        let sent = self.0.writer.put(call, &T::id(input), &T::api(input), &body, None).await;
        self.0.shelf.clear();
        match map(sent, |live| T::output(input, &live)) {
            Outcome::Refused(why) => self.judge_refusal(input, why).await,
            Outcome::Applied(_) if T::READ_BACK => self.read_back(input).await,
            outcome => outcome,
        }
    }

    async fn poll(&self, input: &T::Input, (): &(), operation: &Operation) -> Outcome<Value> {
        match self.0.reader.poll(operation).await {
            Outcome::Applied(_) => self.read_back(input).await,
            Outcome::Unknown(why) if is_over(&why) => match self.live(input).await {
                Ok(None) => failed(why),
                Ok(Some(_)) | Err(_) => Outcome::Unknown(why),
            },
            other => map(other, |_| Value::Null),
        }
    }

    async fn probe(&self, input: &T::Input, (): &()) -> Probe<Value> {
        match self.live(input).await {
            Ok(None) => Probe::NotApplied,
            Ok(Some(live)) => match lacks(&live, &T::body(input), &T::id(input)) {
                None => Probe::Applied(T::output(input, &live)),
                Some(difference) => Probe::Foreign(difference),
            },
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    async fn undo(&self, call: &Call, input: &T::Input, (): &(), was: Option<&Value>) -> Outcome<()> {
        match self.live(input).await {
            Ok(None) => Outcome::Applied(()),
            Ok(Some(live)) => match lacks(&live, &T::body(input), &T::id(input))
                .or_else(|| another(was, &T::output(input, &live), &T::id(input)))
            {
                None => remove::<T>(&self.0, call, input).await,
                Some(difference) => foreign(&difference),
            },
            Err(why) => unread(why),
        }
    }

    async fn verify(&self, input: &T::Input, (): &(), output: &Value) -> Result<Vec<Finding>, Fault> {
        let difference = self.standing(input, output).await?;
        Ok(vec![finding(&T::id(input), "present", difference.as_ref())])
    }

    fn residue(&self, input: &T::Input, (): &(), _: Option<&Value>) -> String {
        format!(
            "az rest --method delete --url {}",
            quoted(&format!("{}?api-version={}", T::id(input), T::api(input)))
        )
    }
}

impl<T: Object> Remove<T> {
    /// What is gone is gone by two answers: what is taken for gone cannot be put back.
    async fn live(&self, input: &T::Input) -> Result<Option<Value>, Fault> {
        self.0.reader.find_twice(&T::id(input), &T::api(input)).await
    }
}

impl<T: Object> Activity for Remove<T> {
    const NAME: &'static str = T::NAME;
    const REVERSIBILITY: Reversibility = T::REVERSIBILITY;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = REPLICATION_RETRY;
    const EVIDENCE: Evidence = T::EVIDENCE;
    type Input = T::Input;
    type Before = Option<Value>;
    type Output = ();

    fn locks(&self, input: &T::Input) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&T::lock(input))]
    }

    fn turn(&self, input: &T::Input, direction: Direction) -> Option<Duration> {
        let method = if direction == Direction::Do { "DELETE" } else { "PUT" };
        self.0.writer.turn(method, &T::id(input))
    }

    async fn before(&self, input: &T::Input) -> Result<Option<Value>, Fault> {
        Ok(self.live(input).await?.map(|live| T::writable(input, &live)))
    }

    async fn run(&self, call: &Call, input: &T::Input, before: &Option<Value>) -> Outcome<()> {
        if let Some(difference) = before.as_ref().and_then(|b| lacks(b, &T::body(input), &T::id(input))) {
            return foreign(&difference);
        }
        remove::<T>(&self.0, call, input).await
    }

    async fn poll(&self, _: &T::Input, _: &Option<Value>, operation: &Operation) -> Outcome<()> {
        map(self.0.reader.poll(operation).await, |_| ())
    }

    async fn probe(&self, input: &T::Input, before: &Option<Value>) -> Probe<()> {
        match self.live(input).await {
            Ok(None) => Probe::Applied(()),
            Ok(Some(live)) => {
                let then = before.clone().unwrap_or_else(|| T::body(input));
                match lacks(&live, &then, &T::id(input)) {
                    None => Probe::NotApplied,
                    Some(difference) => Probe::Foreign(difference),
                }
            }
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    /// What is there, or what the plan says was there.
    async fn reconstruct_before(&self, input: &T::Input) -> Result<Option<Option<Value>>, Fault> {
        let live = self.live(input).await?;
        Ok(Some(Some(live.map_or_else(|| T::body(input), |live| T::writable(input, &live)))))
    }

    async fn undo(
        &self,
        call: &Call,
        input: &T::Input,
        before: &Option<Value>,
        _: Option<&()>,
    ) -> Outcome<()> {
        // It was not there before: there is nothing to put back.
        let Some(before) = before else { return Outcome::Applied(()) };
        match self.live(input).await {
            Ok(Some(live)) => match lacks(&live, before, &T::id(input)) {
                None => Outcome::Applied(()),
                Some(difference) => foreign(&difference),
            },
            Ok(None) => match self.0.writer.put(call, &T::id(input), &T::api(input), before, None).await {
                Outcome::Applied(_) => match self.live(input).await {
                    Ok(live) => match lacks(&live.unwrap_or_default(), before, &T::id(input)) {
                        None => Outcome::Applied(()),
                        Some(difference) => Outcome::Refused(not_as_written("NotPutBack", difference)),
                    },
                    Err(why) => Outcome::Unknown(why),
                },
                other => map(other, |_| ()),
            },
            Err(why) => unread(why),
        }
    }

    async fn verify(&self, input: &T::Input, _: &Option<Value>, (): &()) -> Result<Vec<Finding>, Fault> {
        let id = T::id(input);
        let difference = self.live(input).await?.map(|_| Difference {
            fact: id.to_string(),
            expected: None,
            found: Some("present".to_owned()),
        });
        Ok(vec![finding(&id, "absent", difference.as_ref())])
    }

    fn residue(&self, input: &T::Input, before: &Option<Value>, _: Option<&()>) -> String {
        let body = before.as_ref().map(ToString::to_string).unwrap_or_default();
        let url = format!("{}?api-version={}", T::id(input), T::api(input));
        format!("az rest --method put --url {} --body {}", quoted(&url), quoted(&body))
    }
}

impl<T: Object> Change for Put<T> {
    fn new(kit: &Kit) -> Self {
        Self(kit.clients(), PhantomData)
    }

    fn handed(input: &T::Input, _: Option<&str>) -> Handed {
        match T::import(input) {
            Some((kind, id)) => Handed::Made(kind, id),
            None => Handed::ByItself(T::id(input).to_string()),
        }
    }
}

impl<T: Object> Change for Remove<T> {
    fn new(kit: &Kit) -> Self {
        Self(kit.clients(), PhantomData)
    }

    fn handed(input: &T::Input, _: Option<&str>) -> Handed {
        if T::COMES_BACK { Handed::Nothing } else { Handed::Gone(T::id(input).to_string()) }
    }
}
