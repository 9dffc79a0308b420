//! CLI: what happens in a log, event by event, for a page that is open. Reads the log.

use super::site::{Moment, Site};
use crate::render::history::line;
use axum::response::sse::Event;
use futures_util::Stream;
use futures_util::stream::unfold;
use rehome_store::{Position, Stored};
use serde_json::json;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::watch;

/// Events read at once: a page that comes back after a night reads them in parts.
const PAGE: usize = 200;

struct Live {
    site: Arc<Site>,
    /// Everything up to here was told.
    after: u64,
    due: VecDeque<Event>,
    moments: watch::Receiver<Moment>,
    runner: &'static str,
    ending: watch::Receiver<bool>,
}

/// Every event after this one, each with its place in the log as its id, so that a page which comes back goes on exactly there; and
/// whether somebody is at work. It ends when the server does.
pub(crate) fn stream(site: Arc<Site>, after: u64) -> impl Stream<Item = Result<Event, Infallible>> {
    let (moments, ending) = (site.moments.subscribe(), site.ending.clone());
    let runner = site.source.presence().word();
    let live = Live { site, after, due: VecDeque::new(), moments, runner, ending };
    unfold(live, |mut live| async move { live.next().await.map(|event| (Ok(event), live)) })
}

impl Live {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if *self.ending.borrow() {
                return None;
            }
            if let Some(event) = self.due.pop_front() {
                return Some(event);
            }
            // Marked first: what is appended while this reads is told after it.
            let runner = self.moments.borrow_and_update().runner;
            let read = self.site.source.log().read_all(Position(self.after), PAGE).await.ok()?;
            self.after = read.last().map_or(self.after, |last| last.position.0);
            self.due.extend(read.iter().map(told));
            if !runner.is_empty() && runner != self.runner {
                self.runner = runner;
                self.due.push_back(Event::default().event("runner").data(runner));
            }
            if self.due.is_empty() {
                tokio::select! {
                    changed = self.moments.changed() => changed.ok()?,
                    _ = self.ending.changed() => return None,
                }
            }
        }
    }
}

/// One event of the log. What it says is one line, and a page shows it as text.
fn told(event: &Stored) -> Event {
    let (stream, kind) = (event.record.stream.as_str(), &event.record.kind);
    let data = json!({"stream": stream, "kind": kind, "line": line(event)});
    Event::default().id(event.position.0.to_string()).data(data.to_string())
}
