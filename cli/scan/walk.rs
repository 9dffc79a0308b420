//! CLI: every file below the places that are named, each with its repository. Reads folders; follows no link.

use crate::error::{CliError, Exit};
use crate::scan::file::Passed;
use rehome_activities::code::{CODEOWNERS, Owners};
use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// No CODEOWNERS is longer: GitHub reads none above three megabytes.
const CODEOWNERS_MAX: u64 = 3 << 20;

/// What is there.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    pub(crate) repositories: Vec<Root>,
    pub(crate) files: Vec<FileAt>,
    pub(crate) skipped: Vec<Passed>,
    /// What cannot be read, with the number of its repository.
    pub(crate) unread: Vec<(usize, Passed)>,
    seen: BTreeSet<PathBuf>,
}

/// A repository, or a folder that is in none.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) path: PathBuf,
    pub(crate) owners: Owners,
}

/// A file.
#[derive(Debug)]
pub(crate) struct FileAt {
    pub(crate) path: PathBuf,
    /// The number of its repository.
    pub(crate) repository: usize,
    /// Whether a chart of Helm stands in its folder or above.
    pub(crate) in_chart: bool,
}

#[derive(Clone, Copy)]
struct Setting {
    repository: usize,
    in_chart: bool,
}

/// Looks through everything that was named. A link that somebody names is followed, and no other.
pub(crate) fn walk(named: &[PathBuf]) -> Result<Walked, CliError> {
    let mut walked = Walked::default();
    for path in named {
        let place = path.display().to_string();
        let real = fs::canonicalize(path).map_err(|e| match e.kind() {
            ErrorKind::NotFound => {
                CliError::new(Exit::NotFound, "there is nothing to scan here").at(place.clone())
            }
            _ => CliError::because(Exit::Failed, "failed to look at what is to be scanned", &e)
                .at(place.clone()),
        })?;
        walked.root(&real);
    }
    Ok(walked)
}

impl Walked {
    fn root(&mut self, real: &Path) {
        let is_file = real.is_file();
        let folder = if is_file { real.parent().unwrap_or(real) } else { real };
        let root = folder.ancestors().find(|above| is_repository(above)).unwrap_or(folder);
        let mut between = folder.ancestors().take_while(|above| above.starts_with(root));
        let in_chart = between.any(|above| above.join("Chart.yaml").exists());
        let setting = Setting { repository: self.repository(root), in_chart };
        if is_file {
            self.file(real.to_owned(), setting);
        } else {
            self.folders(real, setting);
        }
    }

    /// The number of a repository.
    fn repository(&mut self, root: &Path) -> usize {
        if let Some(known) = self.repositories.iter().position(|known| known.path == root) {
            return known;
        }
        self.repositories.push(Root { path: root.to_owned(), owners: owners(root) });
        self.repositories.len() - 1
    }

    fn file(&mut self, path: PathBuf, Setting { repository, in_chart }: Setting) {
        if self.seen.insert(path.clone()) {
            self.files.push(FileAt { path, repository, in_chart });
        }
    }

    /// A folder and everything below: by a list, so that depth takes no stack.
    fn folders(&mut self, top: &Path, setting: Setting) {
        let mut open = vec![(top.to_owned(), setting)];
        while let Some((folder, mut setting)) = open.pop() {
            if !self.seen.insert(folder.clone()) {
                continue;
            }
            let entries = match fs::read_dir(&folder).and_then(Iterator::collect::<Result<Vec<DirEntry>, _>>)
            {
                Ok(entries) => entries,
                Err(e) => {
                    self.unread.push((setting.repository, passed(&folder, e.to_string())));
                    continue;
                }
            };
            let mut paths: Vec<PathBuf> = entries.iter().map(DirEntry::path).collect();
            paths.sort();
            if is_repository(&folder) {
                setting = Setting { repository: self.repository(&folder), in_chart: false };
            }
            setting.in_chart |= paths.iter().any(|path| path.ends_with("Chart.yaml"));
            let mut below = Vec::new();
            for path in paths.into_iter().filter(|path| !path.ends_with(".git")) {
                match fs::symlink_metadata(&path).map(|about| about.file_type()) {
                    Ok(kind) if kind.is_dir() => below.push((path, setting)),
                    Ok(kind) if kind.is_file() => self.file(path, setting),
                    Ok(kind) if kind.is_symlink() => self.link(&path, top),
                    Ok(_) => self.skipped.push(passed(&path, "no plain file".to_owned())),
                    Err(e) => self.unread.push((setting.repository, passed(&path, e.to_string()))),
                }
            }
            open.extend(below.into_iter().rev());
        }
    }

    /// A link is not followed: what it leads to is searched where it is, or is not part of what was named.
    fn link(&mut self, path: &Path, top: &Path) {
        match fs::canonicalize(path) {
            Ok(to) if to.starts_with(top) => {}
            Ok(_) => self.skipped.push(passed(path, "a link that leads elsewhere".to_owned())),
            Err(_) => self.skipped.push(passed(path, "a link that leads nowhere".to_owned())),
        }
    }
}

pub(crate) fn passed(path: &Path, why: String) -> Passed {
    Passed { path: path.display().to_string(), why }
}

/// Whether a checkout begins here: a folder, or a file where it is a part of another one.
fn is_repository(folder: &Path) -> bool {
    folder.join(".git").exists()
}

/// Whose what is; nobody's, where nothing can be read that says so.
fn owners(root: &Path) -> Owners {
    let read = |name: &&str| {
        let mut text = Vec::new();
        let file = rehome_store::private_file::open(&root.join(name)).ok()?;
        file.take(CODEOWNERS_MAX).read_to_end(&mut text).ok()?;
        Some(Owners::of(&String::from_utf8_lossy(&text)))
    };
    CODEOWNERS.iter().find_map(read).unwrap_or_default()
}
