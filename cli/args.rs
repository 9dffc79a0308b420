//! CLI: every command and flag. Touches nothing.

use clap::{Args, Parser, Subcommand, ValueEnum};
use rehome_activities::azure::LocalSignIn;
use std::path::PathBuf;

/// Moves Azure user-assigned managed identities between regions, reversibly.
#[derive(Debug, Parser)]
#[command(name = "rehome", version, max_term_width = 100, after_help = HELP_END)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const HELP_END: &str = "\
Examples:
  rehome rehearse examples/contoso                    the whole thing, on a local Azure
  rehome plan -f batch.toml --cloud azure --save plan.json
  rehome approve plan.json --reason 'change 4711' --yes
  rehome run plan.json --yes

Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 not permitted, 10 some failed or were undone,
  11 only people or clocks are left, 12 the plan has blockers, 13 stale, 14 verify found differences,
  15 the log is damaged, 16 another runner is at work. Codes may be added: an unknown code is a failure.
No telemetry, no update checks. Nothing is sent anywhere but to the cloud that you name.";

/// Flags of every command.
#[derive(Args, Clone, Debug)]
pub(crate) struct Global {
    /// The log.
    #[arg(long, global = true, env = "REHOME_DB", default_value = "rehome.db", value_name = "FILE")]
    pub(crate) db: PathBuf,
    /// Whether somebody named the log, by flag or environment.
    #[arg(skip)]
    pub(crate) db_named: bool,
    /// How results are printed.
    #[arg(short, long, global = true, env = "REHOME_OUTPUT", value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
    /// A JMESPath expression over the JSON result; implies -o json.
    #[arg(long, global = true, value_name = "JMESPATH")]
    pub(crate) query: Option<String>,
    /// Who you are, for the record; not proven unless signed elsewhere.
    #[arg(long, global = true, env = "REHOME_ACTOR", value_name = "NAME")]
    pub(crate) actor: Option<String>,
    #[command(flatten)]
    pub(crate) cloud: CloudArgs,
    /// More talk on stderr: -v what is done, -vv every exchange (never a secret).
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
}

/// How to reach the cloud.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct CloudArgs {
    /// azure, usgov, china, or the URL of a Resource Manager; by default the one that was recorded.
    #[arg(long, global = true, env = "REHOME_CLOUD", hide_env_values = true, value_name = "CLOUD")]
    pub(crate) cloud: Option<String>,
    /// A file with a certificate authority to trust beside the machine's.
    #[arg(long, global = true, env = "REHOME_CA", value_name = "FILE")]
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
#[derive(Args, Clone, Debug)]
pub(crate) struct RunArgs {
    /// How many calls may be in flight at once.
    #[arg(long, env = "REHOME_PARALLEL", default_value_t = 16, value_name = "N")]
    pub(crate) parallel: usize,
    /// Answers prompts with yes; never approves anything.
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Stay until soaks are over and people have acted; by default only on a terminal.
    #[arg(long)]
    pub(crate) stay: bool,
    /// Nobody is there, whatever it looks like: soaks are waited for, and people are not.
    #[arg(skip)]
    pub(crate) alone: bool,
}

/// Where a command reads that reads only.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReadFrom {
    /// Read this bundle in the place of the log; it is verified first.
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what the identities of a batch may do and what uses them. Writes nothing but the snapshot.
    Discover {
        /// The batch file.
        #[arg(short, long, value_name = "FILE")]
        file: PathBuf,
        /// Write what was read as an estate for `rehearse` and `sim serve`; secrets are left out. Replaces a
        /// snapshot, and nothing else.
        #[arg(long, value_name = "FILE")]
        snapshot: Option<PathBuf>,
    },
    /// Read what depends on the identities of a batch, and write the plan to a file. Changes nothing.
    Plan {
        /// The batch file.
        #[arg(short, long, value_name = "FILE")]
        file: PathBuf,
        /// Where the plan is written. Replaces a plan, and nothing else.
        #[arg(long, value_name = "FILE")]
        save: PathBuf,
    },
    /// Record a plan and that you allow it.
    Approve {
        /// The plan file.
        plan: PathBuf,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Do not ask.
        #[arg(short, long)]
        yes: bool,
    },
    /// Carry out an approved plan, as far as it goes by itself; the same again resumes.
    Run {
        /// The plan file, or the name of a batch that was approved.
        plan: String,
        #[command(flatten)]
        run: RunArgs,
    },
    /// Say that a by-hand step is done.
    Ack {
        /// MOVE:STEP
        step: String,
        /// What you did.
        #[arg(long)]
        note: String,
    },
    /// Try a step again that is parked.
    Retry {
        /// MOVE:STEP, or MOVE for all its parked steps.
        step: String,
        /// Why it may work now.
        #[arg(long, default_value = "asked to retry")]
        reason: String,
    },
    /// Leave a step out, and everything that needs what it would give.
    Skip {
        /// MOVE:STEP
        step: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Do not ask, not even about the deletion of the old identity before its turn.
        #[arg(short, long)]
        yes: bool,
    },
    /// Say that somebody else did a parked step; the world is looked at before it is believed.
    MarkDone {
        /// MOVE:STEP
        step: String,
        /// Who did it, and how.
        #[arg(long)]
        reason: String,
    },
    /// Start nothing new in a move or a batch.
    Pause {
        /// MOVE or BATCH
        select: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Go on after a pause.
    Resume {
        /// MOVE or BATCH
        select: String,
        /// Why.
        #[arg(long, default_value = "resumed")]
        reason: String,
    },
    /// Compare the cloud with what was promised. Changes nothing.
    Verify {
        /// MOVE or BATCH
        select: Option<String>,
    },
    /// Take everything back that a move or a batch did.
    Rollback {
        /// MOVE or BATCH
        select: String,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        run: RunArgs,
    },
    /// Remove the old identities and what belongs to them. There is no way back from this.
    Cleanup {
        /// BATCH or MOVE
        select: String,
        /// The name of the batch again, because nothing brings an identity back.
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
        /// A step that was left out, for which you answer; once for each.
        #[arg(long = "accept", value_name = "MOVE:STEP")]
        accepts: Vec<String>,
        /// Why.
        #[arg(long, default_value = "clean-up approved")]
        reason: String,
        #[command(flatten)]
        run: RunArgs,
    },
    /// What is done, running, waiting or failed, and why. Offline.
    Status {
        /// MOVE or BATCH
        select: Option<String>,
        #[command(flatten)]
        from: ReadFrom,
    },
    /// Every event in order. Offline.
    History {
        /// MOVE or BATCH
        select: Option<String>,
        #[command(flatten)]
        from: ReadFrom,
    },
    /// Old and new ids, what was made, changed and removed, for code that owns it: import blocks of Terraform. Offline.
    Handoff {
        /// MOVE or BATCH
        select: Option<String>,
        #[command(flatten)]
        from: ReadFrom,
    },
    /// One thing in full: a plan file, a batch, a move, or a step (MOVE:STEP). Offline.
    Show {
        /// A file, BATCH, MOVE or MOVE:STEP
        what: String,
        /// Of a plan file, this move alone.
        #[arg(value_name = "MOVE")]
        of: Option<String>,
        #[command(flatten)]
        from: ReadFrom,
    },
    /// Rebuild every move from the log alone, and check that the log is what the engine writes. Offline.
    Replay {
        /// MOVE or BATCH
        select: Option<String>,
        /// As it was after the event at this position.
        #[arg(long, value_name = "POSITION")]
        at: Option<u64>,
        #[command(flatten)]
        from: ReadFrom,
    },
    /// What has happened to the log itself.
    #[command(subcommand)]
    Audit(Audit),
    /// Copies of the log.
    #[command(subcommand)]
    Db(Db),
    /// The local Azure.
    #[command(subcommand)]
    Sim(Sim),
    /// Do the whole batch of a folder on a local Azure: plan, approve, run, verify, clean up. What people would do
    /// by hand is taken as done. The record goes to a new log: the one that --db names, or one in a folder of its
    /// own. With -v all results are printed, with -o json one document with the results of all its commands.
    Rehearse {
        /// A folder with estate.json and batch.toml, or a batch file with --estate.
        folder: PathBuf,
        /// The estate, where it is not the folder's.
        #[arg(long, value_name = "FILE")]
        estate: Option<PathBuf>,
        /// What goes wrong: see `sim serve --faults`.
        #[arg(long, value_name = "FILE")]
        faults: Option<PathBuf>,
        /// By how much time is shortened, on both sides.
        #[arg(long, default_value_t = 20_000.0, value_name = "N")]
        time_scale: f64,
        /// The seed of everything random in the local Azure.
        #[arg(long, default_value_t = 1, value_name = "N")]
        seed: u64,
        /// Stop before the clean-up.
        #[arg(long)]
        keep_old: bool,
    },
    /// Print a completion script.
    Completion {
        /// For which shell.
        shell: clap_complete::Shell,
    },
}

/// `rehome audit`
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Check every event, the chain, the anchor and every digest. Offline.
    Verify {
        /// An end of the log that was noted down or kept elsewhere: what `audit head` printed, or a file
        /// with that.
        #[arg(long, value_name = "POSITION:HASH|FILE")]
        anchor: Option<String>,
        #[command(flatten)]
        from: ReadFrom,
    },
    /// Print the end of the log as one line to note down elsewhere. Offline.
    Head {
        #[command(flatten)]
        from: ReadFrom,
    },
    /// Write the whole chain to one file that can be handed out and verified without the log. Offline.
    Bundle {
        /// The new file.
        file: PathBuf,
        /// MOVE or BATCH: what all other events say is withheld.
        select: Option<String>,
        /// Withhold what events say that have this text in it; may be repeated. It is looked for in any case, with
        /// its accents composed or apart, and behind the escapes of JSON, of links and of forms, up to four deep.
        /// Other forms are not found: initials, the parts of a name in another order, HTML entities, base64. Give
        /// each as a text of its own.
        #[arg(long, value_name = "TEXT")]
        redact: Vec<String>,
    },
}

/// `rehome db`
#[derive(Debug, Subcommand)]
pub(crate) enum Db {
    /// Copy the log, whole and verified, also beside a runner.
    Backup {
        /// The new file.
        to: PathBuf,
    },
    /// Put a backup in the place of the log, verified; what is replaced stays beside it.
    Restore {
        /// The backup.
        from: PathBuf,
        /// Do not ask.
        #[arg(short, long)]
        yes: bool,
    },
    /// Say that the newest copy of the log is gone: what may have happened since is then looked for in the
    /// cloud before anything is written.
    Reconcile {
        /// Why only this copy is left.
        #[arg(long)]
        reason: String,
        /// The key of the settings' marks is gone as well: make a new one. Settings that were rewritten before
        /// are then taken back by people.
        #[arg(long)]
        new_key: bool,
        /// Do not ask.
        #[arg(short, long)]
        yes: bool,
    },
}

/// `rehome sim`
#[derive(Debug, Subcommand)]
pub(crate) enum Sim {
    /// Serve an estate until interrupted; prints one JSON line when ready.
    Serve {
        /// The estate.
        #[arg(long, value_name = "FILE")]
        estate: PathBuf,
        /// Where Resource Manager listens; loopback only.
        #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
        listen: String,
        /// Speak TLS, with a certificate made for this run.
        #[arg(long)]
        tls: bool,
        /// By how much the local Azure's own delays are shortened.
        #[arg(long, default_value_t = 1.0, value_name = "N")]
        time_scale: f64,
        /// The seed of everything random.
        #[arg(long, default_value_t = 1, value_name = "N")]
        seed: u64,
        /// What goes wrong, and when.
        #[arg(long, value_name = "FILE")]
        faults: Option<PathBuf>,
        /// Give out what it tells of itself (/sim/estate, /sim/requests, /sim/workloads, /sim/clock) only to who brings the
        /// printed client_secret as a bearer token.
        #[arg(long)]
        private: bool,
    },
}
