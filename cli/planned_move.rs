//! CLI: one move of a plan, as it follows from what was asked for and what was read. Pure.

use crate::about::MoveAbout;
use crate::batch_file::Origin;
use crate::error::{CliError, Exit};
use crate::move_names::MoveNames;
use crate::rows::{Column, List};
use rehome_activities::azure::known_clouds::KnownCloud;
use rehome_activities::relocate::cannot_see::cannot_see;
use rehome_activities::relocate::preflight::{audiences, preflight};
use rehome_activities::relocate::{self, Facts, Params};
use rehome_orchestrator::{Document, Json, Node, PlannedRun};
use serde_json::{Value, json};

/// What is the same for every move of a document.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    /// What its moves are called.
    pub(crate) names: &'a MoveNames<'a>,
    /// The cloud with a name that it is or plays.
    pub(crate) national: Option<&'static KnownCloud>,
}

/// One move, as it follows from what was asked for and what was read: the same again whenever it is asked.
pub(crate) fn a_move(
    setting: Setting<'_>,
    params: &Params,
    facts: &Facts,
    origin: Option<Origin>,
) -> Result<PlannedRun, CliError> {
    let plan = relocate::plan(params, facts).map_err(|why| {
        CliError::new(Exit::Failed, format!("no plan can be made: {why}")).at(params.identity.clone())
    })?;
    let mut preflight = preflight(params, facts);
    let national = setting.national.into_iter();
    preflight.warnings.extend(national.flat_map(|national| audiences(facts, national)));
    let about = MoveAbout {
        identity: params.identity.to_string(),
        target: params.target.id().to_string(),
        origin,
        blockers: preflight.blockers,
        warnings: preflight.warnings,
        cannot_see: cannot_see(facts),
        gaps: facts.gaps.clone(),
    };
    Ok(PlannedRun {
        run: setting.names.of(&params.identity),
        about: Json::sorted(&about),
        params: Json::sorted(params),
        facts: Json::sorted(facts),
        plan,
    })
}

/// A planned move as a row.
const COLUMNS: &[Column] = &[
    ("run", "/run"),
    ("identity", "/about/identity"),
    ("target", "/about/target"),
    ("steps", "/steps"),
    ("by_hand", "/by_hand"),
    ("blockers", "/blockers"),
    ("warnings", "/warnings"),
];

/// Planned moves as rows, which [`values`] makes.
pub(crate) fn list(rows: &dyn Fn() -> Vec<Value>) -> List<'_> {
    List::whole(COLUMNS, rows)
}

/// The moves of a document with what it says of each, and how many steps and notices each has.
pub(crate) fn values(document: &Document) -> Vec<Value> {
    let one = |entry: &PlannedRun| {
        let about: Value = serde_json::from_str(entry.about.get()).unwrap_or_default();
        let count = |of: &str| about[of].as_array().map_or(0, Vec::len);
        let (blockers, warnings) = (count("blockers"), count("warnings"));
        let by_hand = entry.plan.steps.iter().filter(|step| matches!(step.node, Node::ByHand { .. })).count();
        json!({
            "run": entry.run, "steps": entry.plan.steps.len(), "by_hand": by_hand, "blockers": blockers,
            "warnings": warnings, "about": about,
        })
    };
    document.runs.iter().map(one).collect()
}
