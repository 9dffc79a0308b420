//! CLI: the wiring. Arguments in, an exit code out; everything between is somewhere else.

mod about;
mod access;
mod again;
mod age;
mod allocator;
mod anchor;
mod approval_file;
mod approvals;
mod args;
mod aside;
mod azure_exports;
mod azure_logs;
mod batch_file;
mod beside;
mod board;
mod calendar;
mod chain;
mod checkpoint;
mod clock;
mod cloud;
mod command;
mod commands;
mod context;
mod counted;
mod crew;
mod derived;
mod disclosed;
mod drift;
mod drive;
mod elsewhere;
mod error;
mod estimate;
mod evidence_folder;
mod explain;
mod files;
mod follow;
mod gate;
mod graph;
mod grouped;
mod help;
mod help_examples;
mod hint;
mod hint_views;
mod hooks;
mod interrupt;
mod kept;
mod key;
mod layout;
mod least_time;
mod left_out;
mod live_line;
mod log_check;
mod mask_input;
mod move_names;
mod nearest;
mod open_moves;
mod outcome;
mod output;
mod output_file;
mod over_time;
mod past;
mod pictures;
mod plan_again;
mod plan_diff;
mod plan_file;
mod planned_move;
mod planning;
mod presence;
mod print_failure;
mod progress;
mod proof;
mod proofs_folder;
mod proven;
mod proven_events;
mod put;
mod read_moves;
mod redact;
mod render;
mod report;
mod report_files;
mod report_pictures;
mod request;
mod rows;
mod sample;
mod scan;
mod screen;
mod selection;
mod serve;
mod service;
mod settings;
mod snapshot;
mod source;
mod ssh_keygen;
mod standing;
mod steer;
mod steering;
mod step;
mod store;
mod store_error;
mod telemetry;
mod time;
mod timeline;
mod view;
mod wait;
mod wave_view;
mod waves;
mod web_client;
mod why;
mod witness;
mod work;
mod world;

use args::Global;
use clap::parser::ValueSource;
use clap::{ArgMatches, FromArgMatches};
use commands::Cli;
use error::{CliError, Exit};
use hint::Hints;
use output::Output;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let words = Cli::words();
    let matches = words.clone().get_matches();
    let settings = settings::all(&words, &matches);
    let mut cli = Cli::from_arg_matches(&matches).unwrap_or_else(|e| e.exit());
    if cli.command.holds_batch() {
        allocator::keep_few_arenas();
    }
    cli.global.db_named = matches.value_source("db").is_some_and(|from| from != ValueSource::DefaultValue);
    let masked = cli.mask_input();
    let output = Output::new(&cli.global, cli.command.print_failure(), hints(&cli.global, &matches));
    for flag in masked {
        output.note(&format!(
            "note: {flag} has what looks like a secret; it is masked and not recorded. If it is one, replace it: your \
             shell may have kept it"
        ));
    }
    // What belongs to a log is found beside the log, and not beside a link that leads to it.
    match rehome_store::private_file::real_name(&cli.global.db) {
        // A server has no other name.
        _ if store::is_on_server(&cli.global.db) => {}
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
    let done = runtime.block_on(async {
        let unhandled = interrupt::listen();
        tokio::select! {
            biased;
            done = commands::run(cli, &output, &settings) => done,
            signal = unhandled => Err(interrupt::stopped(signal)),
        }
    });
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

/// The flags of this call that the commands which come next need too.
fn hints(global: &Global, matches: &ArgMatches) -> Hints {
    let typed = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let mut hints = Hints::default();
    if typed("db") {
        hints.log = format!(" --db {}", hint::file(&global.db));
    }
    if let Some(cloud) = global.cloud.cloud.as_deref().filter(|_| typed("cloud")) {
        hints.cloud = format!(" --cloud {}", hint::quoted(cloud));
    }
    if let Some(ca) = global.cloud.ca.as_deref().filter(|_| typed("ca")) {
        hints.cloud.push_str(&format!(" --ca {}", hint::file(ca)));
    }
    hints
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
