//! CLI: `rehome scan`. Reads files, and the cloud or the log; writes the files that are asked for, and nothing else.

use crate::command::Execute;
use crate::context::Context;
use crate::counted::counted;
use crate::error::{CliError, Exit};
use crate::hint::{file, quoted};
use crate::output_file::{FileKind, OutputFile};
use crate::print_failure::PrintFailure;
use crate::render::scan::text;
use crate::rows::{Column, List};
use crate::scan::{Asked, FORMAT, PATCH_HEAD, ScanFile, Searched, of_batch, of_log, of_plan, search, walk};
use clap::Args;
use rehome_activities::code::Sought;
use rehome_orchestrator::{Clock, SystemClock};
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Find the ids of what moves in code and in exported files.
///
/// Terraform and its state, Bicep, templates, charts, manifests, pipelines, settings and source, whatever the spelling.
/// Which identities: those of a batch file, of a plan, or else of the log, which also knows the new ids.
#[derive(Args, Debug)]
pub(crate) struct Scan {
    /// Folders and files to search, with everything below.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Look for the identities of this batch file; their ids are read from the cloud.
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["plan", "of"])]
    pub(crate) file: Option<PathBuf>,
    /// Look for the identities of this plan. Offline.
    #[arg(long, value_name = "FILE", conflicts_with = "of")]
    pub(crate) plan: Option<PathBuf>,
    /// Look for these identities of the log: MOVE or BATCH. All of them without it.
    #[arg(long, value_name = "SELECT")]
    pub(crate) of: Option<String>,
    /// Keep what was found, for `plan --scan`. Replaces a scan, and nothing else.
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
    /// Write a patch for each repository into this folder: what can be replaced safely by ids that are known.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) patch: Option<PathBuf>,
}

/// A place, as a row.
const COLUMNS: &[Column] = &[
    ("repository", "/repository"),
    ("file", "/file"),
    ("line", "/line"),
    ("column", "/column"),
    ("identity", "/identity"),
    ("identifier", "/identifier"),
    ("form", "/form"),
    ("kind", "/kind"),
    ("key", "/key"),
    ("owner", "/owner"),
    ("step", "/step"),
    ("replaceable", "/replaceable"),
    ("by_hand", "/by_hand"),
];

impl Execute for Scan {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let place = self
            .save
            .as_deref()
            .map(|save| OutputFile::of(save, FileKind::Scan, &c.global.db))
            .transpose()?;
        let asked = match (&self.file, &self.plan) {
            (Some(file), _) => of_batch(c, file).await?,
            (None, Some(plan)) => of_plan(plan)?,
            (None, None) => of_log(c, self.of.as_deref()).await?,
        };
        if asked.is_empty() {
            return Err(CliError::new(Exit::NotFound, "there is no identity to look for"));
        }
        let at_ms = SystemClock.now_ms();
        let searched = searched(c, self.paths.clone(), asked.clone()).await?;
        self.write_patches(c, &searched)?;
        let file = ScanFile {
            format_version: FORMAT.to_owned(),
            scanned_at_ms: at_ms,
            complete: searched.unread.is_empty(),
            identities: asked,
            repositories: searched.repositories,
            found: searched.found,
            skipped: searched.skipped,
            unread: searched.unread,
        };
        if let Some(place) = place {
            place.write(|to| serde_json::to_writer_pretty(to, &file).map_err(Into::into))?;
        }
        let rows = || file.found.iter().map(|found| json!(found)).collect();
        c.output.list(&text(&file), &file, &List::whole(COLUMNS, &rows))?;
        Ok(ended(&file))
    }

    fn print_failure(&self) -> PrintFailure {
        match (&self.save, &self.patch) {
            (None, None) => PrintFailure::default(),
            (_, _) => PrintFailure::file_written(Vec::<String>::new()),
        }
    }

    fn shows_log(&self) -> bool {
        self.file.is_none() && self.plan.is_none()
    }
}

/// Old ids of what was moved are the worst; then what nobody has looked at.
fn ended(file: &ScanFile) -> Exit {
    if file.found.iter().any(|found| file.is_outdated(found)) {
        Exit::Differences
    } else if !file.complete {
        Exit::Partly
    } else {
        Exit::Done
    }
}

async fn searched(c: &Context<'_>, paths: Vec<PathBuf>, asked: Vec<Asked>) -> Result<Searched, CliError> {
    let done = Arc::new(AtomicU64::new(0));
    let seen = done.clone();
    let waiting = c
        .output
        .waiting(move || format!("searching: {} so far", counted(seen.load(Ordering::Relaxed), "file")));
    let work = move || {
        let old = asked.iter().map(|asked| asked.old.clone()).collect();
        let sought = Sought::new(old)
            .map_err(|e| CliError::because(Exit::Failed, "failed to look for so many", &e))?;
        Ok(search(walk(&paths)?, &asked, &sought, &done))
    };
    let searched = tokio::task::spawn_blocking(work).await;
    drop(waiting);
    searched.map_err(|e| CliError::because(Exit::Failed, "failed to search", &e))?
}

impl Scan {
    /// One file for each repository in which something is replaced.
    fn write_patches(&self, c: &Context<'_>, searched: &Searched) -> Result<(), CliError> {
        let Some(folder) = &self.patch else { return Ok(()) };
        for (number, difference) in &searched.patches {
            let repository = &searched.repositories[*number];
            let name = repository
                .name
                .replace(|letter: char| !letter.is_ascii_alphanumeric() && !"-_.".contains(letter), "_");
            let place = folder.join(format!("{name}.patch"));
            let to_write = OutputFile::of(&place, FileKind::Patch, &c.global.db)?;
            to_write.write(|to| {
                writeln!(to, "{PATCH_HEAD}")?;
                to.write_all(difference)
            })?;
            // Git is told from where the repository is.
            let patch = std::fs::canonicalize(&place).unwrap_or_else(|_| place.clone());
            let command = format!("git -C {} apply {}", quoted(&repository.path), file(&patch));
            c.output.note(&format!("wrote {}: {command}", place.display()));
        }
        Ok(())
    }
}
