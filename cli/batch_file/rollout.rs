//! CLI: what a batch file says of how its moves are let loose, beside the waves themselves. Pure.

use super::meaning::{Failing, Row};
use super::mistakes::Mistakes;
use super::rule;
use super::section::Section;
use super::wave::{WaveAsked, waves};
use super::window::WindowAsked;
use rehome_orchestrator::{Budget, WaveFailure};

/// How the moves are let loose, as it was asked for.
#[derive(Debug, Default)]
pub(crate) struct RolloutAsked {
    /// In their order; none where all begin at once.
    pub(crate) waves: Vec<WaveAsked>,
    pub(crate) on_failure: WaveFailure,
    pub(crate) budget: Budget,
    pub(crate) parallel: Option<u64>,
    /// So much of Azure's limits may be used, in percent.
    pub(crate) share: Option<u64>,
    pub(crate) window: Option<WindowAsked>,
}

/// What a file says of it; `rows` say who is in which wave.
pub(super) fn rollout(file: Section<'_>, rows: &[Row], found: &mut Mistakes) -> RolloutAsked {
    let batch = file.section("batch");
    let failing: Failing = batch.choice("on_failure").unwrap_or_default();
    RolloutAsked {
        waves: waves(file, rows, found),
        on_failure: failing.of_wave(),
        budget: budget(file, found),
        parallel: batch.count("parallel").map(|count| count as u64),
        share: file.section("limits").text("share").and_then(rule::percent).map(|percent| percent as u64),
        window: WindowAsked::of(file, found),
    }
}

fn budget(file: Section<'_>, found: &mut Mistakes) -> Budget {
    let said = file.section("budget");
    let of = |key: &str| said.count(key).map(|count| count as u64);
    let budget = Budget { wave: of("wave"), batch: of("batch") };
    if budget.wave > budget.batch && budget.batch.is_some() {
        let what = "a wave may have more failures than the batch";
        found.add(said.place("wave"), what, "say a smaller number, or a greater one for batch");
    }
    budget
}
