//! CLI: what is true when a command has done its work and its result cannot be printed. Pure.

use crate::args::{Audit, Command, Db};
use crate::error::NOTHING_CHANGED;
use crate::hint::{file, quoted};

/// What was left, and how to go on.
#[derive(Clone, Debug)]
pub(crate) struct Unprinted {
    pub(crate) state: &'static str,
    pub(crate) next: Vec<String>,
}

const IN_THE_LOG: &str = "what was done is in the log, only the report could not be printed";
const FILE_WRITTEN: &str = "the file is written whole, only the report could not be printed";
const REHEARSED: &str = "the rehearsal ended here; nothing but its own local Azure was changed";

impl Unprinted {
    pub(crate) fn of(command: &Command) -> Self {
        let (state, next) = match command {
            Command::Plan { save, .. } => (FILE_WRITTEN, vec![format!("rehome show {}", file(save))]),
            Command::Discover { file: from, snapshot: Some(to) } => {
                let next = format!("rehome rehearse {} --estate {}", file(from), file(to));
                (FILE_WRITTEN, vec![next])
            }
            Command::Approve { plan, .. } => {
                (IN_THE_LOG, vec!["rehome status".to_owned(), format!("rehome run {}", file(plan))])
            }
            Command::Run { plan, .. } => {
                (IN_THE_LOG, vec!["rehome status".to_owned(), format!("rehome run {}", quoted(plan))])
            }
            Command::Pause { select, .. }
            | Command::Resume { select, .. }
            | Command::Rollback { select, .. }
            | Command::Cleanup { select, .. } => {
                (IN_THE_LOG, vec![format!("rehome status {}", quoted(select))])
            }
            Command::Ack { step, .. }
            | Command::Retry { step, .. }
            | Command::Skip { step, .. }
            | Command::MarkDone { step, .. } => (IN_THE_LOG, vec![format!("rehome show {}", quoted(step))]),
            Command::Audit(Audit::Bundle { file: to, .. }) => {
                (FILE_WRITTEN, vec![format!("rehome audit verify --bundle {}", file(to))])
            }
            Command::Db(Db::Backup { to }) => {
                (FILE_WRITTEN, vec![format!("rehome audit verify --db {}", file(to))])
            }
            Command::Db(Db::Restore { .. } | Db::Reconcile { .. }) => {
                (IN_THE_LOG, vec!["rehome status".to_owned()])
            }
            Command::Rehearse { .. } => (REHEARSED, Vec::new()),
            Command::Discover { snapshot: None, .. }
            | Command::Verify { .. }
            | Command::Status { .. }
            | Command::History { .. }
            | Command::Handoff { .. }
            | Command::Show { .. }
            | Command::Replay { .. }
            | Command::Audit(Audit::Verify { .. } | Audit::Head { .. })
            | Command::Sim(_)
            | Command::Completion { .. } => (NOTHING_CHANGED, Vec::new()),
        };
        if next.is_empty() {
            return Self {
                state,
                next: vec!["the same command again, where its output can be written".to_owned()],
            };
        }
        Self { state, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::Parser;

    #[test]
    fn a_command_that_writes_never_says_that_nothing_was_changed() {
        for (command, state, next) in [
            ("status", NOTHING_CHANGED, "the same command again"),
            ("discover -f b.toml", NOTHING_CHANGED, "the same command again"),
            ("discover -f b.toml --snapshot e.json", FILE_WRITTEN, "rehome rehearse b.toml --estate e.json"),
            ("plan -f b.toml --save p.json", FILE_WRITTEN, "rehome show p.json"),
            ("run p.json", IN_THE_LOG, "rehome run p.json"),
            ("ack m:1 --note x", IN_THE_LOG, "rehome show m:1"),
            ("cleanup b --confirm b", IN_THE_LOG, "rehome status b"),
            ("db backup x.db", FILE_WRITTEN, "rehome audit verify --db x.db"),
            ("rehearse x", REHEARSED, "the same command again"),
        ] {
            let cli = Cli::parse_from(["rehome"].into_iter().chain(command.split(' ')));
            let left = Unprinted::of(&cli.command);
            assert_eq!(left.state, state, "{command}");
            assert!(left.next.iter().any(|n| n.starts_with(next)), "{command}: {:?}", left.next);
        }
    }
}
