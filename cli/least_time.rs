//! CLI: how long a plan takes at least, from the waits that it has and Azure's published limits. Pure.

use rehome_activities::azure::least_ms_of_writes;
use rehome_orchestrator::{Document, Node, Phase, Plan, PlannedRun, RunId, Wave};
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

/// The waves of a plan in their order, or all moves at once.
pub(crate) fn waves(document: &Document) -> Vec<WaveEstimate> {
    let runs: BTreeMap<&RunId, &PlannedRun> = document.runs.iter().map(|entry| (&entry.run, entry)).collect();
    let takes = |names: &[RunId]| {
        let entries = || names.iter().filter_map(|run| runs.get(run));
        let writes: u64 = entries().map(|entry| writes(&entry.plan)).sum();
        let limit = least_ms_of_writes(writes);
        let all = entries().map(|entry| of(&entry.plan));
        all.fold(AtLeast { through_ms: limit, soaked_ms: limit }, |all, one| AtLeast {
            through_ms: all.through_ms.max(one.through_ms),
            soaked_ms: all.soaked_ms.max(one.soaked_ms),
        })
    };
    let Some(rollout) = &document.rollout else {
        let runs: Vec<RunId> = document.runs.iter().map(|entry| entry.run.clone()).collect();
        return vec![WaveEstimate { wave: None, begins_ms: 0, takes: takes(&runs), runs }];
    };
    let (mut out, mut through) = (Vec::with_capacity(rollout.waves.len()), 0_u64);
    for (nth, Wave { name, runs, after_ms, .. }) in rollout.waves.iter().enumerate() {
        let begins_ms = if nth == 0 { 0 } else { through.saturating_add(*after_ms) };
        let takes = takes(runs);
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

/// The longest chain of waits on the way forward of one move.
fn of(plan: &Plan) -> AtLeast {
    let mut ends: BTreeMap<&str, AtLeast> = BTreeMap::new();
    let mut whole = AtLeast::default();
    for step in plan.steps.iter().filter(|step| step.phase == Phase::Forward) {
        let needs = || step.needs.iter().filter_map(|need| ends.get(need.as_str()));
        let (delay, soak) = match step.node {
            Node::PropagationDelay { for_ms, .. } => (for_ms, 0),
            Node::Soak { for_ms } => (0, for_ms),
            Node::Act { .. }
            | Node::Wait { .. }
            | Node::Gate { .. }
            | Node::ByHand { .. }
            | Node::Check { .. } => (0, 0),
        };
        let begins = |of: fn(&AtLeast) -> u64| needs().map(of).max().unwrap_or_default();
        let end = AtLeast {
            through_ms: begins(|end| end.through_ms).saturating_add(delay),
            soaked_ms: begins(|end| end.soaked_ms).saturating_add(delay).saturating_add(soak),
        };
        whole.through_ms = whole.through_ms.max(end.through_ms);
        whole.soaked_ms = whole.soaked_ms.max(end.soaked_ms);
        ends.insert(step.id.as_str(), end);
    }
    whole
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
    use rehome_orchestrator::{Json, OnFailure, Rollout, Step, StepId, WaveRelease};

    fn run(name: &str, delay_ms: u64, soak_ms: u64) -> PlannedRun {
        let step = |id: &str, needs: &[&str], node: Node| {
            let mut step = Step::new(id, node);
            step.needs = needs.iter().map(|need| StepId::new(*need)).collect();
            step
        };
        let delay = |for_ms| Node::PropagationDelay { for_ms, back_ms: 0 };
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
        let lengths = [0, 45_000, 600_000, 87_000_000, 3_601_000, 864_000_000].map(length);
        assert_eq!(lengths, ["no time", "45 s", "10 min", "24 h 10 min", "1 h 1 s", "10 d"]);
    }
}
