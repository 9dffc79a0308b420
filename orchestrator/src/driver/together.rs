//! Engine: one survey for all runs that ask for one at the same time. Calls workflows; writes nothing down.
//!
//! A run whose facts were read on its own costs a batch as much as the whole batch. So a survey begins when every run
//! that was started with this one has asked for it too or waits for something else, and when no other survey is under way. Who asks
//! later is served by the next one, which begins after it was asked for: what a run is told is never older than its question. Each
//! is told its own as soon as that is read, and changes what it has to while others are still read.

use crate::activity::registry::AnyWorkflow;
use crate::fault::{Fault, FaultKind};
use crate::json::Json;
use crate::time::clock::Clock;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::AbortHandle;

/// When the survey began, and what it found for one run.
type Answer = (i64, Result<Json, Fault>);

/// What one run asks.
struct Question {
    /// The name of the workflow, by which questions are put together.
    name: String,
    workflow: Arc<dyn AnyWorkflow>,
    params: Json,
    answer: oneshot::Sender<Answer>,
}

/// A survey under way or to come. It goes on as long as anybody waits for it.
struct Round(AbortHandle);

impl Drop for Round {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Questions that the next survey answers.
struct Open {
    questions: Vec<Question>,
    round: Weak<Round>,
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

    /// The facts of one run, and when their survey began. The question is asked at once, and answered as soon as these facts
    /// are read, however much of the survey is still to be read for others.
    pub(crate) fn ask(
        self: &Arc<Self>,
        name: &str,
        workflow: Arc<dyn AnyWorkflow>,
        params: Json,
    ) -> impl Future<Output = Answer> + Send + use<> {
        let (answer, told) = oneshot::channel();
        let round = self.join(Question { name: name.to_owned(), workflow, params, answer });
        let clock = self.clock.clone();
        async move {
            let answer = told.await;
            drop(round);
            answer.unwrap_or_else(|_| (clock.now_ms(), Err(unanswered())))
        }
    }

    /// Takes part in the next survey.
    fn join(self: &Arc<Self>, question: Question) -> Arc<Round> {
        let mut open = self.open();
        let known = open.as_mut().and_then(|open| Some((open.round.upgrade()?, &mut open.questions)));
        if let Some((round, questions)) = known {
            questions.push(question);
            return round;
        }
        let round = Arc::new(Round(tokio::spawn(survey(self.clone())).abort_handle()));
        *open = Some(Open { questions: vec![question], round: Arc::downgrade(&round) });
        round
    }

    fn open(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until it is its turn, and answers all that was asked until then.
async fn survey(surveys: Arc<Surveys>) {
    let turn = surveys.turn.acquire().await;
    // The sender is not gone, because it is here.
    drop(surveys.undecided.subscribe().wait_for(|count| *count == 0).await);
    let permit = surveys.permits.acquire().await;
    let questions = surveys.open().take().map(|open| open.questions).unwrap_or_default();
    answer(questions, surveys.clock.now_ms()).await;
    drop((permit, turn));
}

/// The questions to one workflow.
struct OneWorkflow {
    workflow: Arc<dyn AnyWorkflow>,
    params: Vec<Json>,
    answers: Vec<Option<oneshot::Sender<Answer>>>,
}

/// Asks each workflow once for all of its runs.
async fn answer(questions: Vec<Question>, at_ms: i64) {
    let mut rounds: BTreeMap<String, OneWorkflow> = BTreeMap::new();
    for Question { name, workflow, params, answer } in questions {
        let new = || OneWorkflow { workflow, params: Vec::new(), answers: Vec::new() };
        let round = rounds.entry(name).or_insert_with(new);
        round.params.push(params);
        round.answers.push(Some(answer));
    }
    for OneWorkflow { workflow, params, answers } in rounds.into_values() {
        let answers = Mutex::new(answers);
        let each = move |nth: usize, found| {
            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            // Whoever has left wants to know no more.
            drop(answers.get_mut(nth).and_then(Option::take).map(|answer| answer.send((at_ms, found))));
        };
        workflow.survey_all(params, Box::new(each)).await;
    }
}

fn unanswered() -> Fault {
    Fault::new(FaultKind::Bug, "NoFacts", "the survey gave no facts")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::registry::TellFacts;
    use crate::fault::Difference;
    use crate::time::clock::SystemClock;
    use futures_util::FutureExt;
    use futures_util::future::BoxFuture;

    /// Finds what it was asked for, run by run as it is let, and counts how often it looked.
    struct Echo {
        looked: watch::Sender<usize>,
        finds: Semaphore,
    }

    impl AnyWorkflow for Echo {
        fn survey_all(self: Arc<Self>, params: Vec<Json>, each: TellFacts) -> BoxFuture<'static, ()> {
            Box::pin(async move {
                self.looked.send_modify(|looked| *looked += 1);
                for (nth, one) in params.into_iter().enumerate() {
                    self.finds.acquire().await.expect("it is never closed").forget();
                    each(nth, Ok(one));
                }
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
        /// Where so many runs are found before it has to be let find more.
        fn finding(runs: usize) -> Self {
            let surveys = Surveys::new(Arc::new(Semaphore::new(1)), Arc::new(SystemClock));
            let echo = Echo { looked: watch::Sender::new(0), finds: Semaphore::new(runs) };
            Self { surveys, echo: Arc::new(echo) }
        }

        fn ask(&self, n: usize) -> BoxFuture<'static, usize> {
            let asked = self.surveys.ask("echo/1", self.echo.clone(), Json::of(&n));
            Box::pin(async move { asked.await.1.expect("it is found").read("number").expect("a number") })
        }

        fn looked(&self) -> usize {
            *self.echo.looked.borrow()
        }

        /// Until it has looked so often.
        async fn until_looked(&self, times: usize) {
            self.echo.looked.subscribe().wait_for(|looked| *looked == times).await.expect("it is here");
        }
    }

    #[tokio::test]
    async fn runs_that_start_together_are_surveyed_once_and_each_is_told_its_own() {
        let scene = Scene::finding(3);
        let undecided: Vec<_> = (0..4).map(|_| scene.surveys.expect()).collect();
        let mut first = scene.ask(1);
        tokio::task::yield_now().await;
        assert!(first.as_mut().now_or_never().is_none() && scene.looked() == 0, "others may still ask");
        let more: Vec<_> = (2..4).map(|n| scene.ask(n)).collect();
        drop(undecided);
        let found = futures_util::future::join(first, futures_util::future::join_all(more)).await;
        assert_eq!((found, scene.looked()), ((1, vec![2, 3]), 1));
    }

    #[tokio::test]
    async fn a_run_goes_on_while_others_are_still_read() {
        let scene = Scene::finding(1);
        let (first, mut second) = (scene.ask(1), scene.ask(2));
        assert_eq!(first.await, 1);
        assert!(second.as_mut().now_or_never().is_none());
        scene.echo.finds.add_permits(1);
        assert_eq!((second.await, scene.looked()), (2, 1));
    }

    #[tokio::test]
    async fn who_asks_during_a_survey_is_answered_by_the_next_one() {
        let scene = Scene::finding(0);
        let first = scene.ask(1);
        scene.until_looked(1).await;
        let (late, later) = (scene.ask(2), scene.ask(3));
        scene.echo.finds.add_permits(3);
        assert_eq!(futures_util::future::join3(first, late, later).await, (1, 2, 3));
        assert_eq!(scene.looked(), 2);
    }

    #[tokio::test]
    async fn a_survey_goes_on_without_whoever_asked_first_and_ends_when_nobody_waits() {
        let scene = Scene::finding(2);
        let (first, second) = (scene.ask(1), scene.ask(2));
        drop(first);
        assert_eq!(second.await, 2);
        let abandoned = scene.ask(3);
        scene.until_looked(2).await;
        drop(abandoned);
        let again = scene.ask(4);
        scene.until_looked(3).await;
        scene.echo.finds.add_permits(1);
        assert_eq!(again.await, 4);
    }
}
