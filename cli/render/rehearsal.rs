//! CLI: the page that a rehearsal ends with: what was moved, what people would have done, what was down, and where the
//! record is. Fits a screen of 80 columns. Pure.

use super::fit::fit;
use super::kinds::{Kind, kinds};
use crate::counted::counted;
use crate::error::Exit;
use crate::hint::quoted;
use crate::put::putln;
use crate::view::{MoveView, State};
use rehome_activities::relocate::Params;
use rehome_orchestrator::RunState;
use std::fmt::Write;

/// Columns of a page.
const WIDTH: usize = 79;

/// So many lines of one kind are shown; a command shows the rest.
const LINES_MAX: usize = 12;

/// A step by hand that was played, or taken as done.
pub(crate) struct Played {
    /// MOVE:STEP
    pub(crate) step: String,
    pub(crate) title: String,
    /// Whether the local Azure was changed, as the person would have changed it.
    pub(crate) is_changed: bool,
}

/// Everything that the page tells.
pub(crate) struct Page<'a> {
    pub(crate) batch: &'a str,
    pub(crate) exit: Exit,
    /// Each move, and where it goes.
    pub(crate) moves: &'a [(MoveView, String)],
    pub(crate) played: &'a [Played],
    pub(crate) watched: usize,
    /// One for each outage.
    pub(crate) outages: &'a [String],
    /// Workloads that were down although the plan had promised to keep them up.
    pub(crate) broken: usize,
    /// Workloads that were down where nothing was promised.
    pub(crate) unpromised: usize,
    /// The log, as a shell takes it.
    pub(crate) db: &'a str,
    pub(crate) events: u64,
    /// What shows every outage.
    pub(crate) again: &'a str,
}

/// Where a move goes: group, name and region.
pub(crate) fn target(state: &RunState) -> String {
    let params: Option<Params> = state.planned().params.read("parameters").ok();
    let target = params.map(|params| params.target);
    target.map(|to| format!("{}/{} {}", to.resource_group, to.name, to.location)).unwrap_or_default()
}

impl Page<'_> {
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        let (done, all) = (self.done(), self.moves.len());
        let word = if self.exit == Exit::Done { "as it should" } else { "NOT as it should" };
        putln!(
            out,
            "\nREHEARSED  {}: {done} of {} done; it ended {word} (exit {})",
            self.batch,
            counted(all, "move"),
            self.exit as u8
        );
        self.moved(&mut out);
        self.stopped(&mut out);
        self.by_hand(&mut out);
        self.workloads(&mut out);
        self.record(&mut out);
        out.trim_end().to_owned()
    }

    fn done(&self) -> usize {
        let done = [State::Done, State::AwaitingCleanup];
        self.moves.iter().filter(|(view, _)| done.contains(&view.state)).count()
    }

    fn moved(&self, out: &mut String) {
        if self.moves.is_empty() {
            return;
        }
        putln!(out, "\nMOVED");
        let short = |id: &str| {
            let mut parts = id.split('/').skip(4);
            let group = parts.next().unwrap_or_default();
            format!("{group}/{}", id.rsplit('/').next().unwrap_or_default())
        };
        for (view, target) in self.moves.iter().take(LINES_MAX) {
            let line = format!("  {:<16} {} -> {target}", view.state.word(), short(&view.identity));
            putln!(out, "{}", fit(&line, WIDTH));
        }
        more(out, self.moves.len(), &format!("rehome status --db {}", self.db));
    }

    /// What keeps moves from their end.
    fn stopped(&self, out: &mut String) {
        let open = |view: &&MoveView| ![State::Done, State::AwaitingCleanup].contains(&view.state);
        let waits: Vec<String> = self
            .moves
            .iter()
            .map(|(view, _)| view)
            .filter(open)
            .flat_map(|view| {
                view.waiting_for.iter().map(|wait| {
                    let why = wait.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                    format!("  {}:{} {} {}{why}", view.run, wait.step, wait.kind.word(), wait.title)
                })
            })
            .collect();
        if waits.is_empty() {
            return;
        }
        putln!(out, "\nSTOPPED");
        for line in waits.iter().take(LINES_MAX) {
            putln!(out, "{}", fit(line, WIDTH));
        }
        more(out, waits.len(), &format!("rehome status --db {}", self.db));
    }

    fn by_hand(&self, out: &mut String) {
        if self.played.is_empty() {
            return;
        }
        let steps = counted(self.played.len(), "step");
        let how = match self.played.iter().filter(|played| played.is_changed).count() {
            0 => "taken as done; what is to be done in the first:".to_owned(),
            all if all == self.played.len() => "played; what is to be done in the first:".to_owned(),
            some => format!("{some} played, the rest taken as done; the first:"),
        };
        putln!(out, "\nBY HAND    {steps} of people, {how}");
        if let Some(first) = self.played.first() {
            putln!(out, "  rehome show {} --db {}", first.step, self.db);
        }
        let kinds = kinds(self.played, Played::what);
        for Kind { what, all } in kinds.iter().take(LINES_MAX) {
            let line = match all.as_slice() {
                [one] => format!("    1 x {}", one.title),
                all => format!("  {:>3} x {what}: {}", all.len(), places(all)),
            };
            putln!(out, "{}", fit(&line, WIDTH));
        }
        if kinds.len() > LINES_MAX {
            putln!(out, "  and {} kinds more", kinds.len() - LINES_MAX);
        }
    }

    fn workloads(&self, out: &mut String) {
        if self.watched == 0 {
            return putln!(
                out,
                "\nOUTAGES    workloads: none in this estate, so nobody saw whether any was down"
            );
        }
        let mut line = format!("workloads: {} watched, {} down", self.watched, self.broken);
        if self.unpromised > 0 {
            line.push_str(&format!(", {} down where no overlap was promised", self.unpromised));
        }
        putln!(out, "\nOUTAGES    {line}");
        for outage in self.outages.iter().take(LINES_MAX) {
            putln!(out, "{}", fit(&format!("  {outage}"), WIDTH));
        }
        more(out, self.outages.len(), self.again);
    }

    fn record(&self, out: &mut String) {
        if self.events == 0 {
            return;
        }
        let db = self.db;
        putln!(out, "\nRECORD     {} in {db}", counted(self.events, "event"));
        for command in ["status", "history", "replay", "audit verify"] {
            putln!(out, "  rehome {command} --db {db}");
        }
        putln!(out, "  rehome show {} --db {db}", quoted(self.batch));
    }
}

/// Says what is left out of a list, and what shows it.
fn more(out: &mut String, all: usize, command: &str) {
    if all > LINES_MAX {
        putln!(out, "  and {} more:  {command}", all - LINES_MAX);
    }
}

impl Played {
    /// Where it is to be done, and what.
    fn parts(&self) -> (&str, &str) {
        self.title.split_once(": ").unwrap_or((self.step.as_str(), self.title.as_str()))
    }

    fn what(&self) -> &str {
        self.parts().1
    }
}

/// Where they are to be done, each place once.
fn places(all: &[&Played]) -> String {
    let mut once: Vec<&str> = Vec::new();
    for (place, _) in all.iter().map(|played| played.parts()) {
        if !once.contains(&place) {
            once.push(place);
        }
    }
    once.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_by_hand_are_told_by_kind_with_each_place_once() {
        let one = |step: &str, title: &str| Played {
            step: step.to_owned(),
            title: title.to_owned(),
            is_changed: false,
        };
        let played = [
            one("m:1", "SQL a: user for NEW"),
            one("m:2", "SQL b: user for NEW"),
            one("m:3", "SQL a: user for NEW"),
            one("m:4", "look"),
        ];
        let kinds = kinds(&played, Played::what);
        let told: Vec<(&str, String)> = kinds.iter().map(|kind| (kind.what, places(&kind.all))).collect();
        assert_eq!(told, [("user for NEW", "SQL a, SQL b".to_owned()), ("look", "m:4".to_owned())]);
    }
}
