//! CLI: how a plan file is laid out: one line for each step, host and notice. Pure.

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};
use std::io::{self, Write};

/// Members of the document, of a move, and of its facts and its plan stand on lines of their own, and so do the entries of
/// their lists. What is below is one line: a file of a thousand moves has a page for each of them, and not forty.
const LEVELS: usize = 5;

/// Writes a value.
///
/// # Errors
/// When it is no JSON, or cannot be written.
pub(crate) fn write(value: &impl Serialize, to: impl Write) -> serde_json::Result<()> {
    let layout = Layout { level: 0, pretty: PrettyFormatter::with_indent(b" "), compact: CompactFormatter };
    value.serialize(&mut Serializer::with_formatter(to, layout))
}

struct Layout<'a> {
    level: usize,
    pretty: PrettyFormatter<'a>,
    compact: CompactFormatter,
}

/// Does the same by whichever of the two holds at this level.
macro_rules! by_level {
    ($self:ident, $method:ident($($argument:expr),*)) => {
        if $self.level > LEVELS { $self.compact.$method($($argument),*) } else { $self.pretty.$method($($argument),*) }
    };
}

impl Formatter for Layout<'_> {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.level += 1;
        by_level!(self, begin_array(writer))
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let end = by_level!(self, end_array(writer));
        self.level -= 1;
        end
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        by_level!(self, begin_array_value(writer, first))
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        by_level!(self, end_array_value(writer))
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.level += 1;
        by_level!(self, begin_object(writer))
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let end = by_level!(self, end_object(writer));
        self.level -= 1;
        end
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        by_level!(self, begin_object_key(writer, first))
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        by_level!(self, begin_object_value(writer))
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        by_level!(self, end_object_value(writer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_step_is_a_line_and_the_text_means_the_same() {
        let step = json!({"id": "1", "node": {"act": {"input": [1, 2]}}, "needs": []});
        let value = json!({"moves": [{"plan": {"steps": [step, step]}, "facts": {"gaps": [], "tags": {}}}]});
        let mut text = Vec::new();
        write(&value, &mut text).expect("JSON");
        let text = String::from_utf8(text).expect("text");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), value);
        let wanted = step.to_string();
        assert!(text.lines().any(|line| line.trim_end_matches(',').trim() == wanted), "{text}");
        assert_eq!(text.lines().filter(|line| line.contains("\"needs\"")).count(), 2, "{text}");
    }
}
