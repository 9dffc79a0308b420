//! What a run does in the town: put a thing on a shelf, take it, burn it, and be listed in a hall.

use super::world::{Author, Item, LATE_MAX_MS, Things, World, fault};
use rehome_orchestrator::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A request that was sent has taken effect after this time, or never will.
const SETTLING_MS: u64 = LATE_MAX_MS + 5_000;

const RETRY: Retry = Retry { base_ms: 500, cap_ms: 10_000, attempts_max: 12, give_up_after_ms: 600_000 };

/// Which shelf or hall, whose step, and what.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct What {
    pub(crate) run: String,
    pub(crate) step: String,
    pub(crate) place: String,
    pub(crate) thing: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Label {
    label: String,
}

fn author(what: &What) -> Author {
    Author::Ours(RunId::new(&what.run), StepId::new(&what.step))
}

fn unreadable<T>(after: Fault) -> Probe<T> {
    Probe::Unsettled { after: None, why: after }
}

fn foreign<T>(fact: &str, expected: Option<&str>, found: Option<&str>) -> Probe<T> {
    let text = |t: &str| t.to_owned();
    Probe::Foreign(Difference { fact: fact.to_owned(), expected: expected.map(text), found: found.map(text) })
}

fn purpose(what: &What, direction: &str) -> String {
    format!("{} {} {direction}", what.run, what.step)
}

/// Puts a thing on a shelf that is empty.
pub(crate) struct Put(pub(crate) Arc<World>);

impl Activity for Put {
    const NAME: &'static str = "town.put/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = RETRY;
    type Input = What;
    type Before = ();
    type Output = Label;

    fn locks(&self, input: &What) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.place)]
    }

    async fn run(&self, call: &Call, input: &What, (): &()) -> Outcome<Label> {
        let what = input.clone();
        let effect = move |things: &mut Things| match things.shelves.get(&what.place) {
            Some(item) if item.by != author(&what) => Err(fault(FaultKind::Conflict, "Taken")),
            Some(_) | None => {
                let item = Item { thing: what.thing.clone(), by: author(&what) };
                things.shelves.insert(what.place.clone(), item);
                Ok(json!({"label": format!("{}@{}", what.thing, what.place)}))
            }
        };
        self.0.write(call, &input.place, Box::new(effect)).await
    }

    async fn poll(&self, _: &What, (): &(), operation: &Operation) -> Outcome<Label> {
        self.0.poll(operation).await
    }

    async fn probe(&self, input: &What, (): &()) -> Probe<Label> {
        let look = |things: &Things| {
            let works =
                [Direction::Do, Direction::Undo].iter().any(|a| things.works_on(&input.run, &input.step, *a));
            (works, things.shelves.get(&input.place).cloned())
        };
        match self.0.look(&purpose(input, "probe"), look).await {
            Err(why) => unreadable(why),
            Ok((true, _)) => Probe::InProgress { after: None },
            Ok((false, None)) => Probe::NotApplied,
            Ok((false, Some(item))) if item.by == author(input) => {
                Probe::Applied(Label { label: format!("{}@{}", input.thing, input.place) })
            }
            Ok((false, Some(item))) => foreign(&input.place, Some(&input.thing), Some(&item.thing)),
        }
    }

    async fn undo(&self, call: &Call, input: &What, (): &(), _: Option<&Label>) -> Outcome<()> {
        let what = input.clone();
        let effect = move |things: &mut Things| {
            if things.shelves.get(&what.place).is_some_and(|item| item.by == author(&what)) {
                things.shelves.remove(&what.place);
            }
            Ok(Value::Null)
        };
        self.0.write(call, &input.place, Box::new(effect)).await
    }

    async fn verify(&self, input: &What, (): &(), _: &Label) -> Result<Vec<Finding>, Fault> {
        let look = |things: &Things| things.shelves.get(&input.place).map(|item| item.thing.clone());
        let found = self.0.look(&purpose(input, "verify"), look).await?;
        let holds = found.as_ref() == Some(&input.thing);
        Ok(vec![Finding { fact: input.place.clone(), expected: input.thing.clone(), found, holds }])
    }

    fn residue(&self, input: &What, (): &(), _: Option<&Label>) -> String {
        format!("take {} from {}", input.thing, input.place)
    }
}

/// Takes a thing from its shelf, if it is that thing. `BURN` leaves no way back.
pub(crate) struct Take<const BURN: bool>(pub(crate) Arc<World>);

impl<const BURN: bool> Activity for Take<BURN> {
    const NAME: &'static str = if BURN { "town.burn/1" } else { "town.take/1" };
    const REVERSIBILITY: Reversibility =
        if BURN { Reversibility::Irreversible } else { Reversibility::Compensable };
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = RETRY;
    type Input = What;
    type Before = Option<String>;
    type Output = ();

    fn locks(&self, input: &What) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.place)]
    }

    async fn before(&self, input: &What) -> Result<Option<String>, Fault> {
        let look = |things: &Things| things.shelves.get(&input.place).map(|item| item.thing.clone());
        self.0.look(&purpose(input, "before"), look).await
    }

    async fn run(&self, call: &Call, input: &What, _: &Option<String>) -> Outcome<()> {
        let (place, thing) = (input.place.clone(), input.thing.clone());
        let effect = move |things: &mut Things| match things.shelves.get(&place) {
            Some(item) if item.thing != thing => Err(fault(FaultKind::Conflict, "Changed")),
            Some(_) | None => {
                things.shelves.remove(&place);
                Ok(Value::Null)
            }
        };
        self.0.write(call, &input.place, Box::new(effect)).await
    }

    async fn poll(&self, _: &What, _: &Option<String>, operation: &Operation) -> Outcome<()> {
        self.0.poll(operation).await
    }

    async fn probe(&self, input: &What, before: &Option<String>) -> Probe<()> {
        let look = |things: &Things| {
            let works =
                [Direction::Do, Direction::Undo].iter().any(|a| things.works_on(&input.run, &input.step, *a));
            (works, things.shelves.get(&input.place).map(|item| item.thing.clone()))
        };
        match self.0.look(&purpose(input, "probe"), look).await {
            Err(why) => unreadable(why),
            Ok((true, _)) => Probe::InProgress { after: None },
            Ok((false, found)) if found == *before && found.is_some() => Probe::NotApplied,
            Ok((false, None)) => Probe::Applied(()),
            Ok((false, Some(found))) => foreign(&input.place, before.as_deref(), Some(&found)),
        }
    }

    async fn undo(&self, call: &Call, input: &What, before: &Option<String>, _: Option<&()>) -> Outcome<()> {
        let (place, before, expected) = (input.place.clone(), before.clone(), input.thing.clone());
        let effect = move |things: &mut Things| {
            if let Some(thing) = before.filter(|thing| *thing == expected) {
                things.shelves.entry(place).or_insert(Item { thing, by: Author::Original });
            }
            Ok(Value::Null)
        };
        self.0.write(call, &input.place, Box::new(effect)).await
    }

    async fn verify(&self, input: &What, _: &Option<String>, (): &()) -> Result<Vec<Finding>, Fault> {
        let look = |things: &Things| things.shelves.get(&input.place).map(|item| item.thing.clone());
        let found = self.0.look(&purpose(input, "verify"), look).await?;
        let holds = found.is_none();
        Ok(vec![Finding { fact: input.place.clone(), expected: "empty".to_owned(), found, holds }])
    }

    fn residue(&self, input: &What, before: &Option<String>, _: Option<&()>) -> String {
        format!("put {before:?} on {}", input.place)
    }
}

/// Puts a name on the list of a hall (`IN`), or strikes it off.
pub(crate) struct Listed<const IN: bool>(pub(crate) Arc<World>);

impl<const IN: bool> Activity for Listed<IN> {
    const NAME: &'static str = if IN { "town.join/1" } else { "town.leave/1" };
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = RETRY;
    type Input = What;
    /// Whether the name was on the list.
    type Before = bool;
    type Output = ();

    fn locks(&self, input: &What) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.place)]
    }

    async fn before(&self, input: &What) -> Result<bool, Fault> {
        self.0.look(&purpose(input, "before"), |things| listed(things, input)).await
    }

    async fn run(&self, call: &Call, input: &What, _: &bool) -> Outcome<()> {
        self.write(call, input, IN).await
    }

    async fn poll(&self, _: &What, _: &bool, operation: &Operation) -> Outcome<()> {
        self.0.poll(operation).await
    }

    async fn probe(&self, input: &What, before: &bool) -> Probe<()> {
        let look = |things: &Things| {
            let works =
                [Direction::Do, Direction::Undo].iter().any(|a| things.works_on(&input.run, &input.step, *a));
            (works, listed(things, input))
        };
        match self.0.look(&purpose(input, "probe"), look).await {
            Err(why) => unreadable(why),
            Ok((true, _)) => Probe::InProgress { after: None },
            Ok((false, now)) if now == *before => Probe::NotApplied,
            Ok((false, _)) => Probe::Applied(()),
        }
    }

    async fn undo(&self, call: &Call, input: &What, before: &bool, _: Option<&()>) -> Outcome<()> {
        self.write(call, input, *before).await
    }

    async fn verify(&self, input: &What, _: &bool, (): &()) -> Result<Vec<Finding>, Fault> {
        let now = self.0.look(&purpose(input, "verify"), |things| listed(things, input)).await?;
        let found = Some(now.to_string());
        Ok(vec![Finding { fact: input.place.clone(), expected: IN.to_string(), found, holds: now == IN }])
    }

    fn residue(&self, input: &What, _: &bool, _: Option<&()>) -> String {
        format!("look after {} in {}", input.thing, input.place)
    }
}

fn listed(things: &Things, what: &What) -> bool {
    things.halls.get(&what.place).is_some_and(|names| names.contains(&what.thing))
}

impl<const IN: bool> Listed<IN> {
    /// Reads the whole list, and writes the whole list back, as services do that have no "add".
    async fn write(&self, call: &Call, input: &What, wanted: bool) -> Outcome<()> {
        let purpose = purpose(input, "read");
        let read = self.0.look(&purpose, |t| t.halls.get(&input.place).cloned().unwrap_or_default()).await;
        let was = match read {
            Ok(names) => names,
            Err(why) => return Outcome::Retry { after: None, why },
        };
        let mut names = was.clone();
        names.retain(|name| *name != input.thing);
        if wanted {
            names.push(input.thing.clone());
        }
        let place = input.place.clone();
        let effect = move |things: &mut Things| {
            let hall = things.halls.entry(place).or_default();
            if *hall != was {
                return Err(fault(FaultKind::Conflict, "PreconditionFailed"));
            }
            *hall = names;
            Ok(Value::Null)
        };
        match self.0.write(call, &input.place, Box::new(effect)).await {
            Outcome::Refused(why) if why.kind == FaultKind::Conflict => Outcome::Retry { after: None, why },
            outcome => outcome,
        }
    }
}

/// A shelf holds something.
pub(crate) struct Holds(pub(crate) Arc<World>);

impl Condition for Holds {
    const NAME: &'static str = "town.holds/1";
    type Input = String;

    async fn check(&self, input: &String) -> ConditionResult {
        match self.0.look(input, |things| things.shelves.contains_key(input)).await {
            Ok(true) => ConditionResult::Yes,
            Ok(false) => ConditionResult::NotYet { after: None, why: fault(FaultKind::NotReady, "Empty") },
            Err(why) => ConditionResult::NotYet { after: None, why },
        }
    }
}

/// One household moves; the facts are its own shelves and its names in the halls.
pub(crate) struct Workload(pub(crate) Arc<World>);

impl Workflow for Workload {
    const NAME: &'static str = "household/1";
    type Params = String;
    type Facts = BTreeMap<String, String>;

    async fn survey(&self, household: &String) -> Result<Self::Facts, Fault> {
        let own = format!("{household}/");
        self.0
            .look(&format!("{household} survey"), |things| {
                let shelves = things.shelves.iter().filter(|(place, _)| place.starts_with(&own));
                let mut facts: Self::Facts =
                    shelves.map(|(place, item)| (place.clone(), item.thing.clone())).collect();
                for (hall, names) in &things.halls {
                    for name in names.iter().filter(|name| name.starts_with(&own)) {
                        facts.insert(format!("{hall} {name}"), "listed".to_owned());
                    }
                }
                facts
            })
            .await
    }

    fn plan(_: &String, _: &Self::Facts) -> Result<Plan, Fault> {
        Err(Fault::new(FaultKind::Bug, "NoPlan", "plans of this town come from its dice"))
    }

    fn differences(expected: &Self::Facts, found: &Self::Facts) -> Vec<Difference> {
        let places = expected.keys().chain(found.keys()).collect::<std::collections::BTreeSet<_>>();
        let differs = places.into_iter().filter(|place| expected.get(*place) != found.get(*place));
        differs
            .map(|place| Difference {
                fact: place.clone(),
                expected: expected.get(place).cloned(),
                found: found.get(place).cloned(),
            })
            .collect()
    }
}

pub(crate) fn registry(world: &Arc<World>) -> Registry {
    let world = || world.clone();
    Registry::new()
        .activity(Put(world()))
        .activity(Take::<false>(world()))
        .activity(Take::<true>(world()))
        .activity(Listed::<true>(world()))
        .activity(Listed::<false>(world()))
        .condition(Holds(world()))
        .workflow(Workload(world()))
}
