//! CLI: an address from which Prometheus reads. Touches the network, listening.

use super::prometheus::CONTENT_TYPE;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE as KIND, HOST};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Somebody who connects has so long to ask and to read.
const PATIENCE: Duration = Duration::from_secs(10);

/// So many are answered at the same time.
const AT_ONCE: usize = 8;

/// Answers whoever asks, with what `text` gives then, until it is dropped.
pub(crate) async fn serve<F, T>(listener: TcpListener, text: F)
where
    F: Fn() -> T + Clone + Send + Sync + 'static,
    T: Future<Output = String> + Send,
{
    let few = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(permit) = few.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of sockets: those that are open end by themselves.
            tokio::time::sleep(PATIENCE).await;
            continue;
        };
        let text = text.clone();
        tokio::spawn(async move {
            drop(tokio::time::timeout(PATIENCE, connection(stream, text)).await);
            drop(permit);
        });
    }
}

async fn connection<F, T>(stream: TcpStream, text: F)
where
    F: Fn() -> T + Clone + Send + Sync + 'static,
    T: Future<Output = String> + Send,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let text = text.clone();
        async move {
            let answer = match judge(&request) {
                StatusCode::OK => answer(StatusCode::OK, text().await),
                refused => answer(refused, String::new()),
            };
            Ok::<_, Infallible>(answer)
        }
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    // Whoever breaks off has what it wanted.
    drop(server.keep_alive(false).serve_connection(TokioIo::new(stream), service).await);
}

fn answer(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(KIND, hyper::header::HeaderValue::from_static(CONTENT_TYPE));
    answer
}

/// Whether this is answered. A page in a browser can ask an address of this machine under a name of its own: only an
/// address, or this machine's own name, is asked by who knows where it is.
fn judge<B>(request: &Request<B>) -> StatusCode {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    let is_own = name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok();
    match (request.method(), request.uri().path()) {
        _ if !is_own => StatusCode::MISDIRECTED_REQUEST,
        (&Method::GET, "/metrics") => StatusCode::OK,
        (_, "/metrics") => StatusCode::METHOD_NOT_ALLOWED,
        _ => StatusCode::NOT_FOUND,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_asks_for_an_address_is_answered() {
        let asked = |host: &str, path: &str| {
            judge(&Request::builder().uri(path).header(HOST, host).body(()).expect("a request"))
        };
        for host in ["127.0.0.1:9464", "[::1]:9464", "localhost:9464", "localhost"] {
            assert_eq!(asked(host, "/metrics"), StatusCode::OK, "{host}");
        }
        assert_eq!(asked("evil.example:9464", "/metrics"), StatusCode::MISDIRECTED_REQUEST);
        assert_eq!(asked("127.0.0.1", "/"), StatusCode::NOT_FOUND);
    }
}
