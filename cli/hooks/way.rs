//! CLI: the ways by which something is told: a program of the operator's, a webhook. Touches the network and processes.

use super::config::Hooks;
use super::message::Message;
use super::signature::Secret;
use crate::error::{CliError, Exit, causes};
use crate::files;
use crate::web_client::client;
use reqwest::{Client, StatusCode};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A receiver has so long to take a message.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// How often a program is looked at that has not ended.
const LOOK: Duration = Duration::from_millis(20);

/// A key has at most so many bytes.
const SECRET_MAX: u64 = 4 << 10;

/// What of the runner's own environment is no business of a program that it calls.
pub(crate) const OWN_SECRETS: [&str; 3] =
    ["AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_PASSWORD"];

/// A way, by its name in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WayKind {
    Command,
    Webhook,
}

impl WayKind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Webhook => "webhook",
        }
    }

    /// The ways that hooks ask for.
    pub(crate) fn of(hooks: &Hooks) -> impl Iterator<Item = Self> + use<> {
        let command = (!hooks.command.is_empty()).then_some(Self::Command);
        command.into_iter().chain(hooks.url.as_ref().map(|_| Self::Webhook))
    }
}

/// Why a message was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// It is told again.
    Later(String),
    /// The receiver says that it will never take it.
    Never(String),
}

/// A way that is open.
pub(crate) enum Way {
    Command { words: Vec<String>, withheld: Vec<String> },
    Webhook { client: Client, url: String, secret: Secret },
}

impl Way {
    /// Opens a way; `ca` is a file with an authority to trust beside the machine's.
    ///
    /// # Errors
    /// When the key of a webhook cannot be read.
    pub(crate) fn open(kind: WayKind, hooks: &Hooks, ca: Option<&Path>) -> Result<Self, CliError> {
        match kind {
            WayKind::Command => {
                let withheld = OWN_SECRETS.into_iter().map(ToOwned::to_owned).chain(hooks.secret_env.clone());
                Ok(Self::Command { words: hooks.command.clone(), withheld: withheld.collect() })
            }
            WayKind::Webhook => {
                let url = hooks.url.clone().unwrap_or_default();
                Ok(Self::Webhook { client: client(PATIENCE, ca)?, url, secret: secret(hooks)? })
            }
        }
    }

    /// Tells a message once; `at_s` is the time of this attempt, in seconds since 1970.
    pub(crate) async fn tell(&self, message: &Message, at_s: i64) -> Result<(), NotTaken> {
        let body = serde_json::to_string(message).map_err(|e| NotTaken::Never(e.to_string()))?;
        match self {
            Self::Command { words, withheld } => {
                let (words, withheld) = (words.clone(), withheld.clone());
                let called = tokio::task::spawn_blocking(move || call(&words, &withheld, &body)).await;
                called.map_err(|e| NotTaken::Later(e.to_string()))?.map_err(NotTaken::Later)
            }
            Self::Webhook { client, url, secret } => {
                let request = client
                    .post(url)
                    .header("content-type", "application/json")
                    .header("webhook-id", &message.id)
                    .header("webhook-timestamp", at_s.to_string())
                    .header("webhook-signature", secret.sign(&message.id, at_s, &body))
                    .body(body);
                match request.send().await {
                    Ok(answer) => judge(answer.status()),
                    // The address may be somebody's secret.
                    Err(e) => Err(NotTaken::Later(causes(&e.without_url()))),
                }
            }
        }
    }
}

/// What an answer means. One that says that the request is wrong will say so of the same request again.
fn judge(status: StatusCode) -> Result<(), NotTaken> {
    let told = format!("the receiver answers {status}");
    let again = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
    // Who may not come in may be let in by a key that is mended.
    let key = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::NOT_FOUND];
    match status {
        _ if status.is_success() => Ok(()),
        _ if status.is_client_error() && !again.contains(&status) && !key.contains(&status) => {
            Err(NotTaken::Never(told))
        }
        _ => Err(NotTaken::Later(told)),
    }
}

/// The key, from where the batch file says that it is.
fn secret(hooks: &Hooks) -> Result<Secret, CliError> {
    let (text, place) = match (&hooks.secret_env, &hooks.secret_file) {
        (Some(name), _) => {
            let text = std::env::var(name).map_err(|_| {
                CliError::new(Exit::Usage, format!("the environment variable {name} is not set"))
                    .next(format!("set {name} to the key of the webhook where the runner is"))
            })?;
            (text, format!("the environment variable {name}"))
        }
        (None, Some(file)) => {
            (files::read_text(Path::new(file), "the key of a webhook", SECRET_MAX)?, file.clone())
        }
        (None, None) => return Err(CliError::new(Exit::Usage, "the webhook has no key")),
    };
    Secret::read(&text)
        .map_err(|why| CliError::new(Exit::Usage, format!("the webhook's key is none: {why}")).at(place))
}

/// Calls a program with a message on its standard input, and waits for it.
pub(crate) fn call(words: &[String], withheld: &[String], body: &str) -> Result<(), String> {
    let Some((program, arguments)) = words.split_first() else {
        return Err("there is no program".to_owned());
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    for name in withheld {
        command.env_remove(name);
    }
    let mut child = command.spawn().map_err(|e| format!("failed to start {program}: {e}"))?;
    if let Some(mut input) = child.stdin.take() {
        let line = format!("{body}\n");
        // One that does not read it keeps nobody but this thread, and that no longer than it lives.
        drop(std::thread::spawn(move || drop(input.write_all(line.as_bytes()))));
    }
    wait(&mut child, program)
}

pub(crate) fn wait(child: &mut Child, program: &str) -> Result<(), String> {
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("{program} ended with {status}")),
            Ok(None) if began.elapsed() < PATIENCE => std::thread::sleep(LOOK),
            Ok(None) => {
                drop(child.kill());
                drop(child.wait());
                return Err(format!("{program} did not end within {} s", PATIENCE.as_secs()));
            }
            Err(e) => return Err(format!("failed to wait for {program}: {e}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_will_never_be_taken_is_told_from_what_is_told_again() {
        let judged = |status: u16| judge(StatusCode::from_u16(status).expect("a status"));
        for status in [200, 202, 204] {
            assert_eq!(judged(status), Ok(()));
        }
        for status in [301, 401, 403, 404, 408, 425, 429, 500, 503] {
            assert!(matches!(judged(status), Err(NotTaken::Later(_))), "{status}");
        }
        for status in [400, 410, 413, 422] {
            assert!(matches!(judged(status), Err(NotTaken::Never(_))), "{status}");
        }
    }
}
