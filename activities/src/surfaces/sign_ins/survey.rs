//! Activities: reads where an identity has signed in of late: a service that no list of grants shows gives itself away.
//! Reads only.

use crate::azure::Reader;
use crate::relocate::facts::{Audience, Gap};
use crate::relocate::survey::gaps::{gap, understood};
use crate::surfaces::sign_ins::log::{LOG, path};
use std::collections::BTreeSet;

/// How far back: the log of a tenant without a licence has a week.
const BACK_MS: u64 = 7 * 86_400_000;

/// The services, or why the log cannot be read.
pub(crate) async fn read(reader: &Reader, principal: &str) -> (Option<Vec<Audience>>, Option<Gap>) {
    let (found, _) = match reader.graph_log(&path(principal, BACK_MS)).await {
        Ok(found) => found,
        Err(why) => return (None, Some(gap(&format!("Entra ID: {LOG}"), &why))),
    };
    let audience = |one: &serde_json::Value| {
        let id = one["resourceId"].as_str()?.to_lowercase();
        Some(Audience { name: one["resourceDisplayName"].as_str().unwrap_or(&id).to_owned(), id: id.into() })
    };
    let mut gaps = Vec::new();
    let all = understood(&format!("Entra ID: {LOG}"), &found, audience, &mut gaps);
    let all: BTreeSet<Audience> = all.into_iter().collect();
    match gaps.pop() {
        None => (Some(all.into_iter().collect()), None),
        strange => (None, strange),
    }
}
