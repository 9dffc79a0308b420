//! CLI: on which terms the moves of a plan begin and stop, for whoever approves it. Pure.

use crate::least_time::length;
use crate::time::date;
use rehome_orchestrator::{Budget, Document, OpenHours, Rollout, WaveFailure, WaveRelease, Window};

/// So many waves and freezes are said one by one; the rest is counted.
const EACH_MAX: usize = 12;

/// A word and what it says, for each term that the plan has.
pub(crate) fn terms(document: &Document) -> Vec<(&'static str, String)> {
    let Some(rollout) = &document.rollout else { return Vec::new() };
    let mut terms = vec![(
        "WAVES",
        each(rollout.waves.iter().map(|wave| {
            let after = match wave.after_ms {
                0 => String::new(),
                ms => format!(", {} after the one before", length(ms)),
            };
            let by = if wave.release == WaveRelease::ByHand { ", when somebody releases it" } else { "" };
            let undo = if wave.rehearsal { ", taken back again" } else { "" };
            format!("{} ({}{after}{by}{undo})", wave.name, wave.runs.len())
        })),
    )];
    terms.extend(failures(rollout).map(|said| ("FAILURES", said)));
    terms.extend(rollout.parallel.map(|most| ("PARALLEL", format!("{most} moves at work at once"))));
    terms.extend(rollout.share.map(|percent| ("LIMITS", format!("{percent}% of what Azure allows"))));
    terms.extend(rollout.window.iter().flat_map(|window| hours(window)));
    terms
}

fn each(said: impl ExactSizeIterator<Item = String>) -> String {
    let more = said.len().saturating_sub(EACH_MAX);
    let mut all: Vec<String> = said.take(EACH_MAX).collect();
    all.extend((more > 0).then(|| format!("{more} more")));
    all.join("; ")
}

fn failures(rollout: &Rollout) -> Option<String> {
    let Rollout { on_failure, budget: Budget { wave, batch }, .. } = rollout;
    let most = |most: &Option<u64>, of: &str| most.map(|most| format!("{most} in {of}"));
    let many: Vec<String> = [most(wave, "a wave"), most(batch, "the batch")].into_iter().flatten().collect();
    let then = match on_failure {
        WaveFailure::Stop => None,
        WaveFailure::Pause => Some("a failure pauses its wave"),
        WaveFailure::RollBack => Some("a failure takes its wave back"),
    };
    let may = (!many.is_empty()).then(|| format!("at most {} before no more begin", many.join(", ")));
    let all: Vec<String> = may.into_iter().chain(then.map(ToOwned::to_owned)).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn hours(window: &Window) -> Vec<(&'static str, String)> {
    let mut said = Vec::new();
    if !window.open.is_empty() {
        said.push(("WINDOW", format!("{} ({})", each(window.open.iter().map(open)), window.zone)));
    }
    if !window.freezes.is_empty() {
        let freezes = window.freezes.iter().map(|f| format!("{} to {}", date(f.from_ms), date(f.to_ms)));
        said.push(("FREEZES", each(freezes)));
    }
    said
}

/// `Mon 07:00-16:00`
fn open(hours: &OpenHours) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let clock = |minute: u32| format!("{:02}:{:02}", minute % 1_440 / 60, minute % 60);
    let day = DAYS[(hours.from / 1_440 % 7) as usize];
    format!("{day} {}-{}", clock(hours.from), clock(hours.from + hours.minutes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rehome_orchestrator::{Freeze, Wave};

    #[test]
    fn whoever_approves_is_told_when_moves_begin_and_when_they_stop() {
        let wave = |name: &str, after_ms, release, rehearsal| Wave {
            name: name.to_owned(),
            runs: Vec::new(),
            after_ms,
            release,
            rehearsal,
        };
        let mut rollout = Rollout::of(vec![
            wave("canary, to and fro", 0, WaveRelease::Auto, true),
            wave("rest", 86_400_000, WaveRelease::ByHand, false),
        ]);
        rollout.on_failure = WaveFailure::Pause;
        rollout.budget = Budget { wave: Some(2), batch: Some(5) };
        rollout.parallel = Some(8);
        rollout.share = Some(50);
        rollout.window = Some(Box::new(Window {
            open: vec![
                OpenHours { from: 420, minutes: 540 },
                OpenHours { from: 6 * 1_440 + 1_320, minutes: 480 },
            ],
            zone: "Europe/Stockholm".to_owned(),
            offsets: Vec::new(),
            freezes: vec![Freeze { from_ms: 1_800_000_000_000, to_ms: 1_800_090_000_000 }],
        }));
        let mut document = Document::new("b", Vec::new());
        assert_eq!(terms(&document), []);
        document.rollout = Some(rollout);
        let said = [
            (
                "WAVES",
                "canary, to and fro (0, taken back again); rest (0, 24 h after the one before, when somebody releases it)",
            ),
            (
                "FAILURES",
                "at most 2 in a wave, 5 in the batch before no more begin; a failure pauses its wave",
            ),
            ("PARALLEL", "8 moves at work at once"),
            ("LIMITS", "50% of what Azure allows"),
            ("WINDOW", "Mon 07:00-16:00; Sun 22:00-06:00 (Europe/Stockholm)"),
            ("FREEZES", "2027-01-15T08:00:00Z to 2027-01-16T09:00:00Z"),
        ];
        let found = terms(&document);
        let found: Vec<(&str, &str)> = found.iter().map(|(word, text)| (*word, text.as_str())).collect();
        assert_eq!(found, said);
    }
}
