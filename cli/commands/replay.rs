//! CLI: `rehome replay`. Rebuilds every move from the log alone, with the cloud switched off.

use super::show::text_of_move;
use crate::args::{AsOf, ReadFrom};
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit, causes};
use crate::log_check;
use crate::rows::{Column, List};
use crate::source::Source;
use crate::step::step_word;
use crate::store;
use crate::view::view;
use clap::Args;
use rehome_orchestrator::{HistoryError, load_until};
use serde_json::json;

/// Rebuild every move from the log alone, and check the log.
///
/// Works offline.
#[derive(Args, Debug)]
pub(crate) struct Replay {
    /// MOVE, BATCH or BATCH/wave:NAME
    pub(crate) select: Option<String>,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
    #[command(flatten)]
    pub(crate) when: AsOf,
}

/// A move as a row.
const COLUMNS: &[Column] = &[("run", "/run"), ("state", "/state"), ("events", "/events")];

impl Execute for Replay {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let select = self.select.as_deref();
        let opened = Source::open_at(c, &self.from, &self.when).await?;
        let (source, at) = match &opened {
            Source::Past(of, past) => (&**of, Some(past.position())),
            Source::Database(_) | Source::Bundle(_) => (&opened, None),
        };
        let log = source.log();
        let reading = c.output.waiting(|| "reading every event".to_owned());
        match source {
            // The whole log is rebuilt: a move means nothing in a record that could not have come about.
            Source::Database(log) => {
                let rebuilt = rehome_orchestrator::replay(&**log, None).await;
                rebuilt.map_err(|e| store::damaged(&causes(&e)).next("rehome audit verify"))?;
            }
            Source::Bundle(log) => {
                log_check::moves(&**log).await?;
            }
            Source::Past(..) => {}
        }
        drop(reading);
        let selection = source.select(c, select).await?;
        let mut moves = Vec::with_capacity(selection.runs.len());
        let mut text = String::new();
        for run in &selection.runs {
            let loaded = match load_until(log, run, at).await {
                Ok(loaded) => loaded,
                // It did not exist yet at that moment.
                Err(HistoryError::NoRun(_)) if at.is_some() => continue,
                Err(e) => return Err(store::unreadable(&e).next("rehome audit verify")),
            };
            let state = &loaded.state;
            let steps: Vec<_> = state
                .steps()
                .map(|(step, stands)| {
                    json!({
                        "step": step.id, "group": step.group, "title": step.title, "state": step_word(stands),
                        "attempts": stands.attempts, "undo_attempts": stands.undo_attempts,
                        "output": stands.output,
                    })
                })
                .collect();
            let mut seen = view(run, state);
            // What would have gone on then may not go on now.
            seen.waiting_for.iter_mut().for_each(|wait| wait.unblock_with.clear());
            text.push_str(&text_of_move(&seen, state));
            text.push('\n');
            moves.push(json!({"run": run, "state": seen.state, "events": seen.events, "steps": steps}));
        }
        let value = json!({"format_version": "1.0", "at": at, "moves": moves});
        let rows = || moves.clone();
        c.output.list(text.trim_end(), &value, &List::whole(COLUMNS, &rows))?;
        Ok(Exit::Done)
    }

    fn shows_log(&self) -> bool {
        self.from.bundle.is_none()
    }
}
