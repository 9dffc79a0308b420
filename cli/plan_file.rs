//! CLI: the plan file: a document with its digest. Touches that file.
//!
//! A move at a time is a tree, when the file is written and when it is read: all of them at once would take many times
//! the file's size.

use crate::error::{CliError, Exit};
use crate::layout;
use rehome_orchestrator::{ApprovalPolicy, Document, ObjectDigest, PlannedRun, Rollout};
use serde::de::IgnoredAny;
use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

/// A plan file has at most this many bytes: far above a thousand identities. Read, it takes several times that.
const BYTES_MAX: u64 = 256 << 20;

/// The file as it is written: its members in the order of their names.
#[derive(Serialize)]
struct File<'a> {
    about: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<&'a ApprovalPolicy>,
    batch: &'a str,
    digest: &'a str,
    format_version: &'a str,
    #[serde(serialize_with = "one_by_one")]
    moves: &'a [PlannedRun],
    #[serde(skip_serializing_if = "Option::is_none")]
    rollout: Option<&'a Rollout>,
}

fn one_by_one<S: Serializer>(moves: &[PlannedRun], serializer: S) -> Result<S::Ok, S::Error> {
    struct Sorted<'a>(&'a PlannedRun);
    impl Serialize for Sorted<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serde_json::to_value(self.0).map_err(S::Error::custom)?.serialize(serializer)
        }
    }
    serializer.collect_seq(moves.iter().map(Sorted))
}

/// Writes the file of a document, with its digest.
pub(crate) fn write(document: &Document, digest: &str, to: &mut impl Write) -> io::Result<()> {
    let Document { format_version, batch, about, runs: moves, rollout, approval } = document;
    let (rollout, approval) = (rollout.as_ref(), approval.as_ref());
    layout::write(&File { about, approval, batch, digest, format_version, moves, rollout }, &mut *to)?;
    to.write_all(b"\n")
}

/// Whether this is a plan, also of another version or one that somebody changed: what a new plan may replace.
pub(crate) fn is_plan(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "it is asked whether they are there")]
    struct Members {
        format_version: String,
        digest: String,
        batch: String,
        moves: Vec<IgnoredAny>,
    }
    serde_json::from_slice::<Members>(bytes).is_ok_and(|plan| plan.digest.starts_with("sha256:"))
}

/// Reads a plan file and checks that its digest is the digest of what it says.
pub(crate) fn load(path: &Path) -> Result<(Document, String), CliError> {
    parse(&crate::files::read(path, "a plan file", BYTES_MAX)?)
        .map_err(|error| error.at(path.display().to_string()))
}

/// Reads the bytes of a plan file.
pub(crate) fn parse(bytes: &[u8]) -> Result<(Document, String), CliError> {
    let bad = |what: String| CliError::new(Exit::Usage, what);
    let no_json = |e: serde_json::Error| bad(format!("the plan is not JSON: {e}"));
    let no_plan = |e: serde_json::Error| bad(format!("the file is not a plan: {e}"));
    let mut members: BTreeMap<String, &RawValue> = serde_json::from_slice(bytes).map_err(no_json)?;
    let said = members.remove("digest").and_then(|said| serde_json::from_str::<String>(said.get()).ok());
    let Some(said) = said else {
        return Err(bad("the file is not a plan: it has no digest".to_owned()));
    };
    let tree = |raw: &RawValue| serde_json::from_str::<Value>(raw.get()).map_err(no_json);
    let (mut found, mut rest, mut runs) = (ObjectDigest::default(), Map::new(), Vec::new());
    for (name, raw) in members {
        if name == "moves" {
            found.begin_list(&name);
            for one in serde_json::from_str::<Vec<&RawValue>>(raw.get()).map_err(no_plan)? {
                let one = tree(one)?;
                found.item(&one);
                runs.push(PlannedRun::deserialize(one));
            }
            found.end_list();
            rest.insert(name, json!([]));
        } else {
            let member = tree(raw)?;
            found.member(&name, &member);
            rest.insert(name, member);
        }
    }
    let found = found.finish();
    if said != found {
        return Err(bad(format!(
            "the plan was changed after it was made: it says {said}, but it is {found}"
        )));
    }
    let mut document = Document::deserialize(Value::Object(rest)).map_err(no_plan)?;
    document.runs = runs.into_iter().collect::<Result<_, _>>().map_err(no_plan)?;
    document.check().map_err(|e| bad(crate::error::causes(&e)))?;
    Ok((document, said))
}
