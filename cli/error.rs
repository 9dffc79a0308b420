//! CLI: errors as a person needs them: what, where, what was left, what to do next; and exit codes.

use crate::hint::Hints;
use rehome_activities::azure::is_unseen;
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
    /// Verify or diff found differences.
    Differences = 14,
    /// The log is damaged.
    Damaged = 15,
    /// Another runner is at work.
    Held = 16,
    /// Somebody is needed; only where the exit code was asked for.
    NeedsPerson = 17,
    /// Interrupted; everything is saved.
    Interrupted = 130,
    /// Told to end; everything is saved.
    Terminated = 143,
}

impl Exit {
    /// All of them.
    pub(crate) const ALL: [Self; 15] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::NotFound,
        Self::NotPermitted,
        Self::Partly,
        Self::Waiting,
        Self::Blocked,
        Self::Stale,
        Self::Differences,
        Self::Damaged,
        Self::Held,
        Self::NeedsPerson,
        Self::Interrupted,
        Self::Terminated,
    ];
}

/// One of the things that are wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Mistake {
    /// The file, as it was named.
    pub(crate) file: String,
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
    /// The line itself; of a very long one, what stands around the place.
    pub(crate) text: String,
    /// Where in this the place is, in characters from 0.
    #[serde(skip)]
    pub(crate) at: usize,
    pub(crate) what: String,
    /// What to do; nothing where that is plain.
    pub(crate) remedy: String,
}

/// What went wrong.
#[derive(Clone, Debug)]
pub(crate) struct CliError {
    pub(crate) exit: Exit,
    pub(crate) what: String,
    /// All that is wrong in a file, where that is what is wrong.
    pub(crate) mistakes: Vec<Mistake>,
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
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    mistakes: &'a [Mistake],
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
        let (what, mistakes, next) = (what.into(), Vec::new(), Vec::new());
        Self { exit, what, mistakes, place: None, who: None, state: NOTHING_CHANGED, next }
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

    /// The error with the commands that come next as they work when they are pasted.
    pub(crate) fn completed(&self, hints: &Hints) -> Self {
        Self { next: self.next.iter().map(|next| hints.complete(next)).collect(), ..self.clone() }
    }

    /// The error as one JSON line.
    pub(crate) fn json(&self) -> String {
        let (code, message) = (self.exit as u8, self.what.as_str());
        let (place, who, state, next) =
            (self.place.as_deref(), self.who.as_deref(), self.state, &self.next[..]);
        let mistakes = &self.mistakes;
        let shape = Shape { message_type: "exit_error", code, message, mistakes, place, who, state, next };
        serde_json::to_string(&shape).map_or_else(|_| one_line(message), |json| clean_json(&json))
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", one_line(&self.what))?;
        for mistake in self.mistakes.iter().take(SHOWN_MAX) {
            write!(f, "\n{mistake}")?;
        }
        if let Some(more) = self.mistakes.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
            write!(f, "\n  and {more} more: -o json has them all")?;
        }
        if let Some(place) = &self.place {
            write!(f, "\n  where   {}", one_line(place))?;
        }
        if let Some(who) = &self.who {
            write!(f, "\n  who     {}", one_line(who))?;
        }
        write!(f, "\n  state   {}", self.state)?;
        for (n, next) in self.next.iter().enumerate() {
            write!(f, "\n  {}{}", if n == 0 { "next    " } else { "        " }, one_line(next))?;
        }
        Ok(())
    }
}

/// So many mistakes are shown to people.
const SHOWN_MAX: usize = 100;

/// So many characters of a line are shown before the place of a mistake, and behind it.
const BESIDE: usize = 60;

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, .. } = self;
        write!(f, "  {}, line {line}, column {column}: {}", one_line(&self.file), one_line(&self.what))?;
        let at = self.at;
        let from = at.saturating_sub(BESIDE);
        let cut = |from: usize, to: usize| {
            one_line(&self.text.chars().skip(from).take(to.saturating_sub(from)).collect::<String>())
        };
        let (before, behind) = (cut(from, at), cut(at, at + BESIDE));
        let width = before.chars().count();
        write!(f, "\n      {before}{behind}\n      {:width$}^", "")?;
        if !self.remedy.is_empty() {
            write!(f, "\n      {}", one_line(&self.remedy))?;
        }
        Ok(())
    }
}

/// The log is not what was written.
pub(crate) fn damaged(what: &str) -> CliError {
    CliError::new(Exit::Damaged, what.to_owned())
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

/// Text for a terminal, made harmless: what would steer it is shown, not obeyed. Lines stay lines.
pub(crate) fn clean(text: &str) -> String {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

/// The same for what stands in a line: a name or a reason does not begin a line of its own.
pub(crate) fn one_line(text: &str) -> String {
    escaped(text, |_| false)
}

/// The same for JSON, in its own notation.
pub(crate) fn clean_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && is_unseen(c) {
            // Such a character stands in a text of the document only, and there it may be escaped.
            let units =
                c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
            out.push_str(&units);
        } else {
            out.push(c);
        }
    }
    out
}

fn escaped(text: &str, stays: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (shown, length) = rust_escape(rest).unwrap_or((c, c.len_utf8()));
        match shown {
            c if !is_unseen(c) || length == c.len_utf8() && stays(c) => out.push(c),
            c => out.push_str(&notation(c)),
        }
        rest = &rest[length..];
    }
    out
}

/// A character that somebody escaped already as Rust does, `\u{1b}`, and the length of that: it is said in the
/// same notation as all others.
fn rust_escape(text: &str) -> Option<(char, usize)> {
    let (hex, _) = text.strip_prefix("\\u{")?.split_once('}')?;
    let c = char::from_u32(u32::from_str_radix(hex, 16).ok()?)?;
    is_unseen(c).then_some((c, hex.len() + 4))
}

fn notation(c: char) -> String {
    match (c, u32::from(c)) {
        ('\n', _) => "\\n".to_owned(),
        ('\r', _) => "\\r".to_owned(),
        ('\t', _) => "\\t".to_owned(),
        (_, code @ ..0x100) => format!("\\x{code:02x}"),
        (_, code @ ..0x1_0000) => format!("\\u{code:04x}"),
        (_, code) => format!("\\U{code:08x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_steer_the_terminal() {
        let hostile = "a\u{1b}[31mb\u{202e}c\u{9b}d\r\u{200b}e\u{e0041}";
        assert_eq!(one_line(hostile), "a\\x1b[31mb\\u202ec\\x9bd\\r\\u200be\\U000e0041");
        assert_eq!(
            one_line(&format!("{:?} J\u{fc}rgen\u{1f600}", "\u{1b}\u{202e}")),
            "\"\\x1b\\u202e\" J\u{fc}rgen\u{1f600}"
        );
        assert_eq!(one_line("\\u{41} \\u{ \\u{zz} \\"), "\\u{41} \\u{ \\u{zz} \\");
    }

    #[test]
    fn a_field_does_not_begin_a_line_of_its_own_and_a_text_of_ours_may_have_lines() {
        assert_eq!(one_line("ok\n  9  forged\tx"), "ok\\n  9  forged\\tx");
        assert_eq!(clean("one\ntwo\u{7}"), "one\ntwo\\x07");
        let error =
            CliError::new(Exit::Usage, "no\n  state   all is well").at("a\nb").by("c\nd").next("e\nf");
        assert_eq!(error.to_string().lines().count(), 5, "{error}");
        let json = serde_json::to_string("\u{9b}\u{e0041}\n\u{1b}").expect("JSON");
        assert_eq!(clean_json(&json), r#""\u009b\udb40\udc41\n\u001b""#);
    }

    #[test]
    fn a_mistake_is_shown_below_its_place_in_a_part_of_its_line() {
        let long = format!("{}\u{1b}soke{}", "x".repeat(100), "y".repeat(100));
        let (file, what, remedy) =
            ("b.toml".to_owned(), "no\nkey".to_owned(), "did you mean soak?".to_owned());
        let mistake = Mistake { file, line: 3, column: 102, text: long, at: 101, what, remedy };
        let shown = mistake.to_string();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], "  b.toml, line 3, column 102: no\\nkey");
        assert_eq!(lines[1].find("soke"), lines[2].find('^'));
        assert!(lines[1].contains("x\\x1bsoke") && lines[1].len() < 140, "{}", lines[1]);
        assert_eq!(lines[3], "      did you mean soak?");
        let mut error = CliError::new(Exit::Usage, "the batch file has mistakes").at("b.toml");
        error.mistakes = vec![mistake; SHOWN_MAX + 2];
        assert!(error.to_string().contains("and 2 more: -o json has them all"));
        let json: serde_json::Value = serde_json::from_str(&error.json()).expect("JSON");
        assert_eq!(json["mistakes"].as_array().map(Vec::len), Some(SHOWN_MAX + 2));
        assert_eq!((&json["mistakes"][0]["line"], &json["mistakes"][0]["column"]), (&3.into(), &102.into()));
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
