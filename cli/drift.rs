//! CLI: looks again at moves that are through, as often as their batch asks for, and stops those that somebody has changed.
//! Touches the log and the cloud; of the cloud it reads only.

use crate::about::BatchAbout;
use crate::aside::{Aside, turn};
use crate::counted::counted;
use crate::crew;
use crate::error::{causes, one_line};
use crate::output::Output;
use crate::progress::Progress;
use crate::store;
use crate::view::State;
use chrono::Utc;
use futures_util::stream::{self, StreamExt};
use rehome_activities::azure::Azure;
use rehome_activities::changes::{self, Change};
use rehome_orchestrator::{
    BatchLoaded, Clock, Difference, Direction, Drift, DriftChecked, Fault, FaultKind, Finding, ForwardState,
    Node, Registry, RequestError, RunId, RunProgress, RunState, StepId, SystemClock, TimeScale, drift, park,
    request_id,
};
use rehome_store::{Backend, LeaseHolder};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A batch that wants no look is asked again after so long: another plan may take its place.
const ASK_AGAIN_MS: i64 = 600_000;

/// Where no move of a batch is through yet, it is asked again after so long.
const NONE_YET_MS: u64 = 60_000;

/// How often it is looked whether any batch wants a look.
const TICK: Duration = Duration::from_secs(1);

/// What differs is looked at a second time after so long: an answer may be an old one.
const AGAIN_MS: u64 = 30_000;

/// So many moves are looked at at the same time.
const AT_ONCE: usize = 4;

/// Of so many things at most it is asked who changed them.
const ASKED_MAX: usize = 3;

/// So long at most the end of a look is waited for, when everything else is over.
pub(crate) const LAST_LOOK: Duration = Duration::from_secs(900);

/// What a look takes. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Watch {
    pub(crate) log: Arc<dyn Backend>,
    /// Whose moves are looked at.
    pub(crate) progress: Arc<Progress>,
    pub(crate) azure: Azure,
    pub(crate) registry: Arc<Registry>,
    pub(crate) actor: Arc<str>,
    /// The runner that it looks for, which leaves that to the first where there are several.
    pub(crate) who: LeaseHolder,
    pub(crate) output: Output,
    pub(crate) time_scale: TimeScale,
}

impl Watch {
    /// Begins to look at what these batches want.
    pub(crate) fn begin(self) -> Aside {
        Aside::begin(|closing| self.follow(closing))
    }

    async fn follow(self, mut closing: watch::Receiver<bool>) {
        // When each batch is asked again whether it wants a look.
        let mut next: BTreeMap<String, i64> = BTreeMap::new();
        loop {
            let last = *closing.borrow_and_update();
            let all = if crew::is_first(&*self.log, &self.who).await {
                self.progress.batches()
            } else {
                Vec::new()
            };
            for batch in all {
                if last || next.get(&batch).is_none_or(|date| *date <= SystemClock.now_ms()) {
                    let date = self.turn(&batch).await;
                    next.insert(batch, date);
                }
            }
            if last {
                return;
            }
            turn(&mut closing, TICK).await;
        }
    }

    /// Looks at a batch, if it wants that now; when to ask again.
    async fn turn(&self, batch: &str) -> i64 {
        let now_ms = SystemClock.now_ms();
        match self.due(batch).await {
            None => now_ms.saturating_add(ASK_AGAIN_MS),
            Some(date) if date > now_ms => date,
            Some(_) => {
                let runs = self.through(batch).await;
                match Box::pin(self.look(batch, &runs)).await {
                    0 => now_ms.saturating_add(self.time_scale.wall_ms(NONE_YET_MS)),
                    _ => SystemClock.now_ms(),
                }
            }
        }
    }

    /// The moves of a batch that are through.
    async fn through(&self, batch: &str) -> Vec<RunId> {
        let views = self.progress.views().await.into_iter();
        let through = views.filter(|view| {
            view.batch == batch && matches!(view.state, State::Soaking | State::AwaitingCleanup)
        });
        through.map(|view| RunId::new(view.run)).collect()
    }

    /// From when on a batch wants a look; nothing where it wants none. What cannot be read is the driver's to report.
    async fn due(&self, name: &str) -> Option<i64> {
        let batch = BatchLoaded::find(&*self.log, name).await.ok()??;
        let every_ms = BatchAbout::of_log(&batch.planned().about).drift_check_ms?;
        let last = batch.state.drift_checked_ms();
        Some(last.map_or(0, |last| last.saturating_add(self.time_scale.wall_ms(every_ms))))
    }

    /// Looks at these moves of a batch, and records that and what it took; how many were looked at.
    async fn look(&self, name: &str, runs: &[RunId]) -> usize {
        let before = self.azure.requests();
        let mut looks = Vec::with_capacity(runs.len());
        for run in runs {
            looks.push(self.look_at(run));
        }
        let looks: Vec<Option<Look>> = stream::iter(looks).buffered(AT_ONCE).collect().await;
        let looks: Vec<Look> = looks.into_iter().flatten().collect();
        if looks.is_empty() {
            return 0;
        }
        let count = |is: fn(&Look) -> bool| looks.iter().filter(|look| is(look)).count() as u64;
        let checked = DriftChecked {
            runs: looks.len() as u64,
            drifted: count(|look| look.drifted),
            unread: count(|look| look.unread),
            requests: self.azure.requests().saturating_sub(before),
        };
        let (moves, requests) = (counted(checked.runs, "move"), counted(checked.requests, "request"));
        self.output.note(&format!(
            "LOOKED    {name}: {moves} again with {requests}: {} changed by somebody, {} not readable in full",
            checked.drifted, checked.unread
        ));
        let now_ms = SystemClock.now_ms();
        if let Err(e) = BatchLoaded::check_drift(&*self.log, name, &self.actor, now_ms, checked).await {
            self.output.note(&format!("that {name} was looked at again is not recorded: {}", causes(&e)));
        }
        looks.len()
    }

    /// Looks at one move; nothing where it is not through.
    async fn look_at(&self, run: &RunId) -> Option<Look> {
        let state = store::read_run(&*self.log, run).await.ok()?.state;
        place(&state)?;
        let first = drift(&state, &self.registry).await;
        let unread = !first.unread.is_empty();
        if first.broken.is_empty() {
            return Some(Look { drifted: false, unread });
        }
        let pause_ms = u64::try_from(self.time_scale.wall_ms(AGAIN_MS)).unwrap_or(AGAIN_MS);
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        let Drift { mut broken, .. } = drift(&state, &self.registry).await;
        broken.retain(|(step, finding)| {
            first.broken.iter().any(|(of, known)| of == step && known.fact == finding.fact)
        });
        if broken.is_empty() {
            return Some(Look { drifted: false, unread });
        }
        let why = self.fault(run, &state, &broken).await;
        // Meanwhile it may have gone on.
        let state = store::read_run(&*self.log, run).await.ok()?.state;
        let step = place(&state)?;
        let parked = park(&*self.log, run, &self.actor, SystemClock.now_ms(), &step, &why).await;
        let drifted = match parked {
            Ok(()) => true,
            Err(RequestError::Illegal { .. }) => false,
            Err(e) => {
                self.output.note(&format!("{run} was changed, and that is not recorded: {}", causes(&e)));
                false
            }
        };
        if drifted {
            self.output.note(&format!("CHANGED   {run}:{step}: {why}"));
        }
        Some(Look { drifted, unread })
    }

    /// What was found, and who it was, as far as that is known.
    async fn fault(&self, run: &RunId, state: &RunState, broken: &[(StepId, Finding)]) -> Fault {
        let ours = own_requests(run, state);
        let now =
            self.azure.now_ms().and_then(chrono::DateTime::from_timestamp_millis).unwrap_or_else(Utc::now);
        let (mut who, mut correlation) = (Vec::new(), None);
        for (_, finding) in broken.iter().take(ASKED_MAX) {
            let told = match changes::last_change(&self.azure.reader(), &finding.fact, &ours, now).await {
                Ok(Some(Change { caller, operation, at, correlation: of })) => {
                    correlation = correlation.or(of);
                    format!("{caller} at {at} ({operation})")
                }
                Ok(None) => "not known: the Activity Log has nothing of it yet".to_owned(),
                Err(why) => format!("not known: the Activity Log cannot be read: {why}"),
            };
            if !who.contains(&told) {
                who.push(told);
            }
        }
        let many = counted(broken.len(), "fact");
        let facts: Vec<&str> =
            broken.iter().take(ASKED_MAX).map(|(_, finding)| finding.fact.as_str()).collect();
        let what = format!(
            "somebody has changed what this move had done: {many} not as promised ({}); who: {}",
            facts.join(", "),
            who.join("; ")
        );
        let mut fault = Fault::new(FaultKind::Differs, "Drifted", one_line(&what));
        fault.target = broken.first().map(|(_, finding)| finding.fact.clone());
        fault.correlation = correlation;
        fault.differences = broken
            .iter()
            .map(|(_, finding)| Difference {
                fact: finding.fact.clone(),
                expected: Some(finding.expected.clone()),
                found: finding.found.clone(),
            })
            .collect();
        fault
    }
}

/// What came of one look.
struct Look {
    drifted: bool,
    unread: bool,
}

/// The step at which a move that is through waits for a date or for the approval of its clean-up, and can be stopped.
fn place(state: &RunState) -> Option<StepId> {
    if state.progress() != RunProgress::Through || state.is_restored() {
        return None;
    }
    let waits = |step: &StepId, node: &Node, forward: &ForwardState| {
        state.is_open(step)
            && matches!(
                (node, forward),
                (Node::Soak { .. }, ForwardState::Soaking { .. }) | (Node::Gate { .. }, ForwardState::Idle)
            )
    };
    state
        .steps()
        .find(|(step, stands)| waits(&step.id, &step.node, &stands.forward))
        .map(|(step, _)| step.id.clone())
}

/// The ids of everything that this move has sent to write.
fn own_requests(run: &RunId, state: &RunState) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for (step, stands) in state.steps() {
        for (direction, attempts) in
            [(Direction::Do, stands.attempts), (Direction::Undo, stands.undo_attempts)]
        {
            ids.extend((1..=attempts).map(|nth| request_id(run, &step.id, direction, nth).to_string()));
        }
    }
    ids
}
