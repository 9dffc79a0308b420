//! Store: the runners that share one log: who is at work, and until when, by the clock of the storage. Touches nothing.
//!
//! Liveness is kept here, and safety in the log: whoever reads here that a runner is over may take its work, by an event
//! that every later append of that runner collides with. A clock that is wrong makes work change hands too early or too
//! late; it never lets two runners write to one stream.

use crate::lease::LeaseHolder;
use crate::log::BoxFuture;
use std::fmt;

/// What the last sign of life of a runner gave it, and what its next one has to name. It is another one each time, so that
/// of two processes that take themselves for the same runner one is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token(pub u128);

impl Token {
    /// One that nobody had before.
    ///
    /// # Panics
    /// When the machine has no random source.
    pub fn fresh() -> Self {
        let mut bytes = [0_u8; 16];
        getrandom::fill(&mut bytes).expect("the machine has a random source");
        Self(u128::from_le_bytes(bytes))
    }
}

/// It is a right: it is not printed.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// A runner that shares a log with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunnerRow {
    /// Its name, which no other runner ever has.
    pub id: String,
    /// Who it is, as it says itself.
    pub who: LeaseHolder,
    /// For how many milliseconds more it is at work, by the clock of the storage; 0 or less: it may be ended.
    pub left_ms: i64,
}

/// Why a runner is not known to be at work.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RunnerError {
    /// Its time was over, or another process has its name. It has no right any more, and gets none under this name.
    #[error("runner {id} is over: its time had run out, and its work may be somebody else's")]
    Over {
        /// The runner.
        id: String,
    },
    /// Somebody has the log for itself, as who puts another copy in its place. Nobody begins meanwhile.
    #[error(
        "somebody has this log for itself, as a copy of it is put back or its lost end is told: no runner begins meanwhile"
    )]
    Alone,
    /// It is not known: what keeps the runners did not answer. Whoever is not sure of a right has none.
    #[error("what keeps the runners of the log could not be used: {0}")]
    Storage(String),
}

/// The runners that share one log.
///
/// Promises: a runner that was ended is never at work again; one is ended only when its time is over by the clock of the
/// storage, or when it goes by itself; what is said here is in force for every other process at once.
pub trait Runners: Send + Sync + 'static {
    /// Says that this runner is at work for `for_ms` more, from now on; the first time without a token, and then with the
    /// one that was given last.
    ///
    /// # Errors
    /// When it is over, or that is not known.
    fn beat<'a>(
        &'a self,
        id: &'a str,
        who: &'a LeaseHolder,
        last: Option<Token>,
        for_ms: u32,
    ) -> BoxFuture<'a, Result<Token, RunnerError>>;

    /// Every runner that was not ended and has not gone, in the order of their names.
    ///
    /// # Errors
    /// When that cannot be read.
    fn all(&self) -> BoxFuture<'_, Result<Vec<RunnerRow>, RunnerError>>;

    /// Ends a runner whose time is over: `false` when it is at work, `true` when it is ended, has gone, or never was. What
    /// it had may be taken only after that.
    ///
    /// # Errors
    /// When that is not known.
    fn end<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, RunnerError>>;

    /// A runner goes: it sends nothing more, and what it had may be taken at once.
    ///
    /// # Errors
    /// When that could not be said; then its time runs out.
    fn leave<'a>(&'a self, id: &'a str, last: Token) -> BoxFuture<'a, Result<(), RunnerError>>;
}
