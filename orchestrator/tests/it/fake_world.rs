//! A world of shelves that hold things, slow and forgetful enough to be worth an engine.

use rehome_orchestrator::harness::{SystemUnderTest, WorldUnderTest};
use rehome_orchestrator::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

pub(crate) type Shelves = Arc<Mutex<BTreeMap<String, String>>>;

fn open(shelves: &Shelves) -> MutexGuard<'_, BTreeMap<String, String>> {
    shelves.lock().expect("no test panics while it holds the shelves")
}

/// Puts a thing on a shelf that is empty.
pub(crate) struct Put {
    pub(crate) shelves: Shelves,
    /// Its probe sees nothing: the mistake that the harness has to find.
    pub(crate) blind: bool,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Placement {
    pub(crate) shelf: String,
    pub(crate) thing: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Placed {
    pub(crate) label: String,
}

impl Activity for Put {
    const NAME: &'static str = "shelf.put/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = 1_000;
    const EVIDENCE: Evidence = Evidence::Conclusive;
    type Input = Placement;
    type Before = ();
    type Output = Placed;

    fn locks(&self, input: &Placement) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.shelf)]
    }

    async fn run(&self, _: &Call, input: &Placement, (): &()) -> Outcome<Placed> {
        let mut shelves = open(&self.shelves);
        // Like many services: what is there already is an error, whoever put it there.
        match shelves.get(&input.shelf) {
            Some(thing) if *thing != input.thing => {
                Outcome::Refused(Fault::new(FaultKind::Conflict, "Taken", "the shelf is taken"))
            }
            Some(_) | None => {
                shelves.insert(input.shelf.clone(), input.thing.clone());
                Outcome::Applied(Placed { label: format!("{}@{}", input.thing, input.shelf) })
            }
        }
    }

    async fn probe(&self, input: &Placement, (): &()) -> Probe<Placed> {
        match open(&self.shelves).get(&input.shelf) {
            Some(_) if self.blind => Probe::NotApplied,
            None => Probe::NotApplied,
            Some(thing) if *thing == input.thing => {
                Probe::Applied(Placed { label: format!("{}@{}", input.thing, input.shelf) })
            }
            Some(thing) => Probe::Foreign(Difference {
                fact: input.shelf.clone(),
                expected: Some(input.thing.clone()),
                found: Some(thing.clone()),
            }),
        }
    }

    async fn undo(&self, _: &Call, input: &Placement, (): &(), _: Option<&Placed>) -> Outcome<()> {
        let mut shelves = open(&self.shelves);
        if shelves.get(&input.shelf) == Some(&input.thing) {
            shelves.remove(&input.shelf);
        }
        Outcome::Applied(())
    }

    async fn verify(&self, input: &Placement, (): &(), _: &Placed) -> Result<Vec<Finding>, Fault> {
        let found = open(&self.shelves).get(&input.shelf).cloned();
        let holds = found.as_ref() == Some(&input.thing);
        Ok(vec![Finding { fact: input.shelf.clone(), expected: input.thing.clone(), found, holds }])
    }

    fn residue(&self, input: &Placement, (): &(), _: Option<&Placed>) -> String {
        format!("take {} from {}", input.thing, input.shelf)
    }
}

/// Has a thing carried to a shelf, which takes the world some time.
pub(crate) struct Carry {
    pub(crate) put: Put,
    /// How many carriers are on their way to each shelf.
    pub(crate) under_way: Arc<Mutex<BTreeMap<String, u32>>>,
}

const CARRIED_MS: u64 = 3_000;

impl Carry {
    fn under_way(&self) -> MutexGuard<'_, BTreeMap<String, u32>> {
        self.under_way.lock().expect("no test panics while it counts carriers")
    }
}

impl Activity for Carry {
    const NAME: &'static str = "shelf.carry/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = 1_000;
    type Input = Placement;
    type Before = ();
    type Output = Placed;

    fn locks(&self, input: &Placement) -> Vec<ResourceKey> {
        self.put.locks(input)
    }

    #[expect(clippy::disallowed_methods, reason = "the world takes its own time")]
    async fn run(&self, _: &Call, input: &Placement, (): &()) -> Outcome<Placed> {
        *self.under_way().entry(input.shelf.clone()).or_default() += 1;
        let (shelves, under_way) = (self.put.shelves.clone(), self.under_way.clone());
        let Placement { shelf, thing } = input.clone();
        // The carrier arrives whatever becomes of who sent for them.
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(CARRIED_MS)).await;
            *under_way.lock().expect("as above").entry(shelf.clone()).or_default() -= 1;
            open(&shelves).insert(shelf, thing);
        });
        Outcome::Accepted(Operation { address: input.shelf.clone(), after_ms: 1_000 })
    }

    async fn poll(&self, input: &Placement, (): &(), operation: &Operation) -> Outcome<Placed> {
        match self.probe(input, &()).await {
            Probe::Applied(placed) => Outcome::Applied(placed),
            Probe::InProgress { .. } => Outcome::Accepted(operation.clone()),
            _ => Outcome::Unknown(Fault::new(FaultKind::Missing, "NoCarrier", "nobody carries it")),
        }
    }

    async fn probe(&self, input: &Placement, (): &()) -> Probe<Placed> {
        if self.under_way().get(&input.shelf).is_some_and(|carriers| *carriers > 0) {
            return Probe::InProgress { after: None };
        }
        self.put.probe(input, &()).await
    }

    fn evidence(&self, input: &Placement) -> Evidence {
        self.put.evidence(input)
    }

    async fn undo(&self, call: &Call, input: &Placement, (): &(), was: Option<&Placed>) -> Outcome<()> {
        self.put.undo(call, input, &(), was).await
    }

    async fn verify(&self, input: &Placement, (): &(), output: &Placed) -> Result<Vec<Finding>, Fault> {
        self.put.verify(input, &(), output).await
    }

    fn residue(&self, input: &Placement, (): &(), was: Option<&Placed>) -> String {
        self.put.residue(input, &(), was)
    }
}

/// Empties a shelf, remembering what was on it.
pub(crate) struct Take(pub(crate) Shelves);

impl Activity for Take {
    const NAME: &'static str = "shelf.take/1";
    const REVERSIBILITY: Reversibility = Reversibility::Compensable;
    const SETTLING_MS: u64 = 1_000;
    const EVIDENCE: Evidence = Evidence::AbsenceOnly;
    type Input = String;
    type Before = Option<String>;
    type Output = ();

    fn locks(&self, input: &String) -> Vec<ResourceKey> {
        vec![ResourceKey::new(input)]
    }

    async fn before(&self, input: &String) -> Result<Option<String>, Fault> {
        Ok(open(&self.0).get(input).cloned())
    }

    async fn run(&self, _: &Call, input: &String, _: &Option<String>) -> Outcome<()> {
        open(&self.0).remove(input);
        Outcome::Applied(())
    }

    async fn probe(&self, input: &String, before: &Option<String>) -> Probe<()> {
        match (open(&self.0).get(input), before) {
            (None, _) => Probe::Applied(()),
            (Some(now), Some(then)) if now == then => Probe::NotApplied,
            (Some(now), then) => Probe::Foreign(Difference {
                fact: input.clone(),
                expected: then.clone(),
                found: Some(now.clone()),
            }),
        }
    }

    /// Of what was on an empty shelf nothing tells.
    async fn reconstruct_before(&self, input: &String) -> Result<Option<Option<String>>, Fault> {
        Ok(open(&self.0).get(input).cloned().map(Some))
    }

    async fn undo(&self, _: &Call, input: &String, before: &Option<String>, _: Option<&()>) -> Outcome<()> {
        if let Some(thing) = before {
            open(&self.0).insert(input.clone(), thing.clone());
        }
        Outcome::Applied(())
    }

    async fn verify(&self, input: &String, _: &Option<String>, (): &()) -> Result<Vec<Finding>, Fault> {
        let found = open(&self.0).get(input).cloned();
        let holds = found.is_none();
        Ok(vec![Finding { fact: input.clone(), expected: "empty".to_owned(), found, holds }])
    }

    fn residue(&self, input: &String, before: &Option<String>, _: Option<&()>) -> String {
        format!("put {before:?} on {input}")
    }
}

/// Burns what is on a shelf. There is no way back.
pub(crate) struct Burn(pub(crate) Shelves);

impl Activity for Burn {
    const NAME: &'static str = "shelf.burn/1";
    const REVERSIBILITY: Reversibility = Reversibility::Irreversible;
    const SETTLING_MS: u64 = 1_000;
    const EVIDENCE: Evidence = Evidence::AbsenceOnly;
    type Input = String;
    type Before = ();
    type Output = ();

    fn locks(&self, input: &String) -> Vec<ResourceKey> {
        vec![ResourceKey::new(input)]
    }

    async fn run(&self, _: &Call, input: &String, (): &()) -> Outcome<()> {
        open(&self.0).remove(input);
        Outcome::Applied(())
    }

    async fn probe(&self, input: &String, (): &()) -> Probe<()> {
        if open(&self.0).contains_key(input) { Probe::NotApplied } else { Probe::Applied(()) }
    }

    async fn undo(&self, _: &Call, _: &String, (): &(), _: Option<&()>) -> Outcome<()> {
        Outcome::Refused(Fault::new(FaultKind::Bug, "Irreversible", "ash stays ash"))
    }

    async fn verify(&self, _: &String, (): &(), (): &()) -> Result<Vec<Finding>, Fault> {
        Ok(Vec::new())
    }

    fn residue(&self, input: &String, (): &(), _: Option<&()>) -> String {
        format!("nothing brings back what was on {input}")
    }
}

/// A shelf holds something.
pub(crate) struct Holds(pub(crate) Shelves);

impl Condition for Holds {
    const NAME: &'static str = "shelf.holds/1";
    type Input = Value;

    async fn check(&self, input: &Value) -> ConditionResult {
        let shelf = input["shelf"].as_str().unwrap_or_default();
        if open(&self.0).contains_key(shelf) {
            ConditionResult::Yes
        } else {
            ConditionResult::NotYet {
                after: None,
                why: Fault::new(FaultKind::NotReady, "Empty", "nothing is there"),
            }
        }
    }
}

/// Moves things from one shelf to others.
pub(crate) struct Moving(pub(crate) Shelves);

impl Workflow for Moving {
    const NAME: &'static str = "moving/1";
    type Params = Value;
    type Facts = BTreeMap<String, String>;

    async fn survey(&self, _: &Value) -> Result<Self::Facts, Fault> {
        Ok(open(&self.0).clone())
    }

    fn plan(params: &Value, _: &Self::Facts) -> Result<Plan, Fault> {
        serde_json::from_value(params.clone())
            .map_err(|e| Fault::new(FaultKind::Invalid, "Params", e.to_string()))
    }

    fn differences(expected: &Self::Facts, found: &Self::Facts) -> Vec<Difference> {
        if expected == found {
            return Vec::new();
        }
        let side = |facts: &Self::Facts| Some(format!("{facts:?}"));
        vec![Difference { fact: "shelves".to_owned(), expected: side(expected), found: side(found) }]
    }
}

pub(crate) fn step(id: &str, needs: &[&str], phase: Phase, node: Node) -> Step {
    Step {
        id: id.into(),
        group: "work".to_owned(),
        title: id.to_owned(),
        undo: String::new(),
        phase,
        needs: needs.iter().map(|n| StepId::from(*n)).collect(),
        node,
        proof: None,
    }
}

/// A move like the real one: make, wait, put in parallel, pause, put, check, soak, gate, take, burn.
pub(crate) fn plan(on_failure: OnFailure) -> Plan {
    let put = |shelf: &str, thing: Template| {
        Node::act::<Put>(Template::object([("shelf", Template::known(shelf)), ("thing", thing)]))
    };
    let carry = |shelf: &str, thing: Template| {
        Node::act::<Carry>(Template::object([("shelf", Template::known(shelf)), ("thing", thing)]))
    };
    let label = || Template::from_step("make", "label");
    let hand = Node::ByHand {
        instruction: Template::known("tell the neighbours"),
        undo: Template::known(Value::Null),
    };
    let wait = Node::wait::<Holds>(Template::known(json!({"shelf": "new"})), Retry::DEFAULT);
    use Phase::{CleanUp, Forward};
    Plan {
        workflow: Moving::NAME.to_owned(),
        on_failure,
        steps: vec![
            step("make", &[], Forward, put("new", Template::known("lamp"))),
            step("wait", &["make"], Forward, wait),
            step("left", &["wait"], Forward, put("left", label())),
            step("right", &["wait"], Forward, put("right", label())),
            step("far", &["wait"], Forward, carry("far", label())),
            step("hand", &["left"], Forward, hand),
            step(
                "spread",
                &["left", "right", "far"],
                Forward,
                Node::PropagationDelay { for_ms: 600_000, back_ms: 60_000 },
            ),
            step("last", &["spread"], Forward, put("last", Template::known("vase"))),
            step(
                "check",
                &["left", "right", "far", "last"],
                Forward,
                Node::Check { of: vec!["left".into(), "right".into(), "far".into()] },
            ),
            step("soak", &["check", "hand"], Forward, Node::Soak { for_ms: 86_400_000 }),
            step("gate", &["soak"], CleanUp, Node::Gate { name: "cleanup".to_owned() }),
            step("going", &["gate"], CleanUp, Node::PropagationDelay { for_ms: 0, back_ms: 7_200_000 }),
            step("take", &["going"], CleanUp, Node::act::<Take>(Template::known("old"))),
            step("burn", &["take"], CleanUp, Node::act::<Burn>(Template::known("waste"))),
        ],
    }
}

pub(crate) struct House {
    pub(crate) on_failure: OnFailure,
    pub(crate) blind: bool,
}

pub(crate) struct HouseWorld {
    pub(crate) shelves: Shelves,
    pub(crate) under_way: Arc<Mutex<BTreeMap<String, u32>>>,
    pub(crate) plan: Plan,
    pub(crate) blind: bool,
}

impl SystemUnderTest for House {
    type World = HouseWorld;

    async fn world(&self) -> HouseWorld {
        let things = [("old", "lamp"), ("waste", "paper")];
        let shelves = things.map(|(shelf, thing)| (shelf.to_owned(), thing.to_owned()));
        HouseWorld {
            shelves: Arc::new(Mutex::new(BTreeMap::from(shelves))),
            under_way: Arc::default(),
            plan: plan(self.on_failure),
            blind: self.blind,
        }
    }
}

impl WorldUnderTest for HouseWorld {
    fn registry(&self) -> Registry {
        let shelves = || self.shelves.clone();
        let carry =
            Carry { put: Put { shelves: shelves(), blind: false }, under_way: self.under_way.clone() };
        Registry::new()
            .activity(Put { shelves: shelves(), blind: self.blind })
            .activity(carry)
            .activity(Take(shelves()))
            .activity(Burn(shelves()))
            .condition(Holds(shelves()))
            .workflow(Moving(shelves()))
    }

    fn document(&self) -> Document {
        let (run, facts) = (RunId::new("m-1"), Json::sorted(&*open(&self.shelves)));
        let (about, params, plan) = (Json::of(&()), Json::of(&()), self.plan.clone());
        Document::new("house", vec![PlannedRun { run, about, params, facts, plan }])
    }

    async fn snapshot(&self) -> Value {
        json!(*open(&self.shelves))
    }
}
