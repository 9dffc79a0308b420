//! CLI: reads a batch file: first what it says, then what that means. Touches that file.

use super::keys::{FILE, Rule};
use super::meaning::{self, Batch};
use super::mistakes::{Mistakes, Place};
use super::section::Section;
use super::{rule, shape, syntax};
use crate::error::CliError;
use std::path::Path;

/// A batch file has at most this many bytes.
const BYTES_MAX: u64 = 16 << 20;

/// Reads a batch file.
///
/// # Errors
/// When it cannot be read, or with everything that is wrong in it.
pub(crate) fn load(path: &Path) -> Result<Batch, CliError> {
    let text = crate::files::read_text(path, "a batch file", BYTES_MAX)?;
    parse(&path.display().to_string(), &text)
}

/// Reads the text of a batch file of this name.
///
/// # Errors
/// With everything that is wrong in it.
pub(crate) fn parse(name: &str, text: &str) -> Result<Batch, CliError> {
    let mut found = Mistakes::default();
    let batch = understood(name, text, &mut found);
    found.finish()?;
    Ok(batch)
}

/// The batch, as far as the file can be understood.
fn understood(name: &str, text: &str, found: &mut Mistakes) -> Batch {
    let top = Place::top(found.file(name, text));
    let table = syntax::read(top.file, found);
    found.settle();
    let file = Section::new(&table, FILE, top);
    // In a file of another version everything might be wrong.
    if let Some(version) = file.text("format_version").filter(|version| !rule::is_readable(version)) {
        shape::text(file.place("format_version"), &Rule::Version, "format_version", version, found);
        return Batch::default();
    }
    shape::check(&table, top, "a batch file", FILE, found);
    meaning::batch(file, found)
}
