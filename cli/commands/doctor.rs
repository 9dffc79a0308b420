//! CLI: `rehome doctor`. Looks at the machine, the log and the cloud; changes nothing.

use crate::about::BatchAbout;
use crate::cloud::{self, Cloud, Recorded};
use crate::command::Execute;
use crate::context::Context;
use crate::counted::counted;
use crate::error::{CliError, Exit};
use crate::presence::Presence;
use crate::put::putln;
use crate::rows::{Column, List};
use crate::witness::{self, Place};
use crate::{anchor, checkpoint, store};
use clap::Args;
use rehome_activities::azure::ResourceId;
use rehome_activities::relocate::rights::allows;
use rehome_orchestrator::{BatchLoaded, Clock, RunId, SystemClock};
use rehome_store::{Backend, FORMAT};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

/// Look whether sign-in, rights, clock and log are in order.
///
/// Asks Azure only what it may tell anybody who may read, and changes nothing. The cloud is the one that --cloud names, or that
/// the log's last plan is for. Exit code 0 where nothing fails; otherwise the code of the first that does.
#[derive(Args, Debug)]
pub(crate) struct Doctor;

/// How something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    /// What was looked at.
    check: &'static str,
    verdict: Verdict,
    /// What was found.
    found: String,
    /// What to do, where something is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    next: Vec<String>,
    /// The exit code of one that fails.
    #[serde(skip)]
    exit: Exit,
}

impl Check {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, found: found.into(), next: Vec::new(), exit: Exit::Done }
    }

    fn warn(check: &'static str, found: impl Into<String>, next: &str) -> Self {
        Self { verdict: Verdict::Warn, next: vec![next.to_owned()], ..Self::ok(check, found) }
    }

    fn fail(check: &'static str, error: &CliError) -> Self {
        let (next, exit) = (error.next.clone(), error.exit);
        Self { verdict: Verdict::Fail, next, exit, ..Self::ok(check, error.what.clone()) }
    }
}

/// A check as a row.
const COLUMNS: &[Column] =
    &[("check", "/check"), ("verdict", "/verdict"), ("found", "/found"), ("next", "/next/0")];

impl Execute for Doctor {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let mut checks = vec![version()];
        let log = of_log(c, &mut checks).await;
        if !store::is_on_server(&c.global.db) {
            checks.push(disk(&c.global.db));
        }
        of_cloud(c, log.as_ref(), &mut checks).await;
        for next in checks.iter_mut().flat_map(|check| &mut check.next) {
            *next = c.output.hints().complete(next);
        }
        let failed = checks.iter().find(|check| check.verdict == Verdict::Fail).map(|check| check.exit);
        let rows = || checks.iter().map(|check| json!(check)).collect();
        let value = json!({"format_version": "1.0", "checks": checks});
        c.output.list(&text(&checks), &value, &List::whole(COLUMNS, &rows))?;
        Ok(failed.unwrap_or(Exit::Done))
    }
}

fn text(checks: &[Check]) -> String {
    let mut out = String::new();
    for Check { check, verdict, found, next, .. } in checks {
        let word = match verdict {
            Verdict::Ok => "ok",
            Verdict::Warn => "WARN",
            Verdict::Fail => "FAIL",
        };
        putln!(out, "{word:<5} {check:<8} {found}");
        for next in next {
            putln!(out, "      next     {next}");
        }
    }
    out.trim_end().to_owned()
}

fn version() -> Check {
    let program = concat!("rehome ", env!("CARGO_PKG_VERSION"));
    Check::ok("version", format!("{program}, log format {FORMAT}, {}", std::env::consts::OS))
}

/// The log, if there is one that can be read; what is wrong with it is among the checks.
async fn of_log(c: &Context<'_>, checks: &mut Vec<Check>) -> Option<Arc<dyn Backend>> {
    let db = &c.global.db;
    let there = match store::exists(db) {
        Ok(there) => there,
        Err(e) => {
            checks.push(Check::fail("log", &e));
            return None;
        }
    };
    if !there && store::refuse_gone(db).is_ok() {
        checks.push(Check::ok("log", format!("none yet at {}: approving a plan makes it", db.display())));
        return None;
    }
    let log = match store::open_to_read(db) {
        Ok(log) => log,
        Err(e) => {
            checks.push(Check::fail("log", &e));
            return None;
        }
    };
    let head = log.head().await.map_err(|e| store::unreadable(&e));
    let sound = match head {
        Ok(head) => anchor::check(&*log).await.map(|()| head),
        Err(e) => Err(e),
    };
    checks.push(match (sound, log.newer_format()) {
        (Err(e), _) => Check::fail("log", &e),
        (Ok(_), Some(format)) => Check::fail("log", &store::newer(format)),
        (Ok(head), None) => {
            let events = counted(head.position, "event");
            Check::ok("log", format!("{}: {events}; its anchor confirms its end", db.display()))
        }
    });
    checks.push(signing(&log).await);
    let presence = Presence::of(log.beside().lease());
    checks.push(match (presence.line(&[]), presence.is_nobody()) {
        (Some(line), _) if matches!(presence, Presence::Alive(..)) => Check::ok("runner", line),
        (Some(line), _) => Check::warn("runner", line, "rehome status"),
        (None, true) => Check::ok("runner", "nobody is at work on this log"),
        (None, false) => Check::warn("runner", "who is at work may not be seen by you", "rehome status"),
    });
    Some(log)
}

/// Who signs the ends of the log, and whether those who are to keep them are there. Nobody is told anything.
async fn signing(log: &Arc<dyn Backend>) -> Check {
    const CHECK: &str = "signing";
    let key = match checkpoint::signer(&**log).await {
        Ok(signer) => signer.verifier().to_string(),
        Err(e) if e.exit == Exit::NotFound => {
            return Check::ok(
                CHECK,
                "nobody has run anything on this log, so it has no key to sign with yet",
            );
        }
        Err(e) => return Check::fail(CHECK, &e),
    };
    let places = match witness::named(&**log).await {
        Ok(places) => places,
        Err(e) => return Check::fail(CHECK, &e),
    };
    let is_gone = |place: &&Place| place.folder().is_some_and(|folder| !folder.is_dir());
    if let Some(gone) = places.iter().find(is_gone) {
        let next = "make it, or mount it: checkpoints go there from the next one on";
        return Check::warn(CHECK, format!("{gone} is not there, and is to keep checkpoints"), next);
    }
    let names: Vec<String> = places.iter().map(ToString::to_string).collect();
    let whom = if names.is_empty() {
        "nobody outside: no plan has a [witness]".to_owned()
    } else {
        names.join(", ")
    };
    Check::ok(CHECK, format!("ends of the log are signed by {key} and go to {whom}"))
}

/// Less room than this is worth a word; a log that cannot grow stops the work.
const ROOM_MIN: u64 = 1 << 30;
const ROOM_NEEDED: u64 = 64 << 20;

/// The room on the disk of the log.
fn disk(db: &Path) -> Check {
    let folder = db.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(free) = room(folder) else {
        return Check::warn(
            "disk",
            format!("the room at {} is not known", folder.display()),
            "look at it yourself: df -h",
        );
    };
    let found = format!("{} MiB are free at {}", free >> 20, folder.display());
    let make_room = "make room on the disk of the log";
    match free {
        ..ROOM_NEEDED => Check::fail("disk", &CliError::new(Exit::Failed, found).next(make_room)),
        ROOM_NEEDED..ROOM_MIN => Check::warn("disk", found, make_room),
        ROOM_MIN.. => Check::ok("disk", found),
    }
}

#[cfg(unix)]
fn room(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn room(_: &Path) -> Option<u64> {
    None
}

/// The plan that was recorded last, as it says where it is for.
async fn recorded(log: &dyn Backend) -> Option<BatchAbout> {
    let streams = log.streams(RunId::PREFIX).await.ok()?;
    let run = streams.iter().rev().find_map(|(stream, _)| RunId::of_stream(stream))?;
    let state = store::read_run(log, &run).await.ok()?.state;
    let batch = BatchLoaded::find(log, &state.planned().batch).await.ok()??;
    Some(BatchAbout::of_log(&batch.planned().about))
}

async fn of_cloud(c: &Context<'_>, log: Option<&Arc<dyn Backend>>, checks: &mut Vec<Check>) {
    let about = match log {
        Some(log) => recorded(&**log).await.unwrap_or_default(),
        None => BatchAbout::default(),
    };
    // What you sign in with goes to no server that only a file names.
    let url = about.cloud.as_deref().filter(|url| cloud::is_known(url));
    if c.global.cloud.cloud.is_none() && url.is_none() {
        checks.push(Check::warn(
            "sign-in",
            "no cloud was named, so none was asked",
            "name it: rehome doctor --cloud azure",
        ));
        return;
    }
    let recorded = Recorded { url, authority: about.authority.as_deref() };
    match cloud::connect(c.output, &c.global.cloud, recorded).await {
        Err(e) => checks.push(Check::fail("sign-in", &e)),
        Ok(cloud) => {
            let (tenant, who) = (cloud.azure.tenant(), &cloud.azure.caller().object_id);
            checks.push(Check::ok("sign-in", format!("{} as {who}, tenant {tenant}", cloud.url)));
            checks.push(in_azure(&cloud).await);
            checks.push(in_entra(&cloud).await);
            checks.push(clock(&cloud));
        }
    }
}

/// Source: Microsoft.Resources/stable/2022-12-01, Subscriptions_List
const SUBSCRIPTIONS: &str = "2022-12-01";
/// Source: Microsoft.Authorization/stable/2022-04-01, Permissions_ListForResourceGroup
const PERMISSIONS: &str = "2022-04-01";

/// What is read of a subscription.
#[derive(Deserialize)]
struct Subscription {
    id: ResourceId,
}

/// Actions without which no move comes far.
const NEEDED: [&str; 2] = [
    "Microsoft.ManagedIdentity/userAssignedIdentities/write",
    "Microsoft.Authorization/roleAssignments/write",
];

/// So many subscriptions are asked what you may do there.
const ASKED_MAX: usize = 20;

async fn in_azure(cloud: &Cloud) -> Check {
    const CHECK: &str = "rights";
    let reader = cloud.azure.reader();
    let all = match reader.list("/subscriptions", SUBSCRIPTIONS, &[]).await {
        Ok(all) => all,
        Err(why) => return Check::fail(CHECK, &CliError::new(Exit::NotPermitted, why.to_string())),
    };
    if all.is_empty() {
        let error = CliError::new(Exit::NotPermitted, "you see no subscription");
        return Check::fail(CHECK, &error.next("get Reader on the subscriptions of the identities"));
    }
    let seen = all.len();
    let ids = all.into_iter().filter_map(|one| serde_json::from_value::<Subscription>(one).ok());
    let asked: Vec<Subscription> = ids.take(ASKED_MAX).collect();
    let mut able = 0;
    for Subscription { id } in &asked {
        let path = format!("{id}/providers/Microsoft.Authorization/permissions");
        let blocks: Vec<Value> = reader.list(&path, PERMISSIONS, &[]).await.unwrap_or_default();
        able += usize::from(NEEDED.iter().all(|action| allows(&blocks, action)));
    }
    let found = format!(
        "you see {}; in {able} of {} asked you may make identities and grants",
        counted(seen, "subscription"),
        asked.len()
    );
    match able == asked.len() {
        true => Check::ok(CHECK, found),
        false => Check::warn(CHECK, found, "a plan names the rights that its steps need and that you lack"),
    }
}

async fn in_entra(cloud: &Cloud) -> Check {
    const CHECK: &str = "entra";
    let path = format!("directoryObjects/{}", cloud.azure.caller().object_id);
    match cloud.azure.reader().graph_find(&path).await {
        Ok(_) => Check::ok(CHECK, "Microsoft Graph answers you"),
        Err(why) => {
            let error = CliError::new(Exit::NotPermitted, format!("Microsoft Graph does not: {why}"));
            Check::fail(
                CHECK,
                &error.next("get the application permission Application.Read.All, then sign in again"),
            )
        }
    }
}

fn clock(cloud: &Cloud) -> Check {
    const CHECK: &str = "clock";
    let ahead_ms = cloud.azure.now_ms().map(|cloud_ms| SystemClock.now_ms().saturating_sub(cloud_ms));
    match ahead_ms {
        // The clock of a local Azure goes as fast as a rehearsal does.
        Some(_) | None if cloud::is_loopback(&cloud.url) => {
            Check::ok(CHECK, "a local Azure has a clock of its own")
        }
        None => Check::warn(
            CHECK,
            "Azure did not say what time it is",
            "look at this machine's clock yourself: date -u",
        ),
        Some(ahead_ms) => {
            let seconds = ahead_ms.abs() / 1_000;
            let way = if ahead_ms > 0 { "ahead of" } else { "behind" };
            let found = format!("this machine's clock is {seconds} s {way} Azure's");
            match ahead_ms.abs() > crate::clock::SKEW_MS {
                false => Check::ok(CHECK, found),
                true => Check::warn(
                    CHECK,
                    found,
                    "set it: soaks end by Azure's clock, and all other dates are this machine's",
                ),
            }
        }
    }
}
