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
    pub(crate) of: Vec<(&'static str, String)>,
    pub(crate) value: f64,
}

/// What is known when it is measured.
pub(crate) struct Measured<'a> {
    pub(crate) moves: &'a [MoveView],
    pub(crate) requests: &'a BTreeMap<&'static str, RequestCount>,
    /// How many events the log has; nothing where that cannot be read, and then nothing is said of it.
    pub(crate) events: Option<u64>,
    pub(crate) now_ms: i64,
}

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
    let build = Point { of: vec![("version", env!("CARGO_PKG_VERSION").to_owned())], value: 1.0 };
    let requests = |value: fn(&RequestCount) -> u64| {
        let point = |(class, count): (&&'static str, &RequestCount)| Point {
            of: vec![("class", (*class).to_owned())],
            value: number(value(count)),
        };
        of.requests.iter().map(point).collect()
    };
    vec![
        gauge("rehome.build.info", "", "The version of this program; always 1.", vec![build]),
        gauge("rehome.moves", "{move}", "Moves in each state.", moves(of)),
        gauge("rehome.waits", "{step}", "Steps that are not finished, by what they wait for.", waits(of)),
        gauge(
            "rehome.need.age",
            "s",
            "How long ago the oldest step began to wait for a person, where one does.",
            need_age(of),
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

fn batches<'a>(of: &Measured<'a>) -> BTreeSet<&'a str> {
    of.moves.iter().map(|view| view.batch.as_str()).collect()
}

/// Every state of every batch, so that those of a batch add up.
fn moves(of: &Measured<'_>) -> Vec<Point> {
    let mut points = Vec::new();
    for batch in batches(of) {
        for state in State::ALL {
            let here = of.moves.iter().filter(|view| view.batch == batch && view.state == *state);
            let of = vec![("batch", batch.to_owned()), ("state", state.word().to_owned())];
            points.push(Point { of, value: counted(here.count()) });
        }
    }
    points
}

fn waits(of: &Measured<'_>) -> Vec<Point> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for view in of.moves {
        for wait in &view.waiting_for {
            *counts.entry((&view.batch, wait.kind.word())).or_default() += 1;
        }
    }
    let point = |((batch, cause), count): ((&str, &str), usize)| Point {
        of: vec![("batch", batch.to_owned()), ("cause", cause.to_lowercase())],
        value: counted(count),
    };
    counts.into_iter().map(point).collect()
}

fn need_age(of: &Measured<'_>) -> Vec<Point> {
    let mut oldest: BTreeMap<&str, i64> = BTreeMap::new();
    for view in of.moves {
        for wait in view.waiting_for.iter().filter(|wait| FOR_PEOPLE.contains(&wait.kind)) {
            let since = oldest.entry(&view.batch).or_insert(wait.since_ms);
            *since = (*since).min(wait.since_ms);
        }
    }
    let point = |(batch, since_ms): (&str, i64)| Point {
        of: vec![("batch", batch.to_owned())],
        value: seconds(of.now_ms.saturating_sub(since_ms)),
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
        let all = metrics(&Measured { moves: &moves, requests: &requests, events: Some(9), now_ms: 65_000 });
        let of = |name: &str| &all.iter().find(|metric| metric.name == name).expect("it is measured").points;
        assert_eq!(of("rehome.moves").iter().map(|point| point.value).sum::<f64>(), 2.0);
        assert_eq!(of("rehome.moves").len(), State::ALL.len());
        assert_eq!(of("rehome.need.age")[0].value, 60.0);
        assert_eq!(of("rehome.waits").len(), 3);
        assert_eq!(of("rehome.throttled")[0].value, 1.0);
    }
}
