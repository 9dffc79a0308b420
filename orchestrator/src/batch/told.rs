//! Engine: what people were told of a batch outside of the log, and that its runner is gone: events and their law. Pure.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// See [`crate::BatchEvent::Told`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// The way by which it was told; each way has its own cursor.
    pub by: String,
    /// Everything that is to be told of events up to this place in the log was told by this way, or refused.
    pub through: u64,
    /// Why the receiver will never take what is to be told of the event there; absent where it took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// See [`crate::BatchEvent::RunnerGone`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunnerGone {
    /// The machine that it was on.
    pub host: String,
    /// Its process.
    pub pid: u32,
    /// When it was at work for sure, in milliseconds since 1970 UTC.
    pub since_ms: i64,
}

/// See [`crate::BatchEvent::DriftChecked`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriftChecked {
    /// How many runs were looked at.
    pub runs: u64,
    /// How many of them are not as they were left.
    pub drifted: u64,
    /// How many of them could not be read in full.
    pub unread: u64,
    /// How many requests that took.
    pub requests: u64,
}

/// What people were told of a batch, and whether its runner is known to be gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ToldState {
    through: BTreeMap<String, u64>,
    runner_gone: bool,
}

impl ToldState {
    /// Up to which place everything was told by a way.
    pub(crate) fn through(&self, by: &str) -> u64 {
        self.through.get(by).copied().unwrap_or(0)
    }

    /// Whether the last runner was missed.
    pub(crate) fn is_runner_gone(&self) -> bool {
        self.runner_gone
    }

    /// Takes in that something was told; a cursor never goes back, and never ahead of the log.
    pub(crate) fn tell(&mut self, told: &Told, position: u64) -> Result<(), String> {
        let known = self.through.entry(told.by.clone()).or_default();
        if told.through <= *known || told.through >= position {
            return Err(format!("what is told by {:?} does not go on from there", told.by));
        }
        *known = told.through;
        Ok(())
    }

    /// A runner is there again.
    pub(crate) fn open(&mut self) {
        self.runner_gone = false;
    }

    /// Takes in that the runner is gone, once for each that was there.
    pub(crate) fn lose_runner(&mut self, was_opened: bool) -> Result<(), String> {
        if !was_opened || self.runner_gone {
            return Err("no runner was at work on it since the last one was missed".to_owned());
        }
        self.runner_gone = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_only_goes_on_and_a_runner_is_missed_once() {
        let mut state = ToldState::default();
        let told = |by: &str, through| Told { by: by.to_owned(), through, refused: None };
        assert!(state.tell(&told("command", 3), 5).is_ok());
        assert!(state.tell(&told("webhook", 2), 6).is_ok(), "each way has its own");
        assert!(state.tell(&told("command", 3), 7).is_err(), "it was told before");
        assert!(state.tell(&told("command", 8), 8).is_err(), "it has not happened");
        assert!(state.lose_runner(false).is_err(), "there was none");
        assert!(state.lose_runner(true).is_ok() && state.lose_runner(true).is_err());
        state.open();
        assert!(state.lose_runner(true).is_ok());
    }

    #[test]
    fn what_was_told_is_written_as_it_will_always_be_read() {
        let told = Told { by: "webhook".to_owned(), through: 7, refused: Some("410 Gone".to_owned()) };
        let text = r#"{"by":"webhook","through":7,"refused":"410 Gone"}"#;
        assert_eq!(serde_json::to_string(&told).expect("JSON"), text);
        assert_eq!(serde_json::from_str::<Told>(text).expect("read"), told);
        let gone = RunnerGone { host: "h".to_owned(), pid: 3, since_ms: 4 };
        assert_eq!(serde_json::to_string(&gone).expect("JSON"), r#"{"host":"h","pid":3,"since_ms":4}"#);
    }
}
