//! CLI: listens on loopback, and answers few at a time, with little patience. Touches the network.

use super::door::Door;
use super::routes::routes;
use super::site::{Opened, Site};
use crate::error::{CliError, Exit};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// Somebody who connects has so long to ask.
const PATIENCE: Duration = Duration::from_secs(10);

/// So many connections are open at the same time: a browser opens a few, and a page that is open keeps one.
const AT_ONCE: usize = 64;

/// A request has a head of so many bytes at most.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// So many lines of a head are read.
const HEADERS_MAX: usize = 64;

/// When the server ends, what is under way has so long.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A server that listens, and answers when it is told to.
pub(crate) struct Server {
    listener: TcpListener,
    site: Arc<Site>,
    end: watch::Sender<bool>,
}

impl Server {
    /// Listens there; only this machine can reach it.
    ///
    /// # Errors
    /// When other machines could reach the address, or nobody may listen there.
    pub(crate) async fn open(address: &str, of: Opened) -> Result<Self, CliError> {
        let usage = |what: String| CliError::new(Exit::Usage, what).next("rehome serve --listen 127.0.0.1:0");
        let parsed: SocketAddr = address
            .parse()
            .map_err(|_| usage(format!("{address:?} is not an address like 127.0.0.1:8417")))?;
        if !parsed.ip().is_loopback() {
            let what =
                format!("other machines could reach {address}, and these pages are for whoever sits here");
            return Err(
                usage(what).next("from elsewhere, through a tunnel to it: ssh -L 8417:127.0.0.1:8417 HOST")
            );
        }
        let failed =
            |e| CliError::because(Exit::Failed, "nobody can listen there", &e).at(address.to_owned());
        let listener = TcpListener::bind(parsed).await.map_err(failed)?;
        let door = Door::at(listener.local_addr().map_err(failed)?);
        let (end, ending) = watch::channel(false);
        let site = Arc::new(Site::new(of, door, ending));
        // What is read takes its time now, and not before somebody's first page.
        drop(site.seen().await?);
        site.look().await;
        Ok(Self { listener, site, end })
    }

    /// The link that lets one browser in.
    pub(crate) fn link(&self) -> String {
        self.site.door.link()
    }

    /// Answers until `until` is over; streams that are open end then.
    pub(crate) async fn serve<T>(self, until: impl Future<Output = T>) -> T {
        let Self { listener, site, end } = self;
        let few = Arc::new(Semaphore::new(AT_ONCE));
        let answers = async {
            loop {
                let Ok(permit) = few.clone().acquire_owned().await else { return };
                let Ok((stream, _)) = listener.accept().await else {
                    // Out of sockets: those that are open end by themselves.
                    tokio::time::sleep(PATIENCE).await;
                    continue;
                };
                let site = site.clone();
                tokio::spawn(async move {
                    connection(stream, site).await;
                    drop(permit);
                });
            }
        };
        let why = tokio::select! {
            why = until => why,
            () = answers => std::future::pending().await,
            () = site.watch() => std::future::pending().await,
        };
        end.send_replace(true);
        let all = few.acquire_many(u32::try_from(AT_ONCE).unwrap_or(u32::MAX));
        drop(tokio::time::timeout(LAST_WORDS, all).await);
        why
    }
}

async fn connection(stream: TcpStream, site: Arc<Site>) {
    let mut ending = site.ending.clone();
    let service = TowerToHyperService::new(routes(site));
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    server.max_buf_size(HEAD_BYTES_MAX).max_headers(HEADERS_MAX);
    let mut connection = pin!(server.serve_connection(TokioIo::new(stream), service));
    // Whoever breaks off has what it wanted.
    tokio::select! {
        done = connection.as_mut() => return drop(done),
        _ = ending.changed() => connection.as_mut().graceful_shutdown(),
    }
    drop(connection.await);
}
