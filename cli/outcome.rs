//! CLI: how work on moves has ended, and what comes next. Prints; reads the log.

use crate::context::Context;
use crate::drive::Driven;
use crate::error::{CliError, Exit};
use crate::presence::Presence;
use crate::{hint_views, render, store, view, waves};
use rehome_orchestrator::{Clock, RunId, SystemClock};
use rehome_store::Backend;
use serde_json::json;

/// Says how a drive ended.
pub(crate) fn report(c: &Context<'_>, driven: &Driven) -> Result<Exit, CliError> {
    let (mut views, presence) = (driven.views.clone(), Presence::of(store::beside(&c.global.db)?.lease()));
    presence.judge_views(&mut views);
    hint_views::complete(c.output.hints(), &mut views);
    let value = json!({"format_version": "1.0", "exit": driven.exit as u8, "moves": views});
    let text = render::status::text(&views, &render::overview::Waves::new(), None, SystemClock.now_ms());
    c.output.list(&text, &value, &view::list(&|| view::values(&views)))?;
    if matches!(driven.exit, Exit::Interrupted | Exit::Terminated) {
        c.output.note("stopped; everything that was acknowledged is in the log");
    }
    for hint in render::status::next(&views, driven.exit) {
        c.output.next(&hint);
    }
    Ok(driven.exit)
}

/// Says where moves stand of which none had anything to do.
pub(crate) async fn report_unmoved(
    c: &Context<'_>,
    log: &dyn Backend,
    runs: &[RunId],
    exit: Exit,
) -> Result<Exit, CliError> {
    let views = waves::views(log, runs).await?;
    report(c, &Driven { exit, views })
}
