//! Store: appends that wait for the one who writes, and are written together. Touches nothing.

use crate::log::{Append, AppendError, Appended};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{mpsc, oneshot};

/// Appends that wait; a caller beyond that waits for a place.
const WAITING_MAX: usize = 4_096;

/// Events in one transaction: enough to make the sync's share small, few enough to answer soon.
const TOGETHER_MAX: usize = 2_048;

pub(crate) type Answer = Result<Appended, AppendError>;
type Job = (Append, oneshot::Sender<Answer>);

/// What one process has written to a log since it opened it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Transactions that were committed; each is at least one sync.
    pub commits: u64,
    /// Events in them.
    pub events: u64,
    /// The most events that shared one commit.
    pub largest_group: u64,
}

#[derive(Default)]
pub(crate) struct Counts {
    commits: AtomicU64,
    events: AtomicU64,
    largest: AtomicU64,
}

impl Counts {
    /// A transaction with so many events was committed.
    pub(crate) fn committed(&self, events: u64) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.events.fetch_add(events, Ordering::Relaxed);
        self.largest.fetch_max(events, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> Counters {
        Counters {
            commits: self.commits.load(Ordering::Relaxed),
            events: self.events.load(Ordering::Relaxed),
            largest_group: self.largest.load(Ordering::Relaxed),
        }
    }
}

/// Where appends are handed in.
pub(crate) struct Asking(mpsc::Sender<Job>);

/// Where those who write take them.
pub(crate) struct Queue(mpsc::Receiver<Job>);

/// A place to hand appends in, and the one to take them from.
pub(crate) fn queue() -> (Asking, Queue) {
    let (jobs, queue) = mpsc::channel(WAITING_MAX);
    (Asking(jobs), Queue(queue))
}

impl Asking {
    /// Hands an append in, and waits for its answer.
    pub(crate) async fn append(&self, append: Append) -> Answer {
        let gone = || AppendError::Poisoned("the writing thread is gone".to_owned());
        let (answer, answered) = oneshot::channel();
        self.0.send((append, answer)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

/// Appends that are written together, and who waits for the answers.
pub(crate) struct Group {
    pub(crate) appends: Vec<Append>,
    askers: Vec<oneshot::Sender<Answer>>,
}

impl Group {
    /// Answers each; a caller that is gone has crashed, and what was written stays written.
    pub(crate) fn answer(askers: Self, answers: Result<Vec<Answer>, AppendError>) {
        let waiting = askers.askers.len();
        let answers = answers.unwrap_or_else(|why| vec![Err(why); waiting]);
        for (asker, answer) in askers.askers.into_iter().zip(answers) {
            drop(asker.send(answer));
        }
    }
}

impl Queue {
    /// Blocks for the next append, and takes what else is waiting; nothing where nobody can hand any in.
    pub(crate) fn blocking_next(&mut self) -> Option<Group> {
        let first = self.0.blocking_recv()?;
        Some(self.with(first))
    }

    /// The same, without blocking.
    #[cfg(feature = "postgres")]
    pub(crate) async fn next(&mut self) -> Option<Group> {
        let first = self.0.recv().await?;
        Some(self.with(first))
    }

    fn with(&mut self, first: Job) -> Group {
        let mut group = Group { appends: vec![first.0], askers: vec![first.1] };
        self.add_to(&mut group);
        group
    }

    /// Adds what has come to wait meanwhile.
    pub(crate) fn add_to(&mut self, group: &mut Group) {
        let mut count: usize = group.appends.iter().map(|append| append.records.len()).sum();
        while count < TOGETHER_MAX
            && let Ok((append, asker)) = self.0.try_recv()
        {
            count += append.records.len();
            group.appends.push(append);
            group.askers.push(asker);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Record, StreamId};
    use std::borrow::Cow;

    fn of_events(count: usize) -> Append {
        let record = Record {
            stream: StreamId::new("s"),
            kind: Cow::Borrowed("k"),
            version: 1,
            at_ms: 0,
            actor: "a".into(),
            body: Vec::new(),
        };
        Append { expect: Vec::new(), records: vec![record; count] }
    }

    #[tokio::test]
    async fn a_group_takes_what_waits_when_it_is_made_and_what_has_come_until_it_is_written_up_to_its_most() {
        let (jobs, receiver) = mpsc::channel(WAITING_MAX);
        let mut queue = Queue(receiver);
        let hand_in = |count| {
            let (asker, answered) = oneshot::channel();
            jobs.try_send((of_events(count), asker)).expect("there is room");
            answered
        };
        let mut answered = vec![hand_in(1), hand_in(2)];
        let first = queue.0.recv().await.expect("it waits");
        let mut group = queue.with(first);
        assert_eq!(group.appends.len(), 2);
        answered.extend([hand_in(TOGETHER_MAX), hand_in(1)]);
        queue.add_to(&mut group);
        queue.add_to(&mut group);
        assert_eq!(group.appends.len(), 3, "the last one is left for the next");
        let refused = || Err(AppendError::ReadOnly);
        Group::answer(group, Ok(vec![refused(), refused(), refused()]));
        let last = answered.pop().expect("four");
        for one in answered {
            assert!(matches!(one.await, Ok(Err(AppendError::ReadOnly))));
        }
        drop(queue);
        assert!(last.await.is_err(), "nobody answered it");
    }
}
