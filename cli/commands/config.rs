//! CLI: `rehome config`. Reads the log, if there is one; changes nothing.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::put::putln;
use crate::rows::{Column, List};
use crate::settings::{Setting, of_batch};
use crate::source::Source;
use crate::standing::Standing;
use crate::{args::ReadFrom, store};
use clap::{Args, ValueEnum};
use rehome_orchestrator::BatchLoaded;
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Show each setting, with where it comes from.
///
/// There is no file of settings: a flag stands before a variable of the environment, and that before what holds without either.
/// Of each batch of the log that is under way: how many moves are at work at once and how much of Azure's limits is used.
#[derive(Args, Debug)]
pub(crate) struct Config {
    /// What to do with them; there is only this.
    #[arg(value_enum, default_value_t = What::List, hide_default_value = true)]
    pub(crate) what: What,
    /// With where each comes from, which is said without it too.
    #[arg(long)]
    pub(crate) origin: bool,
}

/// What can be done with settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// Show each.
    List,
}

/// A setting as a row.
const COLUMNS: &[Column] = &[("setting", "/setting"), ("value", "/value"), ("origin", "/origin")];

impl Execute for Config {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let mut settings = c.settings.to_vec();
        let mut exit = Exit::Done;
        match of_batches(c).await {
            Ok(of_batches) => settings.extend(of_batches),
            // What the machine says is shown all the same: it may be why.
            Err(why) => {
                c.output.note(&format!("what holds of batches cannot be read: {}", why.what));
                exit = Exit::Partly;
            }
        }
        let mut text = String::new();
        for one in &settings {
            let (value, origin) =
                (one.value.as_deref().unwrap_or("-"), one.origin.as_deref().unwrap_or("not set"));
            putln!(text, "{:<27} {value}   ({origin})", one.setting);
        }
        let rows = || settings.iter().map(|one| json!(one)).collect();
        let value = json!({"format_version": "1.0", "settings": settings});
        c.output.list(text.trim_end(), &value, &List::whole(COLUMNS, &rows))?;
        Ok(exit)
    }
}

/// What holds of each batch that is not over; nothing where there is no log.
async fn of_batches(c: &Context<'_>) -> Result<Vec<Setting>, CliError> {
    if !store::exists(&c.global.db)? {
        return Ok(Vec::new());
    }
    let source = Source::open(c, &ReadFrom { bundle: None })?;
    let standing = Standing::read(c, &source, None).await?;
    let mut settings = Vec::new();
    let open: BTreeSet<&str> =
        standing.views.iter().filter(|view| !view.is_over()).map(|view| view.batch.as_str()).collect();
    for name in open {
        let batch = BatchLoaded::find(source.log(), name).await.map_err(|e| store::unreadable(&e))?;
        let asked: Vec<_> = standing.asked.iter().filter(|asked| asked.batch == name).cloned().collect();
        settings.extend(batch.iter().flat_map(|batch| of_batch(name, &batch.state, &asked)));
    }
    Ok(settings)
}
