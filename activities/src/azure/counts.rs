//! Azure: how many requests were sent so far, by their class, and how many of them were throttled. Touches nothing.

use super::pacing::Question;
use super::recording::ApiEndpoint;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How many requests of one class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestCount {
    /// Sent, whatever came of them.
    pub sent: u64,
    /// Answered with 429.
    pub throttled: u64,
}

/// Counts by class. They begin with the process.
#[derive(Default)]
pub(crate) struct Counts(Mutex<BTreeMap<&'static str, RequestCount>>);

impl Counts {
    pub(crate) fn add(&self, question: Question<'_>, throttled: bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(class(question)).or_default();
        count.sent += 1;
        count.throttled += u64::from(throttled);
    }

    pub(crate) fn all(&self) -> BTreeMap<&'static str, RequestCount> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What Azure counts together: reads, writes and deletes of Resource Manager, queries of its index, what is asked of the
/// directory, and of the data planes of services.
fn class(question: Question<'_>) -> &'static str {
    let path = question.path.to_ascii_lowercase();
    match (question.side, question.method) {
        (ApiEndpoint::Arm, _) if path.ends_with("/providers/microsoft.resourcegraph/resources") => "index",
        (ApiEndpoint::Arm, "GET" | "HEAD") => "arm_reads",
        (ApiEndpoint::Arm, "DELETE") => "arm_deletes",
        (ApiEndpoint::Arm, "POST") => "arm_actions",
        (ApiEndpoint::Arm, _) => "arm_writes",
        (ApiEndpoint::Graph, "GET") => "graph_reads",
        (ApiEndpoint::Graph, _) if path.ends_with("/$batch") => "graph_batches",
        (ApiEndpoint::Graph, _) => "graph_writes",
        (ApiEndpoint::Plane { .. }, _) => "data_plane_reads",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_what_azure_counts_together() {
        let counts = Counts::default();
        let ask = |side, method, path, throttled| {
            counts.add(Question { side, method, path, body: None }, throttled)
        };
        ask(ApiEndpoint::Arm, "GET", "/subscriptions/s", false);
        ask(ApiEndpoint::Arm, "GET", "/subscriptions/s", true);
        ask(ApiEndpoint::Arm, "POST", "/providers/Microsoft.ResourceGraph/resources", false);
        ask(ApiEndpoint::Graph, "POST", "/v1.0/$batch", false);
        let all = counts.all();
        assert_eq!(all["arm_reads"], RequestCount { sent: 2, throttled: 1 });
        assert_eq!(all.keys().copied().collect::<Vec<_>>(), ["arm_reads", "graph_batches", "index"]);
    }
}
