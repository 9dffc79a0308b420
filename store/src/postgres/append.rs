//! Store: what is sent to the server for a group of appends. Pure.

use crate::chain::seal;
use crate::group::Answer;
use crate::heads::{Heads, mentioned};
use crate::log::{Append, AppendError, Appended, Head};
use crate::record::{Position, Sequence, Stored, StreamId};
use crate::salt::Salts;
use tokio_postgres::types::{ToSql, Type};

/// So many events, or bytes of bodies, are in one statement.
const EVENTS_MAX: usize = 4_096;
const BYTES_MAX: usize = 32 << 20;

/// The events as rows, from `$1` on.
const ROWS: &str = "unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::integer[], $6::bigint[], $7::text[], $8::bytea[], $9::bytea[], $10::bytea[])";

/// What is inserted, in the head row's lock.
pub(super) fn insert() -> String {
    format!(
        "INSERT INTO {{s}}.event (position, stream, sequence, kind, version, at_ms, actor, salt, body, hash) SELECT * FROM {ROWS}"
    )
}

/// So few events stand in a statement one by one. An append alone takes a third longer with arrays, which a server plans anew each time.
const FEW: usize = 4;

/// The whole of an append in one statement, and so in one transaction: the head moves on from where it was known to be, and the events
/// are inserted if it did. A commit that the server would not make durable is refused by the same condition.
/// `fence` is a further condition. Gives the values of the events, and the statement, which wants the position and the hash to move to, those
/// to move from, and the turn behind them.
pub(super) fn at_once<'a>(columns: &'a Columns<'_>, fence: &str) -> (Values<'a>, String) {
    let few = columns.versions.len() <= FEW;
    let (values, rows) = if few { columns.each() } else { (columns.values(), ROWS.to_owned()) };
    let [to, to_hash, from, from_hash, turn] = [1, 2, 3, 4, 5].map(|nth| values.len() + nth);
    let statement = format!(
        "WITH moved AS (UPDATE {{s}}.head SET position = ${to}, hash = ${to_hash}
             WHERE position = ${from} AND hash = ${from_hash} AND turn = ${turn} AND {DURABLE}{fence} RETURNING 1)
         INSERT INTO {{s}}.event (position, stream, sequence, kind, version, at_ms, actor, salt, body, hash)
         SELECT e.* FROM moved, {rows} AS e"
    );
    (values, statement)
}

/// A commit is on the disk when it is acknowledged.
pub(super) const DURABLE: &str = "current_setting('synchronous_commit') <> 'off' AND current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on'";

/// A group of appends, as they would be written at one end of the log.
pub(super) struct Planned {
    /// What each append is answered when the events are in the log.
    pub(super) answers: Vec<Answer>,
    pub(super) events: Vec<Stored>,
    /// The end of the log before and after.
    pub(super) before: Head,
    pub(super) after: Head,
}

/// Plans a group at an end of the log, at which the ends of all streams that it expects are known.
pub(super) fn plan(appends: &[Append], before: Head, heads: &mut Heads, salts: &mut dyn Salts) -> Planned {
    let (mut answers, mut events, mut head) = (Vec::with_capacity(appends.len()), Vec::new(), before);
    for append in appends {
        let looked_up = |_: &StreamId| Ok::<_, AppendError>(Sequence(0));
        if let Err(why) = heads.check(append, looked_up) {
            answers.push(Err(why));
            continue;
        }
        let first = Position(head.position.0 + 1);
        for record in &append.records {
            let (sequence, position) = (heads.advance(&record.stream), Position(head.position.0 + 1));
            let event = seal(record.clone(), position, sequence, salts.next(), head.hash);
            head = Head { position, hash: event.hash };
            events.push(event);
        }
        let heads = mentioned(append).into_iter().map(|s| (s.clone(), heads.of(&s))).collect();
        answers.push(Ok(Appended { first, last: head.position, head: head.hash, heads }));
    }
    Planned { answers, events, before, after: head }
}

/// Events in parts that fit into one statement each.
pub(super) fn parts(events: &[Stored]) -> Vec<&[Stored]> {
    let (mut parts, mut begin, mut bytes) = (Vec::new(), 0, 0);
    for (at, event) in events.iter().enumerate() {
        let more = event.record.body.len();
        if at > begin && (at - begin >= EVENTS_MAX || bytes + more > BYTES_MAX) {
            parts.push(&events[begin..at]);
            (begin, bytes) = (at, 0);
        }
        bytes += more;
    }
    if begin < events.len() {
        parts.push(&events[begin..]);
    }
    parts
}

/// What stands in a statement, with its types.
pub(super) type Values<'a> = Vec<(&'a (dyn ToSql + Sync), Type)>;

/// The columns of events, as the server takes them.
pub(super) struct Columns<'a> {
    numbers: [Vec<i64>; 3],
    names: [Vec<&'a str>; 3],
    versions: Vec<i32>,
    bytes: [Vec<&'a [u8]>; 3],
}

impl<'a> Columns<'a> {
    pub(super) fn of(events: &'a [Stored]) -> Self {
        let number = |of: fn(&Stored) -> i64| events.iter().map(of).collect();
        let name = |of: fn(&Stored) -> &str| events.iter().map(of).collect();
        let bytes = |of: fn(&Stored) -> &[u8]| events.iter().map(of).collect();
        Self {
            numbers: [
                number(|e| i64::try_from(e.position.0).unwrap_or(i64::MAX)),
                number(|e| i64::try_from(e.sequence.0).unwrap_or(i64::MAX)),
                number(|e| e.record.at_ms),
            ],
            names: [name(|e| e.record.stream.as_str()), name(|e| &e.record.kind), name(|e| &e.record.actor)],
            versions: events.iter().map(|e| i32::from(e.record.version)).collect(),
            bytes: [bytes(|e| &e.salt), bytes(|e| &e.record.body), bytes(|e| &e.hash.0)],
        }
    }

    /// Each event with its own values, from `$1` on, and these as rows.
    fn each(&self) -> (Values<'_>, String) {
        let ([positions, sequences, times], [streams, kinds, actors]) = (&self.numbers, &self.names);
        let [salts, bodies, hashes] = &self.bytes;
        let (mut values, mut rows) = (Values::new(), Vec::new());
        for at in 0..self.versions.len() {
            let first = values.len() + 1;
            values.extend([
                (&positions[at] as &(dyn ToSql + Sync), Type::INT8),
                (&streams[at], Type::TEXT),
                (&sequences[at], Type::INT8),
                (&kinds[at], Type::TEXT),
                (&self.versions[at], Type::INT4),
                (&times[at], Type::INT8),
                (&actors[at], Type::TEXT),
                (&salts[at], Type::BYTEA),
                (&bodies[at], Type::BYTEA),
                (&hashes[at], Type::BYTEA),
            ]);
            let row: Vec<String> = (first..=values.len()).map(|nth| format!("${nth}")).collect();
            rows.push(format!("({})", row.join(", ")));
        }
        (values, format!("(VALUES {})", rows.join(", ")))
    }

    /// What stands for `$1` to `$10`.
    pub(super) fn values(&self) -> Values<'_> {
        let ([positions, sequences, times], [streams, kinds, actors]) = (&self.numbers, &self.names);
        let [salts, bodies, hashes] = &self.bytes;
        vec![
            (positions, Type::INT8_ARRAY),
            (streams, Type::TEXT_ARRAY),
            (sequences, Type::INT8_ARRAY),
            (kinds, Type::TEXT_ARRAY),
            (&self.versions, Type::INT4_ARRAY),
            (times, Type::INT8_ARRAY),
            (actors, Type::TEXT_ARRAY),
            (salts, Type::BYTEA_ARRAY),
            (bodies, Type::BYTEA_ARRAY),
            (hashes, Type::BYTEA_ARRAY),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::append;
    use crate::record::Digest;
    use crate::salt::CountedSalts;

    #[test]
    fn what_is_large_goes_in_parts_and_nothing_is_left_out() {
        let mut large = append("a", 0, &["x"; 6]);
        for record in &mut large.records {
            record.body = vec![b'x'; 12 << 20];
        }
        let nothing = Head { position: Position(0), hash: Digest::ZERO };
        let plan = |append: Append| {
            plan(&[append], nothing, &mut Heads::default(), &mut CountedSalts::default()).events
        };
        let lengths = |events: &[Stored]| parts(events).iter().map(|part| part.len()).collect::<Vec<_>>();
        assert_eq!(lengths(&plan(large)), [2, 2, 2]);
        assert_eq!(lengths(&plan(append("a", 0, &["x"; 10_000]))), [4_096, 4_096, 1_808]);
        assert_eq!(lengths(&[]), [0_usize; 0]);
    }
}
