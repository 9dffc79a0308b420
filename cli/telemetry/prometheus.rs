//! CLI: what is measured as Prometheus reads it. Pure.
//!
//! Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>, text format 0.0.4

use super::metrics::{Metric, Point, Sort};
use crate::put::putln;
use std::fmt::Write;

/// What it is called over HTTP.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All of it as text.
pub(crate) fn text(metrics: &[Metric]) -> String {
    let mut out = String::new();
    for metric in metrics {
        let (name, sort) = (
            name(metric),
            match metric.sort {
                Sort::Gauge => "gauge",
                Sort::Counter => "counter",
            },
        );
        let about = metric.about;
        putln!(out, "# HELP {name} {about}");
        putln!(out, "# TYPE {name} {sort}");
        for point in &metric.points {
            putln!(out, "{name}{} {}", labels(point), point.value);
        }
    }
    out
}

/// The name with its unit, and of a counter `_total`, as Prometheus wants both.
fn name(metric: &Metric) -> String {
    let unit = if metric.unit == "s" { "_seconds" } else { "" };
    let end = if metric.sort == Sort::Counter { "_total" } else { "" };
    format!("{}{unit}{end}", metric.name.replace('.', "_"))
}

/// The name of a label. Here every name stands beside that of a metric of this program, and needs no `rehome.` of its own.
fn label(name: &str) -> String {
    name.strip_prefix("rehome.").unwrap_or(name).replace('.', "_")
}

fn labels(point: &Point) -> String {
    if point.of.is_empty() {
        return String::new();
    }
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let labels: Vec<String> =
        point.of.iter().map(|(name, value)| format!("{}=\"{}\"", label(name), escaped(value))).collect();
    format!("{{{}}}", labels.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_says_what_it_is_of_whatever_is_in_it() {
        let point = Point { of: vec![("rehome.batch", "a\"\\\n".to_owned())], value: 1.5 };
        let metric =
            Metric { name: "rehome.x", unit: "s", sort: Sort::Counter, about: "X.", points: vec![point] };
        let expected = "# HELP rehome_x_seconds_total X.\n# TYPE rehome_x_seconds_total counter\n\
            rehome_x_seconds_total{batch=\"a\\\"\\\\\\n\"} 1.5\n";
        assert_eq!(text(&[metric]), expected);
    }
}
