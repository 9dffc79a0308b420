//! Azure: what all clients of a cloud share, and the one exchange of a request for an answer.

use super::counts::Counts;
use super::errors::{RetryAfter, broken};
use super::known_clouds::KnownCloud;
use super::pacing::{Pacing, Question};
use super::recording::ApiEndpoint;
use super::sanitize::plain;
use super::seal::{Seal, is_sealed};
use super::sign_in::{SignIn, SignInError, is_refused};
use super::transport::{Answer, Sent, Transport};
use rehome_orchestrator::{Call, Fault, FaultKind, Operation, TimeScale};
use reqwest::Method;
use serde_json::Value;
use std::sync::OnceLock;
use url::Url;

/// Who is signed in, as their token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The object id of the principal.
    pub object_id: String,
    /// The client id of the application, if it is one.
    pub app_id: String,
    /// The tenant.
    pub tenant_id: String,
}

/// What all clients of one cloud share.
pub(crate) struct Inner {
    pub(crate) arm: Url,
    pub(crate) graph: Url,
    pub(crate) login: Url,
    pub(crate) transport: Transport,
    pub(super) pacing: Pacing,
    pub(super) counts: Counts,
    /// The same limits for writes that are to begin: each has its turn here, and then a token there.
    pub(super) turns: Pacing,
    pub(crate) sign_in: SignIn,
    pub(crate) arm_audience: String,
    pub(crate) graph_audience: String,
    pub(crate) time_scale: TimeScale,
    pub(crate) caller: Caller,
    pub(crate) national: Option<&'static KnownCloud>,
    /// Seals addresses for the log that is written to; set once its key is known.
    pub(super) seal: OnceLock<Seal>,
}

/// What only writes send, and what says that they may.
pub(super) struct Headers<'a> {
    pub(super) call: &'a Call,
    pub(super) if_match: Option<&'a str>,
}

/// Why there is no answer.
pub(super) enum NoAnswer {
    /// Nothing was sent; it may be sent later.
    NotSent {
        /// Why not.
        why: Fault,
        /// How long the sign-in server asked to be left alone.
        after: RetryAfter,
    },
    /// Nothing was sent, and somebody has to do something about it.
    NotSignedIn(Fault),
    /// It was sent, and nobody knows what became of it.
    Lost(Fault),
}

impl NoAnswer {
    fn of_sign_in(error: SignInError, target: &str) -> Self {
        let after = match &error {
            SignInError::Unavailable { after, .. } => *after,
            SignInError::Missing(_) | SignInError::Credential(_) | SignInError::Refused(_) => None,
        };
        let passing = error.is_passing();
        let why = error.fault(target);
        if passing { Self::NotSent { why, after } } else { Self::NotSignedIn(why) }
    }
}

impl Inner {
    /// An operation as it may stand in a log.
    pub(super) fn sealed(&self, operation: Operation) -> Operation {
        match self.seal.get() {
            Some(seal) if !is_sealed(&operation.address) => {
                Operation { address: seal.sealed(&operation.address), ..operation }
            }
            Some(_) | None => operation,
        }
    }

    /// The address of an operation, where it was not sealed with a key that is gone.
    pub(super) fn opened(&self, operation: &Operation) -> Option<String> {
        match self.seal.get() {
            Some(seal) => seal.opened(&operation.address),
            None => Some(operation.address.clone()).filter(|address| !is_sealed(address)),
        }
    }

    pub(super) fn audience(&self, side: ApiEndpoint) -> &str {
        match side {
            ApiEndpoint::Arm => &self.arm_audience,
            ApiEndpoint::Graph => &self.graph_audience,
            ApiEndpoint::Plane { audience } => audience,
        }
    }

    /// One exchange; a token that is refused is replaced once.
    pub(super) async fn once(
        &self,
        side: ApiEndpoint,
        method: &Method,
        url: &Url,
        body: Option<&Value>,
        headers: Option<&Headers<'_>>,
    ) -> Result<Answer, NoAnswer> {
        let audience = self.audience(side);
        let question = Question { side, method: method.as_str(), path: url.path(), body };
        let limits = question.limits();
        let mut renewed = false;
        loop {
            self.pacing.wait(&limits, self.time_scale).await;
            // Where a token was refused before, so was the request: nothing has taken effect. A token that waits may end.
            let token = self.sign_in.token(audience).await;
            let token = token.map_err(|e| NoAnswer::of_sign_in(e, url.path()))?;
            let (dialled, name) = self.dialled(side, url);
            let mut request = self.transport.request(method.clone(), dialled).bearer_auth(token);
            if let Some(name) = name {
                request = request.header("host", name);
            }
            if let Some(body) = body {
                request = request.header("content-type", "application/json").body(body.to_string());
            } else if *method != Method::GET && *method != Method::DELETE {
                request = request.header("content-length", "0");
            }
            if let Some(headers) = headers {
                request = match side {
                    // Resource Manager keeps it as `correlationId` in its Activity Log, Graph in the directory's audit log.
                    ApiEndpoint::Arm => request
                        .header("x-ms-client-request-id", headers.call.request_id().to_string())
                        .header("x-ms-correlation-request-id", headers.call.correlation_id().to_string()),
                    ApiEndpoint::Graph => {
                        request.header("client-request-id", headers.call.correlation_id().to_string())
                    }
                    // Nothing is written there.
                    ApiEndpoint::Plane { .. } => request,
                };
                if let Some(tag) = headers.if_match {
                    request = request.header("if-match", tag);
                }
            }
            // One of several runners may have lost its right to act since the write began.
            let admitted = async {
                if let Some(headers) = headers {
                    headers.call.admit().await;
                }
            };
            let sent = self.transport.send_once(request, admitted).await;
            self.counts.add(question, matches!(&sent, Sent::Answer(answer) if answer.status == 429));
            if let Sent::Answer(answer) = &sent {
                self.pacing.learn(&limits, answer, self.time_scale);
            }
            match sent {
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
                    let why = Fault::new(FaultKind::Unavailable, "NotSent", plain(&what)).at(url.path());
                    return Err(NoAnswer::NotSent { why, after: None });
                }
                Sent::Lost(what) => return Err(NoAnswer::Lost(broken(&what, url.path()))),
            }
        }
    }
}
