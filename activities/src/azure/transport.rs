//! Azure: one HTTP exchange, and what can be known about it afterwards.

use super::date::RecordedResponse;
use super::sanitize::request_id;
use reqwest::header::{HeaderMap, HeaderName};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use url::{Host, Url};

/// An answer has at most this many bytes: a page of a thousand resources fits many times.
const BODY_MAX: usize = 64 << 20;

/// An answer is nested at most this deep. What is kept of it is wrapped a few levels deeper in plans and
/// events, which a reader of JSON takes to 128 levels only: a deeper one could never be read back.
const DEPTH_MAX: usize = 64;

/// A connection is made within this time or not at all.
const CONNECT: Duration = Duration::from_secs(15);

/// An answer comes within this time, or counts as lost. Part of every kind's settling time.
pub(crate) const ANSWER: Duration = Duration::from_secs(60);

/// So many exchanges are under way at the same time: far more than Azure's limits let through, and few enough that their
/// connections, each of which has its buffers for as long as it may be used again, take little memory.
const AT_ONCE_MAX: usize = 128;

/// Makes exchanges. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Transport {
    client: Client,
    under_way: Arc<Semaphore>,
    sent: Arc<AtomicU64>,
    pub(crate) heard: RecordedResponse,
}

/// What is known after an exchange.
#[derive(Debug)]
pub(crate) enum Sent {
    /// An answer came.
    Answer(Answer),
    /// Nothing left this machine.
    Unsent(String),
    /// Something left, and no whole answer came.
    Lost(String),
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Transport {
    /// With more authorities to trust, as PEM; `direct` for a cloud on this machine, which no proxy of the environment
    /// is to hear of: what is sent there goes in clear, the client's secret too.
    pub(crate) fn new(ca: Option<&[u8]>, direct: bool) -> Result<Self, reqwest::Error> {
        // Installed once for the process; a second time changes nothing.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut builder = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            // A token must not follow an answer to another place.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("rehome/", env!("CARGO_PKG_VERSION")));
        if direct {
            builder = builder.no_proxy();
        }
        if let Some(ca) = ca {
            builder = builder.tls_certs_merge(reqwest::Certificate::from_pem_bundle(ca)?);
        }
        let under_way = Arc::new(Semaphore::new(AT_ONCE_MAX));
        Ok(Self {
            client: builder.build()?,
            under_way,
            sent: Arc::default(),
            heard: RecordedResponse::default(),
        })
    }

    pub(crate) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// How many requests were sent so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Sent {
        self.send_once(request, std::future::ready(())).await
    }

    /// Sends when there is room for it, and when it may be sent, which is asked as late as can be.
    pub(crate) async fn send_once(
        &self,
        request: RequestBuilder,
        admitted: impl Future<Output = ()>,
    ) -> Sent {
        let _until_answered = self.under_way.acquire().await;
        admitted.await;
        self.sent.fetch_add(1, Ordering::Relaxed);
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(e) if e.is_connect() || e.is_builder() => return Sent::Unsent(words(&e)),
            Err(e) => return Sent::Lost(words(&e)),
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        self.heard.answer(&headers);
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > BODY_MAX => {
                    return Sent::Lost("the answer is too large".to_owned());
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Sent::Answer(Answer::new(status, headers, body)),
                Err(e) => return Sent::Lost(words(&e)),
            }
        }
    }
}

/// An error with its causes and without its URL, which may hold what does not belong in a log.
fn words(error: &reqwest::Error) -> String {
    let mut text =
        if error.is_timeout() { "no answer in time".to_owned() } else { "the exchange failed".to_owned() };
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Whether a value has no more than this many levels.
fn is_shallow(value: &Value, levels: usize) -> bool {
    match (value, levels.checked_sub(1)) {
        (Value::Array(items), Some(left)) => items.iter().all(|item| is_shallow(item, left)),
        (Value::Object(members), Some(left)) => members.values().all(|member| is_shallow(member, left)),
        (Value::Array(_) | Value::Object(_), None) => false,
        (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_), _) => true,
    }
}

impl Answer {
    pub(crate) fn new(status: u16, headers: HeaderMap, body: Vec<u8>) -> Self {
        Self { status, headers, body }
    }

    /// How many bytes its body has.
    pub(crate) fn size(&self) -> usize {
        self.body.len()
    }

    /// A redirection is none: it is not followed, and nothing was done.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let name: HeaderName = name.parse().ok()?;
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as it came.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as JSON; an empty one is `Null`.
    pub(crate) fn json(&self) -> Result<Value, String> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        let value = serde_json::from_slice(&self.body).map_err(|e| format!("the answer is not JSON: {e}"))?;
        if is_shallow(&value, DEPTH_MAX) {
            Ok(value)
        } else {
            Err("the answer is nested too deeply".to_owned())
        }
    }

    /// The other side's name for the exchange.
    pub(crate) fn correlation(&self) -> Option<String> {
        let names = ["x-ms-correlation-request-id", "x-ms-request-id", "request-id"];
        names.iter().find_map(|name| self.header(name)).map(request_id)
    }

    /// What time it is where the answer was written; here, where it does not say.
    pub(crate) fn date(&self) -> chrono::DateTime<chrono::Utc> {
        self.said_date().unwrap_or_else(chrono::Utc::now)
    }

    /// The same in milliseconds since 1970; nothing where it does not say.
    pub(crate) fn date_ms(&self) -> Option<i64> {
        self.said_date().map(|date| date.timestamp_millis())
    }

    fn said_date(&self) -> Option<chrono::DateTime<chrono::Utc>> {
        let said = self.header("date").and_then(|text| chrono::DateTime::parse_from_rfc2822(text).ok());
        said.map(|date| date.with_timezone(&chrono::Utc))
    }

    /// How long the other side asked to be left alone: seconds, or a date.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let text = self.header("retry-after")?;
        if let Ok(seconds) = text.trim().parse::<u64>() {
            return Some(Duration::from_secs(seconds.min(3_600)));
        }
        let date = chrono::DateTime::parse_from_rfc2822(text).ok()?;
        let left = date.with_timezone(&chrono::Utc) - chrono::Utc::now();
        Some(left.to_std().unwrap_or_default().min(Duration::from_secs(3_600)))
    }
}

/// Whether a URL is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
