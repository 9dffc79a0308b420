//! CLI: `rehome handoff`. Reads the log; works beside a runner and offline.

use super::Context;
use crate::args::ReadFrom;
use crate::error::{CliError, Exit};
use crate::source::Source;
use crate::{render, store};
use rehome_activities::handoff::handoff as of_move;
use serde_json::json;

/// Prints what code that owns Azure has to know of these moves.
pub(crate) async fn handoff(
    c: &Context<'_>,
    select: Option<&str>,
    from: &ReadFrom,
) -> Result<Exit, CliError> {
    let source = Source::open(c, from)?;
    let selection = source.select(c, select).await?;
    let (mut text, mut moves) = (String::new(), Vec::new());
    for run in &selection.runs {
        let state = store::read_run(source.log(), run).await?.state;
        let Some(found) = of_move(&state) else { continue };
        text.push_str(&render::handoff::text(run, &found));
        let mut value = json!(found);
        value["run"] = json!(run);
        moves.push(value);
    }
    c.output.result(text.trim_end(), &json!({"format_version": "1.0", "moves": moves}))?;
    Ok(Exit::Done)
}
