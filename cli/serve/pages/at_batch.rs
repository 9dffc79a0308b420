//! CLI: the page of one batch: what is needed, its waves over the calendar, its moves by page. Pure.

use super::answer::Answer;
use super::filter::{Filter, LISTED};
use super::frame::{Frame, Place};
use super::needs;
use super::words::{command, counts, framed, of_batch, of_move, said, when};
use crate::about::BatchAbout;
use crate::calendar::{Calendar, Row};
use crate::counted::counted;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::pictures::calendar::picture;
use crate::pictures::mark::badge;
use crate::view::{MoveView, State};
use maud::{Markup, html};
use rehome_orchestrator::{BatchLoaded, RunId, TimeScale};
use std::collections::BTreeMap;

pub(crate) fn page(frame: &Frame, name: &str) -> Result<Answer, CliError> {
    let batch = frame.batch(name).ok_or_else(|| {
        CliError::new(Exit::NotFound, format!("the log has no batch called {name:?}")).next("rehome status")
    })?;
    let views: Vec<&MoveView> = frame.views().iter().filter(|view| view.batch == name).collect();
    let scale = frame.seen.standing.scales.get(name).copied().unwrap_or(TimeScale::REAL);
    let calendar = Calendar::of(name, batch, frame.views(), frame.seen.now_ms, scale);
    let waves: Vec<String> = batch.state.waves().map(|(wave, _)| wave.name.clone()).collect();
    let main = html! {
        p class="crumbs" { a href="/" { "Batches" } }
        h1 { (said(name)) }
        section id="facts" data-live {
            (counts(&views, Some(&of_batch(name))))
            (facts(frame, name, batch, &views, calendar.end_ms))
            (frame.nobody(name))
            (asked(frame, name))
        }
        (needs::section(frame, &views, false))
        @if !waves.is_empty() { (waves_of(frame, &calendar)) }
        (moves(frame, name, batch, &views))
        (left_out(frame, name))
        (frame.acts(name, true, &waves))
    };
    Ok(frame.answer(name, Place::Batches, main))
}

fn facts(frame: &Frame, name: &str, batch: &BatchLoaded, views: &[&MoveView], end: Option<i64>) -> Markup {
    let about = BatchAbout::of_log(&batch.planned().about);
    let (done, total) =
        views.iter().fold((0, 0), |(done, total), view| (done + view.done, total + view.total));
    let digest = &batch.planned().digest;
    html! {
        dl class="facts" {
            div { dt { "Steps done" } dd { (done) " of " (total) } }
            div { dt { "Clean-up not before" } dd { @if let Some(end) = end { (when(end)) } @else { "no date set" } } }
            @if let Some(end) = frame.seen.standing.pace_end_ms(name) {
                div { dt { "Through at the pace so far" } dd { (when(end)) } }
            }
            div { dt { "Plan" } dd { a href="/approvals" { (if batch.is_approved() { "approved" } else { "not approved" }) } " " code title=(said(digest)) { (said(digest.get(..19).unwrap_or(digest))) } } }
            @if let Some(author) = &about.author { div { dt { "Made by" } dd { (said(author)) } } }
            @if let Some(cloud) = &about.cloud { div { dt { "Cloud" } dd { (said(cloud)) } } }
            @if !frame.seen.standing.runner.is_nobody() {
                @if let Some(line) = frame.seen.standing.runner.line(frame.views()) {
                    div { dt { "Runner" } dd class="long" { (said(&frame.site.command(&line))) } }
                }
            }
        }
    }
}

/// What people asked and holds still.
fn asked(frame: &Frame, name: &str) -> Markup {
    let all: Vec<_> = frame.seen.standing.asked.iter().filter(|one| one.batch == name).collect();
    html! {
        @for one in all {
            div class="note t-warn" {
                p {
                    strong { (one.request) @if let Some(of) = &one.of { " " (said(of)) } }
                    @if let Some(until) = one.until_ms { " until " (when(until)) }
                    ", asked by " (said(&one.by)) " at " (when(one.at_ms)) ": " (said(&one.reason))
                }
                p class="soft" { (one.stage.words()) ". To withdraw it:" }
                (command(&frame.site.command(&one.withdraw_with)))
            }
        }
    }
}

/// The waves as a picture and as a table.
fn waves_of(frame: &Frame, calendar: &Calendar) -> Markup {
    let by_run: BTreeMap<&str, &MoveView> =
        frame.views().iter().map(|view| (view.run.as_str(), view)).collect();
    let of = |row: &Row| -> Vec<&MoveView> {
        row.runs.iter().filter_map(|run| by_run.get(run.as_str()).copied()).collect()
    };
    let name = &calendar.batch;
    html! {
        section id="waves" class="card" data-live {
            h2 { "Waves" }
            (framed("Waves over the calendar", picture(calendar).inline()))
            (framed("The waves", html! {
                table class="list" {
                    caption { "The waves" }
                    thead { tr {
                        th scope="col" { "Wave" } th scope="col" class="num" { "Moves" } th scope="col" { "State" }
                        th scope="col" { "Stands" } th scope="col" { "Let loose" } th scope="col" { "Through" }
                    } }
                    tbody {
                        @for row in &calendar.waves {
                            tr {
                                th scope="row" { a href={ (of_batch(name)) (Filter { wave: Some(row.wave.clone()), ..Filter::default() }.query(1)) } { (said(&row.wave)) } }
                                td class="num" { (row.moves) }
                                td class="states" { (counts(&of(row), None)) }
                                td { span class={ "badge " (row.tone.class()) } { (row.stands) } @if let Some(date) = row.begins_ms { " " (when(date)) } }
                                td { @if let Some(ms) = row.from_ms { (when(ms)) } @else { "\u{2013}" } }
                                td { @if let Some(ms) = row.to_ms { (when(ms)) } @else { "\u{2013}" } }
                            }
                        }
                    }
                }
            }))
            (command(&frame.site.command(&format!("rehome timeline {} --format svg", quoted(name)))))
        }
    }
}

fn moves(frame: &Frame, name: &str, batch: &BatchLoaded, views: &[&MoveView]) -> Markup {
    let filter = Filter::of(frame);
    let waves: BTreeMap<&str, &str> = batch
        .state
        .waves()
        .flat_map(|(wave, _)| wave.runs.iter().map(|run: &RunId| (run.as_str(), wave.name.as_str())))
        .collect();
    let picked = filter.pick(views, &waves);
    let pages = picked.len().div_ceil(LISTED).max(1);
    let page = filter.page.min(pages);
    let first = (page - 1) * LISTED;
    let shown = &picked[first..picked.len().min(first + LISTED)];
    let mut names: Vec<&str> = batch.state.waves().map(|(wave, _)| wave.name.as_str()).collect();
    names.dedup();
    html! {
        section id="moves" class="card" {
            h2 { "Moves" }
            (form(name, &filter, views, &names))
            div id="list" data-live {
                p class="soft" {
                    @if picked.is_empty() { "No move is like that. " a href={ (of_batch(name)) "#moves" } { "Show all" } }
                    @else { (first + 1) " to " (first + shown.len()) " of " (counted(picked.len(), "move")) }
                    @if filter.is_any() && !picked.is_empty() { " that are like that; " a href={ (of_batch(name)) "#moves" } { "show all " (views.len()) } }
                }
                @if !shown.is_empty() { (framed("Moves", table(shown, &waves))) }
                (pager(name, &filter, page, pages))
            }
        }
    }
}

fn form(name: &str, filter: &Filter, views: &[&MoveView], waves: &[&str]) -> Markup {
    let there = |state: State| views.iter().any(|view| view.state == state);
    html! {
        form method="get" action={ (of_batch(name)) "#moves" } class="form" data-filter {
            label { "State"
                select name="state" {
                    option value="" { "any" }
                    @for state in State::ALL.iter().filter(|state| there(**state) || filter.state.as_deref() == Some(state.word())) {
                        option value=(state.word()) selected[filter.state.as_deref() == Some(state.word())] { (state.word()) }
                    }
                }
            }
            @if !waves.is_empty() {
                label { "Wave"
                    select name="wave" {
                        option value="" { "any" }
                        @for wave in waves { option value=(wave) selected[filter.wave.as_deref() == Some(*wave)] { (said(wave)) } }
                    }
                }
            }
            label class="grow" { "Name or id" input type="search" name="q" maxlength="200" value=(filter.text.as_deref().unwrap_or_default()); }
            label class="check" { input type="checkbox" name="person" value="1" checked[filter.person]; " needs a person" }
            button type="submit" { "Show" }
        }
    }
}

fn table(shown: &[&MoveView], waves: &BTreeMap<&str, &str>) -> Markup {
    html! {
        table class="list" {
            caption { "Moves, those that want somebody first" }
            thead { tr {
                th scope="col" { "Identity" } th scope="col" { "State" }
                @if !waves.is_empty() { th scope="col" { "Wave" } }
                th scope="col" class="num" { "Steps" } th scope="col" { "Waits for" } th scope="col" { "Since" }
            } }
            tbody {
                @for view in shown {
                    tr {
                        th scope="row" class="name" { a href=(of_move(&view.run)) title=(said(&view.identity)) { (said(view.name())) } span class="id" { (said(&view.run)) } }
                        td { (badge(view.state)) }
                        @if !waves.is_empty() { td { (waves.get(view.run.as_str()).map(|wave| said(wave)).unwrap_or_default()) } }
                        td class="num" { (view.done) " / " (view.total) }
                        td class="text" { (waits(view)) }
                        td class="time" { (when(view.waiting_for.first().map_or(view.since_ms, |wait| wait.since_ms))) }
                    }
                }
            }
        }
    }
}

/// What a move waits for, in a line: what failed with its reason.
fn waits(view: &MoveView) -> Markup {
    let Some(wait) = view.waiting_for.first() else { return html! {} };
    let more = view.waiting_for.len() - 1;
    html! {
        @if wait.step != "-" { span class="id" { (said(&wait.step)) } " " }
        @if let Some(why) = &wait.why { (said(&why.to_string())) } @else { (said(&wait.title)) }
        @if more > 0 { span class="soft" { " and " (more) " more" } }
    }
}

fn pager(name: &str, filter: &Filter, page: usize, pages: usize) -> Markup {
    let to = |page: usize| format!("{}{}", of_batch(name), filter.query(page));
    html! {
        @if pages > 1 {
            nav class="pager" aria-label="Pages of the list" {
                @if page > 1 { a href=(to(page - 1)) rel="prev" { "Before" } }
                span { "Page " (page) " of " (pages) }
                @if page < pages { a href=(to(page + 1)) rel="next" { "After" } }
            }
        }
    }
}

fn left_out(frame: &Frame, name: &str) -> Markup {
    let Some(left) = frame.seen.standing.left_out.get(name).filter(|left| !left.is_empty()) else {
        return html! {};
    };
    html! {
        section id="left-out" class="card" {
            h2 { "Left out of the plan " span class="count" { (left.len()) } }
            p class="soft" { "These identities stay as they are, and the others go." }
            ul class="plain" {
                @for one in left.iter().take(LISTED) {
                    li {
                        strong title=(said(&one.identity)) { (said(one.identity.rsplit('/').next().unwrap_or_default())) }
                        @for blocker in &one.blockers { " " code { (said(&blocker.code)) } " " (said(&blocker.text)) }
                    }
                }
            }
            @if left.len() > LISTED { p class="soft" { "and " (left.len() - LISTED) " more" } }
        }
    }
}
