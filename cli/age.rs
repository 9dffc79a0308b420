//! CLI: copies are encrypted, and read again, by the program `age`, so that whose key it is and where it is kept is that
//! program's business. Starts it.
//!
//! Source: <https://age-encryption.org/v1>. `rage` takes the same words.

use crate::error::{CliError, Exit};
use crate::hooks::way::OWN_SECRETS;
use rehome_store::private_file;
use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::process::{Command, Stdio};

/// Programs that can do it, the first that there is.
const PROGRAMS: [&str; 2] = ["age", "rage"];

/// What such a file begins with.
const BEGIN: &[u8] = b"age-encryption.org/v1\n";

/// Whether a file is encrypted.
pub(crate) fn is_encrypted(path: &Path) -> bool {
    let mut begin = [0; BEGIN.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut begin)).is_ok() && begin == *BEGIN
}

/// Encrypts a file to a new one, for recipients: keys of age (`age1…`), lines of public keys of OpenSSH, or files with such lines.
pub(crate) fn encrypt(from: &Path, to: &Path, recipients: &[String]) -> Result<(), CliError> {
    let mut words: Vec<OsString> = vec!["--encrypt".into()];
    for recipient in recipients {
        let is_key = ["age1", "ssh-ed25519 ", "ssh-rsa "].iter().any(|begin| recipient.starts_with(begin));
        words.extend([if is_key { "-r" } else { "-R" }.into(), recipient.into()]);
    }
    let next = "a recipient is a key of age (age1…), a line like that of ~/.ssh/id_ed25519.pub in quotes, or a file with such lines";
    through(&words, from, to).map_err(|error| error.next(next))
}

/// Decrypts a file to a new one; `identity` is the private key, of age or of OpenSSH. Whoever has it may be asked for its passphrase.
pub(crate) fn decrypt(from: &Path, to: &Path, identity: &Path) -> Result<(), CliError> {
    let words: [OsString; 3] = ["--decrypt".into(), "-i".into(), identity.into()];
    through(&words, from, to)
        .map_err(|error| error.next("name the private key of one of its recipients: --identity FILE"))
}

/// Reads one file through the program into another, which is new and its owner's alone.
fn through(words: &[OsString], from: &Path, to: &Path) -> Result<(), CliError> {
    let failed = |what: &str, e: &std::io::Error, at: &Path| {
        CliError::because(Exit::Failed, what, e).at(at.display().to_string())
    };
    let input = File::open(from)
        .map_err(|e| failed("failed to read what is to be encrypted or decrypted", &e, from))?;
    let output = private_file::create_new(to).map_err(|e| failed("failed to make the file", &e, to))?;
    let ended = run(words, &input, &output);
    let sound = ended.and_then(|()| output.sync_all().map_err(|e| failed("failed to keep the file", &e, to)));
    // A part of it is nobody's copy.
    sound.inspect_err(|_| drop(std::fs::remove_file(to)))
}

fn run(words: &[OsString], input: &File, output: &File) -> Result<(), CliError> {
    let given = |file: &File| file.try_clone().map(Stdio::from);
    for program in PROGRAMS {
        let lost =
            |e: std::io::Error| CliError::because(Exit::Failed, &format!("failed to start {program}"), &e);
        let mut command = Command::new(program);
        for name in OWN_SECRETS {
            command.env_remove(name);
        }
        command.args(words).stdin(given(input).map_err(lost)?).stdout(given(output).map_err(lost)?);
        match command.status() {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => {
                let what = format!("{program} ended with {status}, and said above why");
                return Err(CliError::new(Exit::Failed, what));
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(lost(e)),
        }
    }
    Err(CliError::new(Exit::Failed, "neither age nor rage is installed, which encrypts and decrypts copies")
        .next("install it: apt install age, brew install age, or https://age-encryption.org"))
}
