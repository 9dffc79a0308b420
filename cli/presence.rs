//! CLI: whether somebody carries the work on, and since when not. Touches the lease of the log, reading.

use crate::error::one_line;
use crate::output::Output;
use crate::store;
use crate::time::clock;
use crate::view::{MoveView, State, view};
use crate::wait::WaitKind;
use rehome_orchestrator::{Clock, RunId, SystemClock};
use rehome_store::{Heartbeat, Lease, LeaseHolder, Log, Sequence};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// A runner says this often that it is at work.
pub(crate) const BEAT: Duration = Duration::from_secs(2);

/// One that has not said so for this long does not answer: it is stopped, or the machine sleeps.
const SILENT_MS: i64 = 15_000;

/// The runner of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// None was ever there.
    Never,
    /// Who reads cannot see it: it is a copy, or the file of the runner may not be read.
    Unknown,
    /// It is at work, and said so last then.
    Alive(LeaseHolder, Option<i64>),
    /// It has the right to act, and says nothing since then.
    Silent(LeaseHolder, i64),
    /// It was there until then.
    Gone(LeaseHolder, i64),
}

impl Presence {
    /// The runner of the log with this lease, now.
    pub(crate) fn of(lease: &dyn Lease) -> Self {
        match lease.last_beat() {
            Ok(last) => Self::judge(lease.holder(), last, SystemClock.now_ms()),
            Err(_) => Self::Unknown,
        }
    }

    fn judge(holder: Option<LeaseHolder>, last: Option<Heartbeat>, now_ms: i64) -> Self {
        match (holder, last) {
            (Some(holder), Some(last)) if now_ms - last.at_ms > SILENT_MS => Self::Silent(holder, last.at_ms),
            (Some(holder), last) => Self::Alive(holder, last.map(|last| last.at_ms)),
            (None, Some(last)) => Self::Gone(last.holder, last.at_ms),
            (None, None) => Self::Never,
        }
    }

    /// In one word or two.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Never => "no runner yet",
            Self::Unknown => "runner not known",
            Self::Alive(..) => "runner alive",
            Self::Silent(..) => "runner not answering",
            Self::Gone(..) => "no runner",
        }
    }

    /// Whether nobody has the right to act.
    pub(crate) fn is_nobody(&self) -> bool {
        matches!(self, Self::Never | Self::Gone(..))
    }

    /// Moves that say they are running, where nobody runs them: they wait for somebody who does.
    pub(crate) fn judge_views(&self, views: &mut [MoveView]) {
        if !self.is_nobody() {
            return;
        }
        for view in views.iter_mut().filter(|view| view.state == State::Running) {
            view.state = State::Waiting;
            view.waiting_for.insert(0, view.waits_as_a_whole(WaitKind::Runner, "somebody who carries it on"));
        }
    }

    /// What a person is told, where there is work that somebody has to carry on.
    pub(crate) fn line(&self, views: &[MoveView]) -> Option<String> {
        let open = views.iter().find(|view| view.needs_a_runner());
        let named = |h: &LeaseHolder| one_line(&format!("{} process {} on {}", h.actor, h.pid, h.host));
        match (self, open) {
            (Self::Alive(holder, seen_ms), _) => {
                let ago = seen_ms.map(|ms| SystemClock.now_ms().saturating_sub(ms).max(0) / 1_000);
                let ago = ago.map(|s| format!(", seen {s} s ago")).unwrap_or_default();
                Some(format!("runner alive: {}{ago}", named(holder)))
            }
            (Self::Silent(holder, since_ms), _) => {
                let (since, pid) = (now(*since_ms), holder.pid);
                let goes_on = format!("runner not answering since {since}: {}", named(holder));
                Some(format!("{goes_on}; let it go on: kill -CONT {pid}, or end it: kill -KILL {pid}"))
            }
            (Self::Gone(..) | Self::Never, Some(open)) => Some(self.nobody(&open.run_command())),
            (Self::Gone(..) | Self::Never, None) | (Self::Unknown, _) => None,
        }
    }

    /// What a person is told where nobody is at work, with what carries the work on.
    pub(crate) fn nobody(&self, next: &str) -> String {
        match self {
            Self::Gone(_, since_ms) => format!("NO RUNNER since {}; next: {next}", now(*since_ms)),
            Self::Never | Self::Unknown | Self::Alive(..) | Self::Silent(..) => {
                format!("NO RUNNER; next: {next}")
            }
        }
    }

    pub(crate) fn value(&self) -> Value {
        let told = |h: &LeaseHolder, alive: bool, answers: bool, since: Option<i64>| {
            let since = since.map(crate::time::date);
            json!({
                "alive": alive, "answers": answers, "host": h.host, "pid": h.pid, "actor": h.actor,
                "last_seen": since,
            })
        };
        match self {
            Self::Never | Self::Unknown => Value::Null,
            Self::Alive(holder, seen) => told(holder, true, true, *seen),
            Self::Silent(holder, since) => told(holder, true, false, Some(*since)),
            Self::Gone(holder, since) => told(holder, false, false, Some(*since)),
        }
    }
}

/// Tells whoever looks at a log, whatever they look at, who carries on what is open in it, or that nobody does.
pub(crate) async fn tell(output: &Output, db: &Path) {
    // What cannot be read is told by the command that needs it.
    if !store::is_on_server(db) && !db.exists() {
        return;
    }
    let Ok(log) = store::open_to_read(db) else { return };
    let presence = Presence::of(log.beside().lease());
    let open = if presence.is_nobody() { first_open(&*log).await } else { None };
    if let Some(line) = presence.line(open.as_slice()) {
        output.note(&output.hints().complete(&line));
    }
}

/// The first move that goes on only where there is a runner.
async fn first_open(log: &dyn Log) -> Option<MoveView> {
    for (stream, last) in log.streams(RunId::PREFIX).await.ok()? {
        let Some(run) = RunId::of_stream(&stream) else { continue };
        // Most are over, which their last event says.
        let before = Sequence(last.0.saturating_sub(1));
        let end = log.read_stream(&stream, before, 1).await.ok()?;
        if end.iter().all(|event| event.record.kind == "closed") {
            continue;
        }
        let seen = view(&run, &store::read_run(log, &run).await.ok()?.state);
        if seen.needs_a_runner() {
            return Some(seen);
        }
    }
    None
}

fn now(ms: i64) -> String {
    clock(ms, SystemClock.now_ms())
}

impl MoveView {
    /// Whether something happens to it only where there is a runner.
    pub(crate) fn needs_a_runner(&self) -> bool {
        match self.state {
            State::Waiting | State::Running | State::Soaking | State::NeedsPerson => true,
            // Something else of it goes on.
            State::Failed => {
                self.waiting_for.iter().any(|w| !matches!(w.kind, WaitKind::Failed | WaitKind::Approval))
            }
            State::Planned
            | State::Paused
            | State::AwaitingCleanup
            | State::Done
            | State::RolledBack
            | State::Stale
            | State::Abandoned
            | State::Skipped
            | State::Superseded => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runner_is_alive_as_long_as_it_says_so_and_has_the_right_to_act() {
        let ada = LeaseHolder { host: "desk".to_owned(), pid: 7, actor: "ada".to_owned(), since_ms: 3 };
        let last = |at_ms| Some(Heartbeat { holder: ada.clone(), at_ms });
        for (holder, last, is) in [
            (None, None, Presence::Never),
            (Some(ada.clone()), None, Presence::Alive(ada.clone(), None)),
            (Some(ada.clone()), last(90_000), Presence::Alive(ada.clone(), Some(90_000))),
            (Some(ada.clone()), last(80_000), Presence::Silent(ada.clone(), 80_000)),
            (None, last(99_999), Presence::Gone(ada.clone(), 99_999)),
        ] {
            assert_eq!(Presence::judge(holder, last, 100_000), is);
        }
    }
}
