//! Store, measured: a log on a PostgreSQL server beside bare inserts into the same table there, in the same run.
//! `REHOME_POSTGRES=postgres://… cargo run --release -p rehome-store --features postgres --example postgres_speed -- 2000 20`.
//! Touches two schemas of that server.
//!
//! The first number is how many callers append at once, each the two events of a step, one step after the other; the second how many steps
//! each has. The raw loop inserts rows of the same bytes, as many in a transaction as the log's commits had.

mod raw;

use raw::{BODY, Failed, Raw};
use rehome_store::{Address, Append, Log, PostgresLog, Record, Sequence, StreamId};
use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_postgres::types::{ToSql, Type};

/// Single appends and inserts that a median is taken of.
const SINGLE: u64 = 500;

fn step(stream: &StreamId, after: u64) -> Append {
    let record = |kind| Record {
        stream: stream.clone(),
        kind: Cow::Borrowed(kind),
        version: 1,
        at_ms: 1_800_000_000_000,
        actor: "bench".into(),
        body: BODY.to_vec(),
    };
    Append {
        expect: vec![(stream.clone(), Sequence(after))],
        records: vec![record("began"), record("ended")],
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example prints what it measured")]
async fn main() -> Result<(), Failed> {
    let words: Vec<u64> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let (callers, steps) = (words.first().copied().unwrap_or(2_000), words.get(1).copied().unwrap_or(20));
    let server = std::env::var("REHOME_POSTGRES")?;
    let schema = format!("speed_{}", std::process::id());
    let address = Address::of(Path::new(&format!("{server}&schema={schema}")))?;
    let log = Arc::new(PostgresLog::create_or_open(&address)?);
    let raw = Raw::begin(&server, &schema).await?;
    let prepared = single_inserts(&raw, true).await?;
    let alone = single(&log).await?;
    let planned = single_inserts(&raw, false).await?;
    let (rate, together) = many(&log, callers, steps).await?;
    let raw_rate = raw.grouped((callers * steps * 2).min(200_000), together).await?;
    println!(
        "{{\"callers\": {callers}, \"steps\": {steps}, \"events_per_s\": {rate:.0}, \"events_per_commit\": {together}, \
         \"raw_events_per_s\": {raw_rate:.0}, \"ratio_to_raw\": {:.2}, \"append_p50_us\": {alone:.0}, \
         \"raw_prepared_p50_us\": {prepared:.0}, \"append_to_prepared\": {:.2}, \"raw_planned_p50_us\": {planned:.0}, \
         \"append_to_planned\": {:.2}}}",
        rate / raw_rate,
        alone / prepared,
        alone / planned,
    );
    raw.end().await
}

fn median(of: &mut [Duration]) -> f64 {
    of.sort();
    of.get(of.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1e6
}

/// Bare inserts of one row, one after the other; by a statement that is prepared once, or by one that is planned each time, which is all that
/// a pooler lets through.
async fn single_inserts(raw: &Raw, prepared: bool) -> Result<f64, Failed> {
    raw.client.batch_execute(&format!("TRUNCATE {}", raw.table)).await?;
    let sql =
        format!("INSERT INTO {} VALUES ($1, 'alone', $1, 'began', 1, 1, 'bench', $2, $3, $4)", raw.table);
    let insert = raw.client.prepare(&sql).await?;
    let (salt, body, hash) = (&[0_u8; 16][..], &BODY[..], &[0_u8; 32][..]);
    let mut times = Vec::new();
    for nth in 1..=i64::try_from(SINGLE)? {
        let begun = Instant::now();
        if prepared {
            raw.client.execute(&insert, &[&nth, &salt, &body, &hash]).await?;
        } else {
            let values: [(&(dyn ToSql + Sync), Type); 4] =
                [(&nth, Type::INT8), (&salt, Type::BYTEA), (&body, Type::BYTEA), (&hash, Type::BYTEA)];
            raw.client.execute_typed(&sql, &values).await?;
        }
        times.push(begun.elapsed());
    }
    Ok(median(&mut times))
}

/// One caller, one event after the other.
async fn single(log: &PostgresLog) -> Result<f64, Failed> {
    let stream = StreamId::new("alone");
    let mut times = Vec::new();
    for nth in 0..SINGLE {
        let mut append = step(&stream, nth);
        append.records.truncate(1);
        let begun = Instant::now();
        log.append(append).await?;
        times.push(begun.elapsed());
    }
    Ok(median(&mut times))
}

/// Many callers at once: events in a second, and in a commit.
async fn many(log: &Arc<PostgresLog>, callers: u64, steps: u64) -> Result<(f64, u64), Failed> {
    let (before, begun) = (log.counters(), Instant::now());
    let callers: Vec<_> = (0..callers)
        .map(|caller| {
            let (log, stream) = (log.clone(), StreamId::new(format!("run/{caller}")));
            tokio::spawn(async move {
                for nth in 0..steps {
                    log.append(step(&stream, nth * 2)).await?;
                }
                Ok::<_, rehome_store::AppendError>(())
            })
        })
        .collect();
    for caller in callers {
        caller.await??;
    }
    let (took, after) = (begun.elapsed(), log.counters());
    let (events, commits) = (after.events - before.events, (after.commits - before.commits).max(1));
    Ok((events as f64 / took.as_secs_f64(), events / commits))
}
