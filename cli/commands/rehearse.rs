//! CLI: `rehome rehearse`. The whole work on a local Azure in this process, over real HTTP. People are played.

use super::approve::{Approve, Sign};
use super::{cleanup, plan, run, sim_serve, verify};
use crate::about::MoveAbout;
use crate::args::{CloudArgs, Global, RunArgs};
use crate::command::Execute;
use crate::context::Context;
use crate::counted::counted;
use crate::error::{CliError, Exit, causes};
use crate::print_failure::PrintFailure;
use crate::render::rehearsal::{Page, Played};
use crate::view::view;
use crate::wait::WaitKind;
use crate::{batch_file, hint, left_out, render, request, store};
use clap::Args;
use rehome_activities::azure::LocalSignIn;
use rehome_activities::relocate::preflight::NoticeCode;
use rehome_activities::surfaces::{PlayedAt, played_by_hand};
use rehome_orchestrator::{RunState, StepId};
use rehome_simulator::{Options, Outage, Pace, PageAccess, Running, WorkloadReport};
use rehome_store::{Log, private_file};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// Practise a whole batch on a local Azure.
///
/// Plans, approves, runs, verifies and cleans up. What people change by hand in resources and services of this Azure is
/// changed there; everything else that they do is taken as done. The record goes to a new log: the one
/// that --db names, or one in a new folder. With -v every result is printed, with -o json one document that has the
/// results of all commands.
#[derive(Args, Debug)]
pub(crate) struct Rehearse {
    /// A folder with estate.json and batch.toml, or a batch file with --estate.
    pub(crate) folder: PathBuf,
    /// The estate, where it is not the folder's.
    #[arg(long, value_name = "FILE")]
    pub(crate) estate: Option<PathBuf>,
    /// What goes wrong: see `sim serve --faults`.
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,
    /// How many times faster than real time it runs, on both sides.
    #[arg(long, default_value_t = 20_000.0, value_name = "N")]
    pub(crate) time_scale: f64,
    /// The seed of everything random in the local Azure.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// Stop before the clean-up.
    #[arg(long)]
    pub(crate) keep_old: bool,
}

impl Execute for Rehearse {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        rehearse(c, self).await
    }

    fn holds_batch(&self) -> bool {
        true
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::rehearsed()
    }
}

/// Why everything in a rehearsal is done, for its record.
const REASON: &str = "a rehearsal on a local Azure";

/// Plans, approves, runs, verifies and cleans up, and ends with a page of what was done.
async fn rehearse(c: &Context<'_>, command: Rehearse) -> Result<Exit, CliError> {
    let Rehearse { folder, estate, faults, time_scale, seed, keep_old } = command;
    let (batch, estate) = files(&folder, estate)?;
    let name = batch_file::load(&batch)?.name;
    let faults = sim_serve::read_faults(faults.as_deref())?;
    if c.global.db_named {
        refuse_used(&c.global.db).await?;
    }
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let running = sim_serve::open(
        &estate,
        Options {
            listen,
            tls: false,
            pace: Pace::Scaled(time_scale),
            seed,
            faults,
            pages: PageAccess::Closed,
        },
    )
    .await?;
    let place = own_folder()?;
    let db = if c.global.db_named { c.global.db.clone() } else { place.join("rehome.db") };
    let global = Global { db, cloud: sign_in(&running, time_scale), ..c.global.clone() };
    let shown = hint::file(&global.db);
    c.output.note(&format!("a rehearsal of {name} on a local Azure in this process: nothing else changes"));
    c.output.note(&format!("the record goes to {shown}"));
    let output = c.output.keeping();
    let context = Context { global: &global, output: &output, words: c.words, settings: c.settings };
    let plan = place.join("plan.json");
    let stage = Stage { told: c, c: &context, azure: &running, batch: &batch, plan, name: &name };
    let mut played = Vec::new();
    let mut exit = stage.work(&mut played, keep_old).await;
    let report = running.workload_report();
    let workloads = Workloads { unpromised: without_promise(&stage.plan), report };
    if let Ok(ended @ Exit::Done) = &mut exit
        && !workloads.broken().is_empty()
    {
        *ended = Exit::Differences;
    }
    running.shutdown().await;
    if c.global.db_named {
        // The plan is in the record too.
        drop(std::fs::remove_dir_all(&place));
    }
    let code = exit.as_ref().map_or_else(|e| e.exit, |exit| *exit);
    match output.take_kept() {
        Some(commands) => {
            let outages: Vec<Value> = workloads.report.outages.iter().map(outage).collect();
            let value = json!({
                "format_version": "1.0", "exit": code as u8, "log": global.db, "commands": commands,
                "workloads": {"watched": workloads.report.watched, "outages": outages},
            });
            c.output.result("", &value)?;
        }
        None => {
            let text = page(&global.db, &name, code, &workloads, &played).await?;
            c.output.result(&text, &Value::Null)?;
        }
    }
    exit
}

/// A rehearsal begins a log: what is in another one is never mixed with it.
async fn refuse_used(db: &Path) -> Result<(), CliError> {
    store::refuse_gone(db)?;
    let nothing = if store::is_on_server(db) {
        !store::exists(db)?
    } else {
        std::fs::metadata(db).map_or(true, |about| about.is_file() && about.len() == 0)
    };
    if nothing {
        return Ok(());
    }
    let log = store::open_to_read(db)?;
    let head = log.head().await.map_err(|e| store::damaged(&causes(&e)))?;
    if head.position.0 == 0 {
        return Ok(());
    }
    let what = format!(
        "a rehearsal begins a log of its own, and this one has {} already",
        counted(head.position, "event")
    );
    Err(CliError::new(Exit::Usage, what)
        .at(db.display().to_string())
        .next("name a file that is not there yet with --db FILE, or leave --db and REHOME_DB out"))
}

/// A new folder that nobody else may look into.
fn own_folder() -> Result<PathBuf, CliError> {
    // In the folder for everybody's files a name that is foreseen may be somebody's link; one that is there is refused.
    let name = uuid::Uuid::new_v4().simple().to_string();
    let place = std::env::temp_dir().join(format!("rehome-rehearsal-{}", &name[..8]));
    private_file::create_folder(&place).map_err(|e| {
        let error = CliError::because(Exit::Failed, "failed to make a folder for the rehearsal", &e);
        let next = match e.kind() {
            ErrorKind::StorageFull => "make room there, or set TMPDIR to a folder elsewhere",
            _ => "set TMPDIR to a folder that you may write to",
        };
        error.at(place.display().to_string()).next(next)
    })?;
    Ok(place)
}

fn sign_in(running: &Running, time_scale: f64) -> CloudArgs {
    // Only this process signs in with these, and only to itself.
    let credentials = [
        ("AZURE_TENANT_ID", running.tenant.clone()),
        ("AZURE_CLIENT_ID", running.client_id.clone()),
        ("AZURE_CLIENT_SECRET", running.client_secret.clone()),
    ];
    CloudArgs {
        cloud: Some(running.arm.clone()),
        ca: None,
        time_scale: Some(time_scale),
        sign_in: Some(LocalSignIn::new(credentials.map(|(_, value)| value))),
    }
}

/// The page that a rehearsal ends with, from its record.
async fn page(
    db: &Path,
    batch: &str,
    exit: Exit,
    workloads: &Workloads,
    played: &[Played],
) -> Result<String, CliError> {
    let (mut views, mut events) = (Vec::new(), 0);
    // Where the plan was refused there is no log.
    if store::exists(db)? {
        let log = store::open_to_read(db)?;
        events = log.head().await.map_err(|e| store::damaged(&causes(&e)))?.position.0;
        for run in store::select(&*log, Some(batch)).await?.runs {
            let state = store::read_run(&*log, &run).await?.state;
            let target = render::rehearsal::target(&state);
            views.push((view(&run, &state), target));
        }
    }
    let page = Page {
        batch,
        exit,
        moves: &views,
        played,
        watched: workloads.report.watched,
        outages: &workloads.lines(),
        broken: workloads.broken().len(),
        unpromised: workloads.unpromised_down(),
        db: &hint::file(db),
        events,
        again: &crate::again::again("-o json"),
    };
    Ok(page.text())
}

/// What was seen of the workloads, beside what the plan had promised.
struct Workloads {
    report: WorkloadReport,
    /// The hosts for which the plan promises no overlap, in lower case.
    unpromised: BTreeSet<String>,
}

impl Workloads {
    fn promised(&self, out: &Outage) -> bool {
        !self.unpromised.contains(&out.host.to_lowercase())
    }

    /// What was down although the plan had promised to keep it up.
    fn broken(&self) -> BTreeSet<&str> {
        self.report.outages.iter().filter(|out| self.promised(out)).map(|out| out.workload.as_str()).collect()
    }

    fn unpromised_down(&self) -> usize {
        let down: BTreeSet<&str> = self.report.outages.iter().map(|out| out.workload.as_str()).collect();
        down.len() - self.broken().len()
    }

    fn lines(&self) -> Vec<String> {
        let line = |out: &Outage| {
            let length = if out.lasts { "until now".to_owned() } else { format!("for {} s", out.seconds) };
            let mark = if self.promised(out) { "DOWN" } else { "down" };
            format!("{mark}  {} {length}: {}", out.workload, out.why)
        };
        self.report.outages.iter().map(line).collect()
    }
}

fn outage(out: &Outage) -> Value {
    json!({
        "workload": out.workload, "host": out.host, "seconds": out.seconds, "lasts": out.lasts, "why": out.why,
    })
}

/// Codes of the warnings that say of a host that no overlap is promised on it: a person does it, or old and
/// new are not there at the same time.
const NO_OVERLAP: [&str; 2] = [NoticeCode::W204.code(), NoticeCode::W205.code()];

/// The hosts for which the plan promises no overlap, in lower case.
fn without_promise(plan: &Path) -> BTreeSet<String> {
    let Ok((document, _)) = crate::plan_again::load(plan) else { return BTreeSet::new() };
    let mut hosts = BTreeSet::new();
    for entry in &document.runs {
        let warnings = MoveAbout::of(entry).map(|about| about.warnings).unwrap_or_default();
        let without = warnings.iter().filter(|warning| NO_OVERLAP.contains(&warning.code.as_str()));
        hosts.extend(without.map(|warning| warning.target.to_lowercase()));
    }
    hosts
}

/// What the commands of a rehearsal share.
struct Stage<'a> {
    /// To whom the chapters are told.
    told: &'a Context<'a>,
    c: &'a Context<'a>,
    azure: &'a Running,
    batch: &'a Path,
    plan: PathBuf,
    name: &'a str,
}

impl Stage<'_> {
    fn chapter(&self, command: &'static str, what: &str) {
        self.told.output.note(&format!("== {command:<8} {what}"));
        self.c.output.begin(command);
    }

    async fn work(&self, played: &mut Vec<Played>, keep_old: bool) -> Result<Exit, CliError> {
        let args = RunArgs { parallel: 16, yes: true, alone: true, ..RunArgs::default() };
        let (c, name) = (self.c, self.name);
        self.chapter("plan", "what depends on the identities is read, and each step worked out");
        plan::plan(c, self.batch, &self.plan, None).await?;
        self.chapter("approve", "as a person would, after reading the plan");
        let (plan, reason) = (Some(self.plan.clone()), Some(REASON.to_owned()));
        let approve = Approve { plan, reason, yes: true, sign: Sign::default(), import: Vec::new() };
        approve.execute(c).await?;
        self.chapter("run", "new identities, the same rights, hosts switched, soaked");
        let mut exit = run::run(c, name, &args).await?;
        while exit == Exit::Waiting && self.acknowledge(played).await? {
            c.output.begin("run");
            exit = run::run(c, name, &args).await?;
        }
        if exit != Exit::Done {
            return Ok(exit);
        }
        self.chapter("verify", "every promise of the plan is compared with what is there");
        let verified = verify::verify(c, Some(name), false, None).await?;
        if verified != Exit::Done || keep_old {
            return Ok(verified);
        }
        self.chapter("cleanup", "the old identities go; nothing would bring them back");
        let approval = cleanup::Approval { confirm: Some(name), accepts: &[], reason: REASON };
        let mut exit = cleanup::cleanup(c, name, &approval, &args).await?;
        while exit == Exit::Waiting && self.acknowledge(played).await? {
            c.output.begin("cleanup");
            exit = cleanup::cleanup(c, name, &approval, &args).await?;
        }
        left_out::of_log(c, name, exit).await
    }

    /// What a person changes where Azure can be asked whether it was, in a resource or in the data plane of a service, is
    /// changed there. Says whether there was any.
    fn play(&self, state: &RunState, step: &str) -> bool {
        let id = StepId::new(step);
        let proof = state.step(&id).and_then(|(step, _)| step.proof.as_ref());
        let input = proof.and_then(|proof| state.resolve(&proof.input).ok()?.read::<Value>("proof").ok());
        let Some(mut changed) =
            proof.zip(input).and_then(|(proof, input)| played_by_hand(&proof.condition, &input))
        else {
            return false;
        };
        if state.is_undo_open(&id) {
            changed.replace.iter_mut().for_each(|(from, to)| std::mem::swap(from, to));
        }
        match &changed.at {
            PlayedAt::Host(host) => self.azure.rewrite_in_plane(host, &changed.replace),
            PlayedAt::Resource(id) => self.azure.rewrite_resource(id, &changed.replace),
        }
        true
    }

    /// Plays the people: what waits to be done by hand is done, or taken as done. Says whether there was any.
    async fn acknowledge(&self, played: &mut Vec<Played>) -> Result<bool, CliError> {
        let log = store::open_to_read(&self.c.global.db)?;
        let selection = store::select(&*log, Some(self.name)).await?;
        let before = played.len();
        self.c.output.begin("ack");
        for run in &selection.runs {
            let state = store::read_run(&*log, run).await?.state;
            for wait in view(run, &state).waiting_for.into_iter().filter(|w| w.kind == WaitKind::ByHand) {
                let step = format!("{run}:{}", wait.step);
                let is_changed = self.play(&state, &wait.step);
                let how = if is_changed { "played" } else { "taken as done" };
                self.c.output.note(&format!("by hand   {step} {}: {how} in this rehearsal", wait.title));
                let ask = rehome_orchestrator::Request::Acknowledge;
                request::step(self.c, &step, ask, "played in a rehearsal, nobody did it").await?;
                played.push(Played { step, title: wait.title, is_changed });
            }
        }
        Ok(played.len() > before)
    }
}

fn files(folder: &Path, estate: Option<PathBuf>) -> Result<(PathBuf, PathBuf), CliError> {
    if folder.is_dir() {
        let estate = estate.unwrap_or_else(|| folder.join("estate.json"));
        return Ok((folder.join("batch.toml"), estate));
    }
    if !folder.exists() {
        return Err(CliError::new(Exit::NotFound, "there is no such folder")
            .at(folder.display().to_string())
            .next("name a folder with estate.json and batch.toml, or a batch file with --estate FILE"));
    }
    let estate = estate.ok_or_else(|| {
        CliError::new(Exit::Usage, "a batch file needs an estate").next("add --estate FILE")
    })?;
    Ok((folder.to_owned(), estate))
}
