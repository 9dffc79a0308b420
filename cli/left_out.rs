//! CLI: identities that cannot be moved now are left out of a plan, and the others go. Reads the log.

use crate::about::{BatchAbout, LeftOut, MoveAbout};
use crate::batch_file::Batch;
use crate::context::Context;
use crate::counted::counted;
use crate::error::{CliError, Exit};
use crate::output::Output;
use crate::planned_move::{Setting, a_move};
use crate::store;
use rehome_activities::relocate::preflight::{Notice, NoticeCode};
use rehome_activities::relocate::{Facts, Params};
use rehome_orchestrator::{BatchLoaded, Fault, PlannedRun};
use std::collections::{BTreeMap, BTreeSet};

/// The moves that can begin, and what is left out with the reason. Where nothing could begin, everything stays, so that all is
/// seen.
///
/// # Errors
/// When the plan of a move cannot be made again without those that are left out.
pub(crate) fn leave_out(
    setting: Setting<'_>,
    moves: Vec<PlannedRun>,
    absent: Vec<LeftOut>,
) -> Result<(Vec<PlannedRun>, Vec<LeftOut>), CliError> {
    let is_blocked = |entry: &PlannedRun| MoveAbout::of(entry).map(|about| !about.blockers.is_empty());
    let blocked = moves.iter().map(is_blocked).collect::<Result<Vec<bool>, _>>()?;
    if absent.is_empty() && !blocked.contains(&true) {
        return Ok((moves, absent));
    }
    let (mut ready, mut left) = (moves.clone(), absent);
    // One that is left out no longer moves beside the others, which may block another one.
    loop {
        let gone: BTreeSet<String> = left.iter().map(|one| one.identity.to_lowercase()).collect();
        let mut staying = Vec::with_capacity(ready.len());
        let known = left.len();
        for entry in ready {
            let entry = without(setting, entry, &gone)?;
            let about = MoveAbout::of(&entry)?;
            match about.blockers.is_empty() {
                true => staying.push(entry),
                false => left.push(LeftOut {
                    identity: about.identity,
                    target: about.target,
                    origin: about.origin,
                    blockers: about.blockers,
                }),
            }
        }
        ready = staying;
        if left.len() == known {
            break;
        }
    }
    if ready.is_empty() {
        left.retain(|one| one.blockers.iter().any(|blocker| blocker.code == NoticeCode::B100.code()));
        return Ok((moves, left));
    }
    Ok((ready, left))
}

/// A move as it is planned when these identities do not move.
fn without(setting: Setting<'_>, entry: PlannedRun, gone: &BTreeSet<String>) -> Result<PlannedRun, CliError> {
    let unreadable = |why: Fault| CliError::new(Exit::Failed, why.to_string());
    let mut facts: Facts = entry.facts.read("facts").map_err(unreadable)?;
    let before = facts.moving.len();
    facts.moving.retain(|other| !gone.contains(&other.from.to_lowercase()));
    if facts.moving.len() == before {
        return Ok(entry);
    }
    let params: Params = entry.params.read("parameters").map_err(unreadable)?;
    a_move(setting, &params, &facts, MoveAbout::of(&entry)?.origin)
}

/// An identity that is not there.
pub(crate) fn absent(batch: &Batch, params: &Params, why: &Fault) -> LeftOut {
    let code = NoticeCode::B100;
    let (identity, target, origin) =
        (params.identity.to_string(), params.target.id().to_string(), batch.origin(params));
    let (target_of, text, remedy) = (identity.clone(), why.to_string(), code.remedy().to_owned());
    let blocker = Notice { code: code.code().to_owned(), target: target_of, text, remedy };
    LeftOut { identity, target, origin, blockers: vec![blocker] }
}

/// So many identities that are left out are named when a command ends.
const EACH_MAX: usize = 10;

/// What a command ends with that has done all it was asked: not all of the batch, where something was left out of its plan.
pub(crate) fn ended(output: &Output, about: &BatchAbout, exit: Exit) -> Exit {
    for LeftOut { identity, blockers, .. } in about.left_out.iter().take(EACH_MAX) {
        let Some(Notice { code, text, .. }) = blockers.first() else { continue };
        let more = match blockers.len() - 1 {
            0 => String::new(),
            more => format!(" (and {})", counted(more, "more reason")),
        };
        output.note(&format!("left out  {identity}: {code} {text}{more}"));
    }
    if let Some(more) = about.left_out.len().checked_sub(EACH_MAX).filter(|more| *more > 0) {
        output.note(&format!("left out  {} more", counted(more, "identity")));
    }
    if exit == Exit::Done && !about.left_out.is_empty() { Exit::Partly } else { exit }
}

/// The same for a batch that is in the log.
///
/// # Errors
/// When its record cannot be read.
pub(crate) async fn of_log(c: &Context<'_>, batch: &str, exit: Exit) -> Result<Exit, CliError> {
    let log = store::open_to_read(&c.global.db)?;
    let loaded = BatchLoaded::find(&*log, batch).await.map_err(|e| store::unreadable(&e))?;
    let about = loaded.map(|loaded| BatchAbout::of_log(&loaded.planned().about)).unwrap_or_default();
    Ok(ended(c.output, &about, exit))
}

/// What the plans of these batches leave out, where they leave out anything.
pub(crate) fn of_batches(batches: &BTreeMap<String, BatchLoaded>) -> BTreeMap<String, Vec<LeftOut>> {
    let left = |batch: &BatchLoaded| BatchAbout::of_log(&batch.planned().about).left_out;
    let all = batches.iter().map(|(name, batch)| (name.clone(), left(batch)));
    all.filter(|(_, left)| !left.is_empty()).collect()
}
