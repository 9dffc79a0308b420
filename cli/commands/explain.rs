//! CLI: `rehome explain`: what a code means, of whichever sort it is. Touches nothing.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::explain::{self, Explained};
use crate::nearest::nearest;
use crate::put::putln;
use crate::rows::{Column, List};
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write;

/// Explain a code or a state, and what can be done.
///
/// Codes of plans (B103, W203, C2), of errors (this program's and Azure's), exit codes, states of moves and of steps, and what
/// is waited for. Works offline.
#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// The code as it was printed: B103, AuthorizationFailed, 11, needs-person; by default all of them
    pub(crate) code: Option<String>,
}

/// A code as a row.
const COLUMNS: &[Column] =
    &[("code", "/code"), ("severity", "/severity"), ("meaning", "/meaning"), ("remedy", "/remedy")];

impl Execute for Explain {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let (text, value, found) = match &self.code {
            None => {
                let all = explain::all();
                (index(&all), json!({"format_version": "1.0", "codes": all}), all)
            }
            Some(code) => {
                let found = explain::find(code);
                let Some((first, also)) = found.split_first() else { return Err(unknown(code)) };
                (text(&found), value(first, also), found)
            }
        };
        let rows = || found.iter().map(|one| json!(one)).collect();
        c.output.list(&text, &value, &List::whole(COLUMNS, &rows))?;
        Ok(Exit::Done)
    }
}

fn value(first: &Explained, also: &[Explained]) -> Value {
    let mut value = json!(first);
    value["format_version"] = "1.0".into();
    if !also.is_empty() {
        value["also"] = json!(also);
    }
    value
}

fn text(found: &[Explained]) -> String {
    let mut out = String::new();
    for Explained { code, sort, meaning, remedy } in found {
        putln!(out, "{code}  {sort}: {meaning}");
        putln!(out, "    what can be done   {remedy}");
    }
    out.trim_end().to_owned()
}

/// One line for each code.
fn index(all: &[Explained]) -> String {
    let mut out = String::new();
    for Explained { code, sort, meaning, .. } in all {
        putln!(out, "{code}  {sort}: {meaning}");
    }
    out.trim_end().to_owned()
}

fn unknown(code: &str) -> CliError {
    let error = CliError::new(Exit::NotFound, format!("nothing is called {code:?} here"));
    let all = explain::all();
    match nearest(code, all.iter().map(|known| known.code.as_str())) {
        Some(meant) => error.next(format!("rehome explain {meant}")),
        None => error.next("all of them: rehome explain"),
    }
}
