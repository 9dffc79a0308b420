//! CLI: the client that speaks to receivers which people name: webhooks, and collectors of telemetry. Touches the network.

use crate::error::{CliError, Exit};
use crate::files;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};
use std::path::Path;
use std::time::Duration;

/// A client whose receivers have so long to answer; `ca` is a file with an authority to trust beside the machine's.
///
/// # Errors
/// When the file is no certificate, or no client can be made.
pub(crate) fn client(patience: Duration, ca: Option<&Path>) -> Result<Client, CliError> {
    // Installed once for the process; a second time changes nothing.
    drop(rustls::crypto::ring::default_provider().install_default());
    let failed = |e: reqwest::Error| CliError::because(Exit::Failed, "failed to make a client", &e);
    let mut builder = Client::builder()
        .timeout(patience)
        // What is meant or signed for one address is not for another.
        .redirect(Policy::none())
        .user_agent(concat!("rehome/", env!("CARGO_PKG_VERSION")));
    if let Some(path) = ca {
        let pem = files::read(path, "a certificate", 1 << 20)?;
        builder = builder.tls_certs_merge(Certificate::from_pem_bundle(&pem).map_err(failed)?);
    }
    builder.build().map_err(failed)
}
