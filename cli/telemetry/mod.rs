//! CLI: what machines are told while the work goes on: metrics for Prometheus, metrics and traces over OTLP.

pub(crate) mod export;
pub(crate) mod metrics;
pub(crate) mod otlp;
pub(crate) mod place;
pub(crate) mod prometheus;
pub(crate) mod scrape;
pub(crate) mod spans;
