//! Engine, for tests: every case of a subject, and what it did not survive.

use super::clock::Still;
use super::fault_point::{FaultPoint, InjectedFault};
use super::injector::Happened;
use super::scenario::{Journey, OperatorAction, Report, Scenario, in_virtual_time, not_idempotent, run_once};
use super::system_under_test::{SystemUnderTest, WorldUnderTest};
use crate::driver::StopReason;
use crate::ids::{Direction, StepId};
use crate::plan::Node;
use crate::run::event::Verdict;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// A fault that a workflow does not survive.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What was done to it.
    pub scenario: Scenario,
    /// What is wrong with the end.
    pub what: String,
    /// The activity that did not stand it: the one that broke a promise, or whose effect is not what it should
    /// be after it has said so; where neither can be told, the one that was disturbed.
    pub activity: Option<String>,
    /// Its step.
    pub step: Option<StepId>,
    /// How it came to that.
    pub report: Report,
}

/// What came of many cases.
#[derive(Debug, Default)]
pub struct Findings {
    /// How many cases were lived through.
    pub runs: usize,
    /// What was not survived, shortest history first.
    pub failures: Vec<Failure>,
}

impl Findings {
    /// The failure with the shortest history.
    pub fn shortest(&self) -> Option<&Failure> {
        self.failures.first()
    }
}

/// So many failures are told in short, beside the first.
const OTHERS_MAX: usize = 100;

/// A subject whose undisturbed ways are known, so that every place in them can be disturbed.
pub struct Exploration<'a, S> {
    system: &'a S,
    before: Value,
    goal: Value,
    ways: Vec<(Journey, Happened)>,
    /// By step: its activity, and how late its effect may come.
    acts: BTreeMap<StepId, (String, u64)>,
}

impl<'a, S: SystemUnderTest> Exploration<'a, S> {
    /// Lives through every way undisturbed.
    pub fn new(system: &'a S) -> Self {
        let (before, document) = in_virtual_time(Still::during(S::OUTSIDE, async {
            let world = system.world().await;
            (world.snapshot().await, world.document())
        }));
        let steps = document.runs.iter().flat_map(|m| &m.plan.steps);
        let acts = steps.filter_map(|step| match &step.node {
            Node::Act { activity, settling_ms, .. } => {
                Some((step.id.clone(), (activity.clone(), *settling_ms)))
            }
            _ => None,
        });
        let acts = acts.collect();
        let ways = [Journey::Forward, Journey::ThereAndBack, Journey::BackFromCleanUp];
        let mut reports = ways.map(|way| (way, run_once(system, &Scenario::new(way, &[]))));
        let goal = std::mem::take(&mut reports[0].1.world);
        let ways = reports.map(|(way, report)| (way, report.happened)).into();
        Self { system, before, goal, ways, acts }
    }

    /// The world before the first step.
    pub fn before(&self) -> &Value {
        &self.before
    }

    /// The world at the goal of the undisturbed way.
    pub fn goal(&self) -> &Value {
        &self.goal
    }

    /// What happens on the undisturbed way.
    pub fn happened(&self, way: Journey) -> Option<&Happened> {
        self.ways.iter().find(|(w, _)| *w == way).map(|(_, happened)| happened)
    }

    /// Every way undisturbed, and then with each fault at each place.
    pub fn singles(&self) -> Vec<Scenario> {
        let mut all = Vec::new();
        for (way, happened) in &self.ways {
            all.push(Scenario::new(*way, &[]));
            for point in points(happened) {
                all.extend(self.at(happened, point).into_iter().map(|d| Scenario::new(*way, &[(point, d)])));
            }
            for (nth, called) in (1..).zip(&happened.calls) {
                // On the way forward, what a person left out is another goal, and what they did is theirs.
                let helps: &[OperatorAction] = match (way, called.direction) {
                    (Journey::Forward, Direction::Do) => &[OperatorAction::MarkDone],
                    (Journey::Forward, Direction::Undo) | (_, Direction::Do) => &[],
                    (_, Direction::Undo) => &[OperatorAction::MarkDone, OperatorAction::Skip],
                };
                let armed = vec![(FaultPoint::Call(nth), InjectedFault::Refused)];
                all.extend(helps.iter().map(|help| Scenario {
                    way: *way,
                    armed: armed.clone(),
                    help: *help,
                }));
            }
        }
        all
    }

    /// Two faults in one run, close to each other; which ones is a function of the seed.
    pub fn pairs(&self, seed: u64, count: usize) -> Vec<Scenario> {
        let mut dice = seed;
        let mut pick = |of: usize| {
            dice = dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (dice ^ (dice >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            usize::try_from((mixed ^ (mixed >> 31)) % of.max(1) as u64).unwrap_or(0)
        };
        let mut all = Vec::with_capacity(count);
        while all.len() < count {
            let (way, happened) = &self.ways[pick(self.ways.len())];
            let (points, near) = (points(happened), 1 + u32::try_from(pick(3)).unwrap_or(0));
            let first = points[pick(points.len())];
            let second = match (first, pick(2)) {
                (FaultPoint::Commit(n), 0) => FaultPoint::Commit(n + near),
                (FaultPoint::Call(n), 0) => FaultPoint::Call(n + near),
                (FaultPoint::Look(n), 0) => FaultPoint::Look(n + near),
                (_, _) => points[pick(points.len())],
            };
            let armed = [first, second].map(|point| {
                let possible = self.at(happened, point);
                // Every other time the process dies, because a death is what most is built for.
                match pick(2) {
                    0 => (point, InjectedFault::CrashBefore),
                    _ => (point, possible[pick(possible.len())]),
                }
            });
            all.push(Scenario::new(*way, &armed));
        }
        all
    }

    fn at(&self, happened: &Happened, point: FaultPoint) -> Vec<InjectedFault> {
        match point {
            FaultPoint::Commit(_) => InjectedFault::AT_COMMITS.to_vec(),
            FaultPoint::Look(_) => InjectedFault::AT_LOOKS.to_vec(),
            FaultPoint::Call(nth) => {
                let step = happened.calls.get(nth as usize - 1).map(|called| &called.step);
                let settling_ms = step.and_then(|step| self.acts.get(step)).map_or(0, |(_, ms)| *ms);
                InjectedFault::at_calls(settling_ms)
            }
        }
    }

    /// Lives through one case and looks at its end.
    ///
    /// # Errors
    /// When it was not survived; with as few of its faults as that takes.
    pub fn run(&self, scenario: &Scenario) -> Result<Report, Box<Failure>> {
        let report = run_once(self.system, scenario);
        let Some(what) = self.flaw(scenario, &report) else { return Ok(report) };
        let without = |at: usize| {
            let mut armed = scenario.armed.clone();
            armed.remove(at);
            Scenario { armed, ..scenario.clone() }
        };
        let fewer = (0..scenario.armed.len()).map(without).find_map(|fewer| self.run(&fewer).err());
        Err(fewer.unwrap_or_else(|| Box::new(self.failure(scenario, what, report))))
    }

    /// Lives through many cases, so many at the same time.
    pub fn run_all(&self, scenarios: &[Scenario], threads: usize) -> Findings {
        let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..threads.max(1) {
                scope.spawn(|| {
                    while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if let Err(failure) = self.run(scenario) {
                            failures.lock().unwrap_or_else(PoisonError::into_inner).push(*failure);
                        }
                    }
                });
            }
        });
        let mut failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
        failures.sort_by_key(|failure| (failure.report.history.len(), failure.scenario.armed.clone()));
        Findings { runs: scenarios.len(), failures }
    }

    fn flaw(&self, scenario: &Scenario, report: &Report) -> Option<String> {
        if let Some(breach) = report.breaches.first() {
            return Some(format!("a promise was broken: {breach}"));
        }
        if let Some((run, left)) = report.left.iter().find(|(_, left)| !matches!(left, StopReason::Closed(_)))
        {
            return Some(format!("{run} did not come to an end: {left:?}"));
        }
        let back = report.left.iter().any(|(_, left)| *left == StopReason::Closed(Verdict::RolledBack));
        if !report.residue.is_empty() {
            let listed: Vec<&str> = report.residue.iter().map(|(_, step, _)| step.as_str()).collect();
            if scenario.help != OperatorAction::Skip {
                return Some(format!("nobody left anything, and yet {listed:?} are left"));
            }
            // What one step left may be what another one put back.
            if report.world == self.before {
                return None;
            }
            let rest = differences(&self.before, &report.cleared);
            return (!rest.is_empty()).then(|| {
                format!("{listed:?} are listed as left, and without them it is not as before: {rest:?}")
            });
        }
        // A plan without a gate is done before it could be turned.
        let (name, wanted) = match back {
            true => ("as before", &self.before),
            false => ("as planned", &self.goal),
        };
        let wrong = differences(wanted, &report.world);
        (!wrong.is_empty()).then(|| format!("the world is not {name}: {}", wrong.join("; ")))
    }

    fn failure(&self, scenario: &Scenario, what: String, report: Report) -> Failure {
        let of = |step: StepId| (self.acts.get(&step).map(|(name, _)| name.clone()), Some(step));
        if let Some((name, step)) = &report.suspect {
            let (activity, step) = (Some(name.clone()), Some(step.clone()));
            return Failure { scenario: scenario.clone(), what, activity, step, report };
        }
        let disturbed = scenario.armed.iter().find_map(|armed| step_at(*armed, &report.happened));
        // Of steps that work on the same thing, one that is repeated may disturb the other without any fault.
        let (usual, now) = (
            not_idempotent(self.system, &Scenario::new(scenario.way, &[])),
            not_idempotent(self.system, scenario),
        );
        let to_blame = now.into_iter().find(|step| !usual.contains(step)).or(disturbed);
        let (activity, step) = match (to_blame, scenario.armed.first()) {
            (Some(step), _) => of(step),
            (None, Some((FaultPoint::Look(nth), _))) => {
                let look = report.happened.looks.get(*nth as usize - 1);
                (look.map(|(_, name)| (*name).to_owned()), None)
            }
            (None, _) => (None, None),
        };
        Failure { scenario: scenario.clone(), what, activity, step, report }
    }
}

fn points(happened: &Happened) -> Vec<FaultPoint> {
    let each = |of: usize| 1..=u32::try_from(of).unwrap_or(u32::MAX);
    let commits = each(happened.commits.len()).map(FaultPoint::Commit);
    let calls = each(happened.calls.len()).map(FaultPoint::Call);
    commits.chain(calls).chain(each(happened.looks.len()).map(FaultPoint::Look)).collect()
}

/// The step that was disturbed. A commit holds answers first and intents last: what was not kept of it is the
/// answers, and what nobody has heard of afterwards is what became of the intents.
fn step_at((point, fault): (FaultPoint, InjectedFault), happened: &Happened) -> Option<StepId> {
    match point {
        FaultPoint::Commit(nth) => {
            let steps = happened.commits.get(nth as usize - 1)?;
            match fault {
                InjectedFault::CrashAfter | InjectedFault::AnswerLost => steps.last().cloned(),
                _ => steps.first().cloned(),
            }
        }
        FaultPoint::Call(nth) => happened.calls.get(nth as usize - 1).map(|called| called.step.clone()),
        FaultPoint::Look(_) => None,
    }
}

/// Where two worlds differ, in words.
fn differences(wanted: &Value, found: &Value) -> Vec<String> {
    let mut all = Vec::new();
    differ(wanted, found, "", &mut all);
    all
}

fn differ(wanted: &Value, found: &Value, at: &str, all: &mut Vec<String>) {
    match (wanted, found) {
        _ if wanted == found => {}
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                differ(&wanted[name.as_str()], &found[name.as_str()], &format!("{at}/{name}"), all);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            let only = |x: &[Value], y: &[Value]| {
                let only = x.iter().filter(|v| !y.contains(v)).map(ToString::to_string);
                only.collect::<Vec<_>>().join(", ")
            };
            let (missing, more) = (only(a, b), only(b, a));
            all.push(format!("{at} lacks [{missing}] and has [{more}] of {} and {}", a.len(), b.len()));
        }
        (Value::Null, found) => all.push(format!("{at} should not be there: {found}")),
        (wanted, Value::Null) => all.push(format!("{at} should be there: {wanted}")),
        (wanted, found) => all.push(format!("{at} should be {wanted} and is {found}")),
    }
}

fn point_in_words(point: FaultPoint, happened: &Happened) -> String {
    let about = match point {
        FaultPoint::Commit(nth) => happened.commits.get(nth as usize - 1).map(|steps| {
            let steps: Vec<&str> = steps.iter().map(StepId::as_str).collect();
            if steps.is_empty() {
                "of the run itself".to_owned()
            } else {
                format!("about {}", steps.join(", "))
            }
        }),
        FaultPoint::Call(nth) => happened
            .calls
            .get(nth as usize - 1)
            .map(|c| format!("{} {} by {}", c.direction, c.step, c.activity)),
        FaultPoint::Look(nth) => {
            happened.looks.get(nth as usize - 1).map(|(what, name)| format!("{what} by {name}"))
        }
    };
    about.map_or_else(|| format!("{point}, which never came"), |about| format!("{point} ({about})"))
}

impl Failure {
    fn way(&self) -> &'static str {
        match self.scenario.way {
            Journey::Forward => "on the way forward",
            Journey::ThereAndBack => "there and back",
            Journey::BackFromCleanUp => "into the clean-up and back",
        }
    }

    /// What was done and what is wrong, without the history.
    fn in_short(&self) -> String {
        let armed = |(point, fault): &(FaultPoint, InjectedFault)| {
            format!("{fault} {}", point_in_words(*point, &self.report.happened))
        };
        let armed: Vec<String> = self.scenario.armed.iter().map(armed).collect();
        let help = self.scenario.help;
        format!("{}, {}, people help with {help:?}: {}", self.way(), armed.join(" and "), self.what)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = self.way();
        match (&self.activity, &self.step) {
            (Some(activity), Some(step)) => {
                write!(f, "activity {activity} (step {step}) does not survive this, {way}:")?;
            }
            (Some(activity), None) => write!(f, "{activity} does not survive this, {way}:")?,
            (None, _) => write!(f, "the workflow does not survive this, {way}:")?,
        }
        for (point, fault) in &self.scenario.armed {
            write!(f, "\n  {fault} {}", point_in_words(*point, &self.report.happened))?;
        }
        if self.scenario.help != OperatorAction::Retry {
            write!(f, "\n  and people help with {:?}", self.scenario.help)?;
        }
        writeln!(f, "\nwhat is wrong: {}", self.what)?;
        write!(f, "the history, {} events:", self.report.history.len())?;
        self.report.history.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cases, {} of them not survived", self.runs, self.failures.len())?;
        match self.shortest() {
            None => return Ok(()),
            Some(first) => write!(f, "; the one with the shortest history:\n{first}")?,
        }
        let others = self.failures.iter().skip(1).take(OTHERS_MAX);
        others.map(Failure::in_short).try_for_each(|other| write!(f, "\nnor this, {other}"))
    }
}
