//! What machines are told while a run works: metrics in a file or at an address, traces and metrics over OTLP.

use crate::support::azure::{Azure, example, minimal_without_soak};
use crate::support::receiver::{Heard, Mood, Receiver};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;

fn approved() -> (Azure, Rehome) {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    std::fs::write(rehome.path("batch.toml"), minimal_without_soak()).expect("written");
    rehome.approve(&rehome.path("batch.toml"));
    (azure, rehome)
}

/// The samples of a page in Prometheus' text format, by name with labels; each must have been declared before.
fn samples(page: &str) -> BTreeMap<String, f64> {
    let (mut declared, mut samples) = (BTreeMap::new(), BTreeMap::new());
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, sort) = rest.split_once(' ').expect("a name and a sort");
            assert!(
                ["gauge", "counter"].contains(&sort) && (sort == "counter") == name.ends_with("_total"),
                "{line}"
            );
            declared.insert(name.to_owned(), sort.to_owned());
        } else if !line.starts_with("# HELP ") {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            let bare = name.split('{').next().expect("a name");
            assert!(declared.contains_key(bare), "{line} is not declared");
            samples.insert(name.to_owned(), value.parse().expect("a number"));
        }
    }
    samples
}

/// What is answered at an address to whoever calls it by this name.
fn ask(port: u16, host: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
    write!(stream, "GET /metrics HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    answer
}

#[test]
fn a_file_of_metrics_adds_up_and_nothing_else_is_replaced_by_one() {
    let (_azure, rehome) = approved();
    let before = std::fs::read_to_string(rehome.path("batch.toml")).expect("a batch");
    let refused = rehome.say(&["run", "plan.json", "--yes", "--metrics", "batch.toml"]).expect(2);
    assert!(refused.err.contains("something else than metrics"), "{}", refused.err);
    assert_eq!(std::fs::read_to_string(rehome.path("batch.toml")).expect("a batch"), before);
    for _ in 0..2 {
        rehome.say(&["run", "plan.json", "--yes", "--metrics", "rehome.prom"]).expect(11);
    }
    let page = std::fs::read_to_string(rehome.path("rehome.prom")).expect("metrics");
    let samples = samples(&page);
    let sum = |begins: &str| {
        samples.iter().filter(|(name, _)| name.starts_with(begins)).map(|(_, value)| value).sum::<f64>()
    };
    assert_eq!(samples["rehome_moves{batch=\"minimal\",state=\"needs-person\"}"], 1.0, "{page}");
    assert_eq!(sum("rehome_moves{"), 1.0, "the states add up: {page}");
    assert!(sum("rehome_waits{batch=\"minimal\",cause=\"by-hand\"") >= 1.0, "{page}");
    assert!(samples["rehome_need_age_seconds{batch=\"minimal\"}"] > 0.0, "{page}");
    assert_eq!(sum("rehome_build_info{version="), 1.0, "{page}");
    assert!(samples["rehome_log_events"] > 10.0 && samples["rehome_log_readable"] == 1.0, "{page}");
    let beside: Vec<_> =
        std::fs::read_dir(rehome.path(".")).expect("the folder").filter_map(Result::ok).collect();
    assert!(
        beside.iter().all(|file| !file.file_name().to_string_lossy().ends_with(".tmp")),
        "nothing is left beside it"
    );
}

#[test]
fn an_address_is_answered_to_who_knows_it_and_is_this_machines_alone_unless_somebody_says_so() {
    let (_azure, rehome) = approved();
    let refused = rehome.say(&["run", "plan.json", "--yes", "--metrics", "0.0.0.0:9464"]).expect(2);
    assert!(refused.err.contains("--metrics-open"), "{}", refused.err);
    let port = Azure::free_port();
    let at = format!("127.0.0.1:{port}");
    let mut runner = rehome.start(&["run", "plan.json", "--yes", "--stay", "--metrics", &at]);
    let waits = |rehome: &Rehome| text(&rehome.json(&["status"])["moves"][0]["state"]) == "needs-person";
    while !waits(&rehome) {
        assert!(runner.try_wait().expect("it can be asked").is_none(), "the runner is at work");
    }
    let answer = ask(port, &at);
    let page = answer.split_once("\r\n\r\n").expect("a body").1;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("version=0.0.4"), "{answer}");
    let samples = samples(page);
    let requests: f64 =
        samples.iter().filter(|(name, _)| name.starts_with("rehome_requests_total{")).map(|(_, n)| n).sum();
    assert!(requests > 10.0 && samples["rehome_requests_total{class=\"arm_writes\"}"] > 0.0, "{page}");
    let stranger = ask(port, "rebound.example");
    assert!(stranger.starts_with("HTTP/1.1 421") && !stranger.contains("minimal"), "{stranger}");
    drop(runner.kill());
    drop(runner.wait());
}

/// Everything of this name in what a receiver took.
fn all<'a>(heard: &'a [Value], outer: &str, middle: &str, inner: &str) -> Vec<&'a Value> {
    let list = |value: &'a Value, name: &str| value[name].as_array().into_iter().flatten();
    let mut found = Vec::new();
    for body in heard {
        for resource in list(body, outer) {
            for scope in list(resource, middle) {
                found.extend(list(scope, inner));
            }
        }
    }
    found
}

fn attribute<'a>(span: &'a Value, name: &str) -> &'a Value {
    let mut all = span["attributes"].as_array().expect("attributes").iter();
    all.find(|one| one["key"] == name).map_or(&Value::Null, |one| &one["value"])
}

#[test]
fn every_attempt_is_a_span_of_its_move_and_a_receiver_that_fails_first_has_all_of_them_in_the_end() {
    let receiver = Receiver::with(&[Mood::Answer(503)]);
    let (_azure, rehome) = approved();
    let base = receiver.url().replace("/told", "");
    rehome.say(&["run", "plan.json", "--yes", "--otlp", &base]).expect(11);
    let heard = receiver.heard();
    let taken = |path: &str| -> Vec<Value> {
        let is = |one: &&Heard| one.path == path && one.mood == Mood::Answer(200);
        heard.iter().filter(is).map(Heard::json).collect()
    };
    let (traces, metrics) = (taken("/v1/traces"), taken("/v1/metrics"));
    assert!(heard.iter().all(|one| one.header("content-type") == "application/json"));
    let spans = all(&traces, "resourceSpans", "scopeSpans", "spans");
    let history = rehome.json(&["history"]);
    let events: Vec<&Value> = history["events"].as_array().expect("events").iter().collect();
    let ended = events.iter().filter(|event| event["kind"] == "ended").count();
    assert!(ended > 5 && spans.len() == ended, "{} spans of {ended} attempts", spans.len());
    let ids: BTreeSet<&str> = spans.iter().map(|span| text(&span["spanId"])).collect();
    assert_eq!(ids.len(), spans.len(), "each has an id of its own");
    for span in &spans {
        assert_eq!((text(&span["traceId"]).len(), text(&span["spanId"]).len()), (32, 16), "{span}");
        assert_eq!(span["traceId"], spans[0]["traceId"], "one move is one trace");
        assert_eq!(span["parentSpanId"], spans[0]["parentSpanId"]);
        assert_eq!(attribute(span, "rehome.batch"), &json!({"stringValue": "minimal"}));
        let nanos = |name: &str| text(&span[name]).parse::<u64>().expect("a number as a text");
        assert!(nanos("startTimeUnixNano") <= nanos("endTimeUnixNano"), "{span}");
    }
    let measured = all(&metrics, "resourceMetrics", "scopeMetrics", "metrics");
    let moves = measured.iter().find(|metric| metric["name"] == "rehome.moves").expect("it is measured");
    let point = &moves["gauge"]["dataPoints"][0];
    assert_eq!(attribute(point, "rehome.batch"), &json!({"stringValue": "minimal"}), "{point}");
    let service = &traces[0]["resourceSpans"][0]["resource"]["attributes"][0];
    assert_eq!(service, &json!({"key": "service.name", "value": {"stringValue": "rehome"}}));
    let names: BTreeSet<&str> = all(&metrics, "resourceMetrics", "scopeMetrics", "metrics")
        .iter()
        .map(|m| text(&m["name"]))
        .collect();
    for name in ["rehome.moves", "rehome.requests", "rehome.waits", "rehome.need.age"] {
        assert!(names.contains(name), "{name}: {names:?}");
    }
    // What was told is not told again by the next process, and a move that is over is the parent of its attempts.
    while rehome.acknowledge() {}
    rehome.say_with_people(&["run", "plan.json", "--yes"]);
    rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal", "--otlp", &base]).expect(0);
    let later: Vec<Heard> = receiver.heard().split_off(heard.len());
    let later: Vec<Value> = later.iter().filter(|one| one.path == "/v1/traces").map(Heard::json).collect();
    let later = all(&later, "resourceSpans", "scopeSpans", "spans");
    let whole = later.iter().find(|span| span["name"] == "move").expect("the move is over");
    assert_eq!(whole["spanId"], spans[0]["parentSpanId"]);
    assert!(later.iter().all(|span| !ids.contains(text(&span["spanId"]))), "none is told twice");
}
