//! Azure: what a row of the table of errors is made of. Pure data.

use rehome_orchestrator::FaultKind;

/// What an error answer to a write means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Certainly not applied; the same request may succeed later.
    Later,
    /// Certainly not applied. Usually something made before is not known everywhere yet, so it is tried again
    /// for this long; after that it will not succeed.
    Settles {
        /// How long that takes at most, in unscaled seconds.
        within_s: u32,
    },
    /// Certainly not applied. It may succeed with a new token if the caller got rights lately.
    Rights {
        /// How long new rights take to work everywhere, in unscaled seconds.
        within_s: u32,
    },
    /// Not applied by this request, because what it asks for is there (or gone) already: to be read back.
    There,
    /// Certainly not applied; the same request will not succeed.
    Never,
    /// It may have been applied.
    Doubt,
}

/// Whose answers a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// Everybody's.
    Any,
    /// Those to removals.
    Delete,
    /// Those about federated credentials of identities.
    Credential,
    /// The sign-in server's.
    SignIn,
}

/// One row: who said what, what it means, and what a person can do.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Whose answers it is about.
    pub on: On,
    /// The status it comes with. A code counts with every status of its hundred. Without a code, a full
    /// hundred stands for all of it, and 0 for everything.
    pub status: u16,
    /// Azure's code; `*` for every other.
    pub code: &'static str,
    /// Words of the message, in small letters, where the code alone says too little.
    pub says: &'static str,
    /// What sort of trouble it is.
    pub kind: FaultKind,
    /// What it means for the request.
    pub meaning: Meaning,
    /// What a person can do.
    pub advice: &'static str,
}
