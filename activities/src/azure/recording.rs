//! Azure: what a reader heard, for whoever wants to build the same world again. In memory only.
//!
//! A tape holds answers as they came, with every secret in them: it is neither printed nor stored, and so
//! it has no `Debug`. Who makes a file of it masks it first (`references::secrets`).

use percent_encoding::percent_decode_str;
use rehome_orchestrator::Fault;
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};

/// Which server was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiEndpoint {
    /// Resource Manager.
    Arm,
    /// Microsoft Graph.
    Graph,
    /// The data plane of a service, with the audience of its tokens.
    Plane {
        /// For whom tokens are.
        audience: &'static str,
    },
}

/// One question and its answer.
#[derive(Clone)]
pub struct RecordedResponse {
    /// Who was asked.
    pub side: ApiEndpoint,
    /// The path without its query, decoded; of Graph, what stands below the version.
    pub path: String,
    /// What was sent, of the reads that are spelled as POST.
    pub asked: Option<Value>,
    /// The answer, or what was said instead of one.
    pub answer: Result<Value, Fault>,
}

/// Everything that a reader heard, in the order of the answers. Cheap to clone.
#[derive(Clone, Default)]
pub struct ResponseRecording(Arc<Mutex<Vec<RecordedResponse>>>);

impl ResponseRecording {
    /// What was heard so far.
    pub fn heard(&self) -> Vec<RecordedResponse> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn record(&self, heard: RecordedResponse) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
    }
}

/// A path as it was before it was written into a URL.
pub(super) fn decoded(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_heard_as_it_was_asked() {
        assert_eq!(decoded("/a%20b/%C3%A9/100%/%zz"), "/a b/é/100%/%zz");
    }
}
