//! Azure: writing. Every method wants the engine's `Call`, whose request id goes out with what is sent.

use super::cloud::Inner;
use super::errors::{self, Meaning, broken};
use super::reader::Reader;
use super::sign_in::is_refused;
use super::tape::Side;
use super::transport::{Answer, Sent};
use rehome_orchestrator::{Call, Exchange, Fault, FaultKind, Operation, Outcome};
use reqwest::Method;
use serde_json::Value;
use std::sync::Arc;
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

    /// Removes a resource; one that is not there is removed.
    pub async fn delete(&self, call: &Call, id: &str, api: &str) -> Outcome<Value> {
        gone(self.arm(call, Method::DELETE, id, api, None, None).await)
    }

    /// Does an action.
    pub async fn post(&self, call: &Call, id: &str, api: &str, body: Option<&Value>) -> Outcome<Value> {
        self.arm(call, Method::POST, id, api, body, None).await
    }

    /// Adds something in Graph; the path is below `/v1.0/`.
    pub async fn graph_post(&self, call: &Call, path: &str, body: &Value) -> Outcome<Value> {
        self.graph(call, Method::POST, path, Some(body)).await
    }

    /// Changes something in Graph.
    pub async fn graph_patch(&self, call: &Call, path: &str, body: &Value) -> Outcome<Value> {
        self.graph(call, Method::PATCH, path, Some(body)).await
    }

    /// Removes something in Graph; what is not there is removed.
    pub async fn graph_delete(&self, call: &Call, path: &str) -> Outcome<Value> {
        gone(self.graph(call, Method::DELETE, path, None).await)
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
            Ok(url) => self.send(call, Side::Arm, method, url, body, if_match).await,
            Err(why) => Outcome::Refused(why),
        }
    }

    async fn graph(&self, call: &Call, method: Method, path: &str, body: Option<&Value>) -> Outcome<Value> {
        match self.reader.graph_url(path) {
            Ok(url) => self.send(call, Side::Graph, method, url, body, None).await,
            Err(why) => Outcome::Refused(why),
        }
    }

    async fn send(
        &self,
        call: &Call,
        side: Side,
        method: Method,
        url: Url,
        body: Option<&Value>,
        if_match: Option<&str>,
    ) -> Outcome<Value> {
        let headers =
            Headers { request_id: call.request_id().to_string(), if_match: if_match.map(ToOwned::to_owned) };
        let sent = self.reader.inner.once(side, &method, &url, body, Some(&headers)).await;
        let (status, correlation) = match &sent {
            Ok(answer) => (Some(answer.status), answer.correlation()),
            Err(_) => (None, None),
        };
        call.note(Exchange { request: format!("{method} {}", url.path()), status, correlation });
        match sent {
            Ok(answer) => judge(&answer, &url),
            Err(why) if why.code == NOT_SENT => Outcome::Retry { after: None, why },
            Err(why) if why.kind == FaultKind::Denied => Outcome::Refused(why),
            Err(why) => Outcome::Unknown(why),
        }
    }
}

/// What only writes send.
pub(super) struct Headers {
    request_id: String,
    if_match: Option<String>,
}

/// Nothing left this machine.
const NOT_SENT: &str = "NotSent";

impl Inner {
    /// One exchange; a token that is refused is replaced once.
    pub(super) async fn once(
        &self,
        side: Side,
        method: &Method,
        url: &Url,
        body: Option<&Value>,
        headers: Option<&Headers>,
    ) -> Result<Answer, Fault> {
        let audience = match side {
            Side::Arm => &self.arm_audience,
            Side::Graph => &self.graph_audience,
        };
        let mut renewed = false;
        loop {
            let token = self.sign_in.token(audience).await.map_err(|e| {
                Fault::new(FaultKind::Denied, "NotSignedIn", errors::plain(&e.to_string())).at(url.path())
            })?;
            let mut request = self.transport.request(method.clone(), url.clone()).bearer_auth(token);
            if let Some(body) = body {
                request = request.header("content-type", "application/json").body(body.to_string());
            } else if *method != Method::GET && *method != Method::DELETE {
                request = request.header("content-length", "0");
            }
            if let Some(headers) = headers {
                let name = if side == Side::Arm { "x-ms-client-request-id" } else { "client-request-id" };
                request = request.header(name, &headers.request_id);
                if let Some(tag) = &headers.if_match {
                    request = request.header("if-match", tag);
                }
            }
            match self.transport.send(request).await {
                Sent::Answer(answer)
                    if !renewed && is_refused(answer.status, &answer.json().unwrap_or_default()) =>
                {
                    renewed = true;
                    self.sign_in.forget(audience).await;
                }
                Sent::Answer(answer) => {
                    tracing::debug!(%method, path = url.path(), status = answer.status, "exchange");
                    return Ok(answer);
                }
                Sent::Unsent(what) => {
                    return Err(
                        Fault::new(FaultKind::Unavailable, NOT_SENT, errors::plain(&what)).at(url.path())
                    );
                }
                Sent::Lost(what) => return Err(broken(&what, url.path())),
            }
        }
    }
}

/// What the answer to a write means.
fn judge(answer: &Answer, url: &Url) -> Outcome<Value> {
    let body = match answer.json() {
        Ok(body) => body,
        // A success whose words cannot be read took effect; what it said is read from the thing itself.
        Err(e) if answer.status < 400 => return Outcome::Unknown(broken(&e, url.path())),
        Err(_) => Value::Null,
    };
    if answer.status < 400 {
        return match operation(answer, &body) {
            Some(operation) => Outcome::Accepted(operation),
            None => Outcome::Applied(body),
        };
    }
    let why = errors::fault(answer.status, &body, url.path(), answer.correlation());
    match errors::meaning(answer.status, &why.code).1 {
        Meaning::Later => Outcome::Retry { after: answer.retry_after(), why },
        Meaning::Never => Outcome::Refused(why),
        Meaning::Doubt => Outcome::Unknown(why),
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

/// Removing what is not there has removed it.
fn gone(outcome: Outcome<Value>) -> Outcome<Value> {
    match outcome {
        Outcome::Refused(why) | Outcome::Retry { why, .. }
            if why.status == Some(404)
                && matches!(
                    why.code.as_str(),
                    "ResourceNotFound" | "Request_ResourceNotFound" | "ParentResourceNotFound" | "NotFound"
                ) =>
        {
            Outcome::Applied(Value::Null)
        }
        other => other,
    }
}
