//! CLI: `rehome report`. Reads a plan file; with --html it writes one file.

use crate::board::Board;
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output_file::{FileKind, OutputFile};
use crate::print_failure::PrintFailure;
use crate::{derived, hint, plan_again, render};
use clap::Args;
use rehome_orchestrator::{Clock, SystemClock};
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;

/// Show a plan as a change board reads it.
///
/// Waves, counts, the least time, what is by hand, what nobody can see. Works offline.
#[derive(Args, Debug)]
pub(crate) struct Report {
    /// The plan file.
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: PathBuf,
    /// Write it as one HTML file too, which loads nothing. Replaces such a file, and nothing else.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

impl Execute for Report {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let (document, digest) = plan_again::load(&self.plan)?;
        derived::check(&document, SystemClock.now_ms()).map_err(|error| {
            error.at(self.plan.display().to_string()).plan_again(&document.batch, Some(&self.plan))
        })?;
        let html = self.html.as_deref();
        let place = html.map(|html| OutputFile::of(html, FileKind::Page, &c.global.db)).transpose()?;
        let board = Board::of(&document, &digest)?;
        place.iter().try_for_each(|place| {
            place.write(|file| file.write_all(render::board_html::html(&board).as_bytes()))
        })?;
        c.output.result(&render::board::text(&board), &json!({"format_version": "1.0", "report": board}))?;
        html.iter().for_each(|html| c.output.note(&format!("saved {}", html.display())));
        Ok(Exit::Done)
    }

    fn print_failure(&self) -> PrintFailure {
        match &self.html {
            Some(_) => PrintFailure::file_written([format!("rehome show {}", hint::file(&self.plan))]),
            None => PrintFailure::default(),
        }
    }
}
