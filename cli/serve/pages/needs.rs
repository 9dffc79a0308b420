//! CLI: what moves wait for, by its cause, as a part of pages. Pure.

use super::frame::Frame;
use super::words::{command, of_batch, of_move, said, when};
use crate::counted::counted;
use crate::pictures::mark::Tone;
use crate::render::overview::{Caused, by_cause};
use crate::view::MoveView;
use crate::wait::WaitKind;
use maud::{Markup, html};
use std::collections::BTreeSet;

/// So many causes are shown in full; the rest is behind a fold.
const OPEN: usize = 6;

/// So many are behind the fold; the rest is counted.
const FOLDED: usize = 20;

fn beyond(causes: usize, shown: usize) -> Markup {
    html! {
        @if let Some(more) = causes.checked_sub(shown).filter(|more| *more > 0) {
            p class="soft" { "and " (counted(more, "more cause")) ": the list of moves has all of them" }
        }
    }
}

/// What people end.
fn is_for_people(kind: WaitKind) -> bool {
    matches!(kind, WaitKind::Failed | WaitKind::ByHand | WaitKind::Approval | WaitKind::Held)
}

/// What a cause is called.
fn word(kind: WaitKind) -> &'static str {
    match kind {
        WaitKind::Failed => "Failed",
        WaitKind::ByHand => "By hand",
        WaitKind::Approval => "Approval",
        WaitKind::Held => "Held",
        WaitKind::HeldUp => "Held up",
        WaitKind::Wave => "Wave",
        WaitKind::Restored => "Record lost",
        WaitKind::Runner => "Runner",
        WaitKind::Unread => "Not readable",
        WaitKind::Retry => "Next try",
        WaitKind::Azure => "Azure",
        WaitKind::Pause => "Takes effect",
        WaitKind::Soak => "Soak",
    }
}

/// What people are needed for, and then what is waited for by itself.
pub(crate) fn section(frame: &Frame, views: &[&MoveView], with_batch: bool) -> Markup {
    let all = by_cause(views);
    let (people, others): (Vec<_>, Vec<_>) = all.iter().partition(|caused| is_for_people(caused.kind));
    let steps: usize = people.iter().map(|caused| caused.all.len()).sum();
    html! {
        section id="needs" class="card" data-live {
            h2 { "Needs a person " @if steps > 0 { span class="count" { (steps) } } }
            @if people.is_empty() {
                p class="soft" {
                    @if views.iter().all(|view| view.is_over()) { "Nobody: everything here is over." }
                    @else { "Nobody now. What goes on, goes on by itself." }
                }
            }
            ol class="causes" {
                @for caused in people.iter().take(OPEN) { (a_cause(frame, caused, with_batch)) }
            }
            @if people.len() > OPEN {
                details id="more-needs" {
                    summary { (counted(people.len() - OPEN, "more cause")) }
                    ol class="causes" { @for caused in people.iter().skip(OPEN).take(FOLDED) { (a_cause(frame, caused, with_batch)) } }
                    (beyond(people.len(), OPEN + FOLDED))
                }
            }
            @if !others.is_empty() {
                details id="others" {
                    summary { "Waits by itself: " (counted(others.iter().map(|caused| caused.all.len()).sum::<usize>(), "step")) }
                    ol class="causes" { @for caused in others.iter().take(FOLDED) { (a_cause(frame, caused, with_batch)) } }
                    (beyond(others.len(), FOLDED))
                }
            }
        }
    }
}

fn a_cause(frame: &Frame, caused: &Caused<'_>, with_batch: bool) -> Markup {
    let Some((view, wait)) = caused.all.first() else { return html! {} };
    let moves: BTreeSet<&str> = caused.all.iter().map(|(view, _)| view.run.as_str()).collect();
    let batches: BTreeSet<&str> = caused.all.iter().map(|(view, _)| view.batch.as_str()).collect();
    let since = caused.all.iter().map(|(_, wait)| wait.since_ms).min().unwrap_or_default();
    let dates = || caused.all.iter().filter_map(|(_, wait)| wait.next_check_ms).filter(|ms| *ms > 0);
    html! {
        li {
            div class="cause" {
                span class={ "badge " (Tone::of_wait(caused.kind).class()) } { (word(caused.kind)) }
                strong { @if caused.back { "taken back: " } (said(caused.what)) }
                span class="soft" { "in " (counted(moves.len(), "move")) ", since " (when(since)) }
            }
            @if let Some(why) = &wait.why { p class="why" { (said(&why.to_string())) } }
            p class="soft" {
                @if moves.len() > 1 { "First: " }
                a href=(of_move(&view.run)) { (said(view.name())) }
                @if wait.step != "-" { " step " (said(&wait.step)) ": " } @else { ": " }
                (said(&wait.title))
                @if with_batch {
                    @for batch in batches.iter().take(3) { " \u{b7} " a href={ (of_batch(batch)) "?person=1#moves" } { (said(batch)) } }
                }
                @if let (Some(first), Some(last)) = (dates().min(), dates().max()) {
                    " \u{b7} until " (when(first))
                    @if last != first { " to " (when(last)) }
                }
            }
            @if let Some(next) = wait.unblock_with.first() { (command(&frame.site.command(next))) }
        }
    }
}
