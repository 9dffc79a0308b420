//! CLI: the page of one step: what was there before, what was sent, what came back, what a person does. Pure.

use super::answer::Answer;
use super::at_move::{absent, word};
use super::frame::{Frame, Place};
use super::words::{command, of_batch, of_move, said, when};
use crate::error::{CliError, Exit, clean};
use crate::step::resolve_step_id;
use maud::{Markup, html};
use rehome_orchestrator::{Json, Node, RunId, RunState, Step, StepId, StepState, UndoState};

pub(crate) async fn page(frame: &Frame, run: &RunId, step: &str) -> Result<Answer, CliError> {
    let state = frame.site.state(run).await.ok_or_else(|| absent(run))?;
    let view = frame.view(run.as_str()).ok_or_else(|| absent(run))?;
    let id = resolve_step_id(&state, StepId::new(step));
    let nothing = || CliError::new(Exit::NotFound, format!("{run} has no step called {step}"));
    let (step, stands) = state.step(&id).ok_or_else(|| nothing().next(format!("rehome show {run}")))?;
    let (tone, state_word) = word(view, step, stands);
    let wait = view.waiting_for.iter().find(|wait| wait.step == id.as_str());
    let main = html! {
        p class="crumbs" {
            a href="/" { "Batches" } " / " a href=(of_batch(&view.batch)) { (said(&view.batch)) }
            " / " a href=(of_move(run.as_str())) { (said(view.name())) }
        }
        div id="step" data-live {
            h1 { "Step " (said(id.as_str())) " " span class={ "badge " (tone.class()) } { (state_word) } }
            p { (said(&step.title)) }
            dl class="facts" {
                @if !step.undo.is_empty() { div { dt { "Undo" } dd { (said(&step.undo)) } } }
                div { dt { "Tries" } dd { (stands.attempts) @if stands.undo_attempts > 0 { ", and " (stands.undo_attempts) " to take it back" } } }
                @if stands.since_ms > 0 { div { dt { "Last" } dd { (when(stands.since_ms)) } } }
                @if !step.needs.is_empty() { div { dt { "After" } dd { @for (nth, need) in step.needs.iter().enumerate() { @if nth > 0 { ", " } (said(need.as_str())) } } } }
            }
            @if let Some(wait) = wait {
                section class="card" {
                    h2 { "What you can do" }
                    @if let Some(why) = &wait.why { p class="why" { (said(&why.to_string())) } }
                    @if let Some(left) = wait.left { p class="soft" { (left) } }
                    @for next in &wait.unblock_with { (command(&frame.site.command(next))) }
                }
            }
            (instruction(&state, step, stands))
            (json("Before", "what was there before the first attempt", stands.before.as_ref()))
            (json("Input", "what was sent", state.input_of(&id)))
            (json("Output", "what came back", stands.output.as_ref()))
        }
    };
    Ok(frame.answer(&format!("Step {} of {}", id, view.name()), Place::Batches, main))
}

/// What a person does, with the values filled in.
fn instruction(state: &RunState, step: &Step, stands: &StepState) -> Markup {
    let Node::ByHand { instruction, undo } = &step.node else { return html! {} };
    let told = state.resolve(if stands.undo == UndoState::ByHand { undo } else { instruction });
    let Ok(told) = told else { return html! {} };
    let text: String = serde_json::from_str(told.get()).unwrap_or_default();
    html! { section class="card" { h2 { "By hand" } pre tabindex="0" { (clean(&text)) } } }
}

fn json(name: &str, what: &str, value: Option<&Json>) -> Markup {
    let Some(value) = value.filter(|value| !value.is_null()) else { return html! {} };
    let pretty = serde_json::to_string_pretty(&value.value()).unwrap_or_default();
    html! { section class="card" { h2 { (name) } p class="soft" { (what) } pre tabindex="0" { (clean(&pretty)) } } }
}
