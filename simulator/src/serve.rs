//! Simulator: starts the three servers on loopback ports, and stops them.

use crate::authorization::Objects;
use crate::clock::{Pace, SimClock};
use crate::estate::Estate;
use crate::faults::Faults;
use crate::http::Host;
use crate::login::Places;
use crate::origin_check::PageAccess;
use crate::server::accept;
use crate::shared::Shared;
use crate::tls::{self, TlsError};
use crate::workload::WorkloadReport;
use crate::world::World;
use chrono::TimeDelta;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

/// How to serve an estate.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where Resource Manager listens. The sign-in server and Graph take the two ports after it, where one is named and
    /// they are free, and any others of the same address where not.
    pub listen: SocketAddr,
    /// Whether all three speak TLS.
    pub tls: bool,
    /// How the simulated world's time passes.
    pub pace: Pace,
    /// The seed of everything random.
    pub seed: u64,
    /// What goes wrong.
    pub faults: Faults,
    /// Who may read what it tells of itself.
    pub pages: PageAccess,
}

/// Servers that are running until this is dropped or shut down.
#[derive(Debug)]
pub struct Running {
    /// The URL of Resource Manager.
    pub arm: String,
    /// The URL of Microsoft Graph.
    pub graph: String,
    /// The URL of the sign-in server.
    pub login: String,
    /// The tenant.
    pub tenant: String,
    /// What the one client signs in as.
    pub client_id: String,
    /// What the one client signs in with; made anew each time.
    pub client_secret: String,
    /// The certificate authority in PEM, with TLS.
    pub ca: Option<String>,
    witness: Witness,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// The world itself, for the question of how its workloads fare.
struct Witness(Arc<Shared>);

impl std::fmt::Debug for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Witness")
    }
}

/// Why the servers did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address can be reached from elsewhere.
    #[error("{0} is not a loopback address, and this Azure has no walls")]
    NotLoopback(IpAddr),
    /// The port is taken, or the address is not there.
    #[error("failed to listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// No certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Serves an estate.
///
/// # Errors
/// When an address is not on this machine or taken, or no certificate can be made.
pub async fn serve(estate: Estate, options: Options) -> Result<Running, ServeError> {
    if !options.listen.ip().is_loopback() {
        return Err(ServeError::NotLoopback(options.listen.ip()));
    }
    let arm = bind(options.listen).await?;
    let (login, graph) = (beside(options.listen, 1).await?, beside(options.listen, 2).await?);
    let (acceptor, ca) =
        if options.tls { tls::make().map(|(a, c)| (Some(a), Some(c)))? } else { (None, None) };
    let scheme = if options.tls { "https" } else { "http" };
    let url = |listener: &TcpListener| {
        let port = listener.local_addr().map(|a| a.port()).unwrap_or_default();
        // Clients check the name on a certificate, and some refuse addresses in it.
        let host = if options.tls {
            "localhost".to_owned()
        } else {
            SocketAddr::new(options.listen.ip(), 0).ip().to_string()
        };
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        format!("{scheme}://{host}:{port}")
    };
    let places = Places {
        arm: url(&arm),
        graph: url(&graph),
        login: url(&login),
        client_secret: Uuid::new_v4().to_string(),
    };
    let world = World::new(estate, SimClock::new(options.pace), options.seed, options.faults.clone());
    let (tenant, client_id) = (world.settings.tenant.clone(), world.settings.client_id.clone());
    let shared = Arc::new(Shared { world: Mutex::new(world), places: places.clone(), pages: options.pages });
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    for (listener, host) in [(arm, Host::Arm), (graph, Host::Graph), (login, Host::Login)] {
        tasks.spawn(accept(listener, acceptor.clone(), host, shared.clone(), stopped.clone()));
    }
    let Places { arm, graph, login, client_secret } = places;
    let witness = Witness(shared);
    Ok(Running { arm, graph, login, tenant, client_id, client_secret, ca, witness, stop, tasks })
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source })
}

/// A listener so many ports after one that is named, if it is free there.
async fn beside(named: SocketAddr, after: u16) -> Result<TcpListener, ServeError> {
    let port = named.port().checked_add(after).filter(|_| named.port() != 0).unwrap_or_default();
    match bind(SocketAddr::new(named.ip(), port)).await {
        Ok(listener) => Ok(listener),
        Err(_) => bind(SocketAddr::new(named.ip(), 0)).await,
    }
}

impl Running {
    /// How the workloads of the estate have fared so far.
    pub fn workload_report(&self) -> WorkloadReport {
        self.witness.0.world().workload_report()
    }

    /// Puts texts in the place of others in what a data plane keeps, as a person does by hand.
    pub fn rewrite_in_plane(&self, host: &str, pairs: &[(String, String)]) {
        crate::planes::rewrite(&mut self.witness.0.world(), host, pairs);
    }

    /// The same in a resource; what is not there stays away.
    pub fn rewrite_resource(&self, id: &str, pairs: &[(String, String)]) {
        let mut world = self.witness.0.world();
        if let Some(changed) = world.get(id).map(|one| crate::rewritten::rewritten(one, pairs)) {
            world.put(id, changed);
            world.watch();
        }
    }

    /// Lets time pass in this world, beside what passes by itself where it does.
    pub fn advance(&self, by: TimeDelta) {
        self.witness.0.world().clock.advance(by);
    }

    /// Stops listening.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}
