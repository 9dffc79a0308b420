//! Store: the one task that writes to the server. Touches the server.
//!
//! It waits for the first append, takes what else is waiting, and sends all as one transaction. Where it knows the end of the log, that is
//! one statement. Where somebody else wrote since, it takes the lock of the head row first, and looks; and so it does at once where
//! somebody else wrote the last time, because what one statement brought would be brought for nothing.

use super::append::{self, Columns, DURABLE, Planned};
use super::doubt;
use super::head::{BOUNDED, End, end};
use super::lease;
use super::schema;
use super::server::{Failure, Link, Server, number};
use crate::group::{Answer, Counts, Group, Queue};
use crate::heads::Heads;
use crate::log::{Append, AppendError};
use crate::record::{Sequence, StreamId};
use crate::salt::Salts;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_postgres::types::Type;

/// A commit that has no answer after this time is in doubt.
const COMMIT: Duration = Duration::from_secs(30);

/// So many events of others are read on from the end that was known; beyond that the ends of streams are looked up one by one.
const READ_ON_MAX: u64 = 8_192;

/// Where somebody else wrote, so many appends in a row have to find the end where it was left before one is sent without a look.
const SHARED_FOR: u8 = 16;

/// What a transaction of several statements may take, by the server's clock: one whose sender is gone lets the head row go.
const LIMITS: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '20s'; SET LOCAL idle_in_transaction_session_timeout = '10s'; SET LOCAL statement_timeout = '60s'";

pub(super) struct Writer {
    pub(super) server: Arc<Server>,
    pub(super) salts: Box<dyn Salts>,
    pub(super) counts: Arc<Counts>,
    link: Option<Link>,
    heads: Heads,
    end: Option<End>,
    /// Others write too: for so many appends more the lock is taken first.
    shared_for: u8,
    poisoned: Option<AppendError>,
}

/// What became of one try.
enum Tried {
    Written,
    /// Somebody else wrote since: nothing was written.
    Moved,
}

impl Writer {
    pub(super) fn new(server: Arc<Server>, link: Link, salts: Box<dyn Salts>, counts: Arc<Counts>) -> Self {
        let (heads, end, shared_for, poisoned) = (Heads::default(), None, 0, None);
        Self { server, salts, counts, link: Some(link), heads, end, shared_for, poisoned }
    }

    pub(super) async fn serve(mut self, mut queue: Queue) {
        while let Some(mut group) = queue.next().await {
            let answers = match &self.poisoned {
                Some(why) => Err(why.clone()),
                None => self.write(&mut group, &mut queue).await,
            };
            if let Err(why @ AppendError::Poisoned(_)) = &answers {
                self.poisoned = Some(why.clone());
            }
            Group::answer(group, answers);
        }
    }

    /// Tries until the group is written, or it is known that it is not.
    async fn write(&mut self, group: &mut Group, queue: &mut Queue) -> Result<Vec<Answer>, AppendError> {
        let begun = Instant::now();
        loop {
            let why = match self.attempt(group, queue).await {
                Ok(answers) => return Ok(answers),
                Err(why) => why,
            };
            self.forget();
            match why {
                Failure::Gone(_) | Failure::Again(_) if begun.elapsed() < self.server.address.patience() => {
                    tracing::warn!("an append is sent again, which is not in the log: {}", why.what());
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                why => return Err(self.refused(why)),
            }
        }
    }

    /// What is known of the log is not worth anything any more.
    fn forget(&mut self) {
        self.heads.clear();
        self.end = None;
    }

    fn refused(&self, why: Failure) -> AppendError {
        match why {
            Failure::Full => AppendError::Full { path: PathBuf::from(self.server.address.shown()) },
            Failure::ReadOnly => AppendError::ReadOnly,
            Failure::Older(what) => AppendError::Poisoned(what),
            other => AppendError::Storage(other.what()),
        }
    }

    /// One try. What it answers is certain: a commit without an answer is looked for before.
    async fn attempt(&mut self, group: &mut Group, queue: &mut Queue) -> Result<Vec<Answer>, Failure> {
        let link = match self.link.take() {
            Some(link) if !link.client.is_closed() => link,
            _ => {
                self.forget();
                self.server.connect_patiently(true).await?
            }
        };
        let (planned, sent) = match self.end {
            Some(end) if self.shared_for == 0 => {
                self.look_up(&link, &group.appends).await?;
                let planned = append::plan(&group.appends, end.head, &mut self.heads, &mut *self.salts);
                if planned.events.is_empty() {
                    self.link = Some(link);
                    return self.refusals(planned).await;
                }
                match append::parts(&planned.events).len() {
                    1 => {
                        let sent =
                            tokio::time::timeout(COMMIT, at_once(&self.server, &link, &planned, end)).await;
                        (planned, sent)
                    }
                    _ => {
                        self.heads.clear();
                        return self.in_the_lock(link, group, queue).await;
                    }
                }
            }
            Some(_) | None => return self.in_the_lock(link, group, queue).await,
        };
        match self.judged(link, &planned, sent.unwrap_or_else(|_| Err(late()))).await? {
            Tried::Written => Ok(self.wrote(planned)),
            Tried::Moved => {
                // The ends of streams are as if it had been written.
                self.heads.clear();
                self.shared_for = SHARED_FOR;
                let link = self.link.take();
                let link = match link {
                    Some(link) => link,
                    None => self.server.connect_patiently(true).await?,
                };
                self.in_the_lock(link, group, queue).await
            }
        }
    }

    /// Nothing of a group would be written; that an end is not what was expected is worth nothing where the end that is known is old.
    async fn refusals(&mut self, planned: Planned) -> Result<Vec<Answer>, Failure> {
        let rests_on_ends = planned.answers.iter().any(|a| matches!(a, Err(AppendError::Conflict { .. })));
        if rests_on_ends {
            let Some(link) = &self.link else {
                return Err(Failure::Again("the connection is gone".to_owned()));
            };
            let now = end(&self.server, link, false).await?;
            if Some(now) != self.end {
                self.forget();
                return Err(Failure::Again("somebody else wrote".to_owned()));
            }
        }
        Ok(planned.answers)
    }

    /// Looks up the ends that are not known. They are of the end of the log that is known, if that is still the end when it is written.
    async fn look_up(&mut self, link: &Link, appends: &[Append]) -> Result<(), Failure> {
        let mut names: Vec<&str> = appends
            .iter()
            .flat_map(|append| &append.expect)
            .filter(|(stream, _)| self.heads.lacks(stream) && !stream.as_str().contains('\0'))
            .map(|(stream, _)| stream.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            return Ok(());
        }
        let sql = self.server.sql(
            "SELECT w.stream, (SELECT e.sequence FROM {s}.event e WHERE e.stream = w.stream ORDER BY e.sequence DESC LIMIT 1)
             FROM unnest($1::text[]) AS w(stream)",
        );
        for row in link.client.query_typed(&sql, &[(&names, Type::TEXT_ARRAY)]).await? {
            let end: Option<i64> = row.try_get(1)?;
            self.heads.found(StreamId::new(row.try_get::<_, &str>(0)?), sequence(end.unwrap_or(0))?);
        }
        Ok(())
    }

    /// Takes in what others wrote since the end that was known, in the head row's lock; refuses a log that this end is not in.
    async fn read_on(&mut self, link: &Link, now: End) -> Result<(), Failure> {
        let Some(known) = self.end.take().map(|end| end.head) else {
            self.heads.clear();
            return Ok(());
        };
        if known == now.head {
            self.shared_for = self.shared_for.saturating_sub(1);
            return Ok(());
        }
        self.shared_for = SHARED_FOR;
        if now.head.position.0.saturating_sub(known.position.0) > READ_ON_MAX {
            self.heads.clear();
            return self.server.still_has(link, known).await;
        }
        let sql = self.server.sql(&format!(
            "SELECT stream, max(sequence) FROM {{s}}.event WHERE position > $1 AND {BOUNDED} GROUP BY stream"
        ));
        let position = number(known.position);
        let after = [(&position as _, Type::INT8)];
        // Sent together, answered together.
        let (there, rows) =
            tokio::join!(self.server.still_has(link, known), link.client.query_typed(&sql, &after));
        there?;
        for row in rows? {
            self.heads.found(StreamId::new(row.try_get::<_, &str>(0)?), sequence(row.try_get(1)?)?);
        }
        Ok(())
    }

    /// The way that always gets on: the head row is locked, and what is read then stays so. What has come to wait while others had the
    /// lock is written too.
    async fn in_the_lock(
        &mut self,
        link: Link,
        group: &mut Group,
        queue: &mut Queue,
    ) -> Result<Vec<Answer>, Failure> {
        // Sent together, answered together.
        let (begun, found) = tokio::join!(link.client.batch_execute(LIMITS), end(&self.server, &link, true));
        begun?;
        let now = found?;
        queue.add_to(group);
        self.read_on(&link, now).await?;
        let looked = self.look_up(&link, &group.appends).await;
        let planned = append::plan(&group.appends, now.head, &mut self.heads, &mut *self.salts);
        if looked.is_err() || planned.events.is_empty() {
            link.client.batch_execute("ROLLBACK").await?;
            looked?;
            (self.link, self.end) = (Some(link), Some(now));
            return Ok(planned.answers);
        }
        let sent = tokio::time::timeout(COMMIT, in_parts(&self.server, &link, &planned)).await;
        self.end = Some(now);
        match self.judged(link, &planned, sent.unwrap_or_else(|_| Err(late()))).await? {
            Tried::Written => Ok(self.wrote(planned)),
            Tried::Moved => {
                let what = schema::lie(self.server.clone()).await?;
                Err(match what {
                    Some((name, wanted, found)) => Failure::Refused(format!(
                        "the server has {name} = {found}, and not {wanted}: nothing would be safe"
                    )),
                    None => Failure::Older(
                        "another process has taken the right to act: this one was silent for too long"
                            .to_owned(),
                    ),
                })
            }
        }
    }

    /// What is known for certain of what was sent.
    async fn judged(
        &mut self,
        link: Link,
        planned: &Planned,
        sent: Result<u64, Failure>,
    ) -> Result<Tried, Failure> {
        let doubt = match sent {
            Ok(_) if link.was_warned() => "the server did not wait for its standbys".to_owned(),
            Ok(moved) => {
                self.link = Some(link);
                return Ok(if moved > 0 { Tried::Written } else { Tried::Moved });
            }
            Err(Failure::Gone(what)) => what,
            Err(why) => {
                // What was refused may have left a transaction open.
                drop(link);
                return Err(why);
            }
        };
        drop(link);
        let found = doubt::resolve(&self.server, planned, &doubt).await?;
        let (link, end, written) = (found.link, found.end, found.written);
        self.link = Some(link);
        if written {
            // Whatever came after it is somebody else's.
            self.end = Some(end);
            return Ok(Tried::Written);
        }
        self.forget();
        Err(Failure::Again(doubt))
    }

    fn wrote(&mut self, planned: Planned) -> Vec<Answer> {
        let turn = self.end.map_or(0, |end| end.turn);
        match self.end {
            // It was looked for, and somebody else wrote since.
            Some(end) if end.head.position > planned.after.position => self.forget(),
            _ => self.end = Some(End { head: planned.after, turn }),
        }
        self.server.saw(planned.after);
        self.heads.trim();
        self.counts.committed(planned.events.len() as u64);
        planned.answers
    }
}

fn sequence(end: i64) -> Result<Sequence, Failure> {
    u64::try_from(end).map(Sequence).map_err(|e| Failure::Refused(e.to_string()))
}

fn late() -> Failure {
    Failure::Gone(format!("no answer to a commit in {} s", COMMIT.as_secs()))
}

/// The whole of it in one statement; how many events were written.
async fn at_once(server: &Server, link: &Link, planned: &Planned, end: End) -> Result<u64, Failure> {
    let columns = Columns::of(&planned.events);
    let (mut values, statement) = append::at_once(&columns, &lease::fence(server));
    let (after, before) = (number(planned.after.position), number(planned.before.position));
    let (after_hash, before_hash) = (&planned.after.hash.0[..], &planned.before.hash.0[..]);
    values.push((&after, Type::INT8));
    values.push((&after_hash, Type::BYTEA));
    values.push((&before, Type::INT8));
    values.push((&before_hash, Type::BYTEA));
    values.push((&end.turn, Type::INT8));
    Ok(link.client.execute_typed(&server.sql(&statement), &values).await?)
}

/// The same in several statements, in the transaction that has the head row's lock; how many rows of the head were moved on.
async fn in_parts(server: &Server, link: &Link, planned: &Planned) -> Result<u64, Failure> {
    let (insert, parts) = (server.sql(&append::insert()), append::parts(&planned.events));
    let Some((last, before)) = parts.split_last() else { return Ok(0) };
    for part in before {
        let columns = Columns::of(part);
        link.client.execute_typed(&insert, &columns.values()).await?;
    }
    let columns = Columns::of(last);
    let values = columns.values();
    let moves = server.sql(&format!(
        "UPDATE {{s}}.head SET position = $1, hash = $2 WHERE {DURABLE}{}",
        lease::fence(server)
    ));
    let (position, hash) = (number(planned.after.position), &planned.after.hash.0[..]);
    let head = [(&position as _, Type::INT8), (&hash as _, Type::BYTEA)];
    let (inserted, moved) =
        tokio::join!(link.client.execute_typed(&insert, &values), link.client.execute_typed(&moves, &head),);
    inserted?;
    let moved = moved?;
    // Where the head may not move, nothing stays.
    link.client.batch_execute(if moved == 1 { "COMMIT" } else { "ROLLBACK" }).await?;
    Ok(moved)
}
