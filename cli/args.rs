//! CLI: flags that commands share. Touches nothing.

use crate::telemetry::place::{Place, place};
use clap::{Args, ValueEnum};
use rehome_activities::azure::LocalSignIn;
use std::path::PathBuf;

/// Flags of every command.
#[derive(Args, Clone, Debug)]
pub(crate) struct Global {
    /// The log of the work: a file, or postgres://USER@HOST/DATABASE.
    #[arg(
        long,
        global = true,
        env = "REHOME_DB",
        hide_env_values = true,
        default_value = "rehome.db",
        value_name = "PLACE"
    )]
    pub(crate) db: PathBuf,
    /// Whether somebody named the log, by flag or environment.
    #[arg(skip)]
    pub(crate) db_named: bool,
    /// How results are printed.
    #[arg(short, long, global = true, env = "REHOME_OUTPUT", hide_env_values = true, value_name = "FORMAT")]
    #[arg(value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
    /// A JMESPath expression over the JSON result; with it -o text is -o json.
    #[arg(long, global = true, value_name = "JMESPATH")]
    pub(crate) query: Option<String>,
    /// Who you are, for the record; nothing checks it.
    #[arg(long, global = true, env = "REHOME_ACTOR", hide_env_values = true, value_name = "NAME")]
    pub(crate) actor: Option<String>,
    #[command(flatten)]
    pub(crate) cloud: CloudArgs,
    /// Diagnostics on stderr: -v what is done, -vv every request and answer (never a secret).
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// No progress and no hints on stderr.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people; may change in any release.
    Text,
    /// For programs; covered by the format version.
    Json,
    /// A line of JSON for each entry of the result's list, or for the whole of it.
    Jsonl,
    /// Columns under a header, for scripts.
    Tsv,
    /// The same, for spreadsheets.
    Csv,
    /// Only the exit code.
    None,
}

/// How to reach the cloud.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct CloudArgs {
    /// azure, usgov, china, or the URL of a Resource Manager; by default the one that is recorded.
    #[arg(long, global = true, env = "REHOME_CLOUD", hide_env_values = true, value_name = "CLOUD")]
    pub(crate) cloud: Option<String>,
    /// A file with a certificate authority to trust beside the machine's.
    #[arg(long, global = true, env = "REHOME_CA", hide_env_values = true, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Shortens the program's own timers; only with a loopback cloud.
    #[arg(
        id = "own-time-scale",
        env = "REHOME_TIME_SCALE",
        long = "own-time-scale",
        global = true,
        hide = true
    )]
    pub(crate) time_scale: Option<f64>,
    /// What a rehearsal signs in with; never a flag.
    #[arg(skip)]
    pub(crate) sign_in: Option<LocalSignIn>,
}

/// How much at once, and how long.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct RunArgs {
    /// How many requests may be in flight at once.
    #[arg(long, env = "REHOME_PARALLEL", hide_env_values = true, default_value_t = 16, value_name = "N")]
    pub(crate) parallel: usize,
    /// Answer prompts with yes; this never approves anything.
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Stay until soaks are over and people have acted; by default only on a terminal.
    #[arg(long)]
    pub(crate) stay: bool,
    /// Write metrics to this file, or let Prometheus read them at this address (127.0.0.1:9464).
    #[arg(long, value_name = "FILE|ADDRESS", value_parser = place)]
    pub(crate) metrics: Option<Place>,
    /// Let --metrics listen where other machines reach it.
    #[arg(long, requires = "metrics")]
    pub(crate) metrics_open: bool,
    /// Send traces and metrics to this receiver of OTLP over HTTP, in place of OTEL_EXPORTER_OTLP_ENDPOINT.
    #[arg(long, value_name = "URL")]
    pub(crate) otlp: Option<String>,
    /// Nobody is there, whatever it looks like: soaks are waited for, and people are not.
    #[arg(skip)]
    pub(crate) alone: bool,
}

/// As of when a command reads that reads only.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct AsOf {
    /// As it was after the event at this position, or at this time.
    #[arg(long, value_name = "POSITION|TIME")]
    pub(crate) at: Option<String>,
}

/// Where a command reads that reads only.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReadFrom {
    /// Read this bundle in the place of the log; it is verified first.
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: Option<PathBuf>,
}
