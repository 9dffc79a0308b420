//! CLI: whether a plan file says what this program plans. Pure.
//!
//! A plan file is a program under a title that anybody may write, and its digest only says that it was not cut. Planning
//! is pure, so everything in the document is made again from the parameters and the facts that it holds, and a document
//! that says anything else is refused: its titles, its gates, what can be taken back, its blockers, its dates and names.
//! The facts themselves are compared with the cloud, before the first write.

use crate::about::{BatchAbout, MoveAbout, NAME_TAKEN};
use crate::batch_file::VALID_MAX_MS;
use crate::error::{CliError, Exit};
use crate::hooks::config::Hooks;
use crate::move_names::MoveNames;
use crate::planned_move::{Setting, a_move};
use crate::planning::PROGRAM;
use crate::witness::config::Witnesses;
use rehome_activities::azure::known_clouds::{self, KnownCloud};
use rehome_activities::relocate::peers::Peers;
use rehome_activities::relocate::{Facts, Moving, Params};
use rehome_orchestrator::{Document, Plan, PlannedRun, RunId, Step};
use std::collections::{BTreeMap, BTreeSet};

/// Clocks of two machines may differ by so much.
const CLOCKS_MS: i64 = 300_000;

/// Refuses a document that does not follow from what it says was asked for and read.
pub(crate) fn check(document: &Document, now: i64) -> Result<(), CliError> {
    let about = BatchAbout::of(document)?;
    same_program(&about)?;
    let created_at_ms = dates(&about, now)?;
    let national = national_of(&about)?;
    if let Some(flaw) = about.hooks.iter().flat_map(Hooks::flaws).next() {
        return Err(forged(format!("of its hooks, {}", flaw.what)));
    }
    if let Some(flaw) = about.witness.iter().flat_map(Witnesses::flaws).next() {
        return Err(forged(format!("of its witnesses, {}", flaw.what)));
    }
    if document.approval.as_ref().is_some_and(|policy| policy.author != about.author()) {
        return Err(forged("its approvers are told of another author than the plan is".to_owned()));
    }
    let named = |entry| read(entry).map(|(params, facts)| moving(&params, &facts));
    let named = runs_of(document).map(named).collect::<Result<Vec<_>, _>>()?;
    let rehearsals = rehearsals(document)?;
    let all = Peers::new(named.clone());
    let left: BTreeSet<String> = about.left_out.iter().map(|one| one.identity.to_lowercase()).collect();
    if let Some(both) = named.iter().find(|one| left.contains(&one.from.to_lowercase())) {
        return Err(forged(format!("it moves {}, and says that it leaves it out", both.from)));
    }
    let identities = named.iter().map(|one| one.from.as_str()).chain(left.iter().map(String::as_str));
    let names = MoveNames::new(&document.batch, created_at_ms, identities);
    let setting = Setting { names: &names, national };
    for (at, entry) in runs_of(document).enumerate() {
        // Read again, because the facts of all moves at once would take many times what the document does.
        let (params, facts) = &read(entry)?;
        let forged = |what: String| forged(what).at(entry.run.to_string());
        if let Some(what) = astray(params, facts) {
            return Err(forged(what));
        }
        if !all.beside(facts).eq(&facts.moving) && !is_everybody_else(facts, &named, at) {
            return Err(forged(
                "it names identities that move too, and they are not those of this plan".to_owned(),
            ));
        }
        let derived =
            a_move(setting, params, facts, MoveAbout::of(entry)?.origin).map_err(|why| forged(why.what))?;
        if let Some(what) = difference(entry, &derived)? {
            return Err(forged(what));
        }
        if rehearsals.get(&entry.run).is_some_and(|again| !is_rehearsal_of(again, entry)) {
            return Err(forged("its rehearsal is another move".to_owned()));
        }
    }
    Ok(())
}

/// The moves that are no rehearsals.
fn runs_of(document: &Document) -> impl Iterator<Item = &PlannedRun> {
    let rehearsal = rehearsal_runs(document);
    document.runs.iter().filter(move |entry| !rehearsal.contains(&entry.run))
}

fn rehearsal_runs(document: &Document) -> BTreeSet<&RunId> {
    let waves = document.rollout.iter().flat_map(|rollout| &rollout.waves);
    waves.filter(|wave| wave.rehearsal).flat_map(|wave| &wave.runs).collect()
}

/// The rehearsals, each by the move that it is one of.
fn rehearsals(document: &Document) -> Result<BTreeMap<&RunId, &PlannedRun>, CliError> {
    let all: BTreeMap<&RunId, &PlannedRun> = document.runs.iter().map(|entry| (&entry.run, entry)).collect();
    let of = |entry: &PlannedRun| all.get(&MoveNames::rehearsal(&entry.run)).copied();
    let known: BTreeMap<_, _> =
        runs_of(document).filter_map(|entry| Some((&entry.run, of(entry)?))).collect();
    match known.len() == rehearsal_runs(document).len() {
        true => Ok(known),
        false => Err(forged("it rehearses a move that it does not make".to_owned())),
    }
}

/// Whether a move is made just as the other one.
fn is_rehearsal_of(again: &PlannedRun, entry: &PlannedRun) -> bool {
    let PlannedRun { run: _, about, params, facts, plan } = again;
    (about, params, facts, plan) == (&entry.about, &entry.params, &entry.facts, &entry.plan)
}

/// Refuses commands for people that would send them to the Microsoft Graph of somebody else.
pub(crate) fn check_graph(document: &Document, graph: &str) -> Result<(), CliError> {
    for entry in &document.runs {
        if read(entry)?.1.graph != graph {
            let what =
                format!("its commands are for another Microsoft Graph than {graph}, which this cloud has");
            return Err(forged(what).at(entry.run.to_string()));
        }
    }
    Ok(())
}

fn forged(what: String) -> CliError {
    CliError::new(Exit::Usage, format!("this is not what this program plans from these facts: {what}"))
}

/// Another version may plan otherwise, so that nobody could tell its plan from a forged one.
fn same_program(about: &BatchAbout) -> Result<(), CliError> {
    let said = about.program.as_deref().unwrap_or("a program that it does not name");
    if said == PROGRAM {
        return Ok(());
    }
    let what = format!(
        "the plan was made by {said}, and this is {PROGRAM}: whether it says what it does cannot be told"
    );
    Err(CliError::new(Exit::Stale, what).next("what was approved and begun goes on by the name of its batch"))
}

/// When it was made; refuses one that is good for longer than a plan is, or not made yet.
fn dates(about: &BatchAbout, now: i64) -> Result<i64, CliError> {
    let (Some(created), Some(expires)) = (about.created_at_ms, about.expires_at_ms) else {
        return Err(forged("it does not say when it was made and how long it is good".to_owned()));
    };
    let valid = about.valid_for_ms();
    if created.checked_add(valid) != Some(expires) || !(0..=VALID_MAX_MS).contains(&valid) {
        return Err(forged("it says that it is good for another time than plans are".to_owned()));
    }
    if created > now.saturating_add(CLOCKS_MS) {
        return Err(forged("it was made in the future, or the clock of this machine is wrong".to_owned()));
    }
    Ok(created)
}

/// The cloud with a name that the plan is for.
fn national_of(about: &BatchAbout) -> Result<Option<&'static KnownCloud>, CliError> {
    let named = |name: &String| {
        known_clouds::named(name).ok_or_else(|| forged(format!("there is no cloud called {name:?}")))
    };
    let said = about.national.as_ref().map(named).transpose()?;
    let by_address = about.cloud.as_deref().and_then(known_clouds::at);
    if by_address.is_some() && by_address != said {
        return Err(forged("it says that its cloud is another one than its address is of".to_owned()));
    }
    Ok(said)
}

fn read(entry: &PlannedRun) -> Result<(Params, Facts), CliError> {
    let unreadable = |what: &str, e: serde_json::Error| {
        forged(format!("its {what} cannot be read: {e}")).at(entry.run.to_string())
    };
    let params = serde_json::from_str(entry.params.get()).map_err(|e| unreadable("parameters", e))?;
    let facts = serde_json::from_str(entry.facts.get()).map_err(|e| unreadable("facts", e))?;
    Ok((params, facts))
}

/// Facts of another identity, or of another place, than was asked for.
fn astray(params: &Params, facts: &Facts) -> Option<String> {
    let is = &facts.identity.identifiers.resource_id;
    if *is != params.identity {
        return Some(format!("the facts are of {is}, and not of what is to move"));
    }
    let (to, wanted) = (&facts.target.id, params.target.id());
    (*to != wanted).then(|| format!("the facts are of a move to {to}, and it is to go to {wanted}"))
}

/// A move, as the others of its batch know it.
fn moving(params: &Params, facts: &Facts) -> Moving {
    Moving {
        from: params.identity.clone(),
        to: params.target.id(),
        principal_id: facts.identity.identifiers.principal_id.clone(),
    }
}

/// Whether all other moves of the document are named, as plans of before did that.
fn is_everybody_else(facts: &Facts, all: &[Moving], at: usize) -> bool {
    let others = all.iter().enumerate().filter(|(other, _)| *other != at);
    facts.moving.len() + 1 == all.len() && facts.moving.iter().eq(others.map(|(_, other)| other))
}

/// Where a move says something else than it should, in words.
fn difference(said: &PlannedRun, derived: &PlannedRun) -> Result<Option<String>, CliError> {
    if said.run != derived.run {
        return Ok(Some(format!("its name would be {}", derived.run)));
    }
    if let Some(what) = plans(&said.plan, &derived.plan) {
        return Ok(Some(what));
    }
    let (told, is) = (without_takers(said)?, without_takers(derived)?);
    if let Some(name) = told.difference(&is) {
        return Ok(Some(format!("what it says of its {name} is not so")));
    }
    let rest = [("parameters", &said.params, &derived.params), ("facts", &said.facts, &derived.facts)];
    let rest = rest.into_iter().find(|(_, said, is)| said != is);
    Ok(rest.map(|(what, ..)| format!("its {what} are written in another way than here")))
}

/// What a document says of a move, but for who has taken the name of the new identity: only a log knows that.
fn without_takers(entry: &PlannedRun) -> Result<MoveAbout, CliError> {
    let mut about = MoveAbout::of(entry)?;
    for blocker in about.blockers.iter_mut().filter(|blocker| blocker.code == NAME_TAKEN) {
        blocker.text.clear();
        blocker.remedy.clear();
    }
    Ok(about)
}

fn plans(said: &Plan, derived: &Plan) -> Option<String> {
    if said.workflow != derived.workflow || said.on_failure != derived.on_failure {
        return Some("it is another workflow, or does something else when a step fails".to_owned());
    }
    let step = said.steps.iter().zip(&derived.steps).find_map(|(said, is)| Some((said, part(said, is)?)));
    if let Some((step, part)) = step {
        return Some(format!("step {} has another {part}", step.id));
    }
    let (has, wants) = (said.steps.len(), derived.steps.len());
    (has != wants).then(|| format!("it has {has} steps, and would have {wants}"))
}

/// The part of a step that is not as it should be.
fn part(said: &Step, is: &Step) -> Option<&'static str> {
    let differs = [
        (said.id != is.id, "name"),
        (said.node != is.node, "effect"),
        (said.phase != is.phase || said.needs != is.needs, "place in the order"),
        (said.title != is.title || said.group != is.group, "title"),
        (said.undo != is.undo, "way back"),
    ];
    differs.into_iter().find_map(|(differs, part)| differs.then_some(part))
}
