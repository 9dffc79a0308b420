//! CLI: what was refused, so that the local Azure refuses it too; and what only Azure could see. Pure.

use super::arm::{INDEX, Objects, Shown, shell};
use super::text::text;
use rehome_activities::azure::errors::NO_LICENCE;
use rehome_activities::azure::{ApiEndpoint, RecordedResponse};
use rehome_simulator::DeniedRead;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const ASSOCIATED: &str = "/listassociatedresources";

/// Everything that may not be read. Of what is known only by its place, a shell is added: what uses an identity
/// there, and that the index shows it.
pub(super) fn unread(heard: &[RecordedResponse], objects: &mut Objects) -> Vec<DeniedRead> {
    let refused: BTreeMap<String, &RecordedResponse> =
        heard.iter().filter(|h| h.answer.is_err()).map(|h| (h.path.to_lowercase(), h)).collect();
    let indexed = indexed(heard);
    let users = users(heard);
    let mut unread = BTreeSet::new();
    for (path, one) in &refused {
        let Err(why) = &one.answer else { continue };
        let used = users.contains_key(path);
        let Some(status) =
            why.status.filter(|status| counts(*status) || used && *status == 404 || why.code == NO_LICENCE)
        else {
            continue;
        };
        if path == INDEX || objects.knows(path) {
            continue;
        }
        if let Some(seen) = users.get(path).or_else(|| indexed.get(path).and_then(Option::as_ref)) {
            objects.add(Shown::Shell, seen.clone());
        }
        let hidden = used && !indexed.contains_key(path);
        unread.insert(DeniedRead { path: one.path.clone(), status, code: why.code.clone(), hidden });
    }
    unread.into_iter().collect()
}

/// Not there, a kind of child that cannot be, and asked too often: none of them is a scope that may not be read.
fn counts(status: u16) -> bool {
    status >= 400 && !matches!(status, 400 | 404 | 405 | 429)
}

/// What the index shows, by lower-case id; with a shell that names an identity where it was found by its text.
fn indexed(heard: &[RecordedResponse]) -> BTreeMap<String, Option<Value>> {
    let mut indexed: BTreeMap<String, Option<Value>> = BTreeMap::new();
    for one in heard.iter().filter(|h| h.side == ApiEndpoint::Arm && h.path.eq_ignore_ascii_case(INDEX)) {
        let Ok(answer) = &one.answer else { continue };
        let query = one.asked.as_ref().map(|asked| text(asked, "/query")).unwrap_or_default();
        let named = query.split("text contains '").nth(1).and_then(|rest| rest.split('\'').next());
        for row in answer["data"].as_array().into_iter().flatten() {
            let id = text(row, "/id");
            let shell = named.map(|name| {
                let mut shell = shell(id, row);
                shell["properties"] = json!({ "names": name });
                shell
            });
            let known = indexed.entry(id.to_lowercase()).or_default();
            *known = known.take().or(shell);
        }
    }
    indexed
}

/// What uses an identity, as Azure says whatever the caller may see: shells by lower-case id.
fn users(heard: &[RecordedResponse]) -> BTreeMap<String, Value> {
    let mut users: BTreeMap<String, Value> = BTreeMap::new();
    for one in heard.iter().filter(|h| h.side == ApiEndpoint::Arm) {
        let Some(at) = one.path.to_lowercase().strip_suffix(ASSOCIATED).map(str::len) else { continue };
        let Ok(answer) = &one.answer else { continue };
        for user in answer["value"].as_array().into_iter().flatten() {
            let id = text(user, "/id");
            let known = users.entry(id.to_lowercase()).or_insert_with(|| {
                let mut shell = shell(id, &Value::Null);
                shell["identity"] = json!({"type": "UserAssigned", "userAssignedIdentities": {}});
                shell
            });
            known["identity"]["userAssignedIdentities"][&one.path[..at]] = json!({});
        }
    }
    users
}
