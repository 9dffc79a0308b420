//! Engine: one survey for all runs that ask for one at the same time. Calls workflows; writes nothing down.
//!
//! A run whose facts were read on its own costs a batch as much as the whole batch. So a survey begins when every run
//! that was started with this one has asked for it too or waits for something else, and when no other survey is under way. Who asks
//! later is served by the next one, which begins after it was asked for: what a run is told is never older than its question.

use crate::activity::registry::AnyWorkflow;
use crate::fault::{Fault, FaultKind};
use crate::json::Json;
use crate::time::clock::Clock;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::{Semaphore, watch};

/// What one run asks.
struct Question {
    /// The name of the workflow, by which questions are put together.
    name: String,
    workflow: Arc<dyn AnyWorkflow>,
    params: Json,
}

/// What was found, in the order of the questions.
struct Taken {
    /// When the survey began.
    at_ms: i64,
    found: Vec<Result<Json, Fault>>,
}

/// A survey that somebody waits for. It goes on as long as anybody does.
type Round = Shared<BoxFuture<'static, Arc<Taken>>>;

/// Questions that the next survey answers.
struct Open {
    questions: Vec<Question>,
    round: WeakShared<BoxFuture<'static, Arc<Taken>>>,
}

/// The surveys of one drive.
pub(crate) struct Surveys {
    open: Mutex<Option<Open>>,
    /// Runs that were started and have neither asked nor come to wait.
    undecided: watch::Sender<usize>,
    /// One survey at a time.
    turn: Semaphore,
    permits: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
}

/// A run that was started and may still ask.
pub(crate) struct Undecided(Arc<Surveys>);

impl Drop for Undecided {
    fn drop(&mut self) {
        self.0.undecided.send_modify(|count| *count = count.saturating_sub(1));
    }
}

impl Surveys {
    pub(crate) fn new(permits: Arc<Semaphore>, clock: Arc<dyn Clock>) -> Arc<Self> {
        let undecided = watch::Sender::new(0);
        Arc::new(Self { open: Mutex::new(None), undecided, turn: Semaphore::new(1), permits, clock })
    }

    /// Another run was started; surveys wait until it is known whether it asks.
    pub(crate) fn expect(self: &Arc<Self>) -> Undecided {
        self.undecided.send_modify(|count| *count += 1);
        Undecided(self.clone())
    }

    /// The facts of one run, and when their survey began. The question is asked at once, and answered when this is polled.
    pub(crate) fn ask(
        self: &Arc<Self>,
        name: &str,
        workflow: Arc<dyn AnyWorkflow>,
        params: Json,
    ) -> impl Future<Output = (i64, Result<Json, Fault>)> + Send + use<> {
        let question = Question { name: name.to_owned(), workflow, params };
        let (round, nth) = self.join(question);
        async move {
            let taken = round.await;
            let found = taken.found.get(nth).cloned().unwrap_or_else(|| Err(unanswered()));
            (taken.at_ms, found)
        }
    }

    /// Takes part in the next survey, under a number.
    fn join(self: &Arc<Self>, question: Question) -> (Round, usize) {
        let mut open = self.open();
        let known = open.as_mut().and_then(|open| Some((open.round.upgrade()?, &mut open.questions)));
        if let Some((round, questions)) = known {
            questions.push(question);
            return (round, questions.len() - 1);
        }
        let round = survey(Arc::downgrade(self)).boxed().shared();
        // It was not polled yet, so there is something to downgrade.
        if let Some(weak) = round.downgrade() {
            *open = Some(Open { questions: vec![question], round: weak });
        }
        (round, 0)
    }

    fn open(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until it is its turn, and answers all that was asked until then.
async fn survey(surveys: Weak<Surveys>) -> Arc<Taken> {
    let Some(surveys) = surveys.upgrade() else {
        return Arc::new(Taken { at_ms: 0, found: Vec::new() });
    };
    let turn = surveys.turn.acquire().await;
    // The sender is not gone, because it is here.
    drop(surveys.undecided.subscribe().wait_for(|count| *count == 0).await);
    let permit = surveys.permits.acquire().await;
    let questions = surveys.open().take().map(|open| open.questions).unwrap_or_default();
    let at_ms = surveys.clock.now_ms();
    let found = answers(questions).await;
    drop((permit, turn));
    Arc::new(Taken { at_ms, found })
}

/// The questions to one workflow.
struct OneWorkflow {
    workflow: Arc<dyn AnyWorkflow>,
    numbers: Vec<usize>,
    params: Vec<Json>,
}

/// Asks each workflow once for all of its runs.
async fn answers(questions: Vec<Question>) -> Vec<Result<Json, Fault>> {
    let mut found: Vec<Result<Json, Fault>> = questions.iter().map(|_| Err(unanswered())).collect();
    let mut rounds: BTreeMap<String, OneWorkflow> = BTreeMap::new();
    for (nth, Question { name, workflow, params }) in questions.into_iter().enumerate() {
        let new = || OneWorkflow { workflow, numbers: Vec::new(), params: Vec::new() };
        let round = rounds.entry(name).or_insert_with(new);
        round.numbers.push(nth);
        round.params.push(params);
    }
    for OneWorkflow { workflow, numbers, params } in rounds.into_values() {
        for (nth, one) in numbers.into_iter().zip(workflow.survey_all(params).await) {
            found[nth] = one;
        }
    }
    found
}

fn unanswered() -> Fault {
    Fault::new(FaultKind::Bug, "NoFacts", "the survey gave no facts")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Difference;
    use crate::time::clock::SystemClock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Finds what it was asked for, and counts how often it looked.
    #[derive(Default)]
    struct Echo(AtomicUsize);

    impl AnyWorkflow for Echo {
        fn survey_all(self: Arc<Self>, params: Vec<Json>) -> BoxFuture<'static, Vec<Result<Json, Fault>>> {
            Box::pin(async move {
                self.0.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                params.into_iter().map(Ok).collect()
            })
        }

        fn differences(&self, _: &Json, _: &Json) -> Result<Vec<Difference>, Fault> {
            Ok(Vec::new())
        }
    }

    struct Scene {
        surveys: Arc<Surveys>,
        echo: Arc<Echo>,
    }

    impl Scene {
        fn new() -> Self {
            let surveys = Surveys::new(Arc::new(Semaphore::new(1)), Arc::new(SystemClock));
            Self { surveys, echo: Arc::default() }
        }

        fn ask(&self, n: usize) -> BoxFuture<'static, usize> {
            let asked = self.surveys.ask("echo/1", self.echo.clone(), Json::of(&n));
            Box::pin(async move { asked.await.1.expect("it is found").read("number").expect("a number") })
        }

        fn looked(&self) -> usize {
            self.echo.0.load(Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn runs_that_start_together_are_surveyed_once_and_each_is_told_its_own() {
        let scene = Scene::new();
        let undecided: Vec<_> = (0..4).map(|_| scene.surveys.expect()).collect();
        let mut first = scene.ask(1);
        assert!(first.as_mut().now_or_never().is_none() && scene.looked() == 0, "others may still ask");
        let more: Vec<_> = (2..4).map(|n| scene.ask(n)).collect();
        drop(undecided);
        let found = futures_util::future::join(first, futures_util::future::join_all(more)).await;
        assert_eq!((found, scene.looked()), ((1, vec![2, 3]), 1));
    }

    #[tokio::test]
    async fn who_asks_during_a_survey_is_answered_by_the_next_one() {
        let scene = Scene::new();
        let mut first = scene.ask(1);
        assert!(first.as_mut().now_or_never().is_none() && scene.looked() == 1, "it has begun");
        let (late, later) = (scene.ask(2), scene.ask(3));
        assert_eq!(futures_util::join!(first, late, later), (1, 2, 3));
        assert_eq!(scene.looked(), 2);
    }

    #[tokio::test]
    async fn a_survey_goes_on_without_whoever_asked_first() {
        let scene = Scene::new();
        let (first, second) = (scene.ask(1), scene.ask(2));
        drop(first);
        assert_eq!(second.await, 2);
        let abandoned = scene.ask(3);
        drop(abandoned);
        assert_eq!((scene.ask(4).await, scene.looked()), (4, 2));
    }
}
