//! CLI: small parts of pages: times, commands, counts, links. Every text is escaped by the templates. Pure.

use crate::error::one_line;
use crate::pictures::mark::{Tone, glyph};
use crate::time::{date, stamp};
use crate::view::{MoveView, State};
use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Text from anywhere on one line, without characters that steer.
pub(crate) fn said(text: &str) -> String {
    one_line(text)
}

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A part of an address.
pub(crate) fn part(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

/// The page of a batch.
pub(crate) fn of_batch(batch: &str) -> String {
    format!("/b/{}", part(batch))
}

/// The page of a move.
pub(crate) fn of_move(run: &str) -> String {
    format!("/m/{}", part(run))
}

/// A date, which a script may show in the time zone of whoever looks.
pub(crate) fn when(ms: i64) -> Markup {
    let text = date(ms);
    let shown = text.replacen('T', " ", 1);
    html! { time datetime=(text) { (shown) } }
}

/// The same to the millisecond.
pub(crate) fn exactly(ms: i64) -> Markup {
    let text = stamp(ms);
    let shown = text.replacen('T', " ", 1);
    html! { time datetime=(text) data-exact { (shown) } }
}

/// A command as it is pasted, with a button where a script can copy it.
pub(crate) fn command(text: &str) -> Markup {
    html! {
        div class="cmd" {
            code { (said(text)) }
            button type="button" class="copy" hidden aria-label={ "Copy: " (said(text)) } { "Copy" }
        }
    }
}

/// So many moves in each state, in words and as a bar; each word leads to them where there is a list.
pub(crate) fn counts(views: &[&MoveView], list: Option<&str>) -> Markup {
    let of = |state: State| views.iter().filter(|view| view.state == state).count();
    let counted: Vec<(State, usize)> =
        State::ALL.iter().map(|state| (*state, of(*state))).filter(|(_, count)| *count > 0).collect();
    html! {
        (bar(&counted, views.len()))
        ul class="counts" {
            @for (state, count) in &counted {
                li {
                    @if let Some(list) = list {
                        a href={ (list) "?state=" (state.word()) "#moves" } { (a_count(*state, *count)) }
                    } @else { (a_count(*state, *count)) }
                }
            }
        }
    }
}

fn a_count(state: State, count: usize) -> Markup {
    html! {
        span class={ "badge " (Tone::of(state).class()) } {
            (glyph(state))
            (state.word()) " " b { (count) }
        }
    }
}

/// The states of many as one bar. The words beside it say the same.
fn bar(counted: &[(State, usize)], all: usize) -> Markup {
    let mut x = 0;
    let parts: Vec<(usize, usize, Tone)> = counted
        .iter()
        .rev()
        .map(|(state, count)| {
            let from = x;
            x += count;
            (from, *count, Tone::of(*state))
        })
        .collect();
    html! {
        svg class="stack pic" aria-hidden="true" viewBox={ "0 0 " (all.max(1)) " 1" } preserveAspectRatio="none" {
            @for (x, width, tone) in parts {
                g class=(tone.class()) { rect class="part" x=(x) y="0" width=(width) height="1" {} }
            }
        }
    }
}

/// Something that is wider than a small screen, in a frame of its own that is moved by keyboard too.
pub(crate) fn framed(name: &str, inside: Markup) -> Markup {
    html! { div class="wide" role="region" tabindex="0" aria-label=(said(name)) { (inside) } }
}
