//! Who moves in a simulation, and their plans: drawn from the seed, of the same shape as a real move.

use super::acts::{Holds, Listed, Put, Take, What, Workload};
use super::fault_plan::{Dice, FaultPlan};
use super::world::{Author, Item, World};
use rehome_orchestrator::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const HALLS: u64 = 3;

/// Furnishes the town, and returns what is to be done in it.
pub(crate) fn furnish(world: &World, faults: &FaultPlan) -> Document {
    let mut moves = Vec::new();
    let mut things = world.things();
    for hall in 0..HALLS {
        things.halls.insert(format!("hall-{hall}"), vec!["warden".to_owned()]);
    }
    for nth in 0..faults.moves {
        let run = format!("m{nth}");
        let mut facts = BTreeMap::new();
        for (shelf, thing) in [("old", "lamp"), ("waste", "paper")] {
            let place = format!("{run}/{shelf}");
            let item = Item { thing: thing.to_owned(), by: Author::Original };
            things.shelves.insert(place.clone(), item);
            facts.insert(place, thing.to_owned());
        }
        let hall = format!("hall-{}", nth % HALLS);
        let name = format!("{run}/was-here");
        facts.insert(format!("{hall} {name}"), "listed".to_owned());
        things.halls.entry(hall.clone()).or_default().push(name);
        moves.push(PlannedRun {
            plan: plan(&run, &hall, &mut Dice::of(faults.seed, "plan", nth)),
            run: RunId::new(run.clone()),
            about: Json::of(&()),
            params: Json::of(&run),
            facts: Json::sorted(&facts),
        });
    }
    Document::new("town", moves)
}

struct Draft<'a> {
    run: &'a str,
    steps: Vec<Step>,
}

impl Draft<'_> {
    fn add(&mut self, id: &str, needs: &[StepId], phase: Phase, node: Node) -> StepId {
        let id = StepId::new(id);
        self.steps.push(Step {
            id: id.clone(),
            group: String::new(),
            title: id.to_string(),
            undo: String::new(),
            phase,
            needs: needs.to_vec(),
            node,
            proof: None,
        });
        id
    }

    fn act<A: Activity<Input = What>>(
        &mut self,
        id: &str,
        place: &str,
        thing: Template,
        needs: &[StepId],
        phase: Phase,
    ) -> StepId {
        let input = Template::object([
            ("run", Template::known(self.run)),
            ("step", Template::known(id)),
            ("place", Template::known(place)),
            ("thing", thing),
        ]);
        self.add(id, needs, phase, Node::act::<A>(input))
    }
}

fn plan(run: &str, hall: &str, dice: &mut Dice) -> Plan {
    use Phase::{CleanUp, Forward};
    let mut draft = Draft { run, steps: Vec::new() };
    let new = format!("{run}/new");
    let make = draft.act::<Put>("make", &new, Template::known("lamp"), &[], Forward);
    let retry = Retry { base_ms: 1_000, cap_ms: 10_000, attempts_max: 60, give_up_after_ms: 600_000 };
    let wait = draft.add(
        "wait",
        std::slice::from_ref(&make),
        Forward,
        Node::wait::<Holds>(Template::known(new), retry),
    );
    let mut done = Vec::new();
    for n in 0..1 + dice.below(3) {
        let place = format!("{run}/p{n}");
        let label = Template::from_step("make", "label");
        done.push(draft.act::<Put>(&format!("put-{n}"), &place, label, std::slice::from_ref(&wait), Forward));
    }
    for n in 0..dice.below(HALLS) {
        let (place, name) = (format!("hall-{n}"), Template::known(format!("{run}/is-here")));
        let needs = if dice.happens(500) { vec![wait.clone()] } else { done.clone() };
        done.push(draft.act::<Listed<true>>(&format!("join-{n}"), &place, name, &needs, Forward));
    }
    let mut last = vec![draft.add("check", &done, Forward, Node::Check { of: done.clone() })];
    if dice.happens(300) {
        let hand = Node::ByHand {
            instruction: Template::known("tell the neighbours"),
            undo: Template::known(if dice.happens(500) { Value::Null } else { json!("tell them again") }),
        };
        last.push(draft.add("hand", &done, Forward, hand));
    }
    let soak = draft.add("soak", &last, Forward, Node::Soak { for_ms: dice.below(3_600_000) });
    let gate = draft.add("gate", &[soak], CleanUp, Node::Gate { name: "cleanup".to_owned() });
    let leave = Template::known(format!("{run}/was-here"));
    let leave = draft.act::<Listed<false>>("leave", hall, leave, std::slice::from_ref(&gate), CleanUp);
    let (old, waste) = (format!("{run}/old"), format!("{run}/waste"));
    let take = draft.act::<Take<false>>("take", &old, Template::known("lamp"), &[gate], CleanUp);
    draft.act::<Take<true>>("burn", &waste, Template::known("paper"), &[leave, take], CleanUp);
    let on_failure = if dice.happens(500) { OnFailure::Park } else { OnFailure::RollBack };
    Plan { workflow: Workload::NAME.to_owned(), on_failure, steps: draft.steps }
}
