//! Store: the runners of a log on a server, by the server's clock. Touches its table of runners.

use super::server::{Failure, Server, Values, value};
use crate::lease::LeaseHolder;
use crate::log::BoxFuture;
use crate::runners::{RunnerError, RunnerRow, Runners, Token};
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

/// A sign of life that has no answer after this time is none.
pub(super) const ANSWER: Duration = Duration::from_secs(3);

pub(super) struct ServerRunners(Arc<Server>);

impl ServerRunners {
    pub(super) fn of(server: Arc<Server>) -> Self {
        Self(server)
    }

    async fn change(&self, sql: &str, values: Values) -> Result<u64, RunnerError> {
        let changed = in_time(self.0.clone().change(self.0.sql(sql), values));
        self.0.on(changed).await.map_err(|why| storage(&why))
    }

    async fn read(&self, sql: &str, values: Values) -> Result<Vec<Row>, RunnerError> {
        let read = in_time(self.0.clone().read(self.0.sql(sql), values));
        self.0.on(read).await.map_err(|why| storage(&why))
    }
}

/// What is not answered in time is not known.
pub(super) async fn in_time<T>(what: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let late = |_| Failure::Gone(format!("no answer in {} s", ANSWER.as_secs()));
    tokio::time::timeout(ANSWER, what).await.map_err(late)?
}

fn storage(why: &Failure) -> RunnerError {
    RunnerError::Storage(why.what())
}

fn text(text: &str) -> (Box<dyn tokio_postgres::types::ToSql + Send + Sync>, Type) {
    value(text.to_owned(), Type::TEXT)
}

fn written(token: Token) -> String {
    format!("{:032x}", token.0)
}

/// The row of whoever acts alone.
pub(super) const ALONE: &str = "alone";

const BEGIN: &str = "INSERT INTO {s}.runner
    SELECT $1, $2, clock_timestamp() + $3 * interval '1 millisecond', clock_timestamp(), $4, $5, $6, $7, ''
    ON CONFLICT (id) DO NOTHING";

const IS_ALONE: &str = "SELECT 1 FROM {s}.runner WHERE id = $1 AND until > clock_timestamp()";

const GO_ON: &str = "UPDATE {s}.runner SET token = $2, beat = clock_timestamp(),
        until = clock_timestamp() + $3 * interval '1 millisecond'
    WHERE id = $1 AND token = $4 AND until > clock_timestamp()";

impl Runners for ServerRunners {
    fn beat<'a>(
        &'a self,
        id: &'a str,
        who: &'a LeaseHolder,
        last: Option<Token>,
        for_ms: u32,
    ) -> BoxFuture<'a, Result<Token, RunnerError>> {
        Box::pin(async move {
            let token = Token::fresh();
            let mut values = vec![text(id), text(&written(token)), value(f64::from(for_ms), Type::FLOAT8)];
            let sql = match last {
                Some(last) => {
                    values.push(text(&written(last)));
                    GO_ON
                }
                None => {
                    values.extend([
                        text(&who.host),
                        value(i64::from(who.pid), Type::INT8),
                        text(&who.actor),
                        value(who.since_ms, Type::INT8),
                    ]);
                    BEGIN
                }
            };
            if self.change(sql, values).await? == 0 {
                return Err(RunnerError::Over { id: id.to_owned() });
            }
            // Whoever takes the log for itself looks for runners in the same way: after it has left its own row.
            if last.is_none() && !self.read(IS_ALONE, vec![text(ALONE)]).await?.is_empty() {
                self.leave(id, token).await?;
                return Err(RunnerError::Alone);
            }
            Ok(token)
        })
    }

    fn all(&self) -> BoxFuture<'_, Result<Vec<RunnerRow>, RunnerError>> {
        Box::pin(async move {
            let sql = "SELECT id, host, pid, actor, since_ms,
                    floor(extract(epoch FROM until - clock_timestamp()) * 1000)::bigint
                FROM {s}.runner WHERE id <> $1 ORDER BY id";
            let rows = self.read(sql, vec![text(ALONE)]).await?;
            rows.iter().map(|row| runner(row).map_err(|why| storage(&why))).collect()
        })
    }

    fn end<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, RunnerError>> {
        Box::pin(async move {
            // One statement sees one moment: what another one would see is not what this one removes.
            let sql = "DELETE FROM {s}.runner WHERE id = $1 AND until <= clock_timestamp()";
            if self.change(sql, vec![text(id)]).await? > 0 {
                return Ok(true);
            }
            let there = self.read("SELECT 1 FROM {s}.runner WHERE id = $1", vec![text(id)]).await?;
            Ok(there.is_empty())
        })
    }

    fn leave<'a>(&'a self, id: &'a str, last: Token) -> BoxFuture<'a, Result<(), RunnerError>> {
        Box::pin(async move {
            let sql = "DELETE FROM {s}.runner WHERE id = $1 AND token = $2";
            self.change(sql, vec![text(id), text(&written(last))]).await.map(drop)
        })
    }
}

fn runner(row: &Row) -> Result<RunnerRow, Failure> {
    Ok(RunnerRow { id: row.try_get(0)?, who: holder(row, 1)?, left_ms: row.try_get(5)? })
}

/// Who a row is, from this column on: host, process, actor, since when.
pub(super) fn holder(row: &Row, at: usize) -> Result<LeaseHolder, Failure> {
    let pid: i64 = row.try_get(at + 1)?;
    Ok(LeaseHolder {
        host: row.try_get(at)?,
        pid: u32::try_from(pid).unwrap_or(0),
        actor: row.try_get(at + 2)?,
        since_ms: row.try_get(at + 3)?,
    })
}
