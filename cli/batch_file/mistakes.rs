//! CLI: everything that is wrong in a batch file, each with its place. Pure.

use crate::error::{CliError, Exit, Mistake};
use crate::nearest::nearest;
use std::collections::BTreeSet;

/// So many mistakes are kept: a file with more of them is none of ours.
const KEPT_MAX: usize = 1_000;

/// So many characters of a line, or of what is said of it, are kept: a line may be as long as the file.
const SAID_MAX: usize = 600;

/// Where in which file, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) file: usize,
    pub(super) byte: usize,
}

impl Place {
    /// Where a file begins.
    pub(super) fn top(file: usize) -> Self {
        Self { file, byte: 0 }
    }
}

/// A file that is read, and where its lines begin.
#[derive(Debug)]
struct SourceFile {
    name: String,
    text: String,
    lines: Vec<usize>,
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Mistakes {
    files: Vec<SourceFile>,
    found: Vec<(Place, String, String)>,
    /// More than are kept.
    more: usize,
    /// File and line.
    broken: BTreeSet<(usize, usize)>,
}

impl Mistakes {
    /// Takes a file in; mistakes name it by the number that is returned.
    pub(super) fn file(&mut self, name: &str, text: &str) -> usize {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        self.files.push(SourceFile { name: name.to_owned(), text: text.to_owned(), lines });
        self.files.len() - 1
    }

    pub(super) fn text(&self, file: usize) -> &str {
        &self.files[file].text
    }

    pub(super) fn add(&mut self, at: Place, what: impl Into<String>, remedy: impl Into<String>) {
        if self.broken.contains(&(at.file, self.line(at))) {
            return;
        }
        if self.found.len() < KEPT_MAX {
            self.found.push((at, cut(&what.into(), 0, SAID_MAX), remedy.into()));
        } else {
            self.more += 1;
        }
    }

    /// Something that is not one of the words that are known: the nearest is asked for, or all are said.
    pub(super) fn unknown<'a>(
        &mut self,
        at: Place,
        what: String,
        typed: &str,
        known: impl Iterator<Item = &'a str> + Clone,
    ) {
        let remedy = match nearest(typed, known.clone()) {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!("known are: {}", known.collect::<Vec<_>>().join(", ")),
        };
        self.add(at, what, remedy);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// How many there are so far.
    pub(super) fn count(&self) -> usize {
        self.found.len() + self.more
    }

    /// Whether anything is wrong just here.
    pub(super) fn is_at(&self, place: Place) -> bool {
        self.found.iter().any(|(at, ..)| *at == place)
    }

    /// Lines that are broken by now: what is found there later only follows from that, and is left out.
    pub(super) fn settle(&mut self) {
        self.broken = self.found.iter().map(|(at, ..)| (at.file, self.line(*at))).collect();
    }

    /// Whether every line was read.
    pub(super) fn is_whole(&self) -> bool {
        self.broken.is_empty()
    }

    /// The number of the line of a place, from 1.
    pub(super) fn line(&self, at: Place) -> usize {
        self.files[at.file].lines.partition_point(|begin| *begin <= at.byte)
    }

    /// A place in words: `identities.csv, line 12`.
    pub(super) fn told_place(&self, at: Place) -> String {
        let name = std::path::Path::new(&self.files[at.file].name).file_name().unwrap_or_default();
        format!("{}, line {}", name.to_string_lossy(), self.line(at))
    }

    /// All of it in one error, in the order of the files.
    ///
    /// # Errors
    /// When there was any.
    pub(super) fn finish(&mut self) -> Result<(), CliError> {
        if self.found.is_empty() {
            return Ok(());
        }
        let mut found = std::mem::take(&mut self.found);
        found.sort_by_key(|(at, ..)| *at);
        let number = found.len() + self.more;
        let what = match number {
            1 => "the batch file has a mistake".to_owned(),
            _ => format!("the batch file has {number} mistakes"),
        };
        let mut error = CliError::new(Exit::Usage, what);
        error.mistakes = found.into_iter().map(|one| self.told(one)).collect();
        if self.more > 0 {
            error = error.next(format!("the first {KEPT_MAX} are shown"));
        }
        let place = self.files.first().map(|file| file.name.clone()).unwrap_or_default();
        Err(error.at(place).next("mend the file, then the same command again"))
    }

    fn told(&self, (at, what, remedy): (Place, String, String)) -> Mistake {
        let (file, line) = (&self.files[at.file], self.line(at));
        let begin = file.lines[line - 1];
        let text = file.text[begin..].lines().next().unwrap_or_default();
        let before = file.text.get(begin..at.byte).unwrap_or_default().chars().count();
        let from = before.saturating_sub(SAID_MAX / 2);
        let text = cut(text, from, SAID_MAX);
        Mistake { file: file.name.clone(), line, column: before + 1, text, at: before - from, what, remedy }
    }
}

/// So many characters of a text.
fn cut(text: &str, from: usize, length: usize) -> String {
    text.chars().skip(from).take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_has_line_and_column_in_characters_and_the_line_itself() {
        let mut mistakes = Mistakes::default();
        let file = mistakes.file("b.toml", "a = 1\nü = 2\n");
        mistakes.add(Place { file, byte: 11 }, "second", "");
        mistakes.add(Place::top(file), "first", "");
        let error = mistakes.finish().expect_err("two of them");
        let places: Vec<_> =
            error.mistakes.iter().map(|m| (m.line, m.column, m.text.as_str(), m.what.as_str())).collect();
        assert_eq!(places, [(1, 1, "a = 1", "first"), (2, 5, "ü = 2", "second")]);
        assert_eq!((error.exit, error.what.as_str()), (Exit::Usage, "the batch file has 2 mistakes"));
    }

    #[test]
    fn of_a_line_as_long_as_a_file_only_what_is_around_the_place_is_kept() {
        let mut mistakes = Mistakes::default();
        let file = mistakes.file("b.toml", &format!("{}HERE{}", "x".repeat(10_000), "y".repeat(10_000)));
        mistakes.add(Place { file, byte: 10_000 }, "z".repeat(10_000), "");
        let error = mistakes.finish().expect_err("one");
        let one = &error.mistakes[0];
        assert_eq!((one.column, one.text.len(), one.what.len()), (10_001, SAID_MAX, SAID_MAX));
        assert_eq!(&one.text[one.at..one.at + 4], "HERE");
    }

    #[test]
    fn a_file_of_nothing_but_mistakes_does_not_fill_the_memory() {
        let mut mistakes = Mistakes::default();
        let file = mistakes.file("b.toml", "");
        (0..KEPT_MAX + 5).for_each(|_| mistakes.add(Place::top(file), "wrong", ""));
        let error = mistakes.finish().expect_err("many of them");
        assert_eq!(error.mistakes.len(), KEPT_MAX);
        assert_eq!(error.what, "the batch file has 1005 mistakes");
    }
}
