//! What may go wrong in one simulated world. Everything is a function of the seed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// SplitMix64: one number in, a stream of numbers out, the same for ever.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Dice for one purpose, so that a roll more here changes nothing there.
    pub(crate) fn of(seed: u64, purpose: &str, nth: u64) -> Self {
        let spread = purpose.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut dice = Self(seed ^ spread ^ nth.wrapping_mul(0xd134_2543_de82_ef95));
        dice.next();
        dice
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `0` to `most - 1`.
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.next() % most.max(1)
    }

    /// Whether something that happens this often in a thousand happens now.
    pub(crate) fn happens(&mut self, in_a_thousand: u64) -> bool {
        self.below(1_000) < in_a_thousand
    }
}

/// The kinds of trouble; each can be switched off, which is how a failure is made smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Answers and requests are lost, effects come late.
    Lost,
    /// The other side refuses, throttles, or works long.
    Moody,
    /// The process dies.
    Crashes,
    /// The clock is set forward or back by up to a day.
    Jumps,
    /// Somebody else changes the world.
    Strangers,
    /// People pause, resume, roll back, retry, skip and attest.
    Operators,
}

impl Trouble {
    pub(crate) const ALL: [Self; 6] =
        [Self::Lost, Self::Moody, Self::Crashes, Self::Jumps, Self::Strangers, Self::Operators];
}

/// The single disturbances of one world: which may happen, and which did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Struck {
    only: Option<Arc<BTreeSet<String>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Struck {
    /// Whether this one may happen; then it does.
    pub(crate) fn strikes(&self, what: impl FnOnce() -> String) -> bool {
        let what = what();
        let may = self.only.as_ref().is_none_or(|only| only.contains(&what));
        if may {
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(what);
        }
        may
    }

    /// What has happened, in order.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The world of one seed.
#[derive(Clone, Debug)]
pub(crate) struct FaultPlan {
    pub(crate) seed: u64,
    pub(crate) moves: u64,
    /// How many runners share the log.
    pub(crate) runners: u64,
    pub(crate) troubles: Vec<Trouble>,
    pub(crate) struck: Struck,
}

impl FaultPlan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut dice = Dice::of(seed, "weather", 0);
        let moves = 1 + dice.below(5);
        let troubles = Trouble::ALL.into_iter().filter(|_| dice.happens(700)).collect();
        Self { seed, moves, runners: 1, troubles, struck: Struck::default() }
    }

    /// The same world with so many runners.
    pub(crate) fn with(self, runners: u64) -> Self {
        Self { runners, ..self }
    }

    /// The same world before anything has happened in it.
    pub(crate) fn again(&self) -> Self {
        let struck = Struck { only: self.struck.only.clone(), seen: Arc::default() };
        Self { struck, ..self.clone() }
    }

    /// The same world, in which of all disturbances only these may happen.
    pub(crate) fn only(&self, these: &[String]) -> Self {
        let only = Some(Arc::new(these.iter().cloned().collect()));
        Self { struck: Struck { only, seen: Arc::default() }, ..self.clone() }
    }

    pub(crate) fn has(&self, trouble: Trouble) -> bool {
        self.troubles.contains(&trouble)
    }
}
