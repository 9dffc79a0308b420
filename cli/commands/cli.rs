//! CLI: the command line as a whole: every command by its name. Touches nothing by itself.

use super::*;
use crate::args::Global;
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::help;
use crate::mask_input::mask_input;
use crate::output::Output;
use crate::presence;
use crate::print_failure::PrintFailure;
use crate::settings::Setting;
use clap::{CommandFactory, Parser, Subcommand};

/// Moves Azure user-assigned managed identities between regions, reversibly.
#[derive(Debug, Parser)]
#[command(name = "rehome", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten, next_help_heading = "Global options")]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Init),
    Discover(discover::Discover),
    Plan(plan::Plan),
    Report(report::Report),
    Diff(diff::Diff),
    Approve(approve::Approve),
    Run(run::Run),
    Ack(ack::Ack),
    Retry(retry::Retry),
    Skip(skip::Skip),
    MarkDone(mark_done::MarkDone),
    Adopt(adopt::Adopt),
    Pause(pause::Pause),
    Resume(resume::Resume),
    Hold(hold::Hold),
    Release(release::Release),
    Throttle(throttle::Throttle),
    Abandon(abandon::Abandon),
    Note(note::Note),
    Verify(verify::Verify),
    Rollback(rollback::Rollback),
    Cleanup(cleanup::Cleanup),
    Status(status::Status),
    Watch(watch::Watch),
    Wait(wait::Wait),
    Notify(notify::Notify),
    History(history::History),
    Handoff(handoff::Handoff),
    Scan(scan::Scan),
    Show(show::Show),
    Graph(graph::Graph),
    Timeline(timeline::Timeline),
    Serve(serve::Serve),
    Explain(explain::Explain),
    Doctor(doctor::Doctor),
    Config(config::Config),
    Man(man::Man),
    Schema(schema::Schema),
    Replay(replay::Replay),
    /// Check the log, and hand evidence out.
    #[command(subcommand)]
    Audit(Audit),
    /// Back the log up, and bring it back.
    #[command(subcommand)]
    Db(Db),
    /// Run a local Azure.
    #[command(subcommand)]
    Sim(Sim),
    Rehearse(rehearse::Rehearse),
    Completion(completion::Completion),
    #[command(hide = true)]
    Names(names::Names),
}

/// `rehome audit`
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    Verify(audit_verify::AuditVerify),
    Head(audit_head::AuditHead),
    Checkpoint(audit_checkpoint::AuditCheckpoint),
    Bundle(audit_bundle::AuditBundle),
    Reconcile(audit_reconcile::AuditReconcile),
    Explain(audit_explain::AuditExplain),
}

/// `rehome db`
#[derive(Debug, Subcommand)]
pub(crate) enum Db {
    Init(db_init::DbInit),
    Backup(db_backup::DbBackup),
    Restore(db_restore::DbRestore),
    Reconcile(db_reconcile::DbReconcile),
}

/// `rehome sim`
#[derive(Debug, Subcommand)]
pub(crate) enum Sim {
    Serve(sim_serve::SimServe),
}

/// The same for whichever command it is.
macro_rules! whichever {
    ($command:expr, $it:ident => $do:expr) => {
        match $command {
            Command::Init($it) => $do,
            Command::Discover($it) => $do,
            Command::Plan($it) => $do,
            Command::Approve($it) => $do,
            Command::Report($it) => $do,
            Command::Diff($it) => $do,
            Command::Run($it) => $do,
            Command::Ack($it) => $do,
            Command::Retry($it) => $do,
            Command::Skip($it) => $do,
            Command::MarkDone($it) => $do,
            Command::Adopt($it) => $do,
            Command::Pause($it) => $do,
            Command::Resume($it) => $do,
            Command::Hold($it) => $do,
            Command::Release($it) => $do,
            Command::Throttle($it) => $do,
            Command::Abandon($it) => $do,
            Command::Note($it) => $do,
            Command::Verify($it) => $do,
            Command::Rollback($it) => $do,
            Command::Cleanup($it) => $do,
            Command::Status($it) => $do,
            Command::Watch($it) => $do,
            Command::Wait($it) => $do,
            Command::Notify($it) => $do,
            Command::History($it) => $do,
            Command::Handoff($it) => $do,
            Command::Scan($it) => $do,
            Command::Show($it) => $do,
            Command::Graph($it) => $do,
            Command::Timeline($it) => $do,
            Command::Serve($it) => $do,
            Command::Explain($it) => $do,
            Command::Doctor($it) => $do,
            Command::Config($it) => $do,
            Command::Man($it) => $do,
            Command::Schema($it) => $do,
            Command::Replay($it) => $do,
            Command::Audit(Audit::Verify($it)) => $do,
            Command::Audit(Audit::Head($it)) => $do,
            Command::Audit(Audit::Checkpoint($it)) => $do,
            Command::Audit(Audit::Bundle($it)) => $do,
            Command::Audit(Audit::Reconcile($it)) => $do,
            Command::Audit(Audit::Explain($it)) => $do,
            Command::Db(Db::Init($it)) => $do,
            Command::Db(Db::Backup($it)) => $do,
            Command::Db(Db::Restore($it)) => $do,
            Command::Db(Db::Reconcile($it)) => $do,
            Command::Sim(Sim::Serve($it)) => $do,
            Command::Rehearse($it) => $do,
            Command::Completion($it) => $do,
            Command::Names($it) => $do,
        }
    };
}

impl Command {
    /// What is true when its result cannot be printed.
    pub(crate) fn print_failure(&self) -> PrintFailure {
        whichever!(self, it => it.print_failure())
    }

    /// Whether it holds a batch in memory.
    pub(crate) fn holds_batch(&self) -> bool {
        whichever!(self, it => it.holds_batch())
    }

    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        whichever!(self, it => Box::pin(it.execute(c)).await)
    }
}

impl Cli {
    /// Every command and flag, as the help shows them.
    pub(crate) fn words() -> clap::Command {
        help::grouped(Self::command())
    }

    /// Masks secrets in everything that is recorded as it was typed; the flags in which there was one.
    pub(crate) fn mask_input(&mut self) -> Vec<&'static str> {
        let recorded = whichever!(&mut self.command, it => it.recorded());
        mask_input(recorded.into_iter().chain(self.global.actor.as_mut().map(|actor| ("--actor", actor))))
    }
}

/// Runs one command, and tells whoever looked at a log who carries on what is open in it.
pub(crate) async fn run(cli: Cli, output: &Output, settings: &[Setting]) -> Result<Exit, CliError> {
    output.check()?;
    let shows_log = whichever!(&cli.command, it => it.shows_log());
    let words = Cli::words();
    let context = Context { global: &cli.global, output, words: &words, settings };
    let done = cli.command.execute(&context).await;
    if done.is_ok() && shows_log {
        presence::tell(output, &cli.global.db).await;
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print_failure;

    #[test]
    fn whatever_is_recorded_as_it_was_typed_is_masked_and_the_flag_is_named() {
        let said = "it is password=hunter2 now";
        for (command, flag) in [
            ("approve p.json --reason", "--reason"),
            ("ack m:1 --note", "--note"),
            ("retry m:1 --reason", "--reason"),
            ("skip m:1 --reason", "--reason"),
            ("mark-done m:1 --reason", "--reason"),
            ("pause b --reason", "--reason"),
            ("resume b --reason", "--reason"),
            ("hold b --cleanup --reason", "--reason"),
            ("release b --wave w --reason", "--reason"),
            ("throttle b --parallel 2 --reason", "--reason"),
            ("abandon b --confirm b --reason", "--reason"),
            ("adopt m:1 --reason", "--reason"),
            ("note b --text", "--text"),
            ("rollback b --reason", "--reason"),
            ("cleanup b --reason", "--reason"),
            ("db reconcile --reason", "--reason"),
            ("status --actor", "--actor"),
        ] {
            let all = ["rehome"].into_iter().chain(command.split(' ')).chain([said]);
            let mut cli = Cli::parse_from(all);
            assert_eq!(cli.mask_input(), [flag], "{command}");
            let told = format!("{cli:?}");
            assert!(told.contains("it is password=[hidden] now") && !told.contains("hunter2"), "{told}");
            assert!(cli.mask_input().is_empty(), "masking twice is masking once");
        }
    }

    #[test]
    fn a_command_that_writes_never_says_that_nothing_was_changed() {
        for (command, state, next) in [
            ("status", print_failure::NOTHING, "the same command again"),
            ("discover -f b.toml", print_failure::NOTHING, "the same command again"),
            (
                "discover -f b.toml --snapshot e.json",
                print_failure::FILE_WRITTEN,
                "rehome rehearse b.toml --estate e.json",
            ),
            ("plan -f b.toml --save p.json", print_failure::FILE_WRITTEN, "rehome show p.json"),
            ("run p.json", print_failure::IN_THE_LOG, "rehome run p.json"),
            ("ack m:1 --note x", print_failure::IN_THE_LOG, "rehome show m:1"),
            ("cleanup b --confirm b", print_failure::IN_THE_LOG, "rehome status b"),
            ("db backup x.db", print_failure::FILE_WRITTEN, "rehome audit verify --db x.db"),
            ("rehearse x", print_failure::REHEARSED, "the same command again"),
        ] {
            let cli = Cli::parse_from(["rehome"].into_iter().chain(command.split(' ')));
            let left = cli.command.print_failure();
            assert_eq!(left.state, state, "{command}");
            assert!(left.next.iter().any(|n| n.starts_with(next)), "{command}: {:?}", left.next);
        }
    }
}
