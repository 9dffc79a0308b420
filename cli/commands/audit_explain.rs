//! CLI: `rehome audit explain`. Offline; reads the log or a bundle.

use crate::args::{AsOf, ReadFrom};
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::put::putln;
use crate::source::Source;
use crate::step::{resolve_step_id, step_word};
use crate::store;
use crate::why::{Why, why};
use clap::Args;
use rehome_orchestrator::{Entry, Event, entries};
use serde_json::json;
use std::fmt::Write;

/// Say why a step ran, waited, was tried again or taken back.
///
/// From the events of its move alone: what happened to it, in order, and from which event each follows. Works offline.
#[derive(Args, Debug)]
pub(crate) struct AuditExplain {
    /// MOVE:STEP
    pub(crate) step: String,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
    #[command(flatten)]
    pub(crate) when: AsOf,
}

impl Execute for AuditExplain {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let (run, step) = store::split_step(&self.step)?;
        let source = Source::open_at(c, &self.from, &self.when).await?;
        let state = store::read_run(source.log(), &run).await?.state;
        let step = resolve_step_id(&state, step);
        let read: Vec<Entry<Event>> =
            entries(source.log(), &run.stream()).await.map_err(|e| store::unreadable(&e))?;
        let found = why(&read, &step).map_err(|e| store::damaged(&e.to_string()))?;
        let (Some(why), Some((_, stands))) = (found, state.step(&step)) else {
            let what = format!("{run} has no step called {step}");
            return Err(CliError::new(Exit::NotFound, what).next(format!("rehome show {run}")));
        };
        let name = format!("{run}:{step}");
        let value = json!({
            "format_version": "1.0", "step": name, "state": step_word(stands), "title": why.title,
            "lines": why.lines, "now": why.now,
        });
        c.output.result(&text(&name, step_word(stands), &why), &value)?;
        Ok(Exit::Done)
    }

    fn shows_log(&self) -> bool {
        self.from.bundle.is_none() && self.when.at.is_none()
    }
}

fn text(name: &str, state: &str, why: &Why) -> String {
    let mut out = String::new();
    putln!(out, "{name}  {state}  {}", why.title);
    for line in &why.lines {
        putln!(out, "  event {:>5}  {}  {}: {}", line.position, line.at, line.who, line.what);
        if !line.because.is_empty() {
            putln!(out, "               because {}", line.because);
        }
    }
    if why.lines.is_empty() {
        putln!(out, "  nothing has happened to it yet");
    }
    putln!(out, "  now          {}", why.now);
    out.trim_end().to_owned()
}
