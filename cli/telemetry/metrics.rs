//! CLI: what is measured, from where moves stand and what was sent. One list, from which each form is made. Pure.

use crate::view::{MoveView, State};
use crate::wait::WaitKind;
use rehome_activities::azure::RequestCount;
use std::collections::{BTreeMap, BTreeSet};

/// What sort of number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// It goes up and down.
    Gauge,
    /// It only grows, as long as the process lives.
    Counter,
}

/// One thing that is measured. Names and units are spelled as the semantic conventions of OpenTelemetry spell theirs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Metric {
    /// `rehome.moves`
    pub(crate) name: &'static str,
    /// In UCUM: `s`, `{move}`.
    pub(crate) unit: &'static str,
    pub(crate) sort: Sort,
    pub(crate) about: &'static str,
    pub(crate) points: Vec<Point>,
}

/// One number, with what it is of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Point {
    /// By names that belong to this program, as attributes of OpenTelemetry do: `rehome.batch`.
    pub(crate) of: Vec<(&'static str, String)>,
    pub(crate) value: f64,
}

/// What is known when it is measured.
pub(crate) struct Measured<'a> {
    /// Where moves stand; nothing where that cannot be read, and then nothing is said of them.
    pub(crate) moves: Option<&'a [MoveView]>,
    pub(crate) requests: &'a BTreeMap<&'static str, RequestCount>,
    /// How many events the log has; nothing where that cannot be read, and then nothing is said of it.
    pub(crate) events: Option<u64>,
    pub(crate) now_ms: i64,
}

const BATCH: &str = "rehome.batch";
const STATE: &str = "rehome.state";
const CAUSE: &str = "rehome.cause";
const CLASS: &str = "rehome.class";
const VERSION: &str = "rehome.version";

/// What people end.
const FOR_PEOPLE: [WaitKind; 3] = [WaitKind::Failed, WaitKind::ByHand, WaitKind::Approval];

#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

fn counted(count: usize) -> f64 {
    number(u64::try_from(count).unwrap_or(u64::MAX))
}

/// Everything that is measured.
pub(crate) fn metrics(of: &Measured<'_>) -> Vec<Metric> {
    let gauge = |name, unit, about, points| Metric { name, unit, sort: Sort::Gauge, about, points };
    let counter = |name, unit, about, points| Metric { name, unit, sort: Sort::Counter, about, points };
    let build = Point { of: vec![(VERSION, env!("CARGO_PKG_VERSION").to_owned())], value: 1.0 };
    let requests = |value: fn(&RequestCount) -> u64| {
        let point = |(class, count): (&&'static str, &RequestCount)| Point {
            of: vec![(CLASS, (*class).to_owned())],
            value: number(value(count)),
        };
        of.requests.iter().map(point).collect()
    };
    let readable = of.moves.is_some() && of.events.is_some();
    let readable = Point { of: Vec::new(), value: f64::from(u8::from(readable)) };
    let known = of.moves.unwrap_or_default();
    vec![
        gauge("rehome.build.info", "", "The version of this program; always 1.", vec![build]),
        gauge(
            "rehome.log.readable",
            "",
            "Whether the log could be read when this was measured; where not, nothing else is said of it.",
            vec![readable],
        ),
        gauge("rehome.moves", "{move}", "Moves in each state.", moves(known)),
        gauge("rehome.waits", "{step}", "Steps that are not finished, by what they wait for.", waits(known)),
        gauge(
            "rehome.need.age",
            "s",
            "How long ago the oldest step began to wait for a person, where one does.",
            need_age(known, of.now_ms),
        ),
        gauge(
            "rehome.log.events",
            "{event}",
            "Events in the log.",
            of.events.map(|events| Point { of: Vec::new(), value: number(events) }).into_iter().collect(),
        ),
        gauge(
            "rehome.measured.time",
            "s",
            "When this was measured, in seconds since 1970.",
            vec![Point { of: Vec::new(), value: seconds(of.now_ms) }],
        ),
        counter(
            "rehome.requests",
            "{request}",
            "Requests that this process sent to the cloud.",
            requests(|count| count.sent),
        ),
        counter(
            "rehome.throttled",
            "{request}",
            "Requests of this process that the cloud answered with 429.",
            requests(|count| count.throttled),
        ),
    ]
}

fn seconds(ms: i64) -> f64 {
    std::time::Duration::from_millis(u64::try_from(ms).unwrap_or(0)).as_secs_f64()
}

fn batches(moves: &[MoveView]) -> BTreeSet<&str> {
    moves.iter().map(|view| view.batch.as_str()).collect()
}

/// Every state of every batch, so that those of a batch add up.
fn moves(moves: &[MoveView]) -> Vec<Point> {
    let mut points = Vec::new();
    for batch in batches(moves) {
        for state in State::ALL {
            let here = moves.iter().filter(|view| view.batch == batch && view.state == *state);
            let of = vec![(BATCH, batch.to_owned()), (STATE, state.word().to_owned())];
            points.push(Point { of, value: counted(here.count()) });
        }
    }
    points
}

fn waits(moves: &[MoveView]) -> Vec<Point> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for view in moves {
        for wait in &view.waiting_for {
            *counts.entry((&view.batch, wait.kind.word())).or_default() += 1;
        }
    }
    let point = |((batch, cause), count): ((&str, &str), usize)| Point {
        of: vec![(BATCH, batch.to_owned()), (CAUSE, cause.to_lowercase())],
        value: counted(count),
    };
    counts.into_iter().map(point).collect()
}

fn need_age(moves: &[MoveView], now_ms: i64) -> Vec<Point> {
    let mut oldest: BTreeMap<&str, i64> = BTreeMap::new();
    for view in moves {
        for wait in view.waiting_for.iter().filter(|wait| FOR_PEOPLE.contains(&wait.kind)) {
            let since = oldest.entry(&view.batch).or_insert(wait.since_ms);
            *since = (*since).min(wait.since_ms);
        }
    }
    let point = |(batch, since_ms): (&str, i64)| Point {
        of: vec![(BATCH, batch.to_owned())],
        value: seconds(now_ms.saturating_sub(since_ms)),
    };
    oldest.into_iter().map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait::WaitView;

    #[test]
    fn moves_add_up_and_the_oldest_need_is_of_the_step_that_waits_longest_for_a_person() {
        let mut moves = vec![MoveView::standing(State::Running), MoveView::standing(State::NeedsPerson)];
        let waits = |kind, since_ms| WaitView::new("1", "t", kind, since_ms);
        moves[0].waiting_for = vec![waits(WaitKind::Azure, 1_000)];
        moves[1].waiting_for = vec![waits(WaitKind::ByHand, 7_000), waits(WaitKind::Failed, 5_000)];
        let requests = BTreeMap::from([("arm_reads", RequestCount { sent: 3, throttled: 1 })]);
        let all =
            metrics(&Measured { moves: Some(&moves), requests: &requests, events: Some(9), now_ms: 65_000 });
        let of = |name: &str| &all.iter().find(|metric| metric.name == name).expect("it is measured").points;
        assert_eq!(of("rehome.moves").iter().map(|point| point.value).sum::<f64>(), 2.0);
        assert_eq!(of("rehome.moves").len(), State::ALL.len());
        assert_eq!(of("rehome.need.age")[0].value, 60.0);
        assert_eq!(of("rehome.waits").len(), 3);
        assert_eq!(of("rehome.throttled")[0].value, 1.0);
        assert_eq!((of("rehome.log.events")[0].value, of("rehome.log.readable")[0].value), (9.0, 1.0));
    }

    #[test]
    fn of_a_log_that_cannot_be_read_nothing_is_said_and_no_number_is_zero() {
        let requests = BTreeMap::from([("arm_reads", RequestCount { sent: 3, throttled: 1 })]);
        let moves = [MoveView::standing(State::Running)];
        for (moves, events) in [(None, None), (Some(&moves[..]), None), (None, Some(9))] {
            let all = metrics(&Measured { moves, requests: &requests, events, now_ms: 65_000 });
            let of = |name: &str| &all.iter().find(|metric| metric.name == name).expect("it is there").points;
            assert_eq!(of("rehome.log.readable")[0].value, 0.0);
            assert_eq!(of("rehome.log.events").len(), usize::from(events.is_some()));
            assert_eq!(of("rehome.moves").is_empty(), moves.is_none());
            assert!(of("rehome.waits").is_empty() && of("rehome.need.age").is_empty());
            assert_eq!(of("rehome.requests")[0].value, 3.0, "what was sent is known all the same");
        }
    }
}
