//! CLI: the pages of a move that show what changes: access before and now, and everything that the identity is tied to. Pure.

use super::answer::Answer;
use super::at_move::{Part, absent, differences, head, word};
use super::frame::{Frame, Place};
use super::words::{command, framed, of_move, part, said};
use crate::about::MoveAbout;
use crate::access::{access, changes_access};
use crate::error::CliError;
use crate::graph::{Graph, Link, Relation};
use crate::pictures;
use crate::store;
use crate::view::MoveView;
use maud::{Markup, html};
use rehome_activities::relocate::Facts;
use rehome_orchestrator::{Phase, RunId, RunState, Step, StepState};

/// Access before and now.
pub(crate) async fn page(frame: &Frame, run: &RunId) -> Result<Answer, CliError> {
    let state = frame.site.state(run).await.ok_or_else(|| absent(run))?;
    let view = frame.view(run.as_str()).ok_or_else(|| absent(run))?;
    let kinds = access(&state);
    let main = html! {
        (head(frame, view, &state, Part::Access))
        section id="access-card" class="card" data-live {
            h2 { "Access before and now" }
            @if kinds.is_empty() { p { "Nothing that the old identity may do is carried over by this plan." } }
            @else { (framed("Access before and now", pictures::access::picture(run.as_str(), &kinds).inline())) }
            (command(&frame.site.command(&format!("rehome graph {run} --access --format svg"))))
            p class="soft" { "The old identity keeps what it was given until the clean-up, which needs an approval of its own." }
        }
        section id="changes" class="card" data-live {
            h2 { "Every change" }
            (framed("Every change", changes(run, view, &state)))
        }
        div id="differs" data-live {
            (differences("Differs from what was there before the first step", &view.differs))
            (differences("Changed since it was planned: nothing was begun", &view.changed))
        }
    };
    Ok(frame.answer(&format!("Before and after, {}", view.name()), Place::Batches, main))
}

fn changes(run: &RunId, view: &MoveView, state: &RunState) -> Markup {
    let all: Vec<(&Step, &StepState)> = state.steps().filter(|(step, _)| changes_access(step)).collect();
    html! {
        table class="list" {
            caption { "What changes who may do what, with its undo" }
            thead { tr { th scope="col" { "Step" } th scope="col" { "State" } th scope="col" { "Change" } th scope="col" { "Undo" } } }
            tbody {
                @for (nth, (step, stands)) in all.iter().enumerate() {
                    @if nth == 0 || all[nth - 1].0.phase != step.phase {
                        tr class="group" { th colspan="4" scope="colgroup" { (if step.phase == Phase::CleanUp { "IN THE CLEAN-UP" } else { "ON THE WAY THERE" }) } }
                    }
                    @let (tone, word) = word(view, step, stands);
                    tr {
                        th scope="row" { a href={ (of_move(run.as_str())) "/s/" (part(step.id.as_str())) } { (said(step.id.as_str())) } }
                        td { span class={ "badge " (tone.class()) } { (word) } }
                        td class="text" { (said(&step.title)) }
                        td { (said(&step.undo)) }
                    }
                }
            }
        }
    }
}

/// Everything that the identity is tied to, as a picture and as lists.
pub(crate) async fn graph(frame: &Frame, run: &RunId) -> Result<Answer, CliError> {
    let state = frame.site.state(run).await.ok_or_else(|| absent(run))?;
    let view = frame.view(run.as_str()).ok_or_else(|| absent(run))?;
    let facts: Facts = state.planned().facts.read("facts").map_err(|why| store::damaged(&why.to_string()))?;
    let about = MoveAbout::of_log(&state.planned().about);
    let graph = Graph::of(run.as_str(), &facts, about.as_ref());
    let main = html! {
        (head(frame, view, &state, Part::Graph))
        section class="card" {
            h2 { "Everything that it is tied to" }
            p class="soft" { "As it was read when the move was planned: nothing is asked of Azure for this page." }
            (framed("Everything that it is tied to", pictures::identity::picture(&graph).inline()))
            (command(&frame.site.command(&format!("rehome graph {run} --format svg"))))
        }
        section class="card" {
            h2 { "The same as lists" }
            @for relation in Relation::ALL { (ties(&graph, relation)) }
            @if !graph.gaps.is_empty() { h3 { "Could not be read" } ul class="plain" { @for gap in &graph.gaps { li class="long" { (said(gap)) } } } }
            @if !graph.unseen.is_empty() { h3 { "Nobody can see from outside" } ul class="plain" { @for one in &graph.unseen { li { (said(one)) } } } }
        }
    };
    Ok(frame.answer(&format!("Ties of {}", view.name()), Place::Batches, main))
}

/// So many ties of one kind are listed; the rest is behind a fold.
const LISTED: usize = 20;

fn ties(graph: &Graph, relation: Relation) -> Markup {
    let all: Vec<&Link> = graph.links.iter().filter(|link| link.relation == relation).collect();
    let one = |link: &Link| html! { li { strong { (said(&link.name)) } " " (said(&link.label)) " " span class="id long" { (said(&link.id)) } } };
    html! {
        @if !all.is_empty() {
            h3 { (relation.title().to_lowercase()) " " span class="count" { (all.len()) } }
            ul class="plain" { @for link in all.iter().take(LISTED) { (one(link)) } }
            @if all.len() > LISTED {
                details { summary { (all.len() - LISTED) " more" } ul class="plain" { @for link in all.iter().skip(LISTED) { (one(link)) } } }
            }
        }
    }
}
