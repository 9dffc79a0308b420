//! CLI: `rehome rehearse`. The whole work on a local Azure in this process, over real HTTP.

use super::{Context, approve, cleanup, plan, run, sim, verify};
use crate::args::{CloudArgs, Command, Global, RunArgs};
use crate::error::{CliError, Exit};
use rehome_simulator::Options;
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
    let running = sim::open(&estate, Options { listen, tls: false, time_scale, seed, faults }).await?;
    // Only this process signs in with these, and only to itself.
    let credentials = [
        ("AZURE_TENANT_ID", running.tenant.clone()),
        ("AZURE_CLIENT_ID", running.client_id.clone()),
        ("AZURE_CLIENT_SECRET", running.client_secret.clone()),
    ];
    let signed_in = rehome_activities::azure::LocalSignIn::new(credentials.map(|(_, value)| value));
    let place = std::env::temp_dir().join(format!("rehome-rehearsal-{}", std::process::id()));
    std::fs::create_dir_all(&place)
        .map_err(|e| CliError::because(Exit::Failed, "failed to make a folder for the rehearsal", &e))?;
    let cloud = CloudArgs {
        cloud: Some(running.arm.clone()),
        ca: None,
        time_scale: Some(time_scale),
        sign_in: Some(signed_in),
    };
    let global = Global { db: place.join("rehome.db"), cloud, ..c.global.clone() };
    let context = Context { global: &global, output: c.output };
    let exit = work(&context, &batch, &place, keep_old).await;
    running.shutdown().await;
    let db = global.db.display();
    c.output.talk(&format!("the record is in {db}"));
    for command in ["status", "history", "replay", "audit verify"] {
        c.output.talk(&format!("next: rehome {command} --db {db}"));
    }
    exit
}

async fn work(c: &Context<'_>, batch: &Path, place: &Path, keep_old: bool) -> Result<Exit, CliError> {
    let args = RunArgs { parallel: 16, yes: true, stay: false };
    let file = place.join("plan.json");
    c.output.talk("== plan");
    plan::plan(c, batch, &file).await?;
    c.output.talk("== approve");
    approve::approve(c, &file, "a rehearsal on a local Azure", true).await?;
    c.output.talk("== run");
    let name = crate::plan_file::load(&file)?.0.batch;
    let mut exit = run::run(c, &file.display().to_string(), &args).await?;
    // People are played here: what they would do by hand is taken as done.
    for _ in 0..3 {
        if exit != Exit::Waiting || !acknowledge(c, &name).await? {
            break;
        }
        exit = run::run(c, &name, &args).await?;
    }
    if exit != Exit::Done {
        return Ok(exit);
    }
    c.output.talk("== verify");
    let verified = verify::verify(c, Some(&name)).await?;
    if verified != Exit::Done || keep_old {
        return Ok(verified);
    }
    c.output.talk("== clean up");
    cleanup::cleanup(c, &name, Some(&name), "a rehearsal on a local Azure", &args).await
}

/// Acknowledges every by-hand step that waits; says whether there was any.
async fn acknowledge(c: &Context<'_>, batch: &str) -> Result<bool, CliError> {
    let log = crate::store::open_to_read(&c.global.db)?;
    let selection = crate::store::select(&*log, Some(batch)).await?;
    let mut any = false;
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
