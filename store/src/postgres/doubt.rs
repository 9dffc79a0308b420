//! Store: a commit without an answer is looked for, and never guessed. Touches the server.
//!
//! Whether an append is in the log is known when two things are: that what was sent can do nothing any more, and what the log has. The
//! first is made so by counting up the turn of the head row. A statement of before that is still on its way waits for that row's lock, or
//! this waits for it; and a statement that comes later names a turn that is over, and changes nothing.

use super::append::Planned;
use super::head::{End, end};
use super::server::{Failure, Link, Server};
use std::time::{Duration, Instant};

/// Waiting for whoever has the head row.
const PAUSE: Duration = Duration::from_millis(100);

/// What is certain now.
pub(super) struct Found {
    pub(super) link: Link,
    pub(super) end: End,
    pub(super) written: bool,
}

/// Finds out whether a group is in the log.
pub(super) async fn resolve(server: &Server, planned: &Planned, doubt: &str) -> Result<Found, Failure> {
    tracing::warn!("a commit had no answer ({doubt}); the log is asked for it");
    let begun = Instant::now();
    loop {
        let link = match server.connect_patiently(true).await {
            Ok(link) => link,
            Err(Failure::Gone(why) | Failure::Again(why) | Failure::Refused(why)) => {
                return Err(Failure::Older(unknown(doubt, &why)));
            }
            Err(why) => return Err(why),
        };
        match look(server, &link, planned).await {
            Ok((end, written)) => return Ok(Found { link, end, written }),
            Err(why @ (Failure::Older(_) | Failure::Missing(_))) => return Err(why),
            Err(why) if begun.elapsed() >= server.address.patience() => {
                return Err(Failure::Older(unknown(doubt, &why.what())));
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

fn unknown(doubt: &str, why: &str) -> String {
    format!("{doubt}; and the log could not be asked since: {why}")
}

async fn look(server: &Server, link: &Link, planned: &Planned) -> Result<(End, bool), Failure> {
    let sql = server.sql("UPDATE {s}.head SET turn = turn + 1");
    if link.client.execute_typed(&sql, &[]).await? != 1 || link.was_warned() {
        return Err(Failure::Again("the head row could not be taken".to_owned()));
    }
    let now = end(server, link, false).await?;
    let written = now.head == planned.after || server.has(link, planned.after).await?;
    Ok((now, written))
}
