//! CLI: the page of one move: where it stands, what a person can do, its steps, its timeline, its events. Reads the log.

use super::answer::Answer;
use super::frame::{Frame, Place};
use super::words::{command, exactly, framed, of_batch, of_move, part, said, when};
use crate::about::MoveAbout;
use crate::access::is_in_place;
use crate::error::{CliError, Exit};
use crate::pictures::mark::{Tone, badge};
use crate::pictures::timeline::picture;
use crate::render::history::gist;
use crate::step::step_word;
use crate::view::MoveView;
use crate::wait::WaitView;
use crate::{over_time, store};
use maud::{Markup, html};
use rehome_orchestrator::{Difference, Entry, Event, RunId, RunState, Step, StepState};
use rehome_store::{Sequence, Stored};

/// Where in the pages of one move one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Steps,
    Events,
    Access,
    Graph,
}

pub(crate) fn absent(run: &RunId) -> CliError {
    CliError::new(Exit::NotFound, format!("the log has no move called {run}")).next("rehome status")
}

pub(crate) async fn page(frame: &Frame, run: &RunId) -> Result<Answer, CliError> {
    let state = frame.site.state(run).await.ok_or_else(|| absent(run))?;
    let view = frame.view(run.as_str()).ok_or_else(|| absent(run))?;
    let of = over_time::of_move(&frame.site.of.source, run).await?;
    let main = html! {
        (head(frame, view, &state, Part::Steps))
        div id="stands" data-live {
            (frame.nobody(&view.batch))
            (waiting(frame, view))
            (otherwise(view, &state))
        }
        section id="timeline-card" class="card" data-live {
            h2 { "Timeline" }
            @if let Some(of) = &of { (framed("Timeline", picture(of).inline())) (legend()) }
        }
        section id="steps" class="card" data-live {
            h2 { "Steps" }
            (framed("Steps", steps(run, view, &state)))
        }
        (frame.acts(run.as_str(), false, &[]))
    };
    Ok(frame.answer(&title(view), Place::Batches, main))
}

fn title(view: &MoveView) -> String {
    format!("{} ({})", view.name(), view.run)
}

/// What stands above every page of a move.
pub(crate) fn head(frame: &Frame, view: &MoveView, state: &RunState, here: Part) -> Markup {
    let about = MoveAbout::of_log(&state.planned().about);
    let target = about.as_ref().map(|about| about.target.as_str()).unwrap_or_default();
    let run = RunId::new(view.run.as_str());
    let wave = frame.batch(&view.batch).and_then(|batch| {
        let nth = batch.state.wave_of(&run)?;
        batch.state.waves().nth(nth).map(|(wave, _)| wave.name.as_str())
    });
    let at = of_move(&view.run);
    html! {
        p class="crumbs" {
            a href="/" { "Batches" } " / " a href=(of_batch(&view.batch)) { (said(&view.batch)) }
            @if let Some(wave) = wave { " / wave " (said(wave)) }
        }
        div id="head" data-live {
            h1 { (said(view.name())) " " (badge(view.state)) }
            dl class="facts" {
                div { dt { "From" } dd class="long" { (said(&view.identity)) } }
                @if !target.is_empty() { div { dt { "To" } dd class="long" { (said(target)) } } }
                div { dt { "Move" } dd { code { (said(&view.run)) } } }
                div { dt { "Steps done" } dd { (view.done) " of " (view.total) } }
                div { dt { "Last event" } dd { (when(view.since_ms)) } }
            }
            (phases(state))
        }
        nav class="tabs" aria-label="Of this move" {
            @for (part, name, end) in [(Part::Steps, "Steps and timeline", ""), (Part::Events, "Events", "/events"), (Part::Access, "Before and after", "/access"), (Part::Graph, "Everything it is tied to", "/graph")] {
                a href={ (at) (end) } aria-current=[(part == here).then_some("page")] { (name) }
            }
        }
    }
}

/// The parts of the plan in their order, each with how far it is.
fn phases(state: &RunState) -> Markup {
    let mut all: Vec<(&str, usize, usize, bool)> = Vec::new();
    for (step, stands) in state.steps() {
        let stopped = matches!(step_word(stands), "FAILED" | "UNDO FAILED");
        let done = usize::from(
            stands.forward.is_settled() && (is_in_place(stands) || step_word(stands) == "SKIPPED"),
        );
        match all.iter_mut().find(|(name, ..)| *name == step.group) {
            Some(of) => *of = (of.0, of.1 + done, of.2 + 1, of.3 || stopped),
            None => all.push((&step.group, done, 1, stopped)),
        }
    }
    html! {
        ol class="phases" aria-label="Parts of the plan" {
            @for (name, done, of, stopped) in all {
                @let tone = match (stopped, done) { (true, _) => Tone::Bad, (_, d) if d == of => Tone::Ok, (_, 0) => Tone::Mute, _ => Tone::Go };
                li class={ "phase " (tone.class()) } {
                    span class="name" { (said(&name.to_lowercase())) }
                    span class="far" { (done) " of " (of) @if stopped { ", stopped" } }
                    svg class="pic meter" aria-hidden="true" viewBox={ "0 0 " (of) " 1" } preserveAspectRatio="none" {
                        rect class="ground" x="0" y="0" width=(of) height="1" {}
                        @if done > 0 { rect class="part" x="0" y="0" width=(done) height="1" {} }
                    }
                }
            }
        }
    }
}

/// What it waits for, why, and what a person can do about it.
fn waiting(frame: &Frame, view: &MoveView) -> Markup {
    html! {
        @if !view.waiting_for.is_empty() {
            section class="card" {
                h2 { "What it waits for, and what you can do" }
                ol class="causes" { @for wait in &view.waiting_for { (a_wait(frame, wait)) } }
            }
        }
    }
}

fn a_wait(frame: &Frame, wait: &WaitView) -> Markup {
    html! {
        li {
            div class="cause" {
                span class={ "badge " (Tone::of_wait(wait.kind).class()) } { (wait.kind.word().to_lowercase()) }
                strong { @if wait.step != "-" { (said(&wait.step)) " " } (said(&wait.title)) }
                span class="soft" { "since " (when(wait.since_ms)) @if let Some(until) = wait.next_check_ms.filter(|ms| *ms > 0) { ", until " (when(until)) } }
            }
            @if let Some(why) = &wait.why {
                p class="why" { (said(&why.to_string())) }
                @if let Some(advice) = rehome_activities::azure::errors::advice(why) { p { (said(advice)) } }
                @if let Some(target) = &why.target { p class="soft" { "Where: " span class="long" { (said(target)) } } }
            }
            @if let Some(left) = wait.left { p class="soft" { (left) } }
            @for next in &wait.unblock_with { (command(&frame.site.command(next))) }
        }
    }
}

/// What was left out, what is still there, what differs.
fn otherwise(view: &MoveView, state: &RunState) -> Markup {
    html! {
        @for (all, what) in [(&view.left_out, "Left out"), (&view.still_there, "Still there, and not taken back")] {
            @if !all.is_empty() {
                section class="card" { h2 { (what) } ul class="plain" { @for one in all { li { code { (said(&one.step)) } " " (said(&one.title)) } } } }
            }
        }
        (differences("Differs from what was there before the first step", &view.differs))
        (differences("Changed since it was planned: nothing was begun", &view.changed))
        @if state.proof().is_some_and(<[Difference]>::is_empty) {
            div class="note t-ok" { p { strong { "Everything is as it was before the first step." } " That was compared, fact by fact, after the way back." } }
        }
    }
}

/// Facts that are not as they were.
pub(crate) fn differences(what: &str, all: &[Difference]) -> Markup {
    let side = |text: &Option<String>| text.as_deref().map_or_else(|| "nothing".to_owned(), said);
    html! {
        @if !all.is_empty() {
            section class="card" {
                h2 { (what) }
                (framed(what, html! {
                    table class="list" {
                        caption { (what) }
                        thead { tr { th scope="col" { "Fact" } th scope="col" { "Was" } th scope="col" { "Is" } } }
                        tbody { @for Difference { fact, expected, found } in all { tr { th scope="row" { (said(fact)) } td class="long" { (side(expected)) } td class="long" { (side(found)) } } } }
                    }
                }))
            }
        }
    }
}

fn legend() -> Markup {
    html! {
        p class="soft legend" {
            "Full: at work. Hollow: waits. Dotted: tries again. A zigzag marks time that is drawn short; the dashed line is now."
        }
    }
}

fn tone_of(word: &str) -> Tone {
    match word {
        "FAILED" | "UNDO FAILED" => Tone::Bad,
        "RUNNING" | "ACCEPTED" | "WAITING" | "UNDOING" => Tone::Go,
        "RETRYING" | "IN DOUBT" | "UNDO BY HAND" | "LEFT" => Tone::Warn,
        "SOAKING" => Tone::Rest,
        "DONE" | "DONE BY OTHERS" => Tone::Ok,
        _ => Tone::Mute,
    }
}

/// How a step stands: what waits for a person says that better than that nothing was begun.
pub(crate) fn word(view: &MoveView, step: &Step, stands: &StepState) -> (Tone, String) {
    let wait = view.waiting_for.iter().find(|wait| wait.step == step.id.as_str());
    match (step_word(stands), wait) {
        ("-", Some(wait)) => (Tone::of_wait(wait.kind), wait.kind.word().to_lowercase()),
        ("-", None) => (Tone::Mute, "to come".to_owned()),
        (word, _) => (tone_of(word), word.to_lowercase()),
    }
}

fn steps(run: &RunId, view: &MoveView, state: &RunState) -> Markup {
    let all: Vec<(&Step, &StepState)> = state.steps().collect();
    html! {
        table class="list" {
            caption { "Every step of the plan, those to come too" }
            thead { tr { th scope="col" { "Step" } th scope="col" { "State" } th scope="col" { "What" } th scope="col" class="num" { "Tries" } th scope="col" { "Last" } th scope="col" { "Undo" } } }
            tbody {
                @for (nth, (step, stands)) in all.iter().enumerate() {
                    @if nth == 0 || all[nth - 1].0.group != step.group {
                        tr class="group" { th colspan="6" scope="colgroup" { (said(&step.group)) } }
                    }
                    @let (tone, word) = word(view, step, stands);
                    tr {
                        th scope="row" { a href={ (of_move(run.as_str())) "/s/" (part(step.id.as_str())) } { (said(step.id.as_str())) } }
                        td { span class={ "badge " (tone.class()) } { (word) } }
                        td class="text" {
                            (said(&step.title))
                            @if let Some(why) = stands.undo.why().or(stands.forward.why()) { p class="why" { (said(&why.to_string())) } }
                        }
                        td class="num" { @if stands.attempts + stands.undo_attempts > 0 { (stands.attempts + stands.undo_attempts) } }
                        td class="time" { @if stands.since_ms > 0 { (when(stands.since_ms)) } }
                        td { (said(&step.undo)) }
                    }
                }
            }
        }
    }
}

/// So many events are on a page.
pub(crate) const EVENTS: usize = 100;

/// The events of one move, the newest first.
pub(crate) async fn events(frame: &Frame, run: &RunId) -> Result<Answer, CliError> {
    let state = frame.site.state(run).await.ok_or_else(|| absent(run))?;
    let view = frame.view(run.as_str()).ok_or_else(|| absent(run))?;
    let last = frame.asked("before").and_then(|before| before.parse::<u64>().ok()).unwrap_or(view.events + 1);
    let first = last.saturating_sub(1).saturating_sub(EVENTS as u64);
    let count = usize::try_from(last.saturating_sub(1) - first).unwrap_or(EVENTS).min(EVENTS);
    let log = frame.site.of.source.log();
    let mut all =
        log.read_stream(&run.stream(), Sequence(first), count).await.map_err(|e| store::unreadable(&e))?;
    all.reverse();
    let failed = frame.asked("failed").is_some();
    if failed {
        all.retain(is_failure);
    }
    let at = format!("{}/events", of_move(run.as_str()));
    let main = html! {
        (head(frame, view, &state, Part::Events))
        section id="events" class="card" data-live {
            h2 { "Events" }
            p class="soft" {
                (view.events) " events, the newest first. "
                @if failed { a href=(at) { "Show all of them" } } @else { a href={ (at) "?failed=1" } { "Failures only" } }
            }
            @if all.is_empty() { p { "Of these, none is a failure." } }
            (framed("Events", list(&all, false)))
            @if first > 0 { nav class="pager" aria-label="Pages of events" { a href={ (at) "?before=" (first + 1) } { "Earlier" } } }
        }
    };
    Ok(frame.answer(&format!("Events of {}", title(view)), Place::Batches, main))
}

/// Whether an event tells that something did not succeed.
fn is_failure(event: &Stored) -> bool {
    use rehome_orchestrator::{End, Found};
    match Entry::<Event>::read(event).map(|entry| entry.event) {
        Ok(Event::Ended(ended)) => !matches!(ended.end, End::Applied(_)),
        Ok(Event::Probed(probed)) => matches!(probed.found, Found::Foreign(_)),
        Ok(Event::Checked(checked)) => !checked.broken.is_empty(),
        Ok(Event::Compared(compared)) => !compared.differences.is_empty(),
        Ok(Event::Parked(_) | Event::RollbackStarted(_)) => true,
        Ok(_) | Err(_) => false,
    }
}

/// Events as a table.
pub(crate) fn list(all: &[Stored], with_stream: bool) -> Markup {
    html! {
        table class="list" {
            caption { "Events, the newest first" }
            thead { tr { th scope="col" class="num" { "Event" } th scope="col" { "When" } @if with_stream { th scope="col" { "Of" } } th scope="col" { "Kind" } th scope="col" { "What it says" } th scope="col" { "Who" } } }
            tbody {
                @for event in all {
                    tr {
                        th scope="row" class="num" { a href={ "/e/" (event.position) } { (event.position) } }
                        td class="time" { (exactly(event.record.at_ms)) }
                        @if with_stream { td class="stream" { (said(event.record.stream.as_str())) } }
                        td { (said(&event.record.kind)) }
                        td class="text" { (said(&gist(event))) }
                        td { (said(&event.record.actor)) }
                    }
                }
            }
        }
    }
}
