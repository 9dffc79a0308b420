//! CLI: what happens in a log, event by event, for a page that is open. Reads the log.

use super::moment::{Moment, Unread};
use super::site::{LOOK, Site};
use crate::error::causes;
use crate::render::history::line;
use axum::response::sse::Event;
use futures_util::Stream;
use futures_util::stream::unfold;
use rehome_orchestrator::{Clock, SystemClock};
use rehome_store::{Position, ReadError, Stored};
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
    ending: watch::Receiver<bool>,
    runner: &'static str,
    /// What the page was told of a log that cannot be read.
    unread: Option<Unread>,
}

/// Every event after this one, each with its place in the log as its id, so that a page which comes back goes on exactly there; and
/// whether somebody is at work, and whether the log can be read. It ends when the server does.
pub(crate) fn stream(site: Arc<Site>, after: u64) -> impl Stream<Item = Result<Event, Infallible>> {
    let (moments, ending) = (site.moments.subscribe(), site.ending.clone());
    let (runner, due) = (moments.borrow().runner, VecDeque::new());
    let live = Live { site, after, due, moments, ending, runner, unread: None };
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
            let moment = self.moments.borrow_and_update().clone();
            let read = match moment.unread {
                Some(unread) => Err(unread),
                None => {
                    self.read().await.map_err(|e| Unread { since_ms: SystemClock.now_ms(), why: causes(&e) })
                }
            };
            self.tell(read.err(), moment.runner);
            if self.due.is_empty() {
                tokio::select! {
                    changed = self.moments.changed() => changed.ok()?,
                    _ = self.ending.changed() => return None,
                    // What could not be read is tried again, whether the log grows or not.
                    () = tokio::time::sleep(LOOK), if self.unread.is_some() => {}
                }
            }
        }
    }

    /// Takes what is new. In the place of the log may be an older copy of it, whose events are told from its end on.
    async fn read(&mut self) -> Result<(), ReadError> {
        let log = self.site.of.source.log();
        let read = log.read_all(Position(self.after), PAGE).await?;
        if let Some(last) = read.last() {
            self.after = last.position.0;
            self.due.extend(read.iter().map(told));
            return Ok(());
        }
        let end = log.head().await?.position.0;
        if end < self.after {
            self.after = end;
            self.due.push_back(Event::default().event("shorter").id(end.to_string()).data(end.to_string()));
        }
        Ok(())
    }

    /// Tells whether the log can be read, and who is at work, where that is new. It is unread since it was told so first.
    fn tell(&mut self, mut unread: Option<Unread>, runner: &'static str) {
        if let (Some(unread), Some(told)) = (&mut unread, &self.unread) {
            unread.since_ms = told.since_ms;
        }
        if self.unread != unread {
            let words = json!({"words": unread.as_ref().map(Unread::words)});
            self.due.push_back(Event::default().event("unread").data(words.to_string()));
            self.unread = unread;
        }
        if self.runner != runner {
            self.due.push_back(Event::default().event("runner").data(runner));
            self.runner = runner;
        }
    }
}

/// One event of the log. What it says is one line, and a page shows it as text.
fn told(event: &Stored) -> Event {
    let (stream, kind) = (event.record.stream.as_str(), &event.record.kind);
    let data = json!({"stream": stream, "kind": kind, "line": line(event)});
    Event::default().id(event.position.0.to_string()).data(data.to_string())
}
