//! CLI: errors as a person needs them: what, where, what was left, what to do next; and exit codes.

use serde::Serialize;
use std::error::Error;
use std::fmt;

/// Exit codes; new ones may be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// Wrong usage, a bad file, or a prompt without a terminal.
    Usage = 2,
    /// What was named does not exist.
    NotFound = 3,
    /// Not signed in, or not permitted.
    NotPermitted = 4,
    /// Finished, but some items failed, were left out or were undone.
    Partly = 10,
    /// Only people or clocks are left.
    Waiting = 11,
    /// The plan has blockers.
    Blocked = 12,
    /// The cloud differs from the approved plan.
    Stale = 13,
    /// Verify found differences.
    Differences = 14,
    /// The log is damaged.
    Damaged = 15,
    /// Another runner is at work.
    Held = 16,
    /// Interrupted; everything is saved.
    Interrupted = 130,
}

/// What went wrong.
#[derive(Debug)]
pub(crate) struct CliError {
    pub(crate) exit: Exit,
    pub(crate) what: String,
    pub(crate) place: Option<String>,
    /// Who acted, as they call themselves.
    pub(crate) who: Option<String>,
    pub(crate) state: &'static str,
    pub(crate) next: Vec<String>,
}

/// The form of an error on stderr with `-o json`.
#[derive(Serialize)]
struct Shape<'a> {
    message_type: &'static str,
    code: u8,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<&'a str>,
    state: &'a str,
    next: &'a [String],
}

/// What is true of most errors: they were found before anything was done.
pub(crate) const NOTHING_CHANGED: &str = "nothing was changed";

impl CliError {
    pub(crate) fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { exit, what: what.into(), place: None, who: None, state: NOTHING_CHANGED, next: Vec::new() }
    }

    /// An error with everything that caused it.
    pub(crate) fn because(exit: Exit, what: &str, source: &(dyn Error + 'static)) -> Self {
        Self::new(exit, format!("{what}: {}", causes(source)))
    }

    pub(crate) fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    pub(crate) fn by(mut self, who: &str) -> Self {
        self.who = Some(who.to_owned());
        self
    }

    pub(crate) fn left(mut self, state: &'static str) -> Self {
        self.state = state;
        self
    }

    pub(crate) fn next(mut self, command: impl Into<String>) -> Self {
        self.next.push(command.into());
        self
    }

    /// The error as one JSON line.
    pub(crate) fn json(&self) -> String {
        let (code, message) = (self.exit as u8, self.what.as_str());
        let (place, who, state, next) =
            (self.place.as_deref(), self.who.as_deref(), self.state, &self.next[..]);
        let shape = Shape { message_type: "exit_error", code, message, place, who, state, next };
        serde_json::to_string(&shape).unwrap_or_else(|_| message.to_owned())
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", clean(&self.what))?;
        if let Some(place) = &self.place {
            write!(f, "\n  where   {}", clean(place))?;
        }
        if let Some(who) = &self.who {
            write!(f, "\n  who     {}", clean(who))?;
        }
        write!(f, "\n  state   {}", self.state)?;
        for (n, next) in self.next.iter().enumerate() {
            write!(f, "\n  {}{}", if n == 0 { "next    " } else { "        " }, clean(next))?;
        }
        Ok(())
    }
}

/// An error and its causes, in one line.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// Text from outside, made harmless for a terminal: control characters are shown, not obeyed.
pub(crate) fn clean(text: &str) -> String {
    let escape = |c: char| match c {
        '\n' | '\t' => c.to_string(),
        c if c.is_control() => c.escape_default().to_string(),
        // Marks that turn the direction of writing can make a name look like another.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => c.escape_unicode().to_string(),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_steer_the_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\u{202e}c"), "a\\u{1b}[31mb\\u{202e}c");
    }

    #[test]
    fn an_error_says_what_where_who_what_was_left_and_what_next() {
        let error =
            CliError::new(Exit::Usage, "no").at("batch.toml:3").by("me@here").next("rehome plan -f x");
        let text = error.to_string();
        for part in [
            "error: no",
            "where   batch.toml:3",
            "who     me@here",
            "state   nothing was changed",
            "next    rehome plan",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
}
