//! Store: where a log on a server ends, as its head row says. Touches the network, reading.

use super::server::{Failure, Link, Server};
use crate::log::Head;
use crate::record::{Digest, Position};

/// Always true. What a server knows nothing of yet, it takes for a third of the table where one side of a range is given, and reads the whole
/// table for it; for a little of it where both are. Source: `DEFAULT_INEQ_SEL` and `DEFAULT_RANGE_INEQ_SEL` in PostgreSQL's `selfuncs.h`.
pub(super) const BOUNDED: &str = "position < 9223372036854775807";

/// The end of the log, and the turn in which it is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) head: Head,
    pub(super) turn: i64,
}

/// The end of the log as the head row has it.
pub(super) async fn end(server: &Server, link: &Link, locked: bool) -> Result<End, Failure> {
    let sql = if locked {
        "SELECT position, hash, turn FROM {s}.head FOR UPDATE"
    } else {
        "SELECT position, hash, turn FROM {s}.head"
    };
    let rows = link.client.query_typed(&server.sql(sql), &[]).await?;
    let [row] = &rows[..] else {
        return Err(Failure::Refused(format!("the log has {} ends", rows.len())));
    };
    let (position, hash, turn): (i64, &[u8], i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let position = u64::try_from(position).map_err(|e| Failure::Refused(e.to_string()))?;
    let hash = hash.try_into().map_err(|_| Failure::Refused("the hash of the end is no hash".to_owned()))?;
    Ok(End { head: Head { position: Position(position), hash: Digest(hash) }, turn })
}
