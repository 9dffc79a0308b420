//! CLI: `rehome wait`. Reads the log until moves stand where a script wants them; changes nothing.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::view::{MoveView, State};
use crate::{render, store, view, waves};
use clap::{Args, ValueEnum};
use rehome_orchestrator::{Clock, SystemClock};
use serde_json::json;
use std::time::{Duration, Instant};

/// Wait until moves stand somewhere, for scripts.
///
/// Changes nothing. Exit code 0 when they do, 11 when the time is over before that, 10 when it can never come to it, 17
/// when somebody is needed first.
#[derive(Args, Debug)]
pub(crate) struct Wait {
    /// MOVE, BATCH or BATCH/wave:NAME
    pub(crate) select: String,
    /// What is waited for.
    #[arg(long = "for", value_enum, value_name = "WHAT")]
    pub(crate) what: Until,
    /// How long at the most, like 90s, 20m or 2h; by default as long as it takes.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) timeout: Option<Duration>,
}

/// What can be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Until {
    /// Every move is done but for the clean-up.
    Soaked,
    /// Every move is done, and its old identity is gone.
    Done,
    /// Nothing more will happen to any move.
    Over,
    /// Some move needs somebody.
    NeedsPerson,
}

/// How often the log is looked at.
const LOOK: Duration = Duration::from_millis(500);

pub(super) fn time(text: &str) -> Result<Duration, String> {
    let ms = crate::batch_file::duration(text);
    ms.map(Duration::from_millis)
        .ok_or_else(|| "a time is a number with s, m, h or d, like 90s or 2h".to_owned())
}

impl Execute for Wait {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let log = store::open_to_read(&c.global.db)?;
        let runs = store::select(&*log, Some(&self.select)).await?.runs;
        let (began, mut seen, mut views) = (Instant::now(), None, Vec::new());
        loop {
            let head = log.head().await.map_err(|e| store::unreadable(&e))?;
            if seen != Some(head.position) {
                seen = Some(head.position);
                views = waves::views(&*log, &runs).await?;
                // What is made to be taken back is not waited for otherwise.
                views.retain(|view| !view.is_rehearsed() && view.state != State::Skipped);
            }
            if let Some(exit) = judge(self.what, &views) {
                return self.end(c, exit, views);
            }
            if self.timeout.is_some_and(|timeout| began.elapsed() >= timeout) {
                return self.end(c, Exit::Waiting, views);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn shows_log(&self) -> bool {
        true
    }
}

impl Wait {
    fn end(&self, c: &Context<'_>, exit: Exit, mut views: Vec<MoveView>) -> Result<Exit, CliError> {
        crate::hint_views::complete(c.output.hints(), &mut views);
        let value = json!({"format_version": "1.0", "reached": exit == Exit::Done, "moves": views});
        let text = render::status::text(&views, &render::overview::Waves::new(), None, SystemClock.now_ms());
        c.output.list(&text, &value, &view::list(&|| view::values(&views)))?;
        if exit == Exit::Waiting {
            c.output.note(&format!("the time is over; see  rehome status {}", quoted(&self.select)));
        }
        Ok(exit)
    }
}

/// Whether a move that stands so is meant.
type Is = fn(State) -> bool;

/// Whether there is anything more to wait for, and what came of it.
fn judge(what: Until, views: &[MoveView]) -> Option<Exit> {
    let needs = |view: &MoveView| matches!(view.state, State::Failed | State::NeedsPerson | State::Paused);
    let (reached, lost): (Is, Is) = match what {
        Until::NeedsPerson if views.iter().any(needs) => return Some(Exit::Done),
        Until::NeedsPerson => (|_| false, ended),
        Until::Over => (ended, |_| false),
        Until::Done => (|state| state == State::Done, |state| ended(state) && state != State::Done),
        Until::Soaked => {
            let soaked = |state| matches!(state, State::Done | State::AwaitingCleanup);
            (soaked, |state| ended(state) && state != State::Done)
        }
    };
    let open = || views.iter().filter(|view| !reached(view.state) && !lost(view.state));
    match open().count() {
        0 if views.iter().any(|view| lost(view.state)) => Some(Exit::Partly),
        0 => Some(Exit::Done),
        // Where nothing goes on by itself, nobody is kept waiting for somebody who does not know.
        _ if open().all(needs) => Some(Exit::NeedsPerson),
        _ => None,
    }
}

fn ended(state: State) -> bool {
    use State::{Abandoned, Done, RolledBack, Skipped, Stale, Superseded};
    matches!(state, Done | RolledBack | Stale | Superseded | Abandoned | Skipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_waits_as_long_as_something_goes_on_by_itself_and_no_longer() {
        use State::{AwaitingCleanup, Done, Failed, NeedsPerson, RolledBack, Running, Soaking, Stale};
        for (what, states, exit) in [
            (Until::Done, &[Done, Soaking][..], None),
            (Until::Done, &[Done, Done], Some(Exit::Done)),
            (Until::Done, &[Done, RolledBack], Some(Exit::Partly)),
            (Until::Done, &[Done, AwaitingCleanup], None),
            (Until::Done, &[Done, Failed], Some(Exit::NeedsPerson)),
            (Until::Done, &[Running, Failed], None),
            (Until::Soaked, &[Done, AwaitingCleanup], Some(Exit::Done)),
            (Until::Soaked, &[Stale, AwaitingCleanup], Some(Exit::Partly)),
            (Until::Over, &[Done, RolledBack], Some(Exit::Done)),
            (Until::Over, &[Done, Soaking], None),
            (Until::NeedsPerson, &[Running, NeedsPerson], Some(Exit::Done)),
            (Until::NeedsPerson, &[Running, Soaking], None),
            (Until::NeedsPerson, &[Done, Done], Some(Exit::Partly)),
        ] {
            let views: Vec<MoveView> = states.iter().map(|state| MoveView::standing(*state)).collect();
            assert_eq!(judge(what, &views), exit, "{what:?} {states:?}");
        }
    }
}
