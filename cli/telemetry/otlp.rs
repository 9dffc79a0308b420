//! CLI: spans and metrics as OTLP has them in JSON. Pure.
//!
//! Source: <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>: ids in hexadecimal digits, 64-bit numbers as
//! texts, enumerations as numbers.

use super::metrics::{Metric, Point, Sort};
use super::spans::Span;
use crate::put::put;
use serde_json::{Value, json};
use std::fmt::Write;

/// `SPAN_KIND_INTERNAL`
const INTERNAL: u8 = 1;

/// `STATUS_CODE_ERROR`
const ERROR: u8 = 2;

/// `AGGREGATION_TEMPORALITY_CUMULATIVE`
const CUMULATIVE: u8 = 2;

/// Who tells: a resource, by the names of the semantic conventions.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) service: String,
    pub(crate) host: String,
    pub(crate) pid: u32,
    /// When the process began to count.
    pub(crate) since_ms: i64,
}

impl Resource {
    fn value(&self) -> Value {
        let version = env!("CARGO_PKG_VERSION");
        let about = [
            ("service.name", json!(self.service)),
            ("service.version", json!(version)),
            ("host.name", json!(self.host)),
            ("process.pid", json!(self.pid)),
            ("service.instance.id", json!(format!("{}:{}:{}", self.host, self.pid, self.since_ms))),
        ];
        json!({ "attributes": attributes(about.iter().map(|(name, value)| (*name, value))) })
    }
}

fn scope() -> Value {
    json!({"name": "rehome", "version": env!("CARGO_PKG_VERSION")})
}

fn attributes<'a>(about: impl Iterator<Item = (&'a str, &'a Value)>) -> Value {
    let one = |(name, value): (&str, &Value)| match value {
        Value::Number(number) => json!({"key": name, "value": {"intValue": number.to_string()}}),
        Value::String(text) => json!({"key": name, "value": {"stringValue": text}}),
        other => json!({"key": name, "value": {"stringValue": other.to_string()}}),
    };
    about.map(one).collect()
}

fn nanos(ms: i64) -> String {
    format!("{}", i128::from(ms.max(0)) * 1_000_000)
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::new();
    for byte in bytes {
        put!(out, "{byte:02x}");
    }
    out
}

/// The body of a request to `/v1/traces`.
pub(crate) fn traces(resource: &Resource, spans: &[Span]) -> Value {
    let span = |span: &Span| {
        let mut value = json!({
            "traceId": hex(&span.trace), "spanId": hex(&span.id), "name": span.name, "kind": INTERNAL,
            "startTimeUnixNano": nanos(span.start_ms), "endTimeUnixNano": nanos(span.end_ms.max(span.start_ms)),
            "attributes": attributes(span.about.iter().map(|(name, value)| (*name, value))),
            "status": {},
        });
        if let Some(parent) = &span.parent {
            value["parentSpanId"] = json!(hex(parent));
        }
        if let Some(why) = &span.failed {
            value["status"] = json!({"code": ERROR, "message": why});
        }
        value
    };
    let spans: Vec<Value> = spans.iter().map(span).collect();
    json!({"resourceSpans": [{"resource": resource.value(), "scopeSpans": [{"scope": scope(), "spans": spans}]}]})
}

/// The body of a request to `/v1/metrics`.
pub(crate) fn metrics(resource: &Resource, metrics: &[Metric], now_ms: i64) -> Value {
    let one = |metric: &Metric| {
        let point = |point: &Point| {
            let about: Vec<(&str, Value)> = point.of.iter().map(|(name, of)| (*name, json!(of))).collect();
            json!({
                "attributes": attributes(about.iter().map(|(name, value)| (*name, value))),
                "startTimeUnixNano": nanos(resource.since_ms), "timeUnixNano": nanos(now_ms),
                "asDouble": point.value,
            })
        };
        let points: Vec<Value> = metric.points.iter().map(point).collect();
        let mut value = json!({"name": metric.name, "unit": metric.unit, "description": metric.about});
        match metric.sort {
            Sort::Gauge => value["gauge"] = json!({ "dataPoints": points }),
            Sort::Counter => {
                value["sum"] =
                    json!({"dataPoints": points, "aggregationTemporality": CUMULATIVE, "isMonotonic": true});
            }
        }
        value
    };
    let metrics: Vec<Value> = metrics.iter().filter(|metric| !metric.points.is_empty()).map(one).collect();
    json!({"resourceMetrics": [{
        "resource": resource.value(), "scopeMetrics": [{"scope": scope(), "metrics": metrics}],
    }]})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource() -> Resource {
        Resource { service: "rehome".to_owned(), host: "h".to_owned(), pid: 7, since_ms: 1 }
    }

    #[test]
    fn a_span_has_ids_in_hexadecimal_digits_and_times_as_texts() {
        let span = Span {
            trace: [0xab; 16],
            id: [1; 8],
            parent: Some([2; 8]),
            name: "x run".to_owned(),
            start_ms: 1_500,
            end_ms: 1_400,
            about: vec![("rehome.attempt", json!(2)), ("rehome.step", json!("05"))],
            failed: Some("Conflict".to_owned()),
        };
        let body = traces(&resource(), &[span]);
        let span = &body["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
        assert_eq!(span["traceId"], "ab".repeat(16));
        assert_eq!(
            (&span["spanId"], &span["parentSpanId"]),
            (&json!("01".repeat(8)), &json!("02".repeat(8)))
        );
        assert_eq!(
            (&span["startTimeUnixNano"], &span["endTimeUnixNano"]),
            (&json!("1500000000"), &json!("1500000000"))
        );
        assert_eq!(span["attributes"][0], json!({"key": "rehome.attempt", "value": {"intValue": "2"}}));
        assert_eq!(span["status"], json!({"code": 2, "message": "Conflict"}));
    }

    #[test]
    fn a_counter_is_a_sum_since_the_process_began() {
        let point = Point { of: vec![("rehome.class", "arm_reads".to_owned())], value: 3.0 };
        let counter = Metric {
            name: "rehome.requests",
            unit: "{request}",
            sort: Sort::Counter,
            about: "x",
            points: vec![point],
        };
        let empty = Metric { points: Vec::new(), ..counter.clone() };
        let body = metrics(&resource(), &[counter, empty], 2);
        let all = &body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"];
        assert_eq!(all.as_array().map(Vec::len), Some(1), "what has no number is not told");
        assert_eq!(all[0]["sum"]["isMonotonic"], true);
        assert_eq!(all[0]["sum"]["dataPoints"][0]["asDouble"], 3.0);
        assert_eq!(all[0]["sum"]["dataPoints"][0]["startTimeUnixNano"], "1000000");
    }
}
