//! CLI: `rehome watch`. Reads the log as long as something can still happen; changes nothing.

use crate::args::{Format, ReadFrom};
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::interrupt::Handling;
use crate::screen::Screen;
use crate::source::Source;
use crate::standing::Standing;
use crate::time::date;
use crate::view::MoveView;
use clap::Args;
use rehome_orchestrator::{Clock, SystemClock};
use serde_json::Value;
use std::time::Duration;

/// Status that redraws itself; q leaves, and the work goes on.
///
/// It ends by itself when everything is over. Where the output is no terminal, `status` is printed each time that
/// something has changed; with -o jsonl as one line of JSON.
#[derive(Args, Debug)]
pub(crate) struct Watch {
    /// MOVE or BATCH
    pub(crate) select: Option<String>,
    /// Show each move, however many there are.
    #[arg(long)]
    pub(crate) all: bool,
}

/// How often it is drawn.
const REDRAW: Duration = Duration::from_secs(1);

impl Execute for Watch {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        watch(c, self.select.as_deref(), self.all).await
    }
}

/// Shows where moves stand until all of them are over, or somebody leaves.
pub(crate) async fn watch(c: &Context<'_>, select: Option<&str>, all: bool) -> Result<Exit, CliError> {
    if matches!(c.global.output, Format::Json | Format::Tsv | Format::Csv) {
        let what = "one document has an end, and what is watched has none";
        return Err(CliError::new(Exit::Usage, what)
            .next("a line of JSON each time that something has changed: rehome watch -o jsonl"));
    }
    let source = Source::open(c, &ReadFrom { bundle: None })?;
    let mut standing = Standing::read(c, &source, select).await?;
    let mut screen = if c.output.is_text() { Screen::open() } else { None };
    let (handling, mut printed) = (Handling::begin(), None);
    let exit = loop {
        let at = date(SystemClock.now_ms());
        if let Some(screen) = &screen {
            let text = format!("{at}   q leaves, the work goes on\n{}", standing.text(c, all));
            screen.draw(&text, &elsewhere(c, select)).map_err(|e| unseen(&e))?;
        } else if printed != Some(standing.moment()) {
            printed = Some(standing.moment());
            c.output.result(&format!("{at}\n{}\n", standing.text(c, all)), &standing.value())?;
        }
        if standing.views.iter().all(MoveView::is_over) || !c.output.is_heard() {
            break Exit::Done;
        }
        let left = async {
            match &mut screen {
                Some(screen) => screen.left().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = tokio::time::sleep(REDRAW) => {}
            () = left => break Exit::Done,
            signal = handling.next() => break signal.exit(),
        }
        standing = standing.renewed(c, &source, select).await?;
    };
    if screen.take().is_some() {
        // What was seen last stays on the terminal.
        c.output.result(&standing.text(c, all), &Value::Null)?;
    }
    Ok(exit)
}

/// The command that shows what does not fit.
fn elsewhere(c: &Context<'_>, select: Option<&str>) -> String {
    let select = select.map(|select| format!(" {}", quoted(select))).unwrap_or_default();
    c.output.hints().complete(&["rehome status", &select].concat())
}

fn unseen(e: &std::io::Error) -> CliError {
    CliError::because(Exit::Failed, "failed to draw", e)
}
