//! CLI: what a person asked is in the log: its anchor is moved on, the end is signed, and witnesses have it. Touches these.

use super::post::Messenger;
use super::signing::{Signed, Signing};
use crate::anchor;
use crate::context::Context;
use crate::error::CliError;
use crate::output::Output;
use rehome_store::Backend;
use std::sync::Arc;

/// Moves the record of the log's end on, after what a person asked was appended. A runner that is at work does that itself.
pub(crate) async fn follow(c: &Context<'_>, log: &Arc<dyn Backend>) -> Result<(), CliError> {
    match anchor::moved(log, c.output).await? {
        true => told(c, log).await,
        false => Ok(()),
    }
}

/// The same for who has no command of theirs: the end is signed, and witnesses get it from the next runner or command.
pub(crate) async fn follow_unseen(log: &Arc<dyn Backend>, output: &Output) -> Result<(), CliError> {
    if anchor::moved(log, output).await? {
        signed(log).await?;
    }
    Ok(())
}

/// Signs the end that the anchor was just moved to, and hands it over; nobody outside is told anything in a rehearsal.
pub(crate) async fn told(c: &Context<'_>, log: &Arc<dyn Backend>) -> Result<(), CliError> {
    let Some(signed) = signed(log).await? else { return Ok(()) };
    if c.global.cloud.sign_in.is_none() {
        Messenger::new(c, log).hand(&signed).await;
    }
    Ok(())
}

async fn signed(log: &Arc<dyn Backend>) -> Result<Option<Signed>, CliError> {
    let Some(mut signing) = Signing::of(log).await? else { return Ok(None) };
    let signed = signing.sign().await;
    signed.map(Some).map_err(|e| e.left("what you asked is in the log; its newest signed end is older"))
}
