//! CLI: `rehome report`, of a plan file or of what became of a batch. Offline; writes the files that are asked for.

use crate::args::{AsOf, ReadFrom};
use crate::board::Board;
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::output_file::{FileKind, OutputFile};
use crate::print_failure::PrintFailure;
use crate::report_pictures::draw;
use crate::source::Source;
use crate::{derived, hint, plan_again, render, report_files};
use clap::Args;
use rehome_orchestrator::{Clock, SystemClock};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Report a plan to a change board, or a batch to an auditor.
///
/// Of a plan (--plan): waves, counts, the least time, what is by hand, what nobody can see. Of a batch: who wrote, approved
/// and ran it and whether they were apart, every change with its approval and its undo, what was compared, and what was out
/// of the ordinary. Works offline.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(crate) struct Report {
    /// BATCH: what became of it, from the log.
    #[arg(group = "what")]
    pub(crate) batch: Option<String>,
    /// The plan file.
    #[arg(long, value_name = "FILE", group = "what", conflicts_with_all = ["at", "bundle"])]
    pub(crate) plan: Option<PathBuf>,
    /// Write it as one HTML file too, which loads nothing. Replaces such a file, and nothing else.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Make this folder with all of it: HTML, JSON, tables (CSV), and a signed statement with their digests.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["plan", "at"])]
    pub(crate) save: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
    #[command(flatten)]
    pub(crate) when: AsOf,
}

impl Execute for Report {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        match (&self.plan, &self.batch) {
            (Some(plan), _) => self.of_plan(c, plan),
            (None, Some(batch)) => self.of_batch(c, batch).await,
            (None, None) => Err(CliError::new(Exit::Usage, "name a batch, or a plan with --plan FILE")),
        }
    }

    fn print_failure(&self) -> PrintFailure {
        match (&self.html, &self.plan, &self.batch) {
            (None, _, _) if self.save.is_none() => PrintFailure::default(),
            (_, Some(plan), _) => PrintFailure::file_written([format!("rehome show {}", hint::file(plan))]),
            (_, None, batch) => {
                let batch = quoted(batch.as_deref().unwrap_or_default());
                PrintFailure::file_written([format!("rehome status {batch}")])
            }
        }
    }
}

impl Report {
    fn page(&self, c: &Context<'_>, kind: FileKind) -> Result<Option<OutputFile>, CliError> {
        self.html.as_deref().map(|html| OutputFile::of(html, kind, &c.global.db)).transpose()
    }

    fn of_plan(&self, c: &Context<'_>, plan: &Path) -> Result<Exit, CliError> {
        let (document, digest) = plan_again::load(plan)?;
        derived::check(&document, SystemClock.now_ms())
            .map_err(|error| error.at(plan.display().to_string()).plan_again(&document.batch, Some(plan)))?;
        let place = self.page(c, FileKind::Page)?;
        let board = Board::of(&document, &digest)?;
        place.iter().try_for_each(|place| {
            place.write(|file| file.write_all(render::board_html::html(&board).as_bytes()))
        })?;
        c.output.result(&render::board::text(&board), &json!({"format_version": "1.0", "report": board}))?;
        self.saved(c);
        Ok(Exit::Done)
    }

    async fn of_batch(&self, c: &Context<'_>, batch: &str) -> Result<Exit, CliError> {
        let place = self.page(c, FileKind::Report)?;
        let source = Source::open_at(c, &self.from, &self.when).await?;
        let account = report_files::account(&source, batch).await?;
        if place.is_some() || self.save.is_some() {
            let drawn = draw(&source, batch).await?;
            place.iter().try_for_each(|place| {
                place.write(|file| file.write_all(render::report_html::html(&account, &drawn).as_bytes()))
            })?;
            if let Some(folder) = &self.save {
                let signer = report_files::signer(c, &source).await?;
                report_files::write(folder, (&account, &drawn), signer.as_ref())?;
            }
        }
        c.output
            .result(&render::report::text(&account), &json!({"format_version": "1.0", "report": account}))?;
        self.saved(c);
        Ok(Exit::Done)
    }

    fn saved(&self, c: &Context<'_>) {
        for path in self.html.iter().chain(&self.save) {
            c.output.note(&format!("saved {}", path.display()));
        }
    }
}
