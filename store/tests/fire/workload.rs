//! Store tests: what the recorded process does: it opens the log again and again, appends in groups of
//! different sizes, lets others fold the write-ahead log away meanwhile, and says when it was answered.
//! Touches the recorded folder.

use crate::dice::Dice;
use crate::from_environment;
use crate::recorder::{folder, note};
use rehome_store::{
    Anchor, Append, Appended, Backend, Beside, Log, Record, Sequence, Sidecars, SqliteLog, StreamId,
};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;

/// The hidden test that [`crate::recorder::run`] starts.
pub(crate) const APPENDER: &str = "workload::append_in_groups";

/// The log in the recorded folder.
pub(crate) const LOG: &str = "log.db";

/// How much one process does.
struct Size {
    lives: u64,
    bursts: u64,
    group: u64,
    body: u64,
}

impl Size {
    fn of(dice: &mut Dice) -> Self {
        match dice.below(12) {
            // Little more than making the log: most cuts fall into that.
            0..=2 => Self { lives: 1, bursts: 2, group: 2, body: 100 },
            // Enough for SQLite to fold the write-ahead log away by itself, after 4,096 pages.
            3 => Self { lives: 1, bursts: 12, group: 6, body: 240_000 },
            4..=6 => Self { lives: 6, bursts: 2, group: 4, body: 6_000 },
            _ => Self { lives: 3, bursts: 8, group: 40, body: 900 },
        }
    }
}

/// Events that are appended together, to a stream of their own.
pub(crate) fn append(dice: &mut Dice, stream: &str, seen: u64, body: u64) -> Append {
    let stream = StreamId::new(stream);
    let count = 1 + dice.below(3);
    let one = |n: u64, length: u64| Record {
        stream: stream.clone(),
        kind: "noted".into(),
        version: 1,
        at_ms: 1_700_000_000_000,
        actor: "ada".into(),
        body: format!("{n} of {count} {}", "x".repeat(length as usize)).into_bytes(),
    };
    let records = (1..=count).map(|n| one(n, dice.below(body))).collect();
    Append { records, expect: vec![(stream.clone(), Sequence(seen))] }
}

/// Says that an append was acknowledged, and where it ended.
pub(crate) fn kept(appended: &Appended) {
    note(&format!("kept {}", appended.last));
}

async fn live(dice: &mut Dice, path: &Path, size: &Size, life: u64) {
    let log = Arc::new(SqliteLog::create_or_open(path).expect("the log opens"));
    note(&format!("open {}", log.id()));
    for burst in 0..1 + dice.below(size.bursts) {
        let group = 1 + dice.below(size.group);
        let appends: Vec<_> = (0..group)
            .map(|of| append(dice, &format!("run/{life}/{burst}/{of}"), 0, size.body))
            .map(|append| {
                let log = log.clone();
                tokio::spawn(async move { kept(&log.append(append).await.expect("appended")) })
            })
            .collect();
        if dice.below(3) == 0 {
            fold(dice, path).expect("folded");
        }
        for append in appends {
            append.await.expect("it went through");
        }
        if dice.below(4) == 0 {
            let head = log.head().await.expect("a head");
            Sidecars::of(path).set_anchor(&Anchor::of(log.id(), head)).expect("the anchor");
        }
    }
}

/// Somebody else moves what is in the write-ahead log into the file, beside the writer.
pub(crate) fn fold(dice: &mut Dice, path: &Path) -> rusqlite::Result<()> {
    let mode = ["PASSIVE", "FULL", "RESTART", "TRUNCATE"][dice.below(4) as usize];
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.execute_batch(&format!("PRAGMA wal_checkpoint({mode})"))
}

#[test]
#[ignore = "does nothing but below the recorder"]
fn append_in_groups() {
    let Some(folder) = folder() else { return };
    let seed = from_environment("FIRE_SEED", 0);
    let mut dice = Dice(seed);
    let size = Size::of(&mut dice);
    let path = folder.join(LOG);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for life in 0..size.lives {
        runtime.block_on(live(&mut dice, &path, &size, seed * 100 + life));
    }
}
