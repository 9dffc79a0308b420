//! Small estates: the smallest example with whatever a test puts into it, and somebody who signs in there.

use crate::support::azure::{Azure, example, minimal_without_soak};
use crate::support::rehome::Rehome;
use serde_json::{Value, json};
use std::path::Path;

const GROUP: &str =
    "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg-shop-weu/providers";

/// The id of something in the group of the smallest estate.
pub(crate) fn at(rest: &str) -> String {
    format!("{GROUP}/{rest}")
}

/// The smallest estate.
pub(crate) fn minimal() -> Value {
    let text = std::fs::read(example("minimal").join("estate.json")).expect("an estate");
    serde_json::from_slice(&text).expect("JSON")
}

/// The smallest estate and these resources, in a file.
pub(crate) fn estate(more: &[Value]) -> tempfile::NamedTempFile {
    whole(more.to_vec(), Vec::new(), json!([]))
}

/// The same with a directory, and with what may not be read.
pub(crate) fn whole(arm: Vec<Value>, graph: Vec<Value>, unread: Value) -> tempfile::NamedTempFile {
    let mut estate = minimal();
    estate["arm"].as_array_mut().expect("arm").extend(arm);
    estate["graph"].as_array_mut().expect("graph").extend(graph);
    estate["unread"] = unread;
    in_a_file(&estate)
}

/// A local Azure with this estate, and somebody who signed in there and has the smallest batch, which does not soak.
pub(crate) fn signed_in(estate: &Path, faults: Option<&Path>) -> (Azure, Rehome) {
    let azure = Azure::serve(estate, faults);
    let rehome = Rehome::at(&azure);
    std::fs::write(rehome.path("batch.toml"), minimal_without_soak()).expect("written");
    (azure, rehome)
}

/// The same with an estate that is in no file yet.
pub(crate) fn signed_in_to(estate: &Value) -> (Azure, Rehome) {
    signed_in(in_a_file(estate).path(), None)
}

/// The smallest example as it is, planned and approved.
pub(crate) fn approved() -> (Azure, Rehome) {
    let folder = example("minimal");
    let azure = Azure::serve(&folder.join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    rehome.approve(&folder.join("batch.toml"));
    (azure, rehome)
}

fn in_a_file(estate: &Value) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), estate.to_string()).expect("written");
    file
}
