//! CLI: the wiring. Arguments in, an exit code out; everything between is somewhere else.

mod anchor;
mod args;
mod clock;
mod cloud;
mod commands;
mod drive;
mod error;
mod files;
mod key;
mod manifest;
mod open_moves;
mod output;
mod place;
mod plan_file;
mod planning;
mod progress;
mod record;
mod redact;
mod render;
mod snapshot;
mod source;
mod store;
mod time;
mod unprinted;
mod view;

use args::{Cli, Global};
use clap::Parser;
use error::{CliError, Exit};
use output::Output;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let mut cli = Cli::parse();
    let masked = record::mask(&mut cli);
    let output = Output::new(&cli);
    for flag in masked {
        output.talk(&format!(
            "note: {flag} has what looks like a secret; it is masked and not recorded. If it is one, replace it: your \
             shell may have kept it"
        ));
    }
    // What belongs to a log is found beside the log, and not beside a link that leads to it.
    match rehome_store::side::real_name(&cli.global.db) {
        Ok(real) => cli.global.db = real,
        Err(e) => {
            let place = cli.global.db.display().to_string();
            output.error(&CliError::because(Exit::Usage, "failed to find the log", &e).at(place));
            return ExitCode::from(Exit::Usage as u8);
        }
    }
    start_talk(&cli.global);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            output.error(&CliError::because(Exit::Failed, "failed to start", &e));
            return ExitCode::from(Exit::Failed as u8);
        }
    };
    let who = store::actor(cli.global.actor.as_deref());
    let done = runtime.block_on(commands::run(cli, &output));
    // Reads that nobody waits for any more must not hold the process.
    runtime.shutdown_background();
    match done {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(error) => {
            let error = error.by(&who);
            output.error(&error);
            ExitCode::from(error.exit as u8)
        }
    }
}

/// Diagnostic talk on stderr: apart from the record, and never with a secret in it.
fn start_talk(global: &Global) {
    let default = match global.verbose {
        0 => "off",
        1 => "rehome=info,rehome_activities=info,rehome_orchestrator=info",
        _ => "rehome=debug,rehome_activities=debug,rehome_orchestrator=debug,rehome_simulator=debug",
    };
    let filter = EnvFilter::try_from_env("REHOME_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
