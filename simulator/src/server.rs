//! Simulator: sockets. It parses, asks the pipeline, waits where the world is slow, and answers or cuts.

use crate::faults::FaultEffect;
use crate::http::{Host, Reply, Request, decode, query};
use crate::origin_check;
use crate::pipeline;
use crate::planes;
use crate::shared::Shared;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// A request has at most this many bytes: Azure takes 4 MB.
const BODY_MAX: usize = 4 << 20;

/// Why a connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection was cut on purpose")]
struct Cut;

/// Accepts connections until told to stop.
pub(crate) async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    host: Host,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let stream = tokio::select! {
            biased;
            _ = stop.changed() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // One connection that failed is no reason to refuse the others.
                Err(_) => continue,
            },
        };
        let (tls, shared) = (tls.clone(), shared.clone());
        tokio::spawn(async move {
            // Small answers must not wait for each other.
            drop(stream.set_nodelay(true));
            match tls {
                None => serve(stream, host, shared).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, host, shared).await;
                    }
                }
            }
        });
    }
}

async fn serve<S>(stream: S, host: Host, shared: Arc<Shared>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(request, host, shared.clone()));
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // A cut is an error here, and was meant.
    drop(connection.await);
}

async fn answer(
    request: hyper::Request<Incoming>,
    host: Host,
    shared: Arc<Shared>,
) -> Result<hyper::Response<Full<Bytes>>, Cut> {
    let Some(mut request) = parse(request).await else {
        let message = "The request content size exceeds the maximum size of 4 MB.";
        return Ok(response(Reply::error(413, "RequestContentTooLarge", message)).unwrap_or_default());
    };
    let host = planes::host_of(host, &request);
    if let Some(reply) = origin_check::refused(&shared.places, host, &request) {
        return Ok(send(pipeline::refuse(&shared, host, &request, reply)));
    }
    let injected = shared.world().inject(host, &request);
    match &injected {
        Some(FaultEffect::CutBefore) => return Err(Cut),
        Some(FaultEffect::LatencyMs(simulated)) => wait(&shared, *simulated).await,
        Some(FaultEffect::Answer(canned)) if !canned.after => {
            return Ok(send(pipeline::refuse(
                &shared,
                host,
                &request,
                canned.reply(host, &shared.places.arm),
            )));
        }
        Some(FaultEffect::AlteredWrite(otherwise)) => request.body = otherwise.body(&request.body),
        Some(FaultEffect::CutAfter | FaultEffect::Answer(_)) | None => {}
    }
    let latency = shared.world().settings.latency_ms;
    if latency > 0 {
        wait(&shared, latency).await;
    }
    let reply = pipeline::handle(&shared, host, &request);
    if let Some(FaultEffect::AlteredWrite(otherwise)) = injected.as_ref().filter(|_| reply.status < 300) {
        shared.world().apply_side_effects(&otherwise.also);
    }
    match injected {
        Some(FaultEffect::CutAfter) => Err(Cut),
        Some(FaultEffect::AlteredWrite(otherwise)) if otherwise.cut => Err(Cut),
        Some(FaultEffect::Answer(canned)) => Ok(send(canned.reply(host, &shared.places.arm))),
        Some(FaultEffect::CutBefore | FaultEffect::LatencyMs(_) | FaultEffect::AlteredWrite(_)) | None => {
            Ok(send(reply))
        }
    }
}

async fn wait(shared: &Shared, simulated_ms: u64) {
    let wall = shared.world().clock.wall_ms(simulated_ms);
    tokio::time::sleep(Duration::from_millis(wall)).await;
}

async fn parse(request: hyper::Request<Incoming>) -> Option<Request> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, BODY_MAX).collect().await.ok()?.to_bytes().to_vec();
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut headers: BTreeMap<String, String> =
        head.headers.iter().map(|(n, v)| (n.as_str().to_owned(), text(v))).collect();
    // A whole address in the request line counts, whatever the header says.
    if let Some(authority) = head.uri.authority() {
        headers.insert("host".to_owned(), authority.as_str().to_owned());
    }
    Some(Request {
        method: head.method.as_str().to_ascii_uppercase(),
        path: single(decode(head.uri.path())),
        target: head.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned(),
        query: query(head.uri.query().unwrap_or_default()),
        headers,
        body,
    })
}

/// A path in which two slashes beside each other are one, as clients that join paths send them and Azure takes them.
fn single(mut path: String) -> String {
    while path.contains("//") {
        path = path.replace("//", "/");
    }
    path
}

/// A header's value with everything escaped that a header cannot carry, as in links of Azure's.
fn escaped(value: &str) -> String {
    let one = |letter: char| match letter {
        ' '..='~' => letter.to_string(),
        other => other.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect(),
    };
    value.chars().map(one).collect()
}

fn send(reply: Reply) -> hyper::Response<Full<Bytes>> {
    response(reply).unwrap_or_default()
}

pub(crate) fn response(reply: Reply) -> Result<hyper::Response<Full<Bytes>>, hyper::http::Error> {
    let mut builder = hyper::Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        builder = builder.header(name, escaped(value));
    }
    let body = match reply.body {
        // `/sim/requests` is lines, not JSON.
        Some(serde_json::Value::String(text)) => Bytes::from(text),
        Some(json) => {
            builder = builder.header("content-type", "application/json; charset=utf-8");
            Bytes::from(json.to_string())
        }
        None => Bytes::new(),
    };
    builder.body(Full::new(body))
}
