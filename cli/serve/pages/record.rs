//! CLI: the page of the record: how long it is, what vouches for it, its newest events, and how to hand it out. Reads the log.

use super::answer::Answer;
use super::at_move::list;
use super::frame::{Frame, Place};
use super::words::{command, framed, said};
use crate::error::CliError;
use crate::source::Source;
use crate::store;
use maud::{Markup, html};
use rehome_store::Position;

/// So many events are on a page.
const EVENTS: u64 = 100;

pub(crate) async fn page(frame: &Frame) -> Result<Answer, CliError> {
    let head = frame.seen.standing.head;
    let asked = frame.asked("before").and_then(|before| before.parse::<u64>().ok());
    let before = asked.unwrap_or(u64::MAX).min(head.position.0 + 1);
    let first = before.saturating_sub(1).saturating_sub(EVENTS);
    let count = usize::try_from(before.saturating_sub(1) - first).unwrap_or(0);
    let log = frame.site.of.source.log();
    let mut all = log.read_all(Position(first), count).await.map_err(|e| store::unreadable(&e))?;
    all.reverse();
    let main = html! {
        h1 { "Record" }
        div id="record" data-live {
            dl class="facts" {
                div { dt { "Events" } dd { (head.position) } }
                div { dt { "Hash of the last" } dd class="long" { code { (head.hash) } } }
                div { dt { "Log" } dd { code { (said(frame.site.of.source.id())) } } }
                div { dt { "Confirmed" } dd { (confirmed(frame)) } }
            }
        }
        section class="card" {
            h2 { "Check it, and hand it out" }
            p class="soft" { "Every event, its hash and every digest, on this machine:" }
            (command(&frame.site.command("rehome audit verify")))
            p class="soft" { "An end of the log that somebody else keeps: whoever has it finds a log that was cut off or written anew." }
            (command(&frame.site.command("rehome audit checkpoint")))
            p class="soft" { "One file for whoever checks it elsewhere:" }
            (command(&frame.site.command("rehome audit bundle evidence.jsonl")))
        }
        section id="events" class="card" data-live {
            h2 { "Events" }
            @if all.is_empty() { p { "The log has no event yet." } }
            (framed("Events", list(&all, true)))
            nav class="pager" aria-label="Pages of events" {
                @if before <= head.position.0 { a href={ "/record?before=" (before.saturating_add(EVENTS)) } rel="prev" { "Later" } }
                @if first > 0 { a href={ "/record?before=" (first + 1) } rel="next" { "Earlier" } }
            }
        }
    };
    Ok(frame.answer("Record", Place::Record, main))
}

/// Up to where something outside of the log vouches for it.
fn confirmed(frame: &Frame) -> Markup {
    let Source::Database(log) = &frame.site.of.source else {
        return html! { "a bundle, which was checked as a whole when it was opened" };
    };
    match log.beside().anchor().ok().flatten() {
        Some(anchor) => html! { "the anchor beside the log is of event " (anchor.position) },
        None => html! { "there is no anchor beside the log: nothing outside vouches for its end" },
    }
}
