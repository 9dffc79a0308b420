//! Engine: what people asked of a batch while it is under way, and what keeps its runs from beginning something new. Data.

use crate::ids::RunId;
use std::collections::BTreeSet;

/// What people asked of a batch, as far as it still holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steering {
    /// Nothing new is begun.
    pub paused: Option<Pause>,
    /// So many runs are at work at once, in the place of what was planned.
    pub parallel: Option<u64>,
    /// So much of the world's limits is used, in percent, in the place of what was planned.
    pub share: Option<u64>,
    /// It was given up.
    pub abandoned: bool,
    /// The gate of the clean-up is kept shut. What is behind it goes on.
    pub cleanup_held: bool,
    /// Runs that are left out.
    pub skipped: BTreeSet<RunId>,
    /// The last request, by its place in the stream of the batch; 0 where there was none.
    pub asked: u64,
    /// The last request that a program at work has heard.
    pub heard: u64,
}

/// A pause that somebody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// When it ends by itself, in milliseconds since 1970; when somebody says so where it is absent.
    pub until_ms: Option<i64>,
}

/// Why runs begin nothing new on their way forward, other than that one was paused itself. What is in flight, and what
/// goes back, goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Why.
    pub cause: HoldCause,
    /// Until this date, in milliseconds since 1970; until a person says so where it is absent.
    pub until_ms: Option<i64>,
}

/// Why runs begin nothing new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldCause {
    /// The batch was given up.
    Abandoned,
    /// Another run of the wave failed.
    Failure,
    /// Somebody whose approvals count rejects the wave.
    Rejected,
    /// Somebody paused the batch or the wave.
    Pause,
    /// It is a freeze.
    Freeze,
    /// It is outside of the hours in which something is begun.
    Hours,
}

impl Pause {
    pub(super) fn hold(self, now_ms: i64) -> Option<Hold> {
        let is_over = self.until_ms.is_some_and(|until| until <= now_ms);
        (!is_over).then_some(Hold { cause: HoldCause::Pause, until_ms: self.until_ms })
    }
}
