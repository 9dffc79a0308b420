//! CLI: where each wave of a batch stands, in one word, as people and programs read it. Pure.

use crate::time::{clock, date};
use rehome_orchestrator::{
    ApprovalScope, BatchState, HoldCause, RunId, TimeScale, Wave, WaveState, WaveWait,
};
use serde::Serialize;

/// Where a wave stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct WaveView {
    pub(crate) wave: String,
    pub(crate) standing: WaveStanding,
    /// Until when, in milliseconds since 1970 UTC, where a date ends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until_ms: Option<i64>,
    #[serde(skip)]
    pub(crate) runs: Vec<RunId>,
}

/// Each standing with the word that programs see and the one that people do.
macro_rules! standings {
    ($($(#[$doc:meta])* $standing:ident = $word:literal, $said:literal;)+) => {
        /// What a wave does, or waits for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
        pub(crate) enum WaveStanding {
            $($(#[$doc])* #[serde(rename = $word)] $standing,)+
        }

        impl WaveStanding {
            fn said(self) -> &'static str {
                match self {
                    $(Self::$standing => $said,)+
                }
            }
        }
    };
}

standings! {
    /// The plan is not approved, or another wave comes before it.
    Later = "later", "later";
    Approvals = "approvals", "needs approvals";
    Rejected = "rejected", "rejected";
    /// Somebody keeps it.
    Held = "held", "held";
    Release = "release", "needs a release";
    /// The wave before it has to have been through for so long.
    Date = "date", "later";
    Next = "next", "next";
    Running = "running", "let loose";
    Paused = "paused", "paused";
    Stopped = "stopped", "stopped";
    Freeze = "freeze", "a freeze";
    Hours = "hours", "outside hours";
    Abandoned = "abandoned", "given up";
    Through = "through", "through";
}

/// The waves of a batch, in their order. `now_ms` is the wall time.
pub(crate) fn waves(state: &BatchState, now_ms: i64, scale: TimeScale) -> Vec<WaveView> {
    let waves = state.waves().enumerate();
    waves.map(|(nth, of)| WaveView::of(state, nth, of, now_ms, scale)).collect()
}

impl WaveView {
    fn of(
        batch: &BatchState,
        nth: usize,
        (wave, state): (&Wave, &WaveState),
        now_ms: i64,
        scale: TimeScale,
    ) -> Self {
        let scope = ApprovalScope::Wave(wave.name.clone());
        let is_rejected = || batch.standing(&scope, now_ms).is_some_and(|of| !of.rejected.is_empty());
        let hold = batch.hold(Some(nth), now_ms);
        let (standing, until_ms) = match (batch.wave_wait(nth, now_ms, scale), hold) {
            _ if state.passed_ms.is_some() => (WaveStanding::Through, None),
            (WaveWait::Earlier | WaveWait::Approval, _) => (WaveStanding::Later, None),
            (WaveWait::Approvals, _) if is_rejected() => (WaveStanding::Rejected, None),
            (WaveWait::Approvals, _) => (WaveStanding::Approvals, None),
            (WaveWait::Person, _) if state.held => (WaveStanding::Held, None),
            (WaveWait::Person, _) => (WaveStanding::Release, None),
            (WaveWait::Date(date), _) => (WaveStanding::Date, Some(date)),
            (WaveWait::Nothing, Some(hold)) => (held(hold.cause), hold.until_ms),
            (WaveWait::Nothing, None) if state.is_released() => (WaveStanding::Running, None),
            (WaveWait::Nothing, None) => (WaveStanding::Next, None),
        };
        Self { wave: wave.name.clone(), standing, until_ms, runs: wave.runs.clone() }
    }

    /// As people read it, in a few words: what holds a wave until a date says that date itself.
    pub(crate) fn words(&self, now_ms: i64) -> String {
        match (self.until_ms, self.standing) {
            (Some(begins_ms), WaveStanding::Date) if date(begins_ms)[..10] == date(now_ms)[..10] => {
                format!("begins {}", clock(begins_ms, now_ms))
            }
            (Some(begins_ms), WaveStanding::Date) => format!("from {}", &date(begins_ms)[..10]),
            (_, standing) => standing.said().to_owned(),
        }
    }
}

fn held(cause: HoldCause) -> WaveStanding {
    match cause {
        HoldCause::Abandoned => WaveStanding::Abandoned,
        HoldCause::Failure => WaveStanding::Stopped,
        HoldCause::Rejected => WaveStanding::Rejected,
        HoldCause::Pause => WaveStanding::Paused,
        HoldCause::Freeze => WaveStanding::Freeze,
        HoldCause::Hours => WaveStanding::Hours,
    }
}
