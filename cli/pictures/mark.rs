//! CLI: how a state looks beside its word: a tone, and a shape that nobody has to see in colour. Pure.

use crate::view::State;
use crate::wait::WaitKind;
use maud::{Markup, PreEscaped, html};

/// What a state asks of whoever looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tone {
    /// It stopped.
    Bad,
    /// Somebody is needed.
    Warn,
    /// It is at work.
    Go,
    /// It rests on purpose.
    Rest,
    /// It is done.
    Ok,
    /// Nothing is asked.
    Mute,
}

impl Tone {
    /// The class that gives a shape its colours.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Bad => "t-bad",
            Self::Warn => "t-warn",
            Self::Go => "t-go",
            Self::Rest => "t-rest",
            Self::Ok => "t-ok",
            Self::Mute => "t-mute",
        }
    }

    pub(crate) fn of(state: State) -> Self {
        match state {
            State::Failed => Self::Bad,
            State::NeedsPerson | State::AwaitingCleanup | State::Stale | State::Paused => Self::Warn,
            State::Running => Self::Go,
            State::Soaking => Self::Rest,
            State::Done => Self::Ok,
            State::Waiting
            | State::Planned
            | State::Abandoned
            | State::RolledBack
            | State::Superseded
            | State::Skipped => Self::Mute,
        }
    }

    pub(crate) fn of_wait(kind: WaitKind) -> Self {
        match kind {
            WaitKind::Failed => Self::Bad,
            WaitKind::ByHand | WaitKind::Approval | WaitKind::Held => Self::Warn,
            WaitKind::Azure | WaitKind::Retry | WaitKind::Restored => Self::Go,
            WaitKind::Soak | WaitKind::Pause => Self::Rest,
            WaitKind::Runner | WaitKind::Unread | WaitKind::Wave | WaitKind::HeldUp => Self::Mute,
        }
    }
}

/// The shape of a state in a square of 16: what is filled, and the lines on it or in its place.
fn shape(state: State) -> (&'static str, &'static str) {
    match state {
        State::Failed => {
            ("M5.2 1h5.6L15 5.2v5.6L10.8 15H5.2L1 10.8V5.2z", "M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2")
        }
        State::NeedsPerson => ("M8 1 15.4 14.6H.6z", "M8 5.8v4.2M8 12.4v.2"),
        State::Paused => ("", "M5.5 3.5v9M10.5 3.5v9"),
        State::Stale => ("M8 .8 15.2 8 8 15.2.8 8z", "M8 4.6v4M8 11.2v.2"),
        State::AwaitingCleanup => ("M8 1.5a6.5 6.5 0 0 1 0 13z", "M8 14.5a6.5 6.5 0 0 1 0-13"),
        State::Running => ("M3.5 1.8v12.4L14.2 8z", ""),
        State::Soaking => ("", "M14.5 8a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0zM8 4.2V8l2.8 1.8"),
        State::Waiting => ("", "M2.5 8v.1M8 8v.1M13.5 8v.1"),
        State::Planned => ("", "M2.5 2.5h11v11h-11z"),
        State::Abandoned => ("", "M14.5 8a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0zM3.6 12.4l8.8-8.8"),
        State::RolledBack => ("", "M6.5 3.5 2 8l4.5 4.5M2 8h12"),
        State::Done => ("M14.8 8A6.8 6.8 0 1 1 1.2 8a6.8 6.8 0 0 1 13.6 0z", "M4.8 8.3l2.2 2.2 4.3-4.8"),
        State::Superseded => ("", "M5.5 5.5h8.5v8.5H5.5zM2 10.5V2h8.5"),
        State::Skipped => ("", "M3 8h10"),
    }
}

/// The shapes of all states, drawn once on a page; [`badge`] uses them.
pub(crate) fn sprite() -> Markup {
    html! {
        svg class="sprite" aria-hidden="true" width="0" height="0" {
            @for state in State::ALL {
                @let (filled, lines) = shape(*state);
                symbol id={ "g-" (state.word()) } viewBox="0 0 16 16" {
                    @if !filled.is_empty() { path class="g-fill" d=(filled) {} }
                    @if !lines.is_empty() {
                        path class=(if filled.is_empty() || *state == State::AwaitingCleanup { "g-line" } else { "g-cut" }) d=(lines) {}
                    }
                }
            }
        }
    }
}

/// The shape of a state, as [`sprite`] has it; its name is one of ours.
pub(crate) fn glyph(state: State) -> Markup {
    let shape = PreEscaped(format!("<use href=\"#g-{}\"></use>", state.word()));
    html! { svg class="g" aria-hidden="true" width="14" height="14" { (shape) } }
}

/// A state as its shape and its word.
pub(crate) fn badge(state: State) -> Markup {
    html! {
        span class={ "badge " (Tone::of(state).class()) } {
            (glyph(state))
            (state.word())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_state_has_a_shape_of_its_own_so_that_nobody_has_to_see_its_colour() {
        let shapes: BTreeSet<_> = State::ALL.iter().map(|state| shape(*state)).collect();
        assert_eq!(shapes.len(), State::ALL.len());
        let all = sprite().into_string();
        for state in State::ALL {
            let badge = badge(*state).into_string();
            assert!(
                badge.contains(&format!(">{}<", state.word()))
                    || badge.ends_with(&format!("{}</span>", state.word())),
                "{badge}"
            );
            assert!(all.contains(&format!("id=\"g-{}\"", state.word())));
        }
    }
}
