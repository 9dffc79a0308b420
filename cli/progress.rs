//! CLI: what is told while a run works: a bar on a terminal, a line for each finished step elsewhere.

use crate::anchor;
use crate::error::CliError;
use crate::output::Output;
use crate::store;
use indicatif::{ProgressBar, ProgressStyle};
use rehome_orchestrator::{Act, Became, Clock, End, Event, Observer, RunId, StepId, SystemClock};
use rehome_store::{Later, SqliteLog};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::Arc;
use tokio::sync::Mutex;

/// What is tried again later than this is told with its date.
const FAR_MS: i64 = 60_000;

/// Tells about events as they become safe.
pub(crate) struct Progress {
    titles: BTreeMap<(RunId, StepId), String>,
    bar: Option<ProgressBar>,
    output: Output,
    log: Arc<SqliteLog>,
    /// One at a time writes the anchor, so that an older end never replaces a newer one.
    anchoring: Mutex<()>,
}

impl Progress {
    pub(crate) async fn new(log: &Arc<SqliteLog>, runs: &[RunId], output: &Output) -> Result<Self, CliError> {
        let mut titles = BTreeMap::new();
        let mut done = 0;
        for run in runs {
            let state = store::read_run(&**log, run).await?.state;
            for (step, stands) in state.steps() {
                done += u64::from(stands.forward.is_settled());
                titles.insert((run.clone(), step.id.clone()), step.title.clone());
            }
        }
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(titles.len() as u64).with_position(done);
            let style = ProgressStyle::with_template("{elapsed_precise} [{bar:30}] {pos}/{len} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        let (output, log) = (output.clone(), log.clone());
        Ok(Self { titles, bar, output, log, anchoring: Mutex::new(()) })
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn say(&self, run: &RunId, step: &StepId, word: &str, why: &str) {
        let unknown = String::new();
        let title = self.titles.get(&(run.clone(), step.clone())).unwrap_or(&unknown);
        let line = crate::error::one_line(&format!("{word:<9} {run}:{step} {title}{why}"));
        match &self.bar {
            Some(bar) => bar.println(line),
            None => self.output.talk(&line),
        }
    }

    /// Says until when a step is left alone, if that is long.
    fn tell_far(&self, run: &RunId, step: &StepId, until_ms: i64) {
        let date = not_before(until_ms);
        if !date.is_empty() {
            self.say(run, step, "WAITS", &date);
        }
    }

    fn tell(&self, run: &RunId, event: &Event) {
        match event {
            Event::Ended(ended) => match (&ended.end, ended.act) {
                (End::Applied(_), Act::Run) => self.say(run, &ended.step, "DONE", ""),
                (End::Applied(_), Act::Undo) => self.say(run, &ended.step, "UNDONE", ""),
                (End::Retry { why, until_ms }, _) => {
                    self.say(run, &ended.step, "RETRY", &format!(": {why}{}", not_before(*until_ms)));
                }
                (End::Refused(why), _) => self.say(run, &ended.step, "FAILED", &format!(": {why}")),
                (End::Unknown(why), _) => self.say(run, &ended.step, "IN DOUBT", &format!(": {why}")),
            },
            Event::Parked(parked) => self.say(run, &parked.step, "FAILED", &format!(": {}", parked.why)),
            Event::Reached(reached) => self.say(run, &reached.step, "DONE", ""),
            Event::Checked(checked) if checked.broken.is_empty() => self.say(run, &checked.step, "DONE", ""),
            Event::Checked(checked) => {
                let count = format!(": {} of {} promises do not hold", checked.broken.len(), checked.looked);
                self.say(run, &checked.step, "FAILED", &count);
            }
            Event::Turned(turned) => {
                if let Some(step) = &turned.failed {
                    self.say(run, step, "TURNED", ": everything before it is taken back");
                }
            }
            Event::Reconciled(reconciled) => {
                for concluded in &reconciled.steps {
                    match &concluded.became {
                        Became::Done => self.say(run, &concluded.step, "FOUND", ""),
                        Became::Partial => self.say(run, &concluded.step, "FOUND", ": in part"),
                        Became::Passed => self.say(run, &concluded.step, "PASSED", ""),
                        Became::Parked { why, .. } => {
                            self.say(run, &concluded.step, "FAILED", &format!(": {why}"));
                        }
                    }
                }
            }
            Event::Accepted(accepted) => {
                let after_ms = i64::try_from(accepted.operation.after_ms).unwrap_or(i64::MAX);
                self.tell_far(run, &accepted.step, SystemClock.now_ms().saturating_add(after_ms));
            }
            Event::Waiting(waiting) => {
                if let Some(step) = &waiting.step {
                    self.tell_far(run, step, waiting.until_ms);
                }
            }
            Event::Restored(_)
            | Event::Recalled(_)
            | Event::Planned(_)
            | Event::Approved(_)
            | Event::Compared(_)
            | Event::Began(_)
            | Event::Probed(_)
            | Event::Timed(_)
            | Event::Asked(_)
            | Event::Proved(_)
            | Event::Closed(_) => {}
        }
    }
}

/// A date that somebody who watches would wonder about.
fn not_before(until_ms: i64) -> String {
    if until_ms.saturating_sub(SystemClock.now_ms()) > FAR_MS {
        format!("; not before {}", crate::time::date(until_ms))
    } else {
        String::new()
    }
}

impl Observer for Progress {
    fn appended(&self, run: &RunId, events: &[Event]) {
        for event in events {
            self.tell(run, event);
            let settles = match event {
                Event::Ended(e) => e.act == Act::Run && matches!(e.end, End::Applied(_)),
                Event::Checked(c) => c.broken.is_empty(),
                Event::Reached(_) => true,
                _ => false,
            };
            if let (true, Some(bar)) = (settles, &self.bar) {
                bar.inc(1);
            }
        }
    }

    fn secure<'a>(&'a self, _: &'a RunId, _: &'a StepId) -> Later<'a, Result<(), String>> {
        Box::pin(async {
            let _one = self.anchoring.lock().await;
            anchor::write(&self.log).await.map_err(|e| e.what)
        })
    }
}
