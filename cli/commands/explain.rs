//! CLI: `rehome explain`: what a code in a plan means. Touches nothing.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::nearest::nearest;
use crate::put::put;
use clap::Args;
use rehome_activities::relocate::preflight::NoticeCode;
use serde_json::json;
use std::fmt::Write;

/// Explain a code of a plan: what it means and what can be done. Offline.
#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// B103, W203
    pub(crate) code: String,
}

impl Execute for Explain {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let Some(code) = NoticeCode::named(&self.code) else { return Err(unknown(&self.code)) };
        let word = code.severity().word();
        let value = json!({
            "format_version": "1.0", "code": code.code(), "severity": word, "meaning": code.meaning(),
            "remedy": code.remedy(),
        });
        let mut text = String::new();
        put!(text, "{}  {word}: {}", code.code(), code.meaning());
        put!(text, "\n    what can be done   {}", code.remedy());
        c.output.result(&text, &value)?;
        Ok(Exit::Done)
    }
}

fn unknown(code: &str) -> CliError {
    let error = CliError::new(Exit::NotFound, format!("no plan has a code called {code:?}"));
    match nearest(code, NoticeCode::ALL.iter().map(|known| known.code())) {
        Some(meant) => error.next(format!("rehome explain {meant}")),
        None => error.next("docs/notices.md has every code"),
    }
}
