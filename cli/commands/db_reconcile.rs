//! CLI: `rehome db reconcile`: what is done when only an old copy of the log is left. Offline.

use crate::command::Execute;
use crate::context::Context;
use crate::counted::counted;
use crate::error::{CliError, Exit, causes};
use crate::hint::quoted;
use crate::print_failure::PrintFailure;
use crate::{anchor, key, store, witness};
use clap::Args;
use rehome_orchestrator::{Clock, LogEnd, Restored, RunId, SystemClock, restore as record_loss};
use rehome_store::{Anchor, AnchorStatus, Log, verify_chain};
use serde_json::json;
use std::collections::BTreeSet;

/// Say that the newest copy of the log is lost.
///
/// What may have happened since this copy is then looked for in Azure before anything is written.
#[derive(Args, Debug)]
pub(crate) struct DbReconcile {
    /// Why only this copy is left.
    #[arg(long)]
    pub(crate) reason: String,
    /// The key of the settings' marks is gone as well: make a new one. Settings that were rewritten before
    /// are then taken back by people.
    #[arg(long)]
    pub(crate) new_key: bool,
    /// Do not ask for confirmation.
    #[arg(short, long)]
    pub(crate) yes: bool,
}

impl Execute for DbReconcile {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let (reason, new_key, yes) = (&self.reason, self.new_key, self.yes);
        if reason.trim().is_empty() {
            return Err(CliError::new(Exit::Usage, "an act of a person needs a reason")
                .next("say why: --reason TEXT"));
        }
        let log = store::open_unconfirmed(&c.global.db)?;
        let actor = store::actor(c.global.actor.as_deref());
        let mut runner = store::hold(log.beside().lease())?;
        let sound = verify_chain(&*log, None).await;
        let head = sound
            .map_err(|e| store::damaged(&causes(&e)).next("put a sound copy back: rehome db restore BACKUP"))?
            .head;
        if !new_key {
            key::check(&*log).await?;
        }
        // What another log's anchor or a broken one says, is not known of this log.
        let ours = |anchor: &Anchor| anchor.log == log.id() && !anchor.is_of_nothing();
        let known = log.beside().anchor().ok().flatten().filter(ours);
        let lost = match &known {
            None => "nobody knows how much is lost".to_owned(),
            Some(anchor) => match anchor.judge(&*log).await.map_err(|e| store::damaged(&causes(&e)))? {
                AnchorStatus::Confirmed(_) => "the anchor confirms this copy; asked all the same".to_owned(),
                AnchorStatus::Behind(head) => format!(
                    "the copy ends at event {}, and event {} is known of: at least {} lost",
                    head.position,
                    anchor.position,
                    counted(anchor.position - head.position.0, "event")
                ),
                AnchorStatus::Forked(_) => {
                    format!("the copy has another event {} than is known of", anchor.position)
                }
            },
        };
        c.output.note(&lost);
        if !yes && !c.output.ask("Is the newest copy of the log gone for good?", "--yes").await? {
            return Err(CliError::new(Exit::Failed, "not recorded"));
        }
        if new_key {
            key::renew(log.beside())?;
            c.output.note(
                "a new key was made: settings that were rewritten before can be taken back only by hand",
            );
        }
        let ends = LogEnd { position: head.position.0, hash: head.hash.to_string() };
        let known = known.map(|anchor| LogEnd { position: anchor.position, hash: anchor.hash });
        let restored = Restored { reason: reason.to_owned(), ends, known };
        let recorded = record_loss(&*log, &actor, SystemClock.now_ms(), restored.clone()).await;
        let runs = recorded.map_err(|e| store::write_error(&e))?;
        anchor::write(&*log).await?;
        runner.leave_name(&actor)?;
        witness::told(c, &log).await?;
        let text = format!(
            "recorded: before anything is written, Azure is read for {}\n{lost}\n{}",
            counted(runs.len(), "open move"),
            "what people did since is lost as well: approvals, acknowledgements, skips, roll-backs are to be said again"
        );
        let value = json!({
            "format_version": "1.0", "recorded": true, "moves": runs, "ends": restored.ends, "known": restored.known,
        });
        c.output.result(&text, &value)?;
        for batch in batches(&log, &runs).await? {
            c.output.next(&format!("rehome run {batch}"));
            c.output.next(&format!("rehome rollback {batch} --reason TEXT      # or takes it back"));
        }
        c.output
            .note("a plan that was approved since: approve its file again, then say this again, then run it");
        Ok(Exit::Done)
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--reason", &mut self.reason))
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log(["rehome status".to_owned()])
    }
}

/// The batches of these moves, as a shell takes their names.
async fn batches(log: &dyn Log, runs: &[RunId]) -> Result<BTreeSet<String>, CliError> {
    let mut batches = BTreeSet::new();
    for run in runs {
        batches.insert(quoted(&store::read_run(log, run).await?.state.planned().batch));
    }
    Ok(batches)
}
