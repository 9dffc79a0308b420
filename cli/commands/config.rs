//! CLI: `rehome config`. Touches nothing.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::put::putln;
use crate::rows::{Column, List};
use clap::Args;
use serde_json::json;
use std::fmt::Write;

/// Show each setting, with where it comes from.
///
/// There is no file of settings: a flag stands before a variable of the environment, and that before what holds without either.
#[derive(Args, Debug)]
pub(crate) struct Config;

/// A setting as a row.
const COLUMNS: &[Column] = &[("setting", "/setting"), ("value", "/value"), ("origin", "/origin")];

impl Execute for Config {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let mut text = String::new();
        for one in c.settings {
            let (value, origin) =
                (one.value.as_deref().unwrap_or("-"), one.origin.as_deref().unwrap_or("not set"));
            putln!(text, "{:<27} {value}   ({origin})", one.setting);
        }
        let rows = || c.settings.iter().map(|one| json!(one)).collect();
        let value = json!({"format_version": "1.0", "settings": c.settings});
        c.output.list(text.trim_end(), &value, &List::whole(COLUMNS, &rows))?;
        Ok(Exit::Done)
    }
}
