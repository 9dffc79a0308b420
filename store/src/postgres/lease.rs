//! Store: the right of one process to act alone on a log on a server. Touches the server's table of runners, and a lock of this machine.
//!
//! It is held by a row whose time is moved on by signs of life. A process that was stopped for longer than that, and goes on, may find
//! that another one has the right: so each append of a holder names its token, and none is written that names an old one.

use super::runners::{ALONE, holder, in_time};
use super::server::{Failure, Server, value};
use crate::backend::Beside;
use crate::lease::{Heartbeat, HeldLease, Lease, LeaseError, LeaseHolder};
use crate::runners::Token;
use crate::sidecars::Sidecars;
use std::io;
use std::sync::Arc;
use tokio_postgres::types::Type;

/// The right lasts so long after a sign of life.
const LASTS: &str = "interval '15 seconds'";

pub(super) struct ServerLease {
    server: Arc<Server>,
    files: Sidecars,
}

/// The last sign of life of the freshest runner, whether it is at work, and whether it left its name.
struct Last {
    beat: Heartbeat,
    alive: bool,
}

impl ServerLease {
    pub(super) fn of(server: Arc<Server>, files: Sidecars) -> Self {
        Self { server, files }
    }

    fn change(&self, sql: &str, token: &str) -> Result<u64, Failure> {
        let values = vec![value(ALONE.to_owned(), Type::TEXT), value(token.to_owned(), Type::TEXT)];
        self.server.wait(in_time(self.server.clone().change(self.server.sql(sql), values)))
    }

    fn last(&self) -> Result<Option<Last>, Failure> {
        let sql = self.server.sql(
            "SELECT host, pid, actor, since_ms, floor(extract(epoch FROM beat) * 1000)::bigint,
                until > clock_timestamp() AND (id <> $1 OR named = token)
             FROM {s}.runner WHERE id <> $1 OR named <> '' ORDER BY 6 DESC, beat DESC LIMIT 1",
        );
        let read = self.server.clone().read(sql, vec![value(ALONE.to_owned(), Type::TEXT)]);
        let rows = match self.server.wait(in_time(read)) {
            Err(Failure::Missing(_)) => return Ok(None),
            rows => rows?,
        };
        let last = |row: &tokio_postgres::Row| {
            let beat = Heartbeat { holder: holder(row, 0)?, at_ms: row.try_get(4)? };
            Ok(Last { beat, alive: row.try_get(5)? })
        };
        rows.first().map(last).transpose()
    }

    /// One of several runners that share the log.
    fn runner_at_work(&self) -> Result<Option<LeaseHolder>, Failure> {
        let sql = self.server.sql(
            "SELECT host, pid, actor, since_ms FROM {s}.runner WHERE id <> $1 AND until > clock_timestamp() LIMIT 1",
        );
        let read = self.server.clone().read(sql, vec![value(ALONE.to_owned(), Type::TEXT)]);
        match self.server.wait(in_time(read)) {
            Err(Failure::Missing(_)) => Ok(None),
            rows => rows?.first().map(|row| holder(row, 0)).transpose(),
        }
    }

    fn place(&self) -> String {
        self.server.address.shown().to_owned()
    }
}

const TAKE: &str = "INSERT INTO {s}.runner AS r
    SELECT $1, $2, clock_timestamp() + {lasts}, clock_timestamp(), '', 0, '', 0, ''
    WHERE NOT EXISTS (SELECT 1 FROM {s}.runner WHERE id <> $1 AND until > clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET token = excluded.token, until = excluded.until
    WHERE r.until <= clock_timestamp()";

impl Lease for ServerLease {
    fn hold(&self) -> Result<Box<dyn HeldLease>, LeaseError> {
        let failed = |source| LeaseError::Io { place: self.place(), source };
        let other = |why: Failure| failed(io::Error::other(why.what()));
        self.server.address.make_state().map_err(failed)?;
        let here = match self.files.lease().hold() {
            // Whoever has it here left its name on the server.
            Err(LeaseError::Held { by, .. }) => {
                return Err(LeaseError::Held { place: self.place(), holder: self.holder(), by });
            }
            here => here?,
        };
        let token = format!("{:032x}", Token::fresh().0);
        match self.change(&TAKE.replace("{lasts}", LASTS), &token) {
            // Where there is no log yet, nobody else is at it.
            Err(Failure::Missing(_)) => {}
            Ok(0) => {
                return Err(LeaseError::Held { place: self.place(), holder: self.holder(), by: None });
            }
            taken => {
                taken.map_err(other)?;
                self.server.hold(Some(token.clone()));
            }
        }
        let held = Held { server: self.server.clone(), token, here };
        // Of a runner that begins at the same moment one of both sees the other.
        let holder = self.runner_at_work().map_err(other)?;
        match holder {
            Some(holder) => Err(LeaseError::Held { place: self.place(), holder: Some(holder), by: None }),
            None => Ok(Box::new(held)),
        }
    }

    fn holder(&self) -> Option<LeaseHolder> {
        self.last().ok().flatten().filter(|last| last.alive).map(|last| last.beat.holder)
    }

    fn was_held(&self) -> bool {
        matches!(self.last(), Ok(Some(_)))
    }

    fn beat(&self) -> io::Result<()> {
        let Some(token) = self.server.held() else {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no runner left its name"));
        };
        let sql = format!(
            "UPDATE {{s}}.runner SET beat = clock_timestamp(), until = clock_timestamp() + {LASTS} WHERE id = $1 AND token = $2"
        );
        match self.change(&sql, &token).map_err(|why| io::Error::other(why.what()))? {
            0 => Err(io::Error::new(io::ErrorKind::NotFound, "another process has the right to act")),
            _ => Ok(()),
        }
    }

    fn last_beat(&self) -> io::Result<Option<Heartbeat>> {
        self.last().map(|last| last.map(|last| last.beat)).map_err(|why| io::Error::other(why.what()))
    }
}

struct Held {
    server: Arc<Server>,
    token: String,
    #[expect(dead_code, reason = "it is held, not used")]
    here: Box<dyn HeldLease>,
}

impl Held {
    fn change(&self, sql: &str, mut more: super::server::Values) -> Result<u64, Failure> {
        let mut values = vec![value(ALONE.to_owned(), Type::TEXT), value(self.token.clone(), Type::TEXT)];
        values.append(&mut more);
        self.server.wait(in_time(self.server.clone().change(self.server.sql(sql), values)))
    }
}

impl HeldLease for Held {
    fn leave_name(&mut self, holder: &LeaseHolder) -> Result<(), LeaseError> {
        let sql = "UPDATE {s}.runner SET named = $2, beat = clock_timestamp(),
            host = $3, pid = $4, actor = $5, since_ms = $6 WHERE id = $1 AND token = $2";
        let values = vec![
            value(holder.host.clone(), Type::TEXT),
            value(i64::from(holder.pid), Type::INT8),
            value(holder.actor.clone(), Type::TEXT),
            value(holder.since_ms, Type::INT8),
        ];
        let failed = |what: String| LeaseError::Io {
            place: self.server.address.shown().to_owned(),
            source: io::Error::other(what),
        };
        match self.change(sql, values).map_err(|why| failed(why.what()))? {
            0 => Err(failed("another process has the right to act".to_owned())),
            _ => Ok(()),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.server.hold(None);
        let sql = "UPDATE {s}.runner SET until = clock_timestamp() WHERE id = $1 AND token = $2";
        // Where that cannot be said, its time runs out.
        if let Err(why) = self.change(sql, Vec::new()) {
            tracing::debug!("the right to act runs out by itself: {}", why.what());
        }
    }
}

/// What an append names of the right that its process holds; nothing where it holds none.
pub(super) fn fence(server: &Server) -> String {
    let held = server.held().filter(|token| token.chars().all(|c| c.is_ascii_hexdigit()));
    held.map_or_else(String::new, |token| {
        format!(" AND EXISTS (SELECT 1 FROM {{s}}.runner WHERE id = '{ALONE}' AND token = '{token}')")
    })
}
