//! CLI: the place of a file that is written: a plan replaces a plan, a snapshot a snapshot, an approval an
//! approval, and none anything else. Touches that file.

use crate::error::{CliError, Exit};
use crate::render::board_html::BEGIN;
use crate::render::report_html;
use crate::{approval_file, files, plan_file, scan, snapshot};
use rehome_store::private_file;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind};
use std::path::{Path, PathBuf};

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    Plan,
    Snapshot,
    Approval,
    /// A plan as a change board reads it.
    Page,
    /// What became of a batch, as an auditor reads it.
    Report,
    Scan,
    Patch,
}

impl FileKind {
    fn word(self) -> &'static str {
        match self {
            Self::Plan => "a plan",
            Self::Snapshot => "a snapshot",
            Self::Approval => "an approval",
            Self::Page | Self::Report => "a report",
            Self::Scan => "a scan",
            Self::Patch => "a patch",
        }
    }

    /// Whether a file is one that this program wrote, of this kind.
    fn is(self, bytes: &[u8]) -> bool {
        match self {
            Self::Plan => plan_file::is_plan(bytes),
            Self::Snapshot => snapshot::is_snapshot(bytes),
            Self::Approval => approval_file::is_approval(bytes),
            Self::Page => bytes.starts_with(BEGIN.as_bytes()),
            Self::Report => bytes.starts_with(report_html::BEGIN.as_bytes()),
            Self::Scan => scan::is_scan(bytes),
            Self::Patch => bytes.starts_with(scan::PATCH_HEAD.as_bytes()),
        }
    }
}

/// What stands beside a log under its name, and is no place for anything else.
const BESIDE_A_LOG: [&str; 9] =
    ["", "-wal", "-shm", "-journal", ".anchor", ".checkpoint", ".tree", ".key", ".runner"];

/// A place where a file may be written.
#[derive(Debug)]
pub(crate) struct OutputFile {
    /// As it was named.
    named: PathBuf,
    /// With links followed, so that a link stays one.
    path: PathBuf,
    kind: FileKind,
}

impl OutputFile {
    /// Refuses a place where something else is, or where the files of the log belong.
    pub(crate) fn of(named: &Path, kind: FileKind, log: &Path) -> Result<Self, CliError> {
        let refuse = |what: String| {
            CliError::new(Exit::Usage, what)
                .at(named.display().to_string())
                .next(format!("name another file for {}, or move this one away", kind.word()))
        };
        let path = match fs::canonicalize(named) {
            Ok(path) => path,
            // A link that leads nowhere is something too.
            Err(e) if e.kind() == ErrorKind::NotFound && fs::symlink_metadata(named).is_err() => {
                in_its_folder(named).map_err(|e| no_folder(named, &e))?
            }
            Err(e) => {
                return Err(CliError::because(Exit::Failed, "failed to look at the file", &e)
                    .at(named.display().to_string())
                    .next(format!("name another file for {}", kind.word())));
            }
        };
        if in_its_folder(log)
            .is_ok_and(|log| BESIDE_A_LOG.iter().any(|part| private_file::beside(&log, part) == path))
        {
            return Err(refuse(format!(
                "this place belongs to the log, and {} never goes there",
                kind.word()
            )));
        }
        let place = Self { named: named.to_owned(), path, kind };
        if place.is_free()? { Ok(place) } else { Err(refuse(taken(kind))) }
    }

    /// Whether nothing is there, or a file of the same kind.
    fn is_free(&self) -> Result<bool, CliError> {
        match fs::metadata(&self.path) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(true),
            Ok(about) if about.is_file() && about.len() <= files::ESTATE_BYTES_MAX => {
                Ok(self.kind.is(&files::read(&self.path, self.kind.word(), files::ESTATE_BYTES_MAX)?))
            }
            _ => Ok(false),
        }
    }

    /// Writes the file, whole and readable for its owner only.
    pub(crate) fn write(
        &self,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), CliError> {
        let failed = |e: &io::Error| {
            let what = format!("failed to write {}", self.kind.word());
            let next = match e.kind() {
                ErrorKind::StorageFull => "make room, or name a file elsewhere",
                _ => "make the folder writable, or name a file elsewhere",
            };
            CliError::because(Exit::Failed, &what, e).at(self.named.display().to_string()).next(next)
        };
        // Reading the cloud takes minutes; somebody may have put something there.
        if !self.is_free()? {
            let error = CliError::new(Exit::Usage, taken(self.kind)).at(self.named.display().to_string());
            return Err(error.next("name another file, and run the command again"));
        }
        private_file::replace_by(&self.path, write).map_err(|e| failed(&e))
    }
}

fn taken(kind: FileKind) -> String {
    let word = kind.word();
    format!("there is a file of this name that is not {word} of this program, and {word} never replaces one")
}

/// The path with its folder's links followed; the file need not be there.
fn in_its_folder(path: &Path) -> io::Result<PathBuf> {
    if let Ok(path) = fs::canonicalize(path) {
        return Ok(path);
    }
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    Ok(fs::canonicalize(folder.unwrap_or(Path::new(".")))?.join(name))
}

fn no_folder(named: &Path, e: &io::Error) -> CliError {
    CliError::because(Exit::Usage, "nothing can be written here", e)
        .at(named.display().to_string())
        .next("name a file in a folder that exists")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rehome_simulator::Estate;

    const ESTATE: &str = r#"{"arm": [], "graph": []}"#;

    #[test]
    fn a_kind_is_known_by_what_the_file_says_and_not_by_its_name() {
        let plan = br#"{"format_version":"1.0","batch":"b","digest":"sha256:0","moves":[],"more":1}"#;
        let estate = Estate::parse(ESTATE).expect("an estate");
        let snapshot = snapshot::text_of(&estate).expect("text");
        assert!(FileKind::Plan.is(plan) && !FileKind::Snapshot.is(plan));
        assert!(FileKind::Snapshot.is(snapshot.as_bytes()) && !FileKind::Plan.is(snapshot.as_bytes()));
        let working = Estate { workloads: vec![serde_json::json!({})], ..estate };
        let working = snapshot::text_of(&working).expect("text");
        for other in ["", "{}", "[]", ESTATE, &working, "SQLite format 3\0", r#"{"digest":"sha256:0"}"#] {
            assert!(
                !FileKind::Plan.is(other.as_bytes()) && !FileKind::Snapshot.is(other.as_bytes()),
                "{other}"
            );
        }
    }
}
