//! CLI: a batch file into a document to approve: survey, preflight, plan. Reads the cloud.

use crate::about::{BatchAbout, MoveAbout};
use crate::batch_file::{Batch, Listed, RolloutAsked, VALID_MS, WaveAsked, shared_out};
use crate::cloud::Cloud;
use crate::counted::counted;
use crate::error::{CliError, Exit};
use crate::grouped::{BLOCKERS, Grouped, grouped};
use crate::left_out;
use crate::move_names::MoveNames;
use crate::open_moves::{self, OpenMove};
use crate::output::{Output, Waiting};
use crate::planned_move::{Setting, a_move};
use crate::scan::Evidence;
use rehome_activities::azure::{Reader, ResourceId};
use rehome_activities::relocate::preflight::Notice;
use rehome_activities::relocate::{self, Facts, Params};
use rehome_orchestrator::{
    ApprovalPolicy, Clock, Document, FORMAT_VERSION, Fault, Json, PlannedRun, Rollout, SystemClock, Wave,
    WaveRelease,
};

/// What a survey says of an identity that is not there.
const ABSENT: [&str; 2] = ["NoIdentity", "SubscriptionNotFound"];

/// What was read of one identity, or why it could not be.
pub(crate) type Surveyed<'a> = (&'a Params, Result<Facts, Fault>);

/// Reads the facts of every identity of the batch.
pub(crate) async fn survey<'a>(reader: &Reader, batch: &'a Batch) -> Result<Vec<Surveyed<'a>>, CliError> {
    let surveyed = relocate::survey(reader, &batch.moves).await.map_err(|why| unread(&why))?;
    Ok(batch.moves.iter().zip(surveyed).collect())
}

fn unread(why: &Fault) -> CliError {
    CliError::new(Exit::Failed, format!("failed to read the cloud: {why}"))
}

/// Says that the cloud is read, as long as the answer is held.
pub(crate) fn reading(output: &Output, cloud: &Cloud, identities: usize) -> Waiting {
    crate::clock::tell(&cloud.azure, output);
    let what = format!("reading what depends on {}", counted(identities, "identity"));
    output.note(&what);
    let azure = cloud.azure.clone();
    output.waiting(move || format!("{what}: {} so far", counted(azure.requests(), "request")))
}

/// The program that plans, as a plan names it: only the same one can tell whether a plan is its own.
pub(crate) const PROGRAM: &str = concat!("rehome ", env!("CARGO_PKG_VERSION"));

/// Surveys every identity of the batch and plans its move; those that cannot be moved now are left out. `open` are the moves that
/// the log has, `author` is whoever plans, `code` is what was found in the team's own code.
pub(crate) async fn plan(
    cloud: &Cloud,
    batch: &Batch,
    open: &[OpenMove],
    author: &str,
    code: Option<&Evidence>,
) -> Result<Document, CliError> {
    let now = SystemClock.now_ms();
    let names = MoveNames::new(&batch.name, now, batch.moves.iter().map(|params| &params.identity));
    let setting = Setting { names: &names, national: cloud.azure.national() };
    let planned = |params: &Params, facts: Result<Facts, Fault>| {
        facts.map(|facts| a_move(setting, params, &with_code(facts, code)?, batch.origin(params)))
    };
    let planned = relocate::survey_each(&cloud.azure.reader(), &batch.moves, planned).await;
    let (mut moves, mut missing) = (Vec::new(), Vec::new());
    for (params, planned) in batch.moves.iter().zip(planned.map_err(|why| unread(&why))?) {
        match planned {
            Ok(planned) => moves.push(planned?),
            Err(why) => missing.push((params, why)),
        }
    }
    if moves.is_empty() || missing.iter().any(|(_, why)| !ABSENT.contains(&why.code.as_str())) {
        let missing = missing.iter().map(|(params, why)| (params.identity.as_str(), why.clone()));
        unsurveyed(&missing.collect::<Vec<_>>())?;
    }
    open_moves::name_own(&mut moves, open)?;
    let absent = missing.iter().map(|(params, why)| left_out::absent(batch, params, why)).collect();
    let (mut moves, left_out) = left_out::leave_out(setting, moves, absent)?;
    rehome_activities::check(&cloud.azure, moves.iter().map(|planned| &planned.plan))
        .map_err(|why| CliError::new(Exit::Failed, format!("the plan is not one of this program: {why}")))?;
    let about = BatchAbout {
        program: Some(PROGRAM.to_owned()),
        cloud: Some(cloud.url.clone()),
        authority: Some(cloud.azure.authority().to_owned()),
        tenant: Some(cloud.azure.tenant().to_owned()),
        planned_by: Some(cloud.azure.caller().object_id.clone()),
        author: Some(author.to_owned()),
        created_at_ms: Some(now),
        expires_at_ms: Some(now + batch.valid_ms),
        valid_ms: Some(batch.valid_ms).filter(|valid| *valid != VALID_MS),
        files: batch.files.iter().chain(code.map(|code| &code.file)).cloned().collect(),
        left_out,
        requests: Some(cloud.azure.requests()),
        national: setting.national.map(|national| national.name.to_owned()),
        drift_check_ms: batch.drift_check_ms,
        hooks: batch.hooks.clone(),
        witness: batch.witness.clone(),
    };
    let approval = batch.approvers.as_ref().map(|asked| asked.policy(about.author()));
    if let Some(Err(why)) = approval.as_ref().map(ApprovalPolicy::check) {
        return Err(CliError::new(Exit::Usage, format!("the approvers cannot approve this plan: {why}"))
            .next("name others in the file of approvers, or let somebody else plan"));
    }
    let rollout = rollout(&batch.rollout, approval.is_some(), &mut moves, now)?;
    let (format_version, batch) = (FORMAT_VERSION.to_owned(), batch.name.clone());
    Ok(Document { format_version, batch, about: Json::of(&about).value(), runs: moves, rollout, approval })
}

/// The facts with what was scanned.
fn with_code(mut facts: Facts, code: Option<&Evidence>) -> Result<Facts, CliError> {
    if let Some(scanned) = code.map(|code| code.of(&facts.identity.identifiers)).transpose()?.flatten() {
        rehome_activities::code::keep(&mut facts, scanned);
    }
    Ok(facts)
}

/// The wave of a batch that is let loose by some rule and has no waves of its own.
const ONE_WAVE: &str = "all";

/// How the moves are let loose: each with the wave that it is in. What is `signed` is let loose by its approvals.
fn rollout(
    asked: &RolloutAsked,
    signed: bool,
    moves: &mut Vec<PlannedRun>,
    now_ms: i64,
) -> Result<Option<Rollout>, CliError> {
    let wave = |wave: &WaveAsked| Wave {
        name: wave.name.clone(),
        runs: Vec::new(),
        after_ms: wave.after_ms,
        release: wave.release,
        rehearsal: false,
    };
    let RolloutAsked { waves: asked, on_failure, budget, parallel, share, window } = asked;
    let window = window.as_ref().map(|window| Box::new(window.at(now_ms)));
    let mut waves: Vec<Wave> = asked.iter().map(wave).collect();
    let (most, rule) = ((*parallel, *share), (*on_failure, *budget));
    if waves.is_empty() && !signed && rule == Default::default() && most == (None, None) && window.is_none() {
        return Ok(None);
    }
    let (parallel, share) = most;
    if waves.is_empty() {
        let (name, release) = (ONE_WAVE.to_owned(), WaveRelease::Auto);
        waves.push(Wave { name, runs: Vec::new(), after_ms: 0, release, rehearsal: false });
    }
    // Facts are large, and most waves are told by ids alone.
    let by_facts = asked.iter().any(WaveAsked::picks_by_facts);
    let identity = |entry: &PlannedRun| {
        let id = ResourceId::from(MoveAbout::of(entry)?.identity);
        let facts = by_facts.then(|| entry.facts.read::<Facts>("facts")).transpose();
        let of = facts.map_err(|why| unread(&why))?.map(|facts| facts.identity);
        let (location, tags) = of.map(|of| (of.location, of.tags)).unwrap_or_default();
        Ok(Listed { id, location, tags: tags.into_iter().collect() })
    };
    let identities = moves.iter().map(identity).collect::<Result<Vec<_>, CliError>>()?;
    for (entry, nth) in moves.iter().zip(shared_out(asked, &identities)) {
        waves[nth].runs.push(entry.run.clone());
    }
    let waves = rehearsed(waves, asked, moves);
    Ok(Some(Rollout { waves, on_failure: *on_failure, budget: *budget, parallel, share, window }))
}

/// The waves, and before each that is to be rehearsed another one with the same moves under other names.
fn rehearsed(waves: Vec<Wave>, asked: &[WaveAsked], moves: &mut Vec<PlannedRun>) -> Vec<Wave> {
    let mut all = Vec::with_capacity(waves.len());
    for (nth, wave) in waves.into_iter().enumerate() {
        if !asked.get(nth).is_some_and(|asked| asked.rehearse_undo) {
            all.push(wave);
            continue;
        }
        let of_wave = moves.iter().filter(|entry| wave.runs.contains(&entry.run));
        let again =
            |entry: &PlannedRun| PlannedRun { run: MoveNames::rehearsal(&entry.run), ..entry.clone() };
        let again: Vec<PlannedRun> = of_wave.map(again).collect();
        all.push(Wave {
            name: WaveAsked::rehearsal(&wave.name),
            runs: again.iter().map(|entry| entry.run.clone()).collect(),
            rehearsal: true,
            ..wave.clone()
        });
        all.push(Wave { after_ms: 0, release: WaveRelease::Auto, ..wave });
        moves.extend(again);
    }
    all
}

/// Says what kept facts from being read: an identity that is not there is one thing, a read that failed another.
pub(crate) fn unsurveyed(missing: &[(&str, Fault)]) -> Result<(), CliError> {
    if missing.is_empty() {
        return Ok(());
    }
    let absent = missing.iter().all(|(_, why)| why.code == ABSENT[0]);
    let error = match absent {
        true => CliError::new(Exit::NotFound, "some identities of the batch could not be read"),
        false => CliError::new(Exit::Failed, "what the plan is made from could not be read"),
    };
    let line = |(identity, why): &(&str, Fault)| match why.target.as_deref() {
        Some(target) if !target.eq_ignore_ascii_case(identity) => format!("{identity}: {target}: {why}"),
        Some(_) | None => format!("{identity}: {why}"),
    };
    Err(missing.iter().map(line).fold(error, CliError::next))
}

/// So many blockers are told one by one; of more each cause is told once.
const BLOCKERS_MAX: usize = 5;

/// What keeps a document from being approved.
pub(crate) fn refuse_blocked(document: &Document) -> Result<(), CliError> {
    let said = document.runs.iter().map(|entry| Ok((entry, MoveAbout::of(entry)?)));
    let moves = said.collect::<Result<Vec<_>, CliError>>()?;
    let all: usize = moves.iter().map(|(_, about)| about.blockers.len()).sum();
    if all == 0 {
        return Ok(());
    }
    let error = CliError::new(Exit::Blocked, format!("the plan has {}", counted(all, "blocker")));
    if all > BLOCKERS_MAX {
        let causes = grouped(&moves).into_iter().filter(|cause| cause.kind == BLOCKERS);
        return Err(causes.fold(
            error,
            |error, Grouped { code, count, moves, first, place, text, remedy, .. }| {
                let moves = counted(moves, "move");
                error.next(format!(
                    "{code}, {count} in {moves}, the first in {first}: {text} ({place}): {remedy}"
                ))
            },
        ));
    }
    let lines = moves.iter().flat_map(|(entry, about)| {
        about.blockers.iter().map(move |Notice { code, target, text, remedy }| {
            format!("{} {code}: {text} ({target}): {remedy}", entry.run)
        })
    });
    Err(lines.fold(error, CliError::next))
}

/// Refuses a plan that is too old to be begun, from what its document says about itself.
pub(crate) fn check_expiry(about: &BatchAbout, now: i64) -> Result<(), CliError> {
    match about.expires_at_ms {
        Some(date) if date < now => {
            let what = format!(
                "the plan was to be begun by {}, {} after it was made: too much may have changed since",
                crate::time::date(date),
                about.valid_words()
            );
            Err(CliError::new(Exit::Stale, what))
        }
        Some(_) | None => Ok(()),
    }
}
