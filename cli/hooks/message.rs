//! CLI: one message to people outside of the log. Its form is covered by its version. Data.

use serde::{Deserialize, Serialize};

/// Each occasion with the word that files and messages have for it.
macro_rules! occasions {
    ($($(#[$doc:meta])* $occasion:ident = $word:literal,)+) => {
        /// What is told.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub(crate) enum Occasion {
            $($(#[$doc])* #[serde(rename = $word)] $occasion,)+
        }

        impl Occasion {
            /// All words.
            pub(crate) const WORDS: &[&str] = &[$($word),+];

            pub(crate) fn word(self) -> &'static str {
                match self {
                    $(Self::$occasion => $word,)+
                }
            }
        }
    };
}

occasions! {
    /// A step of a person is open, or a wave waits for somebody.
    NeedsPerson = "needs_person",
    /// A step has stopped.
    MoveFailed = "move_failed",
    /// Every move of a wave is through.
    WaveClean = "wave_clean",
    /// As many moves failed as may, and no more begin.
    BudgetSpent = "budget_spent",
    /// The time in which people watch a move is over.
    SoakEnds = "soak_ends",
    /// Nobody carries on what is open, and somebody looked.
    RunnerGone = "runner_gone",
}

/// The version of the form of messages. A new minor number only adds.
pub(crate) const FORMAT_VERSION: &str = "1.0";

/// A message, as it is given to a program and sent to a webhook. The names of the outer members are those of Standard
/// Webhooks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Message {
    pub(crate) format_version: &'static str,
    /// The same each time that this is told: by it a receiver knows what it has.
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) occasion: Occasion,
    /// When it happened, in RFC 3339.
    pub(crate) timestamp: String,
    pub(crate) data: About,
}

/// What a message is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct About {
    pub(crate) batch: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wave: Option<String>,
    #[serde(rename = "move", skip_serializing_if = "Option::is_none")]
    pub(crate) run: Option<String>,
    /// The old identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identity: Option<String>,
    /// The steps that it is about; of many only the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) steps: Vec<StepTold>,
    /// What happened, in one line.
    pub(crate) what: String,
    /// Commands that go on from there.
    pub(crate) next: Vec<String>,
}

/// A step that a message is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct StepTold {
    pub(crate) step: String,
    pub(crate) title: String,
    /// Why it has stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
}
