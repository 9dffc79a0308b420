//! CLI: the page of all batches. Pure.

use super::answer::Answer;
use super::frame::{Frame, Place};
use super::needs;
use super::words::{command, counts, framed, of_batch, said, when};
use crate::estimate;
use crate::view::MoveView;
use maud::{Markup, html};
use rehome_orchestrator::TimeScale;
use std::collections::BTreeSet;

pub(crate) fn page(frame: &Frame) -> Answer {
    let all: Vec<&MoveView> = frame.views().iter().collect();
    let names: BTreeSet<&str> = frame
        .seen
        .batches
        .keys()
        .map(String::as_str)
        .chain(all.iter().map(|view| view.batch.as_str()))
        .collect();
    let main = html! {
        h1 { "Batches" }
        @if names.is_empty() {
            div class="card" {
                p { "The log has no batch yet. One begins when a plan is approved:" }
                (command(&frame.site.command("rehome plan -f batch.toml --save plan.json")))
                (command(&frame.site.command("rehome approve plan.json --reason TEXT")))
            }
        } @else {
            (needs::section(frame, &all, true))
            section id="batches" class="card" data-live {
                (framed("All batches", html! {
                    table class="list" {
                        caption { "All batches" }
                        thead { tr {
                            th scope="col" { "Batch" }
                            th scope="col" class="num" { "Moves" }
                            th scope="col" { "State" }
                            th scope="col" class="num" { "Steps" }
                            th scope="col" { "Clean-up not before" }
                        } }
                        tbody { @for name in names { (a_batch(frame, name, &all)) } }
                    }
                }))
            }
        }
    };
    frame.answer("Batches", Place::Batches, main)
}

fn a_batch(frame: &Frame, name: &str, all: &[&MoveView]) -> Markup {
    let views: Vec<&MoveView> = all.iter().copied().filter(|view| view.batch == name).collect();
    let (done, total) =
        views.iter().fold((0, 0), |(done, total), view| (done + view.done, total + view.total));
    let standing = &frame.seen.standing;
    let scale = standing.scales.get(name).copied().unwrap_or(TimeScale::REAL);
    let end = estimate::end_of(name, &standing.views, frame.seen.now_ms, scale);
    html! {
        tr {
            th scope="row" class="name" { a href=(of_batch(name)) { (said(name)) } }
            td class="num" { (views.len()) }
            td class="states" { (counts(&views, Some(&of_batch(name)))) }
            td class="num" { (done) " of " (total) }
            td { @if let Some(end) = end { (when(end)) } @else { span class="soft" { "no date set" } } }
        }
    }
}
