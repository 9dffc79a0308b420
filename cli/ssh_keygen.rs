//! CLI: a text is signed by `ssh-keygen`, so that the key stays where it is: behind a passphrase, in an agent, on a
//! security key. Starts that program.

use crate::error::{CliError, Exit};
use rehome_orchestrator::PublicKey;
use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The file of a public key has at most this many bytes.
const KEY_BYTES_MAX: u64 = 16 << 10;

/// The public key of a key file: its own, or the one beside it under its name with `.pub`.
pub(crate) fn public_key(key: &Path) -> Result<PublicKey, CliError> {
    let path = if key.extension().is_some_and(|end| end == "pub") { key.to_owned() } else { beside(key) };
    let line = crate::files::read_text(&path, "a public key", KEY_BYTES_MAX)?;
    PublicKey::parse(&line).ok_or_else(|| {
        CliError::new(Exit::Usage, "this is no Ed25519 public key of OpenSSH")
            .at(path.display().to_string())
            .next("make one: ssh-keygen -t ed25519      # or -t ed25519-sk, on a security key")
    })
}

fn beside(key: &Path) -> PathBuf {
    let mut name = OsString::from(key);
    name.push(".pub");
    name.into()
}

/// Signs a text for a namespace. Whoever has the key may be asked for its passphrase, or to touch it.
pub(crate) fn sign(key: &Path, namespace: &str, text: &str, quiet: bool) -> Result<String, CliError> {
    let failed = |e: &std::io::Error| {
        let error = CliError::because(Exit::Failed, "ssh-keygen could not be started", e);
        match e.kind() {
            ErrorKind::NotFound => error.next("install the client programs of OpenSSH"),
            _ => error.next("look whether ssh-keygen works in this terminal"),
        }
    };
    let mut command = Command::new("ssh-keygen");
    command.args(quiet.then_some("-q")).args(["-Y", "sign", "-n", namespace, "-f"]).arg(key);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(|e| failed(&e))?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that ended says why on stderr, and by its code.
        drop(stdin.write_all(text.as_bytes()));
    }
    let output = child.wait_with_output().map_err(|e| failed(&e))?;
    if !output.status.success() {
        return Err(CliError::new(Exit::Failed, "ssh-keygen did not sign")
            .at(key.display().to_string())
            .next(
                "name a private key that you may read, or the public one of a key in your agent (ssh-add -L)",
            ));
    }
    String::from_utf8(output.stdout)
        .map_err(|e| CliError::because(Exit::Failed, "what ssh-keygen wrote cannot be read", &e))
}
