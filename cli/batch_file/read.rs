//! CLI: reads a batch file and the rows beside it: first what they say, then what that means. Touches those files.

use super::approvers::{self, ApproversAsked};
use super::asked::Asked;
use super::batch::{AskedIn, Batch, VALID_MS};
use super::keys::{FILE, IDENTITY, Rule};
use super::mapping::MapRule;
use super::meaning::{Policy, Row};
use super::mistakes::{Mistakes, Place};
use super::node::{Node, Value};
use super::section::Section;
use super::select::Select;
use super::{hooks, rollout, rows, rule, shape, syntax, targets, witness};
use crate::error::CliError;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::Path;

/// A batch file has at most this many bytes, and so have its rows.
const BYTES_MAX: u64 = 16 << 20;

/// Reads a file that the batch file names.
pub(crate) type Fetch<'a> = &'a dyn Fn(&str, &str) -> Result<String, CliError>;

/// Reads a batch file, and the file of rows that it names.
///
/// # Errors
/// When it cannot be read, or with everything that is wrong in it.
pub(crate) fn load(path: &Path) -> Result<Batch, CliError> {
    let text = crate::files::read_text(path, "a batch file", BYTES_MAX)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let fetch = |name: &str, what: &str| crate::files::read_text(&folder.join(name), what, BYTES_MAX);
    parse(&path.display().to_string(), &text, &fetch)
}

/// Reads the text of a batch file of this name; `fetch` reads the files that it names.
///
/// # Errors
/// With everything that is wrong in it.
pub(crate) fn parse(name: &str, text: &str, fetch: Fetch<'_>) -> Result<Batch, CliError> {
    let mut found = Mistakes::default();
    let (mut batch, asked) = understood(name, text, fetch, &mut found);
    match asked {
        None => found.finish()?,
        Some(asked) if asked.asks_azure() => {
            found.finish()?;
            batch.open = Some(Box::new((asked, found)));
        }
        Some(Asked { policy, rows, rules, .. }) => {
            (batch.moves, batch.origins) = targets::moves(&policy, rows, &rules, None, &mut found);
            found.finish()?;
        }
    }
    Ok(batch)
}

/// The batch, as far as the file can be understood; nothing is asked by one of another version.
fn understood(name: &str, text: &str, fetch: Fetch<'_>, found: &mut Mistakes) -> (Batch, Option<Asked>) {
    let top = Place::top(found.file(name, text));
    let table = syntax::read(top.file, found);
    found.settle();
    let file = Section::new(&table, FILE, top);
    // In a file of another version everything might be wrong.
    if let Some(version) = file.text("format_version").filter(|version| !rule::is_readable(version)) {
        shape::text(file.place("format_version"), &Rule::Version, "format_version", version, found);
        return (Batch::default(), None);
    }
    shape::check(&table, top, "a batch file", FILE, found);
    let batch = file.section("batch");
    let mut files = vec![asked_in(name, text)];
    let approvers = approvers(batch, fetch, &mut files, found);
    let beside = beside(batch, fetch, &mut files, found);
    let rows = rows_of(file, &beside, found);
    let rollout = rollout::rollout(file, &rows, found);
    let (hooks, witness) = (hooks::hooks(file, found), witness::witness(file, found));
    let (rules, select) = (MapRule::all(file, found), Select::of(file, found));
    if select.is_none() {
        expected(file, rows.len(), found);
    }
    let valid_ms = batch.duration("valid").and_then(|ms| i64::try_from(ms).ok()).unwrap_or(VALID_MS);
    let drift_check_ms = batch.duration("drift_check").filter(|every_ms| *every_ms > 0);
    let name = batch.owned("name").unwrap_or_default();
    let asked = Asked { policy: Policy::of(file), rows, select, rules, expect: batch.count("expect") };
    let batch = Batch {
        name,
        valid_ms,
        files,
        rollout,
        approvers,
        hooks,
        witness,
        drift_check_ms,
        ..Batch::default()
    };
    (batch, Some(asked))
}

/// The rows of the file that the batch file names; none where it names none.
fn beside(batch: Section<'_>, fetch: Fetch<'_>, files: &mut Vec<AskedIn>, found: &mut Mistakes) -> Vec<Node> {
    let read = named(batch, "rows", "a file of rows", fetch, files, found);
    read.map(|(name, text)| rows::read(name, &text, found)).unwrap_or_default()
}

/// Whose approvals count, from the file that the batch file names.
fn approvers(
    batch: Section<'_>,
    fetch: Fetch<'_>,
    files: &mut Vec<AskedIn>,
    found: &mut Mistakes,
) -> Option<ApproversAsked> {
    let (name, text) = named(batch, "approvers", "a file of approvers", fetch, files, found)?;
    Some(approvers::read(name, &text, found))
}

/// The name and the text of a file that a key names.
fn named<'a>(
    batch: Section<'a>,
    key: &str,
    what: &str,
    fetch: Fetch<'_>,
    files: &mut Vec<AskedIn>,
    found: &mut Mistakes,
) -> Option<(&'a str, String)> {
    let at = batch.place(key);
    let name = batch.text(key).filter(|_| !found.is_at(at))?;
    match fetch(name, what) {
        Ok(text) => {
            files.push(asked_in(name, &text));
            Some((name, text))
        }
        Err(error) => {
            let place = error.place.map(|place| format!(": {place}")).unwrap_or_default();
            found.add(at, format!("{}{place}", error.what), "a path is meant from where the batch file is");
            None
        }
    }
}

/// Every row, of the batch file and beside it.
fn rows_of(file: Section<'_>, beside: &[Node], found: &mut Mistakes) -> Vec<Row> {
    for node in beside {
        match &node.value {
            Value::Table(table) => shape::check(table, node.at, "a row", IDENTITY, found),
            other => found.add(node.at, format!("a row is an object, and this is {}", other.word()), ""),
        }
    }
    let beside = beside.iter().filter_map(|node| match &node.value {
        Value::Table(table) => Some(Section::new(table, IDENTITY, node.at)),
        _ => None,
    });
    file.sections("identity").chain(beside).filter_map(|said| Row::of(said, found)).collect()
}

/// Another number of identities than there has to be, or none at all.
fn expected(file: Section<'_>, all: usize, found: &mut Mistakes) {
    let batch = file.section("batch");
    if !found.is_empty() {
        // How many there are nobody knows.
    } else if let Some(expect) = batch.count("expect").filter(|expect| *expect != all) {
        let what = format!("expect is {expect}, and the batch names {all}");
        found.add(batch.place("expect"), what, "look which identity is missing or too many");
    } else if all == 0 {
        found.add(
            file.at,
            "the batch names no identity",
            "add [[identity]] with its id, rows in [batch], or [select]",
        );
    }
}

fn asked_in(name: &str, text: &str) -> AskedIn {
    let bare = Path::new(name).file_name().map_or(name.into(), |name| name.to_string_lossy());
    let mut sha256 = String::new();
    for byte in Sha256::digest(text.as_bytes()) {
        write!(sha256, "{byte:02x}").expect("a String takes it");
    }
    AskedIn { name: bare.into_owned(), sha256 }
}
