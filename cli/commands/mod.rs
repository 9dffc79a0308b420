//! CLI: one file for each command, or for a few that are alike.

mod approve;
mod audit;
mod bundle;
mod cleanup;
mod db;
mod discover;
mod handoff;
mod history;
mod plan;
mod rehearse;
mod replay;
mod requests;
mod rollback;
mod run;
mod show;
mod sim;
mod status;
mod verify;

pub(crate) use audit::Checked;

use crate::args::{Audit, Cli, Command, Db, Global, Sim};
use crate::error::{CliError, Exit};
use crate::output::Output;
use crate::presence;
use clap::CommandFactory;
use rehome_orchestrator::Request;

/// What every command is handed.
pub(crate) struct Context<'a> {
    pub(crate) global: &'a Global,
    pub(crate) output: &'a Output,
}

/// Runs one command, and tells whoever looked at a log who carries on what is open in it.
pub(crate) async fn run(cli: Cli, output: &Output) -> Result<Exit, CliError> {
    output.check()?;
    let looks = looks(&cli.command).then(|| cli.global.db.clone());
    let done = Box::pin(one(cli, output)).await;
    if let (Ok(_), Some(db)) = (&done, looks) {
        presence::tell(output, &db).await;
    }
    done
}

/// Whether a command shows a log, or what a log is about, and does not say by itself what carries the work on.
fn looks(command: &Command) -> bool {
    match command {
        Command::Discover { .. }
        | Command::Plan { .. }
        | Command::Verify { .. }
        | Command::Audit(Audit::Bundle { .. })
        | Command::Db(Db::Backup { .. } | Db::Restore { .. }) => true,
        Command::History { from, .. }
        | Command::Handoff { from, .. }
        | Command::Show { from, .. }
        | Command::Replay { from, .. }
        | Command::Audit(Audit::Verify { from, .. } | Audit::Head { from }) => from.bundle.is_none(),
        Command::Status { .. }
        | Command::Approve { .. }
        | Command::Run { .. }
        | Command::Cleanup { .. }
        | Command::Rollback { .. }
        | Command::Ack { .. }
        | Command::Retry { .. }
        | Command::Skip { .. }
        | Command::MarkDone { .. }
        | Command::Pause { .. }
        | Command::Resume { .. }
        | Command::Db(Db::Reconcile { .. })
        | Command::Sim(_)
        | Command::Rehearse { .. }
        | Command::Completion { .. } => false,
    }
}

async fn one(cli: Cli, output: &Output) -> Result<Exit, CliError> {
    let context = Context { global: &cli.global, output };
    let c = &context;
    match cli.command {
        Command::Discover { file, snapshot } => discover::discover(c, &file, snapshot.as_deref()).await,
        Command::Plan { file, save } => plan::plan(c, &file, &save).await,
        Command::Approve { plan, reason, yes } => approve::approve(c, &plan, &reason, yes).await,
        Command::Run { plan, run } => run::run(c, &plan, &run).await,
        Command::Ack { step, note } => requests::step(c, &step, Request::Acknowledge, &note).await,
        Command::Retry { step, reason } => requests::retry(c, &step, &reason).await,
        Command::Skip { step, reason, yes } => requests::skip(c, &step, yes, &reason).await,
        Command::MarkDone { step, reason } => requests::step(c, &step, Request::MarkDone, &reason).await,
        Command::Pause { select, reason } => requests::whole(c, &select, &Request::Pause, &reason).await,
        Command::Resume { select, reason } => requests::whole(c, &select, &Request::Resume, &reason).await,
        Command::Verify { select } => verify::verify(c, select.as_deref()).await,
        Command::Rollback { select, reason, run } => rollback::rollback(c, &select, &reason, &run).await,
        Command::Cleanup { select, confirm, accepts, reason, run } => {
            let approval =
                cleanup::Approval { confirm: confirm.as_deref(), accepts: &accepts, reason: &reason };
            cleanup::cleanup(c, &select, &approval, &run).await
        }
        Command::Status { select, from } => status::status(c, select.as_deref(), &from).await,
        Command::History { select, from } => history::history(c, select.as_deref(), &from).await,
        Command::Handoff { select, from } => handoff::handoff(c, select.as_deref(), &from).await,
        Command::Show { what, of, from } => show::show(c, &what, of.as_deref(), &from).await,
        Command::Replay { select, at, from } => replay::replay(c, select.as_deref(), at, &from).await,
        Command::Audit(Audit::Verify { anchor, from }) => audit::verify(c, anchor.as_deref(), &from).await,
        Command::Audit(Audit::Head { from }) => audit::head(c, &from).await,
        Command::Audit(Audit::Bundle { file, select, redact }) => {
            bundle::bundle(c, &file, select.as_deref(), &redact).await
        }
        Command::Db(Db::Backup { to }) => db::backup(c, &to).await,
        Command::Db(Db::Restore { from, yes }) => db::restore(c, &from, yes).await,
        Command::Db(Db::Reconcile { reason, new_key, yes }) => db::reconcile(c, &reason, new_key, yes).await,
        Command::Sim(serve @ Sim::Serve { .. }) => sim::serve(c, serve).await,
        rehearse @ Command::Rehearse { .. } => Box::pin(rehearse::rehearse(c, rehearse)).await,
        Command::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "rehome", &mut script);
            output.line(&String::from_utf8_lossy(&script))?;
            Ok(Exit::Done)
        }
    }
}
