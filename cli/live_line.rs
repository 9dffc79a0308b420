//! CLI: the one line of a terminal that ticks: what is under way or waited for. Elsewhere it comes now and then as a line
//! of its own. Touches stderr.

use crate::render::fit::fit;
use crate::screen::columns;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often the line is renewed.
pub(crate) const TICK: Duration = Duration::from_millis(250);

/// Elsewhere than on a terminal it comes when nothing else was told for so long.
const QUIET: Duration = Duration::from_secs(30);

const COUNTED: &str = "{elapsed_precise} [{bar:10}] {pos}/{len} {wide_msg}{room}";
const PLAIN: &str = "{elapsed_precise} {wide_msg}{room}";

/// Columns that the line has beside what is said in it: the time, the bar, the counts, and [`ROOM`].
fn taken(counts: Option<(u64, u64)>) -> usize {
    let counts = counts.map(|(done, all)| format!("[..........] {done}/{all} ").len());
    "00:00:00 ".len() + counts.unwrap_or(0) + ROOM_COLUMNS
}

const ROOM_COLUMNS: usize = 4;

/// Room for the `^C` that a terminal shows: beyond the last column it would begin another line, and this one would stay.
const ROOM: &str = "    \u{1b}[4D\u{1b}[K";

/// What stands in the line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// What is done, of how much.
    pub(crate) counts: Option<(u64, u64)>,
    pub(crate) text: String,
}

impl Shown {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { counts: None, text: text.into() }
    }
}

/// Everything that is printed meanwhile stands above the line.
#[derive(Debug)]
pub(crate) struct LiveLine(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Nobody renews a line that was taken away.
    begun: bool,
    bar: Option<ProgressBar>,
    told: Instant,
}

impl LiveLine {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State { begun: false, bar: None, told: Instant::now() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anybody would see what is shown now.
    pub(crate) fn is_seen(&self) -> bool {
        let state = self.state();
        state.begun && (std::io::stderr().is_terminal() || state.told.elapsed() > QUIET)
    }

    /// Renews the line. Where there is no terminal, gives what is to be told as a line of its own, if it is time.
    pub(crate) fn show(&self, shown: &Shown) -> Option<String> {
        let mut state = self.state();
        if !state.begun {
            return None;
        }
        if !std::io::stderr().is_terminal() {
            let text = match shown.counts {
                Some((done, all)) => format!("{done}/{all} {}", shown.text),
                None => shown.text.clone(),
            };
            return Some(text).filter(|_| state.told.elapsed() > QUIET);
        }
        let bar = state.bar.get_or_insert_with(|| ProgressBar::new(0));
        let template = if shown.counts.is_some() { COUNTED } else { PLAIN };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.with_key("room", |_: &ProgressState, out: &mut dyn Write| {
            out.write_str(ROOM).unwrap_or_default()
        }));
        if let Some((done, all)) = shown.counts {
            bar.set_length(all);
            bar.set_position(done);
        }
        let room = columns().saturating_sub(taken(shown.counts));
        bar.set_message(fit(&crate::error::one_line(&shown.text), room));
        bar.tick();
        None
    }

    /// From now on there is a line.
    pub(crate) fn begin(&self) {
        self.state().begun = true;
    }

    /// Takes the line away.
    pub(crate) fn hide(&self) {
        let mut state = self.state();
        state.begun = false;
        if let Some(bar) = state.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Prints something above the line, or without one.
    pub(crate) fn above<T>(&self, print: impl FnOnce() -> T) -> T {
        let mut state = self.state();
        state.told = Instant::now();
        match &state.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}
