//! CLI: the page of approvals: who approved what, who is missing, and the command with which somebody approves. The page itself
//! approves nothing: nobody can know who sits before it. Pure.

use super::answer::Answer;
use super::frame::{Frame, Place};
use super::words::{command, framed, of_batch, said, when};
use crate::about::BatchAbout;
use crate::approvals::{SELF_DECLARED, import_any, policy_line};
use crate::counted::counted;
use crate::hint::quoted;
use crate::view::{MoveView, State};
use maud::{Markup, html};
use rehome_orchestrator::{Approval, BatchEvent, BatchLoaded};

pub(crate) fn page(frame: &Frame) -> Answer {
    let main = html! {
        h1 { "Approvals" }
        p class="soft" { "This page approves nothing. Whoever approves does so by a command, and where the plan names approvers, with a key of their own." }
        div id="all" data-live {
            @if frame.seen.batches.is_empty() { p { "The log has no batch yet." } }
            @for (name, batch) in &*frame.seen.batches { (a_batch(frame, name, batch)) }
        }
    };
    frame.answer("Approvals", Place::Approvals, main)
}

fn a_batch(frame: &Frame, name: &str, batch: &BatchLoaded) -> Markup {
    let planned = batch.planned();
    let about = BatchAbout::of_log(&planned.about);
    let author = about.author().join(", ");
    let said_so = batch.entries.iter().rev().find_map(|entry| match &entry.event {
        BatchEvent::Approved(approved) if approved.digest == planned.digest => {
            Some((entry, &approved.reason))
        }
        _ => None,
    });
    let due: Vec<&MoveView> = frame
        .views()
        .iter()
        .filter(|view| view.batch == name && view.state == State::AwaitingCleanup)
        .collect();
    html! {
        section class="card" {
            h2 { a href=(of_batch(name)) { (said(name)) } }
            dl class="facts" {
                div { dt { "Plan" } dd class="long" { code { (said(&planned.digest)) } } }
                @if !author.is_empty() { div { dt { "Made by" } dd { (said(&author)) } } }
                div { dt { "Recorded" } dd {
                    @if let Some((entry, reason)) = said_so { (said(&entry.actor)) ", " (when(entry.at_ms)) ": " (said(reason)) " " a href={ "/e/" (entry.position) } { "event " (entry.position) } }
                    @else { "not yet" }
                } }
                @if planned.approval.is_some() { div { dt { "Whose count" } dd { (said(&policy_line(planned.approval.as_ref()))) } } }
            }
            @if planned.approval.is_none() { div class="note t-mute" { p { "Self-" (SELF_DECLARED.trim_start_matches("self-")) "." } } }
            (scopes(frame, name))
            (signed(frame, batch))
            @if !due.is_empty() {
                h3 { "The clean-up of " (counted(due.len(), "move")) " waits for an approval" }
                p class="soft" { "It deletes the old identities: the point of no return. Look at it first:" }
                (command(&frame.site.command(&format!("rehome cleanup {} --dry-run", quoted(name)))))
                (command(&frame.site.command(&format!("rehome cleanup {0} --confirm {0}", quoted(name)))))
            }
        }
    }
}

fn scopes(frame: &Frame, name: &str) -> Markup {
    let Some(view) = frame.seen.standing.approvals.get(name).filter(|view| !view.scopes.is_empty()) else {
        return html! {};
    };
    let lacks = view.missing().next().is_some();
    html! {
        (framed("What needs an approval", html! {
            table class="list" {
                caption { "What needs an approval" }
                thead { tr { th scope="col" { "Of" } th scope="col" { "State" } th scope="col" class="num" { "Given" } th scope="col" { "By" } th scope="col" { "Could give one" } } }
                tbody {
                    @for scope in &view.scopes {
                        @let enough = scope.have >= usize::try_from(scope.needed).unwrap_or(usize::MAX);
                        tr {
                            th scope="row" { (said(&scope.scope.to_string())) }
                            td { span class={ "badge " (if enough { "t-ok" } else { "t-warn" }) } { (if enough { "approved" } else { "waits" }) } }
                            td class="num" { (scope.have) " of " (scope.needed) }
                            td { (said(&scope.approved_by.join(", "))) }
                            td { (said(&scope.missing.join(", "))) }
                        }
                    }
                }
            }
        }))
        @if lacks {
            p class="soft" { "On the machine of an approver, and then here:" }
            (command("rehome approve plan.json --key KEY --reason TEXT --save approval.json"))
            (command(&frame.site.command(&import_any())))
        }
    }
}

/// What was signed of the plan, with its end.
fn signed(frame: &Frame, batch: &BatchLoaded) -> Markup {
    let all: Vec<&Approval> = batch.state.approvals().collect();
    html! {
        @if !all.is_empty() {
            (framed("Signed approvals", html! {
                table class="list" {
                    caption { "Signed approvals" }
                    thead { tr { th scope="col" { "Who" } th scope="col" { "Of" } th scope="col" { "Until" } th scope="col" { "Reason" } } }
                    tbody {
                        @for one in all {
                            @let of = &one.statement;
                            @let scope: Vec<String> = of.scope.iter().map(ToString::to_string).collect();
                            tr {
                                th scope="row" { (said(&of.approver)) }
                                td { (said(&scope.join(", "))) }
                                td { (when(of.expires_at_ms)) @if of.expires_at_ms <= frame.seen.now_ms { " " span class="badge t-bad" { "expired" } } }
                                td class="text" { (said(&of.reason)) @if let Some(ticket) = &of.ticket { " (" (said(ticket)) ")" } }
                            }
                        }
                    }
                }
            }))
        }
    }
}
