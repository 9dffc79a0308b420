//! CLI: how long a plan takes at least, from the waits that it has, the hours in which something is begun, and Azure's published
//! limits. Pure.
//!
//! It is counted from when the plan was made. `parallel` counts only moves that are at work, and how long Azure lets them work
//! nobody knows: waits go on beside it, so it makes no least time longer.

use crate::about::BatchAbout;
use rehome_activities::azure::least_ms_of_writes;
use rehome_orchestrator::{Document, Node, Phase, Plan, PlannedRun, RunId, Wave, Window};
use serde::Serialize;
use std::collections::BTreeMap;

/// The least time of something, in unscaled milliseconds. What people do, approve and release comes on top.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct AtLeast {
    /// Until everything is done but soaks.
    pub(crate) through_ms: u64,
    /// Until the soaks are over too, and the clean-up may be approved.
    pub(crate) soaked_ms: u64,
}

/// The least time of one wave, from when it begins, and when that is after the first one began.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct WaveEstimate {
    /// Its name; nothing where all moves begin at once.
    pub(crate) wave: Option<String>,
    pub(crate) begins_ms: u64,
    pub(crate) takes: AtLeast,
    #[serde(skip)]
    pub(crate) runs: Vec<RunId>,
}

/// When something is begun, as far as the plan says it.
#[derive(Clone, Copy, Default)]
struct Hours<'a> {
    window: Option<&'a Window>,
    /// When the plan was made, in milliseconds since 1970 UTC.
    from_ms: i64,
}

impl Hours<'_> {
    /// How long after the plan was made something is begun that may be begun this long after it.
    fn begins(self, after_ms: u64) -> u64 {
        let at = self.from_ms.saturating_add_unsigned(after_ms);
        let opens = self.window.and_then(|window| window.closed_until(at));
        opens.map_or(after_ms, |date| u64::try_from(date.saturating_sub(self.from_ms)).unwrap_or(after_ms))
    }
}

/// The waves of a plan in their order, or all moves at once.
pub(crate) fn waves(document: &Document) -> Vec<WaveEstimate> {
    let runs: BTreeMap<&RunId, &PlannedRun> = document.runs.iter().map(|entry| (&entry.run, entry)).collect();
    let rollout = document.rollout.as_ref();
    let share = rollout.and_then(|rollout| rollout.share).unwrap_or(100);
    let made_ms = BatchAbout::of(document).ok().and_then(|about| about.created_at_ms);
    let window = rollout.and_then(|rollout| rollout.window.as_deref());
    let hours = made_ms.map_or_else(Hours::default, |from_ms| Hours { window, from_ms });
    let takes = |names: &[RunId], begins_ms: u64, rehearsal: bool| {
        let entries = || names.iter().filter_map(|run| runs.get(run));
        let writes: u64 = entries().map(|entry| writes(&entry.plan)).sum();
        let limit = least_ms_of_writes(writes, share);
        let all = entries().map(|entry| match rehearsal {
            false => of(&entry.plan, begins_ms, hours),
            true => there_and_back(&entry.plan, begins_ms, hours),
        });
        all.fold(AtLeast { through_ms: limit, soaked_ms: limit }, |all, one| AtLeast {
            through_ms: all.through_ms.max(one.through_ms),
            soaked_ms: all.soaked_ms.max(one.soaked_ms),
        })
    };
    let Some(rollout) = rollout else {
        let runs: Vec<RunId> = document.runs.iter().map(|entry| entry.run.clone()).collect();
        return vec![WaveEstimate { wave: None, begins_ms: 0, takes: takes(&runs, 0, false), runs }];
    };
    let (mut out, mut through) = (Vec::with_capacity(rollout.waves.len()), 0_u64);
    for (nth, Wave { name, runs, after_ms, rehearsal, .. }) in rollout.waves.iter().enumerate() {
        let begins_ms = hours.begins(if nth == 0 { 0 } else { through.saturating_add(*after_ms) });
        let takes = takes(runs, begins_ms, *rehearsal);
        through = begins_ms.saturating_add(takes.through_ms);
        out.push(WaveEstimate { wave: Some(name.clone()), begins_ms, takes, runs: runs.clone() });
    }
    out
}

/// The least time of all waves together.
pub(crate) fn whole(waves: &[WaveEstimate]) -> AtLeast {
    let until = |of: fn(&AtLeast) -> u64| {
        waves.iter().map(|wave| wave.begins_ms.saturating_add(of(&wave.takes))).max().unwrap_or_default()
    };
    AtLeast { through_ms: until(|takes| takes.through_ms), soaked_ms: until(|takes| takes.soaked_ms) }
}

fn writes(plan: &Plan) -> u64 {
    let forward = plan.steps.iter().filter(|step| step.phase == Phase::Forward);
    forward.filter(|step| matches!(step.node, Node::Act { .. })).count() as u64
}

/// The longest chain of waits on the way forward of one move that begins this long after the plan was made.
fn of(plan: &Plan, begins_ms: u64, hours: Hours<'_>) -> AtLeast {
    let mut ends: BTreeMap<&str, AtLeast> = BTreeMap::new();
    let mut whole = AtLeast { through_ms: begins_ms, soaked_ms: begins_ms };
    for step in plan.steps.iter().filter(|step| step.phase == Phase::Forward) {
        let needs = || step.needs.iter().filter_map(|need| ends.get(need.as_str()));
        let begins = |of: fn(&AtLeast) -> u64| needs().map(of).max().unwrap_or(begins_ms);
        let (through, soaked) = (begins(|end| end.through_ms), begins(|end| end.soaked_ms));
        let end = match step.node {
            Node::PropagationDelay { for_ms, .. } => AtLeast {
                through_ms: through.saturating_add(for_ms),
                soaked_ms: soaked.saturating_add(for_ms),
            },
            Node::Soak { for_ms } => {
                AtLeast { through_ms: through, soaked_ms: soaked.saturating_add(for_ms) }
            }
            // Nothing new is begun outside of the hours; what is waited for goes on.
            Node::Act { .. } => {
                AtLeast { through_ms: hours.begins(through), soaked_ms: hours.begins(soaked) }
            }
            Node::Wait { .. } | Node::Gate { .. } | Node::ByHand { .. } | Node::Check { .. } => {
                AtLeast { through_ms: through, soaked_ms: soaked }
            }
        };
        whole.through_ms = whole.through_ms.max(end.through_ms);
        whole.soaked_ms = whole.soaked_ms.max(end.soaked_ms);
        ends.insert(step.id.as_str(), end);
    }
    AtLeast { through_ms: whole.through_ms - begins_ms, soaked_ms: whole.soaked_ms - begins_ms }
}

/// The same of a rehearsal, which does not soak: as soon as it is there it is taken back, and ways back know no hours.
fn there_and_back(plan: &Plan, begins_ms: u64, hours: Hours<'_>) -> AtLeast {
    let mut ends: BTreeMap<&str, u64> = BTreeMap::new();
    for step in plan.steps.iter().filter(|step| step.phase == Phase::Forward) {
        let needs = step.needs.iter().filter_map(|need| ends.get(need.as_str()));
        let back_ms = match step.node {
            Node::PropagationDelay { back_ms, .. } => back_ms,
            _ => 0,
        };
        let end = needs.max().copied().unwrap_or_default().saturating_add(back_ms);
        ends.insert(step.id.as_str(), end);
    }
    let there = of(plan, begins_ms, hours).through_ms;
    let through_ms = there.saturating_add(ends.into_values().max().unwrap_or_default());
    AtLeast { through_ms, soaked_ms: through_ms }
}

/// `24 h 10 min`, `45 s`, `10 d`: never more than it is.
pub(crate) fn length(ms: u64) -> String {
    let units = [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000)];
    // Days are counted from three on.
    let fits = |(name, unit): &(&str, u64)| ms >= if *name == "d" { 3 * unit } else { *unit };
    let Some(first) = units.iter().position(fits) else { return "no time".to_owned() };
    let mut left = ms;
    let mut parts = Vec::new();
    for (name, unit) in &units[first..] {
        if left >= *unit && parts.len() < 2 {
            parts.push(format!("{} {name}", left / unit));
            left %= unit;
        }
    }
    parts.join(" ")
}

/// All of it in one line.
pub(crate) fn line(whole: AtLeast) -> String {
    format!(
        "at least {} until everything is done but soaks, {} with them; people, approvals and Azure's own answers come on top",
        length(whole.through_ms),
        length(whole.soaked_ms)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rehome_orchestrator::{Freeze, Json, OnFailure, Rollout, Step, StepId, Template, WaveRelease};

    fn run(name: &str, delay_ms: u64, soak_ms: u64) -> PlannedRun {
        let step = |id: &str, needs: &[&str], node: Node| {
            let mut step = Step::new(id, node);
            step.needs = needs.iter().map(|need| StepId::new(*need)).collect();
            step
        };
        let delay = |for_ms| Node::PropagationDelay { for_ms, back_ms: 4 * for_ms };
        let steps = vec![
            step("1", &[], delay(delay_ms)),
            step("2", &[], delay(1)),
            step("3", &["1", "2"], Node::Soak { for_ms: soak_ms }),
            step("4", &["3"], delay(5)),
        ];
        let plan = Plan { workflow: "w/1".to_owned(), on_failure: OnFailure::Park, steps };
        let none = || Json::of(&());
        PlannedRun { run: RunId::new(name), about: none(), params: none(), facts: none(), plan }
    }

    #[test]
    fn a_move_takes_its_longest_chain_a_wave_its_longest_move_and_waves_come_one_after_the_other() {
        let wave = |name: &str, runs: &[&str], after_ms| Wave {
            name: name.to_owned(),
            runs: runs.iter().map(|run| RunId::new(*run)).collect(),
            after_ms,
            release: WaveRelease::Auto,
            rehearsal: false,
        };
        let mut document = Document::new("b", vec![run("a", 10, 100), run("b", 20, 0), run("c", 7, 1_000)]);
        let whole = |document: &Document| super::whole(&waves(document));
        assert_eq!(whole(&document), AtLeast { through_ms: 25, soaked_ms: 1_012 });
        document.rollout = Some(Rollout::of(vec![wave("1", &["a", "b"], 999), wave("2", &["c"], 50)]));
        // The second begins when the first is through, at 25, and 50 later.
        assert_eq!(whole(&document), AtLeast { through_ms: 75 + 12, soaked_ms: 75 + 1_012 });
        // The first is a rehearsal: it goes back as soon as it is there, which takes four times as long as each wait.
        if let Some(rollout) = &mut document.rollout {
            rollout.waves[0].rehearsal = true;
        }
        assert_eq!(
            whole(&document),
            AtLeast { through_ms: 25 + 100 + 50 + 12, soaked_ms: 25 + 100 + 50 + 1_012 }
        );
        let lengths = [0, 45_000, 600_000, 87_000_000, 3_601_000, 864_000_000].map(length);
        assert_eq!(lengths, ["no time", "45 s", "10 min", "24 h 10 min", "1 h 1 s", "10 d"]);
    }

    #[test]
    fn what_is_begun_waits_for_the_end_of_a_freeze_and_what_is_waited_for_goes_on_in_it() {
        let hour = 3_600_000_u64;
        let mut entry = run("a", 2 * hour, 0);
        let mut act = Step::new(
            "5",
            Node::Act {
                activity: "a/1".to_owned(),
                input: Template::known(()),
                reversibility: rehome_orchestrator::Reversibility::Reversible,
                settling_ms: 0,
                retry: rehome_orchestrator::Retry::DEFAULT,
            },
        );
        act.needs = vec![StepId::new("1")];
        entry.plan.steps.push(act);
        let wave = |name: &str, runs: Vec<RunId>, after_ms| Wave {
            name: name.to_owned(),
            runs,
            after_ms,
            release: WaveRelease::Auto,
            rehearsal: false,
        };
        let made = 1_800_000_000_000_i64;
        let at = |hours: i64| made + hours * 3_600_000;
        // From an hour after the plan was made to the fifth, and from the sixth to the ninth.
        let freezes = vec![Freeze { from_ms: at(1), to_ms: at(5) }, Freeze { from_ms: at(6), to_ms: at(9) }];
        let window = Window { zone: "UTC".to_owned(), freezes, ..Window::default() };
        let waves = vec![wave("1", vec![RunId::new("a")], 0), wave("2", Vec::new(), 2 * hour)];
        let mut document = Document::new("b", vec![entry]);
        document.about = serde_json::json!({"created_at_ms": made});
        document.rollout = Some(Rollout { window: Some(Box::new(window)), ..Rollout::of(waves) });
        let all = super::waves(&document);
        assert_eq!(
            all[0].takes.through_ms,
            5 * hour,
            "the wait ends in the freeze, and the act comes after it"
        );
        assert_eq!(all[1].begins_ms, 9 * hour, "seven hours after the plan was made is a freeze again");
        assert!(line(whole(&all)).starts_with("at least 9 h until"));
    }
}
