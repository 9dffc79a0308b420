//! CLI: one witness, and how a checkpoint gets there. Touches what the batch file names.

use super::config::Witnesses;
use super::signing::Signed;
use super::{folder, git};
use crate::about::BatchAbout;
use crate::error::{CliError, causes};
use crate::hooks::way::{OWN_SECRETS, PATIENCE, call};
use crate::store;
use crate::web_client::client;
use rehome_orchestrator::BatchLoaded;
use rehome_store::Log;
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

/// A witness.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Folder(PathBuf),
    Git(PathBuf),
    Command(Vec<String>),
    Url(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "the folder {}", path.display()),
            Self::Git(path) => write!(f, "the Git work tree {}", path.display()),
            Self::Command(words) => write!(f, "the program {}", words.first().map_or("", String::as_str)),
            // Its address may be somebody's secret.
            Self::Url(_) => f.write_str("the webhook"),
        }
    }
}

impl Place {
    fn all(of: &Witnesses) -> impl Iterator<Item = Self> + use<> {
        let folder = of.folder.as_ref().map(|path| Self::Folder(path.into()));
        let git = of.git.as_ref().map(|path| Self::Git(path.into()));
        let command = (!of.command.is_empty()).then(|| Self::Command(of.command.clone()));
        [folder, git, command, of.url.clone().map(Self::Url)].into_iter().flatten()
    }

    /// Where its checkpoints can be read again, if they can be.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(path) | Self::Git(path) => Some(path),
            Self::Command(_) | Self::Url(_) => None,
        }
    }

    /// Hands a checkpoint over; why it was not taken, in words.
    pub(super) async fn put(&self, signed: &Signed, ca: Option<&Path>) -> Result<(), String> {
        let (place, signed) = (self.clone(), signed.clone());
        let Self::Url(url) = self else {
            let put = move || match &place {
                Self::Folder(path) => {
                    folder::put(path, &signed).map(drop).and_then(|()| newest(path, &signed))
                }
                Self::Git(path) => git::put(path, &signed).and_then(|()| newest(path, &signed)),
                Self::Command(words) => {
                    call(words, &OWN_SECRETS.map(ToOwned::to_owned), signed.note.trim_end())
                }
                Self::Url(_) => Ok(()),
            };
            return tokio::task::spawn_blocking(put).await.map_err(|e| e.to_string())?;
        };
        let client = client(PATIENCE, ca).map_err(|e| e.what)?;
        let request = client.post(url).header("content-type", "text/plain; charset=utf-8").body(signed.note);
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("the receiver answers {}", answer.status())),
            Err(e) => Err(causes(&e.without_url())),
        }
    }
}

/// Refuses to call a log kept of which there is more than it has.
fn newest(folder: &Path, signed: &Signed) -> Result<(), String> {
    let end = signed.checkpoint.size;
    match folder::ahead(folder, &signed.checkpoint) {
        Ok(None) => Ok(()),
        Ok(Some(size)) => Err(format!(
            "it has a checkpoint of event {size}, and the log ends at event {end}: an old copy was put back"
        )),
        Err(e) => Err(format!("failed to look whether it has a newer checkpoint: {e}")),
    }
}

/// Every witness that an approved plan of this log names.
pub(crate) async fn named(log: &dyn Log) -> Result<BTreeSet<Place>, CliError> {
    let mut all = BTreeSet::new();
    for (stream, _) in log.streams(BatchLoaded::PREFIX).await.map_err(|e| store::unreadable(&e))? {
        let name = stream.as_str().strip_prefix(BatchLoaded::PREFIX).unwrap_or_default();
        let Some(batch) = BatchLoaded::find(log, name).await.map_err(|e| store::unreadable(&e))? else {
            continue;
        };
        if batch.is_approved() {
            all.extend(BatchAbout::of_log(&batch.planned().about).witness.iter().flat_map(Place::all));
        }
    }
    Ok(all)
}
