//! Azure: writing. Every method wants the engine's `Call`, whose ids go out with what is sent.

use super::errors::{self, Asked, Meaning, broken};
use super::exchange::{Headers, Inner, NoAnswer};
use super::graph::graph_url;
use super::pacing::Question;
use super::reader::Reader;
use super::recording::ApiEndpoint;
use super::transport::Answer;
use rehome_orchestrator::{Call, Exchange, Fault, FaultKind, Operation, Outcome};
use reqwest::Method;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Writes, for who holds a `Call`. Cheap to clone.
#[derive(Clone)]
pub struct Writer {
    reader: Reader,
}

/// A long-running operation is asked after this long where the service does not say.
const POLL_MS: u64 = 5_000;

impl Writer {
    pub(super) fn new(inner: Arc<Inner>) -> Self {
        Self { reader: Reader::new(inner) }
    }

    /// How long a write of this resource has to wait for its turn, which it has taken then. Who waits for it before the
    /// write begins need not wait for a limit of Azure in the middle of it.
    pub fn turn(&self, method: &str, id: &str) -> Option<Duration> {
        let limits = Question { side: ApiEndpoint::Arm, method, path: id, body: None }.limits();
        self.reader.inner.turns.turn(&limits, self.reader.inner.time_scale)
    }

    /// Makes or replaces a resource; with an ETag only if it is still the one that was read.
    pub async fn put(
        &self,
        call: &Call,
        id: &str,
        api: &str,
        body: &Value,
        if_match: Option<&str>,
    ) -> Outcome<Value> {
        self.arm(call, Method::PUT, id, api, Some(body), if_match).await
    }

    /// Changes parts of a resource.
    pub async fn patch(
        &self,
        call: &Call,
        id: &str,
        api: &str,
        body: &Value,
        if_match: Option<&str>,
    ) -> Outcome<Value> {
        self.arm(call, Method::PATCH, id, api, Some(body), if_match).await
    }

    /// Removes a resource; one that is not there is removed. With a tag only in the state that it names.
    pub async fn delete(&self, call: &Call, id: &str, api: &str, if_match: Option<&str>) -> Outcome<Value> {
        self.arm(call, Method::DELETE, id, api, None, if_match).await
    }

    /// Does an action.
    pub async fn post(&self, call: &Call, id: &str, api: &str, body: Option<&Value>) -> Outcome<Value> {
        self.arm(call, Method::POST, id, api, body, None).await
    }

    /// Adds something in Graph; the path is below `/v1.0/`.
    pub async fn graph_post(&self, call: &Call, path: &str, body: &Value) -> Outcome<Value> {
        self.graph(call, Method::POST, path, Some(body)).await
    }

    /// Does something in Graph that needs no words.
    pub async fn graph_act(&self, call: &Call, path: &str) -> Outcome<Value> {
        self.graph(call, Method::POST, path, None).await
    }

    /// Changes something in Graph.
    pub async fn graph_patch(&self, call: &Call, path: &str, body: &Value) -> Outcome<Value> {
        self.graph(call, Method::PATCH, path, Some(body)).await
    }

    /// Removes something in Graph; what is not there is removed.
    pub async fn graph_delete(&self, call: &Call, path: &str) -> Outcome<Value> {
        self.graph(call, Method::DELETE, path, None).await
    }

    async fn arm(
        &self,
        call: &Call,
        method: Method,
        id: &str,
        api: &str,
        body: Option<&Value>,
        if_match: Option<&str>,
    ) -> Outcome<Value> {
        match self.reader.arm_url(id, &[("api-version", api)]) {
            Ok(url) => self.send(call, ApiEndpoint::Arm, method, url, body, if_match).await,
            Err(why) => Outcome::Refused(why),
        }
    }

    async fn graph(&self, call: &Call, method: Method, path: &str, body: Option<&Value>) -> Outcome<Value> {
        match written_url(&self.reader.inner.graph, path) {
            Ok(url) => self.send(call, ApiEndpoint::Graph, method, url, body, None).await,
            Err(why) => Outcome::Refused(why),
        }
    }

    async fn send(
        &self,
        call: &Call,
        side: ApiEndpoint,
        method: Method,
        url: Url,
        body: Option<&Value>,
        if_match: Option<&str>,
    ) -> Outcome<Value> {
        let headers = Headers { call, if_match };
        let sent = self.reader.inner.once(side, &method, &url, body, Some(&headers)).await;
        let answer = sent.as_ref().ok();
        call.note(Exchange {
            request: format!("{method} {}", url.path()),
            status: answer.map(|answer| answer.status),
            correlation: answer.and_then(Answer::correlation),
            date_ms: answer.and_then(Answer::date_ms),
        });
        match sent {
            Ok(answer) if answer.is_success() => match done(&answer, &url) {
                Outcome::Accepted(operation) => Outcome::Accepted(self.reader.inner.sealed(operation)),
                outcome => outcome,
            },
            Ok(answer) => self.refused(call, side, &method, &url, &answer).await,
            Err(NoAnswer::NotSent { why, after }) => Outcome::Retry { after, why },
            Err(NoAnswer::NotSignedIn(why)) => Outcome::Refused(why),
            Err(NoAnswer::Lost(why)) => Outcome::Unknown(why),
        }
    }

    /// What an error answer means for the step.
    async fn refused(
        &self,
        call: &Call,
        side: ApiEndpoint,
        method: &Method,
        url: &Url,
        answer: &Answer,
    ) -> Outcome<Value> {
        let body = answer.json().unwrap_or_default();
        let asked = Asked { method: method.as_str(), path: url.path() };
        let why = errors::fault(asked, answer.status, &body, answer.correlation());
        let after = answer.retry_after();
        match errors::row_of(asked, &why).meaning {
            Meaning::Later => Outcome::Retry { after, why },
            Meaning::Settles { within_s } if errors::is_spent(call.tries(), within_s) => {
                Outcome::Refused(why)
            }
            Meaning::Settles { .. } => Outcome::Retry { after, why },
            Meaning::Rights { within_s } if self.reader.has_new_rights(url.path(), within_s).await => {
                // The rights of a token are those of the moment in which it was made.
                self.reader.inner.sign_in.forget(self.reader.inner.audience(side)).await;
                Outcome::Retry { after, why }
            }
            Meaning::There if *method == Method::DELETE => Outcome::Applied(Value::Null),
            Meaning::Rights { .. } | Meaning::There | Meaning::Never => Outcome::Refused(why),
            Meaning::Doubt => Outcome::Unknown(why),
        }
    }
}

/// The URL of what is written in Graph. An id with a question mark in it would cut the path short, and
/// `groups/{id}` is the whole group.
pub(super) fn written_url(base: &Url, path: &str) -> Result<Url, Fault> {
    if path.contains('?') {
        let what = "this is not a path that can be written to";
        return Err(Fault::new(FaultKind::Invalid, "BadPath", what).at(path));
    }
    graph_url(base, path)
}

/// What a success means.
pub(super) fn done(answer: &Answer, url: &Url) -> Outcome<Value> {
    match answer.json() {
        // It took effect; what it said cannot be read, and is read from the thing itself.
        Err(e) => Outcome::Unknown(broken(&e, url.path())),
        Ok(body) => match operation(answer, &body) {
            Some(operation) => Outcome::Accepted(operation),
            None => Outcome::Applied(body),
        },
    }
}

/// The operation that goes on behind an answer, if one does.
fn operation(answer: &Answer, body: &Value) -> Option<Operation> {
    let after_ms = answer.retry_after().map_or(POLL_MS, |d| u64::try_from(d.as_millis()).unwrap_or(POLL_MS));
    let named = |name: &str| answer.header(name).map(ToOwned::to_owned);
    let asynchronous = named("azure-asyncoperation");
    let state = body.pointer("/properties/provisioningState").and_then(Value::as_str).unwrap_or("Succeeded");
    let going = !matches!(state.to_lowercase().as_str(), "succeeded" | "failed" | "canceled");
    let address = match answer.status {
        202 => asynchronous.or_else(|| named("location")),
        _ if going => asynchronous,
        _ => None,
    };
    address.map(|address| Operation { address, after_ms })
}
