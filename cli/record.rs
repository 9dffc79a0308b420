//! CLI: what people write for the record, without the secrets that give themselves away. Pure.

use crate::args::{Cli, Command, Db};
use rehome_orchestrator::without_secrets;

/// Masks secrets in everything that is recorded as it was typed; the flags in which there was one.
pub(crate) fn mask(cli: &mut Cli) -> Vec<&'static str> {
    let said = match &mut cli.command {
        Command::Approve { reason, .. }
        | Command::Retry { reason, .. }
        | Command::Skip { reason, .. }
        | Command::MarkDone { reason, .. }
        | Command::Pause { reason, .. }
        | Command::Resume { reason, .. }
        | Command::Rollback { reason, .. }
        | Command::Cleanup { reason, .. }
        | Command::Db(Db::Reconcile { reason, .. }) => Some(("--reason", reason)),
        Command::Ack { note, .. } => Some(("--note", note)),
        Command::Discover { .. }
        | Command::Plan { .. }
        | Command::Run { .. }
        | Command::Verify { .. }
        | Command::Status { .. }
        | Command::History { .. }
        | Command::Handoff { .. }
        | Command::Show { .. }
        | Command::Replay { .. }
        | Command::Audit(_)
        | Command::Db(Db::Backup { .. } | Db::Restore { .. })
        | Command::Sim(_)
        | Command::Rehearse { .. }
        | Command::Completion { .. } => None,
    };
    let actor = cli.global.actor.as_mut().map(|actor| ("--actor", actor));
    let mut masked = Vec::new();
    for (flag, text) in said.into_iter().chain(actor) {
        let plain = without_secrets(text);
        if plain != *text {
            *text = plain;
            masked.push(flag);
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

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
            ("rollback b --reason", "--reason"),
            ("cleanup b --reason", "--reason"),
            ("db reconcile --reason", "--reason"),
            ("status --actor", "--actor"),
        ] {
            let all = ["rehome"].into_iter().chain(command.split(' ')).chain([said]);
            let mut cli = Cli::parse_from(all);
            assert_eq!(mask(&mut cli), [flag], "{command}");
            let told = format!("{cli:?}");
            assert!(told.contains("it is password=[hidden] now") && !told.contains("hunter2"), "{told}");
            assert!(mask(&mut cli).is_empty(), "masking twice is masking once");
        }
    }
}
