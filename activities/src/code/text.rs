//! Activities: the bytes of a file as text, and where a byte stands for a person: line and column. Pure.

use std::borrow::Cow;

/// How UTF-8 may begin.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// As far as this is looked for what only binary files have; Git looks as far.
const LOOKED_AT: usize = 8_000;

/// What the bytes of a file are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// Text, as it is: UTF-8, or any other encoding in which ASCII is itself.
    Plain(&'a [u8]),
    /// Text that was UTF-16, as PowerShell writes it, in UTF-8.
    Utf16(Vec<u8>),
    /// No text.
    Binary,
}

impl Content<'_> {
    /// The text, unless it is none.
    pub fn text(&self) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Plain(text) => Some(Cow::Borrowed(text)),
            Self::Utf16(text) => Some(Cow::Borrowed(text)),
            Self::Binary => None,
        }
    }
}

/// What these bytes are.
pub fn content(bytes: &[u8]) -> Content<'_> {
    if let Some(is_little) = utf16(bytes) {
        let unit = |pair: &[u8]| {
            let pair = [pair[0], pair[1]];
            if is_little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
        };
        let units = bytes.chunks_exact(2).map(unit);
        let letters = char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER));
        return Content::Utf16(letters.collect::<String>().into_bytes());
    }
    let head = &bytes[..bytes.len().min(LOOKED_AT)];
    if head.contains(&0) { Content::Binary } else { Content::Plain(bytes) }
}

/// Whether this is UTF-16, and its first byte the lower one: by its mark, or by the zeros of what is mostly ASCII.
fn utf16(bytes: &[u8]) -> Option<bool> {
    match bytes {
        [0xff, 0xfe, ..] => return Some(true),
        [0xfe, 0xff, ..] => return Some(false),
        _ => {}
    }
    let head = &bytes[..bytes.len().min(512) & !1];
    let zeros = |of: usize| head.iter().skip(of).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
    match half {
        0..4 => None,
        _ if even == 0 && odd * 10 >= half * 9 => Some(true),
        _ if odd == 0 && even * 10 >= half * 9 => Some(false),
        _ => None,
    }
}

/// Where the lines of a text begin.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a [u8],
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Of a text. A line ends with a line feed, which belongs to it.
    pub fn of(text: &'a [u8]) -> Self {
        let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(ends.filter(|start| *start < text.len())).collect();
        Self { text, starts }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// The number of the line in which a byte stands, from 0.
    pub fn number(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// A line with its end.
    pub fn line(&self, number: usize) -> &'a [u8] {
        let from = self.starts.get(number).copied().unwrap_or(self.text.len());
        let to = self.starts.get(number + 1).copied().unwrap_or(self.text.len());
        &self.text[from..to]
    }

    /// Where a line begins.
    pub fn start(&self, number: usize) -> usize {
        self.starts.get(number).copied().unwrap_or(self.text.len())
    }

    /// Tells line and column of one byte after the other.
    pub(super) fn places(&self) -> Places<'_> {
        Places { lines: self, line: 0, at: 0, column: 1 }
    }
}

/// Tells lines and columns, both from 1. A column counts characters; asked in order, each byte is looked at once.
#[derive(Debug)]
pub(super) struct Places<'a> {
    lines: &'a Lines<'a>,
    line: usize,
    at: usize,
    column: usize,
}

impl Places<'_> {
    pub(super) fn of(&mut self, at: usize) -> (usize, usize) {
        let (text, line) = (self.lines.text, self.lines.number(at));
        if line != self.line || at < self.at {
            (self.line, self.at, self.column) = (line, self.lines.start(line), 1);
        }
        if self.at == 0 && text.starts_with(MARK) {
            self.at = MARK.len().min(at);
        }
        // What goes on in UTF-8 is no character of its own.
        self.column += text[self.at..at].iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        self.at = at;
        (line + 1, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16le(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn text_is_read_in_the_encodings_that_windows_writes_and_what_is_none_is_said() {
        let marked = [vec![0xff, 0xfe], utf16le("a=é\n")].concat();
        assert_eq!(content(&marked), Content::Utf16("\u{feff}a=é\n".as_bytes().to_vec()));
        let bare = utf16le("client_id = 1\r\n");
        assert_eq!(content(&bare), Content::Utf16(b"client_id = 1\r\n".to_vec()));
        let big: Vec<u8> = "client".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(content(&big), Content::Utf16(b"client".to_vec()));
        assert_eq!(content(b"\x7fELF\0\x01"), Content::Binary);
        assert_eq!(content(b"caf\xe9"), Content::Plain(b"caf\xe9"));
        assert_eq!(content(b""), Content::Plain(b""));
    }

    #[test]
    fn a_column_counts_characters_and_a_mark_of_the_encoding_none() {
        let lines = Lines::of("\u{feff}ab\r\né x\n".as_bytes());
        assert_eq!((lines.count(), lines.line(1)), (2, "é x\n".as_bytes()));
        let x = "\u{feff}ab\r\né ".len();
        let mut places = lines.places();
        assert_eq!([4, 4, x, x + 1, 3].map(|at| places.of(at)), [(1, 2), (1, 2), (2, 3), (2, 4), (1, 1)]);
        assert_eq!(Lines::of(b"").places().of(0), (1, 1));
        assert_eq!(Lines::of(b"a").line(7), b"");
    }
}
