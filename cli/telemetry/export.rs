//! CLI: measures while the work goes on, and hands it out; never keeps the work. Touches the log, reading, the network and
//! the file that was named.

use super::metrics::{Measured, Metric, metrics};
use super::otlp::{self, Resource};
use super::place::Place;
use super::prometheus;
use super::scrape;
use super::spans::{Span, Spans};
use crate::aside::{Aside, turn};
use crate::error::{CliError, Exit, causes};
use crate::output::Output;
use crate::progress::Progress;
use crate::view::MoveView;
use crate::waves;
use crate::web_client::client;
use rehome_activities::azure::Azure;
use rehome_orchestrator::{Clock, SystemClock};
use rehome_store::{Backend, Log, Position, private_file};
use reqwest::{Client, StatusCode, Url};
use serde_json::Value;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How often it is measured.
const TICK: Duration = Duration::from_secs(10);

/// A receiver has so long to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// When the work is over, what is measured last is handed out for so long at most.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// So many spans are kept for a receiver that does not take them; then the oldest are lost.
const SPANS_KEPT: usize = 20_000;

/// So many are sent at once.
const SPANS_AT_ONCE: usize = 1_000;

/// Events read at once.
const PAGE: usize = 1_000;

/// A file of metrics begins so: nothing else is ever replaced.
const FILE_BEGINS: &str = "# HELP rehome_";

/// Where it is read that is measured.
#[derive(Clone)]
pub(crate) struct Gauge {
    pub(crate) log: Arc<dyn Backend>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) azure: Azure,
}

impl Gauge {
    async fn measure(&self) -> Vec<Metric> {
        let events = self.log.head().await.ok().map(|head| head.position.0);
        let moves = self.moves().await.ok();
        let (requests, now_ms) = (self.azure.request_counts(), SystemClock.now_ms());
        metrics(&Measured { moves: moves.as_deref(), requests: &requests, events, now_ms })
    }

    /// Where moves stand. What cannot be read is the driver's to report, and here it is not told as if it were as before.
    async fn moves(&self) -> Result<Vec<MoveView>, CliError> {
        let mut moves = self.progress.read_views().await?;
        waves::mark(&*self.log, &mut moves).await?;
        Ok(moves)
    }
}

/// Where it is handed out.
#[derive(Default)]
pub(crate) struct Outlets {
    file: Option<std::path::PathBuf>,
    listener: Option<TcpListener>,
    otlp: Option<Otlp>,
}

/// A receiver of OTLP over HTTP.
pub(crate) struct Otlp {
    client: Client,
    base: Url,
    headers: Vec<(String, String)>,
}

impl Outlets {
    /// Opens what was asked for, before any work begins.
    ///
    /// # Errors
    /// When an address or a file cannot be used.
    pub(crate) async fn open(
        place: Option<&Place>,
        otlp: Option<Otlp>,
        output: &Output,
    ) -> Result<Self, CliError> {
        let mut outlets = Self { otlp, ..Self::default() };
        match place {
            None => {}
            Some(Place::File(path)) => {
                may_replace(path)?;
                outlets.file = Some(path.clone());
            }
            Some(Place::Address(address)) => {
                let failed = |e: std::io::Error| {
                    CliError::because(Exit::Failed, &format!("failed to listen on {address} for metrics"), &e)
                        .next("name another address, or port 0 for any that is free")
                };
                let listener = TcpListener::bind(address).await.map_err(failed)?;
                let at = listener.local_addr().map_err(failed)?;
                output.note(&format!("metrics: http://{at}/metrics"));
                outlets.listener = Some(listener);
            }
        }
        if let Some(otlp) = &outlets.otlp {
            output.note(&format!("traces and metrics go to {}", otlp.base));
        }
        Ok(outlets)
    }

    fn is_none(&self) -> bool {
        self.file.is_none() && self.listener.is_none() && self.otlp.is_none()
    }
}

/// Refuses a place where something else stands than metrics of this program.
fn may_replace(path: &Path) -> Result<(), CliError> {
    let place = path.display().to_string();
    let mut begins = String::new();
    match std::fs::File::open(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => {
            return Err(CliError::because(Exit::Failed, "failed to read the file of metrics", &e).at(place));
        }
        // What is no text is not ours either.
        Ok(file) => drop(file.take(FILE_BEGINS.len() as u64).read_to_string(&mut begins)),
    }
    if begins.is_empty() || begins == FILE_BEGINS {
        return Ok(());
    }
    Err(CliError::new(Exit::Usage, "there is something else than metrics of this program in that file")
        .at(place)
        .next("name another file, like rehome.prom"))
}

/// Writes a file as a whole or not at all. Whoever collects it is another user: it has the rights that files have here.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let fresh = private_file::unforeseen(path, ".tmp");
    let written = std::fs::File::create_new(&fresh).and_then(|mut file| file.write_all(text.as_bytes()));
    written.and_then(|()| std::fs::rename(&fresh, path)).inspect_err(|_| drop(std::fs::remove_file(&fresh)))
}

/// Something that measures beside the work, until it is to end.
pub(crate) struct Measuring {
    answers: Option<JoinHandle<()>>,
    exports: Option<Aside>,
}

impl Measuring {
    /// Begins to measure, where that was asked for.
    pub(crate) fn begin(gauge: Gauge, outlets: Outlets, resource: Resource, output: Output) -> Option<Self> {
        if outlets.is_none() {
            return None;
        }
        let answered = gauge.clone();
        let answers = outlets.listener.map(|listener| {
            tokio::spawn(scrape::serve(listener, move || {
                let gauge = answered.clone();
                async move { prometheus::text(&gauge.measure().await) }
            }))
        });
        let (file, otlp) = (outlets.file, outlets.otlp);
        let exports = (file.is_some() || otlp.is_some()).then(|| {
            let spans = Spans::new(gauge.log.id());
            let (after, live, kept, silent) = (Position(0), false, VecDeque::new(), false);
            let export = Export { gauge, file, otlp, resource, output, spans, after, live, kept, silent };
            Aside::begin(|closing| export.follow(closing))
        });
        Some(Self { answers, exports })
    }

    /// Measures once more, and ends.
    pub(crate) async fn finish(self) {
        if let Some(exports) = self.exports {
            exports.finish(LAST_WORDS).await;
        }
        if let Some(task) = self.answers {
            task.abort();
        }
    }
}

struct Export {
    gauge: Gauge,
    file: Option<std::path::PathBuf>,
    otlp: Option<Otlp>,
    resource: Resource,
    output: Output,
    spans: Spans,
    /// How far the log was read for spans.
    after: Position,
    /// What is read is of this process: what was there before is only read for what has not ended.
    live: bool,
    kept: VecDeque<Span>,
    /// Somebody was told that it is not taken.
    silent: bool,
}

impl Export {
    async fn follow(mut self, mut closing: watch::Receiver<bool>) {
        loop {
            let last = *closing.borrow_and_update();
            self.once().await;
            if last {
                return;
            }
            turn(&mut closing, TICK).await;
        }
    }

    async fn once(&mut self) {
        let metrics = self.gauge.measure().await;
        if let Some(file) = &self.file
            && let Err(e) = write(file, &prometheus::text(&metrics))
        {
            self.complain(&format!("metrics cannot be written to {}: {e}", file.display()));
        }
        let Some(otlp) = &self.otlp else { return };
        let body = otlp::metrics(&self.resource, &metrics, SystemClock.now_ms());
        let told = otlp.send("v1/metrics", &body).await;
        let read = self.read().await;
        let told = match (told, read) {
            (Ok(()), Ok(())) => self.send_spans().await,
            (Err(why), _) | (_, Err(why)) => Err(why),
        };
        match told {
            Ok(()) => self.silent = false,
            Err(why) => self.complain(&format!("traces and metrics are not taken: {why}")),
        }
    }

    /// Says it once, and again only after it went well.
    fn complain(&mut self, what: &str) {
        if !std::mem::replace(&mut self.silent, true) {
            self.output.note(what);
        }
    }

    /// Reads on, and keeps the spans that have ended since this process began.
    async fn read(&mut self) -> Result<(), String> {
        loop {
            let page = self.gauge.log.read_all(self.after, PAGE).await.map_err(|e| causes(&e))?;
            for stored in &page {
                self.live |= stored.record.at_ms >= self.resource.since_ms;
                let span = self.spans.take(stored).map_err(|e| causes(&e))?;
                self.kept.extend(span.filter(|_| self.live));
                self.after = stored.position;
            }
            if page.len() < PAGE {
                break;
            }
        }
        self.live = true;
        let lost = self.kept.len().saturating_sub(SPANS_KEPT);
        self.kept.drain(..lost);
        Ok(())
    }

    async fn send_spans(&mut self) -> Result<(), String> {
        let Some(otlp) = &self.otlp else { return Ok(()) };
        while !self.kept.is_empty() {
            let some: Vec<Span> = self.kept.iter().take(SPANS_AT_ONCE).cloned().collect();
            otlp.send("v1/traces", &otlp::traces(&self.resource, &some)).await?;
            self.kept.drain(..some.len());
        }
        Ok(())
    }
}

impl Otlp {
    /// The receiver that was named by a flag, or by the environment as OpenTelemetry spells it.
    ///
    /// # Errors
    /// When what was named is no address, or wants another encoding.
    pub(crate) fn of(
        flag: Option<&str>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, CliError> {
        let off = variable("OTEL_SDK_DISABLED").is_some_and(|word| word.eq_ignore_ascii_case("true"));
        let named =
            flag.map(ToOwned::to_owned).or_else(|| variable("OTEL_EXPORTER_OTLP_ENDPOINT").filter(|_| !off));
        let Some(named) = named.filter(|named| !named.is_empty()) else { return Ok(None) };
        let usage = |what: String| CliError::new(Exit::Usage, what).next("like http://localhost:4318");
        let mut base = Url::parse(&named)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| usage("the receiver of traces and metrics is no address of the web".to_owned()))?;
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let wanted = variable("OTEL_EXPORTER_OTLP_PROTOCOL").unwrap_or_default();
        if wanted == "grpc" {
            return Err(usage(
                "OTEL_EXPORTER_OTLP_PROTOCOL is grpc, and this program speaks OTLP over HTTP".to_owned(),
            ));
        }
        let headers = variable("OTEL_EXPORTER_OTLP_HEADERS").unwrap_or_default();
        let client = client(PATIENCE, None)?;
        Ok(Some(Self { client, base, headers: pairs(&headers) }))
    }

    async fn send(&self, path: &str, body: &Value) -> Result<(), String> {
        let url = self.base.join(path).map_err(|e| causes(&e))?;
        let mut request =
            self.client.post(url).header("content-type", "application/json").body(body.to_string());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        match request.send().await {
            Err(e) => Err(causes(&e.without_url())),
            Ok(answer) if answer.status().is_success() => Ok(()),
            // What it will never take is not sent for ever.
            Ok(answer) if answer.status() == StatusCode::BAD_REQUEST => Ok(()),
            Ok(answer) => Err(format!("the receiver answers {}", answer.status())),
        }
    }
}

/// `name=value,name=value`, with what is special in a value behind `%`.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=')?;
        let value = percent_encoding::percent_decode_str(value.trim()).decode_utf8().ok()?;
        Some((name.trim().to_owned(), value.into_owned()))
    };
    text.split(',').filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_sent_unless_somebody_names_a_receiver_and_it_is_spoken_to_as_it_wants() {
        let of = |flag: Option<&str>, set: &'static [(&str, &str)]| {
            let variable = move |name: &str| {
                set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            };
            Otlp::of(flag, variable).map(|otlp| otlp.map(|otlp| otlp.base.to_string()))
        };
        assert_eq!(of(None, &[]).expect("nothing"), None);
        let endpoint = &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318")];
        assert_eq!(of(None, endpoint).expect("one").as_deref(), Some("http://c:4318/"));
        assert_eq!(of(Some("https://d/x"), endpoint).expect("one").as_deref(), Some("https://d/x/"));
        let off = &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"), ("OTEL_SDK_DISABLED", "true")];
        assert_eq!(of(None, off).expect("nothing"), None);
        let grpc =
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
        assert!(of(None, grpc).is_err() && of(Some("nowhere"), &[]).is_err());
        assert_eq!(
            pairs("a=b%20c, d=e"),
            [("a".to_owned(), "b c".to_owned()), ("d".to_owned(), "e".to_owned())]
        );
    }
}
