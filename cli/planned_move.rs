//! CLI: one move of a plan, as it follows from what was asked for and what was read. Pure.

use crate::about::MoveAbout;
use crate::batch_file::Origin;
use crate::error::{CliError, Exit};
use crate::move_names::MoveNames;
use rehome_activities::azure::known_clouds::KnownCloud;
use rehome_activities::relocate::cannot_see::cannot_see;
use rehome_activities::relocate::preflight::{audiences, preflight};
use rehome_activities::relocate::{self, Facts, Params};
use rehome_orchestrator::{Json, PlannedRun};

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
