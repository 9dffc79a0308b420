//! CLI: `rehome rehearse`. The whole work on a local Azure in this process, over real HTTP.

use super::{Context, approve, cleanup, plan, run, sim, verify};
use crate::args::{CloudArgs, Command, Global, RunArgs};
use crate::error::{CliError, Exit};
use rehome_simulator::{Fared, Options, Out, Pace, Pages};
use rehome_store::side;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// Plans, approves, runs, verifies and cleans up, and says where the record is.
pub(crate) async fn rehearse(c: &Context<'_>, command: Command) -> Result<Exit, CliError> {
    let Command::Rehearse { folder, estate, faults, time_scale, seed, keep_old } = command else {
        return Err(CliError::new(Exit::Failed, "this is not a rehearsal"));
    };
    let (batch, estate) = files(&folder, estate)?;
    let faults = sim::read_faults(faults.as_deref())?;
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let running = sim::open(
        &estate,
        Options { listen, tls: false, pace: Pace::Scaled(time_scale), seed, faults, pages: Pages::Closed },
    )
    .await?;
    // Only this process signs in with these, and only to itself.
    let credentials = [
        ("AZURE_TENANT_ID", running.tenant.clone()),
        ("AZURE_CLIENT_ID", running.client_id.clone()),
        ("AZURE_CLIENT_SECRET", running.client_secret.clone()),
    ];
    let signed_in = rehome_activities::azure::LocalSignIn::new(credentials.map(|(_, value)| value));
    // A folder of one's own: in the one for everybody's files a name that is foreseen may be somebody's link.
    let place = side::unforeseen(&std::env::temp_dir().join("rehome-rehearsal"), "");
    side::create_folder(&place)
        .map_err(|e| CliError::because(Exit::Failed, "failed to make a folder for the rehearsal", &e))?;
    let cloud = CloudArgs {
        cloud: Some(running.arm.clone()),
        ca: None,
        time_scale: Some(time_scale),
        sign_in: Some(signed_in),
    };
    let global = Global { db: place.join("rehome.db"), cloud, ..c.global.clone() };
    let output = c.output.keeping();
    let context = Context { global: &global, output: &output };
    let mut exit = work(&context, &batch, &place, keep_old).await;
    let fared = running.fared();
    if let Ok(ended) = &mut exit {
        let broken = tell(c, &fared, &without_promise(&place.join("plan.json")));
        if broken && *ended == Exit::Done {
            *ended = Exit::Differences;
        }
    }
    running.shutdown().await;
    let db = global.db.display();
    c.output.talk(&format!("the record is in {db}"));
    for command in ["status", "history", "replay", "audit verify"] {
        c.output.talk(&format!("next: rehome {command} --db {db}"));
    }
    if let Some(commands) = output.take_kept() {
        let code = exit.as_ref().map_or_else(|e| e.exit, |exit| *exit) as u8;
        let outages: Vec<Value> = fared.outages.iter().map(outage).collect();
        let value = json!({
            "format_version": "1.0", "exit": code, "log": global.db, "commands": commands,
            "workloads": {"watched": fared.watched, "outages": outages},
        });
        c.output.result("", &value)?;
    }
    exit
}

fn outage(out: &Out) -> Value {
    json!({
        "workload": out.workload, "host": out.host, "seconds": out.seconds, "lasts": out.lasts, "why": out.why,
    })
}

/// Codes of the warnings that say of a host that no overlap is promised on it: a person does it, or old and
/// new are not there at the same time.
const NO_OVERLAP: [&str; 2] = ["W204", "W205"];

/// The hosts for which the plan promises no overlap, in lower case.
fn without_promise(plan: &Path) -> BTreeSet<String> {
    let Ok((document, _)) = crate::plan_file::load(plan) else { return BTreeSet::new() };
    let mut hosts = BTreeSet::new();
    for entry in &document.moves {
        for warning in entry.about["warnings"].as_array().into_iter().flatten() {
            if NO_OVERLAP.iter().any(|code| warning["code"] == *code) {
                hosts.extend(warning["target"].as_str().map(str::to_lowercase));
            }
        }
    }
    hosts
}

/// Says how what runs on the hosts has fared; whether anything was down that the plan had promised to keep up.
fn tell(c: &Context<'_>, fared: &Fared, without_promise: &BTreeSet<String>) -> bool {
    if fared.watched == 0 {
        c.output.talk("workloads: none in this estate, so nobody saw whether anything was down");
        return false;
    }
    let promised = |out: &Out| !without_promise.contains(&out.host.to_lowercase());
    let down: BTreeSet<&str> = fared.outages.iter().map(|out| out.workload.as_str()).collect();
    let broken: BTreeSet<&str> =
        fared.outages.iter().filter(|out| promised(out)).map(|out| out.workload.as_str()).collect();
    let mut line = format!("workloads: {} watched, {} down", fared.watched, broken.len());
    if down.len() > broken.len() {
        line.push_str(&format!(", {} down where no overlap was promised", down.len() - broken.len()));
    }
    c.output.talk(&line);
    for out in &fared.outages {
        let length = if out.lasts { "until now".to_owned() } else { format!("for {} s", out.seconds) };
        let mark = if promised(out) { "DOWN     " } else { "down     " };
        c.output.talk(&format!("{mark} {} {length}: {}", out.workload, out.why));
    }
    !broken.is_empty()
}

fn chapter(c: &Context<'_>, command: &'static str) {
    c.output.talk(&format!("== {command}"));
    c.output.begin(command);
}

async fn work(c: &Context<'_>, batch: &Path, place: &Path, keep_old: bool) -> Result<Exit, CliError> {
    let args = RunArgs { parallel: 16, yes: true, stay: false };
    let file = place.join("plan.json");
    chapter(c, "plan");
    plan::plan(c, batch, &file).await?;
    chapter(c, "approve");
    approve::approve(c, &file, "a rehearsal on a local Azure", true).await?;
    chapter(c, "run");
    let name = crate::plan_file::load(&file)?.0.batch;
    let mut exit = run::run(c, &file.display().to_string(), &args).await?;
    // People are played here: what they would do by hand is taken as done.
    for _ in 0..3 {
        if exit != Exit::Waiting || !acknowledge(c, &name).await? {
            break;
        }
        c.output.begin("run");
        exit = run::run(c, &name, &args).await?;
    }
    if exit != Exit::Done {
        return Ok(exit);
    }
    chapter(c, "verify");
    let verified = verify::verify(c, Some(&name)).await?;
    if verified != Exit::Done || keep_old {
        return Ok(verified);
    }
    chapter(c, "cleanup");
    let reason = "a rehearsal on a local Azure";
    let approval = cleanup::Approval { confirm: Some(&name), accepts: &[], reason };
    let mut exit = cleanup::cleanup(c, &name, &approval, &args).await?;
    for _ in 0..3 {
        if exit != Exit::Waiting || !acknowledge(c, &name).await? {
            break;
        }
        c.output.begin("cleanup");
        exit = cleanup::cleanup(c, &name, &approval, &args).await?;
    }
    Ok(exit)
}

/// Acknowledges every by-hand step that waits; says whether there was any.
async fn acknowledge(c: &Context<'_>, batch: &str) -> Result<bool, CliError> {
    let log = crate::store::open_to_read(&c.global.db)?;
    let selection = crate::store::select(&*log, Some(batch)).await?;
    let mut any = false;
    c.output.begin("ack");
    for run in &selection.runs {
        let state = crate::store::read_run(&*log, run).await?.state;
        for wait in crate::view::view(run, &state).waiting_for.iter().filter(|w| w.kind == "by-hand") {
            let step = format!("{run}:{}", wait.step);
            c.output.talk(&format!("by hand   {step} {}: taken as done in this rehearsal", wait.title));
            let ask = rehome_orchestrator::Request::Acknowledge;
            super::requests::step(c, &step, ask, "played in a rehearsal, nobody did it").await?;
            any = true;
        }
    }
    Ok(any)
}

fn files(folder: &Path, estate: Option<PathBuf>) -> Result<(PathBuf, PathBuf), CliError> {
    if folder.is_dir() {
        let estate = estate.unwrap_or_else(|| folder.join("estate.json"));
        return Ok((folder.join("batch.toml"), estate));
    }
    if !folder.exists() {
        return Err(CliError::new(Exit::NotFound, "there is no such folder").at(folder.display().to_string()));
    }
    let estate = estate.ok_or_else(|| {
        CliError::new(Exit::Usage, "a batch file needs an estate").next("add --estate FILE")
    })?;
    Ok((folder.to_owned(), estate))
}
