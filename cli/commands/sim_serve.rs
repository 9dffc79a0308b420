//! CLI: `rehome sim serve`. The local Azure, until interrupted.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit, causes};
use crate::files;
use crate::interrupt::Handling;
use clap::Args;
use rehome_simulator::{Estate, Faults, Options, Pace, PageAccess, Running, serve as start};
use rehome_store::private_file;
use serde_json::json;
use std::io::Write;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

/// Serve a local Azure for other programs, until interrupted.
///
/// Prints one line of JSON when it is ready.
#[derive(Args, Debug)]
pub(crate) struct SimServe {
    /// The estate.
    #[arg(long, value_name = "FILE")]
    pub(crate) estate: PathBuf,
    /// Where Resource Manager listens; loopback only.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    pub(crate) listen: String,
    /// Speak TLS, with a certificate made for this run.
    #[arg(long)]
    pub(crate) tls: bool,
    /// How many times faster than real time the local Azure's own delays pass.
    #[arg(long, default_value_t = 1.0, value_name = "N")]
    pub(crate) time_scale: f64,
    /// The seed of everything random.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// What goes wrong, and when.
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,
    /// Serve its own pages (/sim/estate, /sim/requests, /sim/limits, /sim/workloads, /sim/clock) only to clients that bring the
    /// printed client_secret as a bearer token.
    #[arg(long)]
    pub(crate) private: bool,
}

impl Execute for SimServe {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let sim = self;
        let SimServe { estate, listen, tls, time_scale, seed, faults, private } = sim;
        let options = Options {
            listen: address(&listen)?,
            tls,
            pace: Pace::Scaled(time_scale),
            seed,
            faults: read_faults(faults.as_deref())?,
            pages: if private { PageAccess::Private } else { PageAccess::Open },
        };
        let running = open(&estate, options).await?;
        let ca = match &running.ca {
            None => None,
            Some(pem) => Some(write_ca(pem)?),
        };
        let ready = json!({
            "arm": running.arm, "graph": running.graph, "login": running.login, "tenant": running.tenant,
            "client_id": running.client_id, "client_secret": running.client_secret, "ca": ca,
        });
        // Whoever reads that it is ready may end it at once.
        let handling = Handling::begin();
        c.output.line(&ready.to_string())?;
        handling.next().await;
        running.shutdown().await;
        if let Some(ca) = ca {
            drop(std::fs::remove_file(ca));
        }
        Ok(Exit::Done)
    }
}

/// Reads an estate and starts serving it.
pub(crate) async fn open(estate: &Path, options: Options) -> Result<Running, CliError> {
    let place = estate.display().to_string();
    let text = files::read_text(estate, "an estate", files::ESTATE_BYTES_MAX)?;
    let estate =
        Estate::parse(&text).map_err(|e| CliError::new(Exit::Usage, causes(&e)).at(place.clone()))?;
    start(estate, options).await.map_err(|e| CliError::new(Exit::Failed, causes(&e)).at(place))
}

/// Reads what is to go wrong.
pub(crate) fn read_faults(path: Option<&Path>) -> Result<Faults, CliError> {
    let Some(path) = path else { return Ok(Faults::default()) };
    let place = path.display().to_string();
    let text = files::read_text(path, "a file of faults", files::ESTATE_BYTES_MAX)?;
    Faults::parse(&text).map_err(|e| CliError::new(Exit::Usage, e.to_string()).at(place))
}

fn address(listen: &str) -> Result<SocketAddr, CliError> {
    let bad = || CliError::new(Exit::Usage, format!("{listen:?} is not an address like 127.0.0.1:0"));
    listen.to_socket_addrs().map_err(|_| bad())?.next().ok_or_else(bad)
}

fn write_ca(pem: &str) -> Result<PathBuf, CliError> {
    // In the folder for everybody's files a name that is foreseen may be somebody's link.
    let path = private_file::unforeseen(&std::env::temp_dir().join("rehome-sim-ca"), ".pem");
    private_file::create_new(&path)
        .and_then(|mut file| file.write_all(pem.as_bytes()))
        .map_err(|e| CliError::because(Exit::Failed, "failed to write the certificate authority", &e))?;
    Ok(path)
}
