//! Engine, for tests: what may go wrong, and where. Pure.

use std::fmt;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InjectedFault {
    /// The process dies before the effect, before the commit, before the look.
    CrashBefore,
    /// The process dies after the effect (or after the commit), before anybody hears of it.
    CrashAfter,
    /// The process dies while the request is on its way: the effect takes place this many milliseconds later.
    CrashLate(u64),
    /// The effect takes place, and the answer is lost. Of a commit: it is kept, and the log does not say so.
    /// Of a look: nothing is seen, and it may be repeated.
    AnswerLost,
    /// There is no effect, and the answer is lost. Of a commit: it is not kept, and the log does not say so.
    RequestLost,
    /// The answer is lost, and the effect takes place this many milliseconds later.
    Late(u64),
    /// The other side refuses.
    Refused,
    /// The other side asks to come back later.
    Retry,
    /// The same request is delivered twice.
    Repeated,
}

/// Where it goes wrong, counted from 1 in the order in which it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultPoint {
    /// The n-th append to the log.
    Commit(u32),
    /// The n-th call of `run` or `undo`.
    Call(u32),
    /// The n-th look at the world: `before`, `probe`, `poll`, `verify`, a condition, a survey, or what it tells one run.
    Look(u32),
}

/// An effect that is late comes after this many milliseconds: soon, while others go on.
const SOON_MS: u64 = 500;

impl InjectedFault {
    /// Everything that can happen to a call; what is late comes soon, or when it is nearly too late.
    pub fn at_calls(settling_ms: u64) -> Vec<Self> {
        let mut all = vec![
            Self::CrashBefore,
            Self::CrashAfter,
            Self::AnswerLost,
            Self::RequestLost,
            Self::Refused,
            Self::Retry,
            Self::Repeated,
        ];
        let nearly = settling_ms - settling_ms / 10;
        for late_ms in [SOON_MS, nearly] {
            // What comes later than the settling time is not a promise that an activity makes.
            if late_ms < settling_ms {
                all.extend([Self::Late(late_ms), Self::CrashLate(late_ms)]);
            }
        }
        all
    }

    /// Everything that can happen to a commit.
    pub const AT_COMMITS: [Self; 4] =
        [Self::CrashBefore, Self::CrashAfter, Self::RequestLost, Self::AnswerLost];

    /// Everything that can happen to a look.
    pub const AT_LOOKS: [Self; 3] = [Self::CrashBefore, Self::AnswerLost, Self::Refused];
}

impl fmt::Display for InjectedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CrashBefore => f.write_str("the process dies before"),
            Self::CrashAfter => f.write_str("the process dies after"),
            Self::CrashLate(ms) => {
                write!(f, "the process dies, and the effect takes place {ms} ms later, of")
            }
            Self::AnswerLost => f.write_str("there is no answer to"),
            Self::RequestLost => f.write_str("there is no answer and no effect of"),
            Self::Late(ms) => write!(f, "there is no answer, and the effect takes place {ms} ms later, of"),
            Self::Refused => f.write_str("there is a refusal of"),
            Self::Retry => f.write_str("there is a wish to be asked later instead of"),
            Self::Repeated => f.write_str("there is a second delivery of"),
        }
    }
}

impl fmt::Display for FaultPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commit(n) => write!(f, "commit {n}"),
            Self::Call(n) => write!(f, "call {n}"),
            Self::Look(n) => write!(f, "look {n}"),
        }
    }
}
