//! CLI: where metrics go: a file, or an address that is listened on. Pure.

use crate::error::{CliError, Exit};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where metrics go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    File(PathBuf),
    Address(SocketAddr),
}

/// Reads what was typed: an address is an IP address with a port, and everything else is a file.
pub(crate) fn place(text: &str) -> Result<Place, String> {
    match text.parse() {
        _ if text.is_empty() => Err("a file, or an address like 127.0.0.1:9464".to_owned()),
        Ok(address) => Ok(Place::Address(address)),
        Err(_) => Ok(Place::File(PathBuf::from(text))),
    }
}

impl Place {
    /// Refuses an address that other machines reach, unless that was asked for.
    pub(crate) fn check(&self, open: bool) -> Result<(), CliError> {
        match self {
            Self::Address(address) if !open && !address.ip().is_loopback() => {
                let what =
                    format!("--metrics {address} listens for other machines: whoever reaches it reads it");
                Err(CliError::new(Exit::Usage, what)
                    .next("listen on this machine: --metrics 127.0.0.1:9464")
                    .next("or say that it is meant: --metrics-open"))
            }
            Self::Address(_) | Self::File(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_other_machines_is_meant_only_where_somebody_says_so() {
        let of = |text: &str| place(text).expect("a place");
        assert_eq!(of("m.prom"), Place::File("m.prom".into()));
        for (text, open, fits) in [
            ("127.0.0.1:9464", false, true),
            ("[::1]:0", false, true),
            ("0.0.0.0:9464", false, false),
            ("0.0.0.0:9464", true, true),
        ] {
            assert_eq!(of(text).check(open).is_ok(), fits, "{text}");
        }
        assert!(place("").is_err());
    }
}
