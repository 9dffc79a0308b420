//! CLI: `rehome status`. Reads the log; works beside a runner and offline.

use super::watch::watch;
use crate::args::{AsOf, ReadFrom};
use crate::command::Execute;
use crate::context::Context;
use crate::crew;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::source::Source;
use crate::standing::Standing;
use crate::view::{self, MoveView, State};
use clap::Args;

/// Show what is done, running, waiting or failed, and why.
///
/// Works offline, and beside a runner.
#[derive(Args, Debug)]
pub(crate) struct Status {
    /// MOVE, BATCH or BATCH/wave:NAME
    pub(crate) select: Option<String>,
    /// Show each move, however many there are.
    #[arg(long)]
    pub(crate) all: bool,
    /// Say where they stand with the exit code too: 10 something failed or was undone, 17 somebody is needed, 11 clocks
    /// or a runner are waited for, 0 nothing is left to do.
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// Redraw it once a second until everything is over; q leaves. The same as `rehome watch`.
    #[arg(short, long, conflicts_with_all = ["exit_code", "bundle", "at"])]
    pub(crate) watch: bool,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
    #[command(flatten)]
    pub(crate) when: AsOf,
}

impl Execute for Status {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let select = self.select.as_deref();
        if self.watch {
            return watch(c, select, self.all).await;
        }
        let source = Source::open_at(c, &self.from, &self.when).await?;
        let standing = Standing::read(c, &source, select).await?;
        for (batch, left) in &standing.left_out {
            let (many, show) = (left.len(), quoted(batch));
            c.output.note(&format!("left out  {many} of batch {batch}; which and why:  rehome show {show}"));
        }
        for (batch, lacking) in standing.lacking() {
            c.output.note(&format!("approvals  {batch} {lacking}"));
        }
        if let Source::Database(log) = &source
            && let Some(runners) = crew::runners(&**log).await
        {
            crew::lines(&runners, &standing.views).iter().for_each(|line| c.output.note(line));
        }
        let rows = || view::values(&standing.views);
        c.output.list(&standing.text(c, self.all), &standing.value(), &view::list(&rows))?;
        Ok(if self.exit_code { exit_code(&standing.views) } else { Exit::Done })
    }
}

/// Where moves stand, for a script. What failed comes before what waits for people, and that before clocks.
fn exit_code(views: &[MoveView]) -> Exit {
    let of = |state: State| match state {
        State::Failed | State::RolledBack | State::Stale | State::Abandoned => Exit::Partly,
        State::NeedsPerson | State::Paused | State::AwaitingCleanup | State::Planned => Exit::NeedsPerson,
        State::Waiting | State::Running | State::Soaking => Exit::Waiting,
        State::Done | State::Superseded | State::Skipped => Exit::Done,
    };
    let views = views.iter().filter(|view| !view.is_rehearsed());
    let codes: Vec<Exit> = views.map(|view| of(view.state)).collect();
    let order = [Exit::Partly, Exit::NeedsPerson, Exit::Waiting];
    order.into_iter().find(|code| codes.contains(code)).unwrap_or(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_learns_what_is_most_urgent_and_nothing_to_do_is_no_wait() {
        let of = |states: &[State]| {
            let views: Vec<MoveView> = states.iter().map(|state| MoveView::standing(*state)).collect();
            exit_code(&views)
        };
        assert_eq!(of(&[]), Exit::Done);
        assert_eq!(of(&[State::Done, State::Superseded]), Exit::Done);
        assert_eq!(of(&[State::Done, State::Soaking]), Exit::Waiting);
        assert_eq!(of(&[State::Soaking, State::NeedsPerson]), Exit::NeedsPerson);
        assert_eq!(of(&[State::NeedsPerson, State::Failed, State::Running]), Exit::Partly);
    }
}
