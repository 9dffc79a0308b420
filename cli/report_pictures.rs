//! CLI: the pictures of a report: the waves of its batch over the calendar, access before and now, and what each of a few moves did
//! and is tied to. Reads the log.

use crate::about::MoveAbout;
use crate::access::{Kind, access, sum};
use crate::error::CliError;
use crate::graph::Graph;
use crate::pictures::{self, picture::Picture};
use crate::source::Source;
use crate::view::identity;
use crate::{over_time, store};
use rehome_activities::relocate::Facts;

/// So many moves have pictures of their own in a report.
const DRAWN: usize = 20;

/// The pictures of one report.
pub(crate) struct Drawn {
    /// Of the whole batch.
    pub(crate) batch: Vec<Picture>,
    /// Of single moves, each with the name of its identity.
    pub(crate) moves: Vec<(String, Vec<Picture>)>,
    /// How many moves have none.
    pub(crate) more: usize,
}

/// Draws what the log says of a batch.
pub(crate) async fn draw(source: &Source, name: &str) -> Result<Drawn, CliError> {
    let (batch, calendar) = over_time::of_batch(source, name).await?;
    let (mut kinds, mut moves): (Vec<Vec<Kind>>, _) = (Vec::new(), Vec::new());
    for run in &batch.planned().runs {
        let state = store::read_run(source.log(), run).await?.state;
        kinds.push(access(&state));
        if moves.len() < DRAWN {
            let name = identity(&state).rsplit('/').next().unwrap_or_default().to_owned();
            let facts: Facts =
                state.planned().facts.read("facts").map_err(|why| store::damaged(&why.to_string()))?;
            let about = MoveAbout::of_log(&state.planned().about);
            let graph = pictures::identity::picture(&Graph::of(run.as_str(), &facts, about.as_ref()));
            let timeline = over_time::of_move(source, run).await?.map(|of| pictures::timeline::picture(&of));
            moves.push((name, timeline.into_iter().chain([graph]).collect()));
        }
    }
    let access = pictures::access::picture(name, &sum(kinds));
    let more = batch.planned().runs.len() - moves.len();
    Ok(Drawn { batch: vec![pictures::calendar::picture(&calendar), access], moves, more })
}
