//! CLI: the page of one event: who, when, where, what, and how it is bound to the one before. Reads the log.

use super::answer::Answer;
use super::frame::{Frame, Place};
use super::words::{command, exactly, of_batch, of_move, said};
use crate::error::{CliError, Exit, clean};
use crate::render::history::gist;
use crate::store;
use maud::{Markup, html};
use rehome_orchestrator::{BatchLoaded, Entry, Event, Exchange, RunId, mask};
use rehome_store::{Position, Stored};
use serde_json::Value;

pub(crate) async fn page(frame: &Frame, position: u64) -> Result<Answer, CliError> {
    let nothing =
        || CliError::new(Exit::NotFound, format!("the log has no event {position}")).next("rehome history");
    let from = position.checked_sub(1).ok_or_else(nothing)?;
    // With the one before, to whose hash it is bound.
    let (after, many) = from.checked_sub(1).map_or((0, 1), |before| (before, 2));
    let log = frame.site.of.source.log();
    let read = log.read_all(Position(after), many).await.map_err(|e| store::unreadable(&e))?;
    let event = read.iter().find(|event| event.position.0 == position).ok_or_else(nothing)?;
    let before = read.iter().find(|event| event.position.0 == from);
    let head = frame.seen.standing.head.position.0;
    let record = &event.record;
    let main = html! {
        p class="crumbs" { a href="/record" { "Record" } " / " (of_stream(event)) }
        h1 { "Event " (position) ": " (said(&record.kind)) }
        p { (said(&gist(event))) }
        dl class="facts" {
            div { dt { "When" } dd { (exactly(record.at_ms)) } }
            div { dt { "Who" } dd { (said(&record.actor)) } }
            div { dt { "Of" } dd { (said(record.stream.as_str())) ", event " (event.sequence) } }
            div { dt { "Kind" } dd { (said(&record.kind)) " version " (record.version) } }
        }
        (exchanges(event))
        section class="card" { h2 { "What it says" } (body(event)) }
        section class="card" {
            h2 { "How it is bound" }
            dl class="facts" {
                div { dt { "Hash" } dd class="long" { code { (event.hash) } } }
                div { dt { "Hash of the one before" } dd class="long" { @if let Some(before) = before { code { (before.hash) } } @else { "it is the first" } } }
            }
            p class="soft" { "Each hash is over the event and the hash before it: a change of any event changes every hash after it. To check all of them:" }
            (command(&frame.site.command("rehome audit verify")))
        }
        nav class="pager" aria-label="Events" {
            @if position > 1 { a href={ "/e/" (from) } rel="prev" { "Event " (from) } }
            @if position < head { a href={ "/e/" (position + 1) } rel="next" { "Event " (position + 1) } }
        }
    };
    Ok(frame.answer(&format!("Event {position}"), Place::Record, main))
}

fn of_stream(event: &Stored) -> Markup {
    let stream = &event.record.stream;
    html! {
        @if let Some(run) = RunId::of_stream(stream) { a href=(of_move(run.as_str())) { (said(run.as_str())) } }
        @else if let Some(batch) = stream.as_str().strip_prefix(BatchLoaded::PREFIX) { a href=(of_batch(batch)) { (said(batch)) } }
        @else { (said(stream.as_str())) }
    }
}

/// What was exchanged with Azure, by the names under which Azure's own log has it.
fn exchanges(event: &Stored) -> Markup {
    let all: Vec<Exchange> = match Entry::<Event>::read(event).map(|entry| entry.event) {
        Ok(Event::Ended(ended)) => ended.exchanges,
        Ok(Event::Accepted(accepted)) => accepted.exchanges,
        Ok(_) | Err(_) => Vec::new(),
    };
    let plain = |id: &&String| id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let first = all.iter().filter_map(|one| one.correlation.as_ref()).find(plain);
    html! {
        @if !all.is_empty() {
            section class="card" {
                h2 { "Exchanged with Azure" }
                ul class="plain" {
                    @for one in &all {
                        li class="long" {
                            (said(&one.request)) " "
                            strong { @if let Some(status) = one.status { (status) } @else { "no answer" } }
                            @if let Some(id) = &one.correlation { " " span class="id" { (said(id)) } }
                        }
                    }
                }
                @if let Some(id) = first {
                    p class="soft" { "Azure's own record of it, for 90 days:" }
                    (command(&format!("az monitor activity-log list --correlation-id {id}")))
                }
            }
        }
    }
}

/// The body, without poll addresses, which are credentials.
fn body(event: &Stored) -> Markup {
    if let Some(withheld) = event.withheld_reason() {
        return html! { p { "The bundle withholds it: " (withheld) } };
    }
    let told = mask(event).ok().map(|masked| masked.map_or(event.record.body.clone(), String::into_bytes));
    let value: Value = told.and_then(|body| serde_json::from_slice(&body).ok()).unwrap_or(Value::Null);
    let pretty = serde_json::to_string_pretty(&value).unwrap_or_default();
    let cut = pretty.char_indices().nth(BODY_MAX).map(|(at, _)| at);
    html! {
        pre tabindex="0" { (clean(&pretty[..cut.unwrap_or(pretty.len())])) }
        @if cut.is_some() { p class="soft" { "It is longer than a page; all of it: " code { "rehome history -o jsonl" } } }
    }
}

/// So many characters of a body are shown.
const BODY_MAX: usize = 60_000;
