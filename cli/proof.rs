//! CLI: how far what was checked of a log goes, in levels, and what it does not prove. Pure.

use serde::Serialize;

/// How much was shown; each stops more than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    /// Each event is bound to all before it: stops accidents, and edits of a part.
    Chain,
    /// An end is signed: stops edits by whoever does not have the key.
    Signed,
    /// A signed end was kept elsewhere: stops whoever has the key from writing anew what it covers.
    Witnessed,
    /// Azure's own log has the hashes of intents: stops writes that the log lacks, or that never were.
    Azure,
}

impl Level {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Signed => "signed",
            Self::Witnessed => "witnessed",
            Self::Azure => "azure",
        }
    }
}

/// One level, and whether it was reached.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rung {
    pub(crate) level: Level,
    pub(crate) reached: bool,
    /// The last event that it covers, where that can be said.
    pub(crate) up_to: Option<u64>,
    pub(crate) words: String,
}

impl Rung {
    pub(crate) fn reached(level: Level, up_to: Option<u64>, words: String) -> Self {
        Self { level, reached: true, up_to, words }
    }

    pub(crate) fn lacks(level: Level, words: impl Into<String>) -> Self {
        Self { level, reached: false, up_to: None, words: words.into() }
    }
}

/// Everything that was checked.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Proof {
    /// The highest that was reached.
    pub(crate) level: Level,
    pub(crate) levels: Vec<Rung>,
    /// What none of it proves, in words.
    pub(crate) not_proven: Vec<String>,
}

impl Proof {
    /// What follows from these levels for a log of so many events; `signed` where each approval is.
    pub(crate) fn of(levels: Vec<Rung>, events: u64, signed: bool) -> Self {
        let level = levels.iter().filter(|rung| rung.reached).map(|rung| rung.level).max();
        let reached = |level| levels.iter().find(|rung: &&Rung| rung.level == level && rung.reached);
        let mut not_proven = Vec::new();
        let mut add = |words: &str| not_proven.push(words.to_owned());
        match (reached(Level::Witnessed), reached(Level::Azure)) {
            (None, None) => add(
                "that the log was not written anew from its first event on, by whoever has the key beside it",
            ),
            (None, Some(_)) => {
                add("that what Azure does not keep was not written anew: approvals, notes, dates")
            }
            (Some(_), _) => add("when a checkpoint was kept: the place where it was kept says that"),
        }
        if let Some(Rung { up_to: Some(up_to), .. }) = reached(Level::Witnessed)
            && *up_to < events
        {
            not_proven.push(format!(
                "events {} to {events}: nothing that was kept elsewhere covers them",
                up_to + 1
            ));
        }
        let mut add = |words: &str| not_proven.push(words.to_owned());
        add(match reached(Level::Azure) {
            None => "that Azure was sent what the log says, and nothing else under the same sign-in",
            Some(_) => "what the export of Azure's log does not reach",
        });
        if !signed {
            add("who approved: they are what they call themselves");
        }
        add("that a workload works");
        Self { level: level.unwrap_or(Level::Chain), levels, not_proven }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_what_was_shown_and_what_is_left_open_is_said() {
        let chain = || Rung::reached(Level::Chain, Some(9), String::new());
        let only = Proof::of(vec![chain(), Rung::lacks(Level::Signed, "no")], 9, false);
        assert_eq!((only.level, only.not_proven.len()), (Level::Chain, 4));
        assert!(only.not_proven[0].contains("written anew"), "{:?}", only.not_proven);
        let seen = Rung::reached(Level::Witnessed, Some(7), String::new());
        let witnessed = Proof::of(vec![chain(), Rung::lacks(Level::Signed, "no"), seen], 9, true);
        assert_eq!(witnessed.level, Level::Witnessed);
        assert!(witnessed.not_proven.iter().any(|line| line.starts_with("events 8 to 9")), "{witnessed:?}");
        assert!(!witnessed.not_proven.iter().any(|line| line.contains("call themselves")));
    }
}
