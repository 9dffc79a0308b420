//! Activities: what is put where old ids stood, line by line, and the difference of a file as `git apply` takes it. Pure.

use crate::code::text::Lines;
use crate::references::text::{mentions, replace};
use std::collections::BTreeMap;
use std::ops::Range;

/// So many lines stand around each change.
pub const AROUND: usize = 3;

/// A line in which new ids stand for the old ones, in the spelling that these had; `None` where one would be left, or the
/// line is not UTF-8.
pub(super) fn replaced(line: &[u8], pairs: &[(&str, &str)]) -> Option<Vec<u8>> {
    let line = std::str::from_utf8(line).ok()?;
    let new = replace(line, pairs)?;
    let left = pairs.iter().any(|(from, _)| mentions(&new, from));
    (!left).then(|| new.into_bytes())
}

/// The difference of a file, which `git apply` takes; nothing where no line is changed.
///
/// `path` is from the root of the repository, with slashes; `changed` has lines by their numbers from 0, each with its end.
pub fn unified(path: &str, text: &[u8], changed: &BTreeMap<usize, Vec<u8>>) -> Vec<u8> {
    let lines = Lines::of(text);
    let mut out = Vec::new();
    if changed.is_empty() {
        return out;
    }
    let (old, new) = (quoted("a/", path), quoted("b/", path));
    out.extend(format!("diff --git {old} {new}\n--- {old}\n+++ {new}\n").into_bytes());
    for hunk in hunks(changed, lines.count()) {
        let (first, count) = (hunk.start + 1, hunk.len());
        out.extend(format!("@@ -{first},{count} +{first},{count} @@\n").into_bytes());
        let mut at = hunk.start;
        while at < hunk.end {
            let run: Vec<usize> = (at..hunk.end).take_while(|line| changed.contains_key(line)).collect();
            run.iter().for_each(|line| put(&mut out, b'-', lines.line(*line)));
            run.iter().for_each(|line| put(&mut out, b'+', &changed[line]));
            if run.is_empty() {
                put(&mut out, b' ', lines.line(at));
            }
            at += run.len().max(1);
        }
    }
    out
}

fn put(out: &mut Vec<u8>, sign: u8, line: &[u8]) {
    out.push(sign);
    out.extend(line);
    if !line.ends_with(b"\n") {
        out.extend(b"\n\\ No newline at end of file\n");
    }
}

/// The lines of each hunk: those that are changed with those around them, where they touch in one.
fn hunks(changed: &BTreeMap<usize, Vec<u8>>, count: usize) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for line in changed.keys() {
        let (from, to) = (line.saturating_sub(AROUND), count.min(line + AROUND + 1));
        match out.last_mut() {
            Some(last) if from <= last.end => last.end = to,
            _ => out.push(from..to),
        }
    }
    out
}

/// The lines that a difference shows: those of its hunks.
#[cfg(any(test, feature = "fuzz"))]
pub(super) fn shown(changed: &BTreeMap<usize, Vec<u8>>, count: usize) -> impl Iterator<Item = usize> {
    hunks(changed, count).into_iter().flatten()
}

/// A path as Git writes it: in quotes, where it has anything but plain letters.
fn quoted(side: &str, path: &str) -> String {
    let is_plain = |byte: u8| (b' '..0x7f).contains(&byte) && byte != b'"' && byte != b'\\';
    if path.bytes().all(is_plain) && !path.ends_with(' ') {
        return format!("{side}{path}");
    }
    let byte = |byte: u8| match byte {
        b'"' | b'\\' => format!("\\{}", char::from(byte)),
        _ if is_plain(byte) => char::from(byte).to_string(),
        _ => format!("\\{byte:03o}"),
    };
    format!("\"{side}{}\"", path.bytes().map(byte).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_has_three_lines_around_each_change_and_keeps_every_end_of_a_line() {
        let text: String = (0..12).map(|n| format!("l{n}\r\n")).collect::<String>() + "end";
        let changed =
            BTreeMap::from([(1, b"L1\r\n".to_vec()), (2, b"L2\r\n".to_vec()), (12, b"END".to_vec())]);
        let found = String::from_utf8(unified("a b", text.as_bytes(), &changed)).expect("text");
        let wanted = "diff --git a/a b b/a b\n--- a/a b\n+++ b/a b\n@@ -1,6 +1,6 @@\n l0\r\n-l1\r\n-l2\r\n+L1\r\n+L2\r\n l3\r\n l4\r\n l5\r\n\
                      @@ -10,4 +10,4 @@\n l9\r\n l10\r\n l11\r\n-end\n\\ No newline at end of file\n+END\n\\ No newline at end of file\n";
        assert_eq!(found, wanted);
        assert!(unified("x", b"a\n", &BTreeMap::new()).is_empty());
    }

    #[test]
    fn a_path_that_is_not_plain_is_quoted_as_git_does() {
        assert_eq!(quoted("a/", "é\n\"\\"), "\"a/\\303\\251\\012\\\"\\\\\"");
        assert_eq!(quoted("b/", "x y.tf"), "b/x y.tf");
    }

    #[test]
    fn a_line_in_which_an_old_id_would_be_left_is_not_replaced() {
        let pairs = [("/s/r", "/s/q"), ("1c0e", "2c0e")];
        assert_eq!(replaced(b"a=1C0E;b=%2fs%2fr\r\n", &pairs), Some(b"a=2c0e;b=%2Fs%2Fq\r\n".to_vec()));
        assert_eq!(replaced(b"nothing", &pairs), None);
        assert_eq!(replaced(b"caf\xe9 1c0e", &pairs), None);
    }
}
