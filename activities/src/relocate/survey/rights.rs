//! Activities: what whoever is signed in must be allowed for a move, and whether they are.

use crate::azure::{AT_ONCE, Reader};
use crate::relocate::facts::{Facts, Gap, Right};
use crate::relocate::params::Params;
use crate::relocate::rights::allows;
use crate::relocate::survey::common::Common;
use crate::relocate::survey::gaps::gap;
use crate::relocate::survey::graph_rights;
use crate::relocate::survey::wanted::{Actions, Rights};
use crate::surfaces::ALL;
use crate::surfaces::role_assignment::activity::AUTHORIZATION;
use futures_util::stream::{self, StreamExt};
use rehome_orchestrator::Fault;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What every surface needs.
pub(crate) fn wanted<'a>(params: &'a Params, facts: &Facts) -> Rights<'a> {
    let home = match &facts.target.group_location {
        Some(_) => params.target.group_id(),
        None => format!("/subscriptions/{}", params.target.subscription).into(),
    };
    let (before, later) = (Actions::new(), Actions::new());
    let mut wanted = Rights { params, home, before, later, in_graph: Vec::new() };
    for surface in ALL {
        surface.rights(facts, &mut wanted);
    }
    wanted
}

/// What of that whoever is signed in has: in Azure first, and who is denied what there is asked of these alone.
pub(crate) async fn in_azure(
    reader: &Reader,
    common: &Common,
    rights: &Rights<'_>,
) -> (Vec<Right>, Vec<Gap>) {
    let later = &rights.later - &rights.before;
    let mut wanted: Actions = &rights.before | &later;
    let (mut rights, mut gaps) = (Vec::with_capacity(wanted.len()), Vec::new());
    // What is held above is held below: only what is not is asked for again, one level further down.
    for depth in 0..=LEVELS {
        let scopes: BTreeSet<String> = wanted.iter().map(|(_, scope)| above(scope, depth)).collect();
        let asked: Vec<_> = scopes.into_iter().map(|scope| permissions_at(reader, common, scope)).collect();
        let read: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
        let mut blocks: BTreeMap<String, Option<Arc<Vec<Value>>>> = BTreeMap::new();
        for (scope, path, found) in read {
            gaps.extend(found.as_ref().err().map(|why| gap(&path, why)));
            blocks.insert(scope, found.ok());
        }
        let held = |(action, scope): &(String, String)| {
            let blocks = blocks.get(&above(scope, depth)).and_then(Option::as_ref);
            blocks.map(|blocks| allows(blocks, action))
        };
        let (known, open): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|one| depth == LEVELS || held(one) == Some(true));
        let right =
            |one| Right { held: held(&one), later: later.contains(&one), action: one.0, scope: one.1 };
        rights.extend(known.into_iter().map(right));
        wanted = open.into_iter().collect();
        if wanted.is_empty() {
            break;
        }
    }
    (rights, gaps)
}

/// The same in Entra ID.
pub(crate) fn in_entra(common: &Common, rights: &Rights<'_>) -> BTreeSet<Right> {
    graph_rights::rights(&common.held, &rights.in_graph)
}

/// A subscription, a resource group, the scope itself.
const LEVELS: usize = 2;

/// The scope at a level above another, or itself where it has none there.
fn above(scope: &str, depth: usize) -> String {
    let parts: Vec<&str> = scope.trim_end_matches('/').split('/').collect();
    let is = |at: usize, name: &str| parts.get(at).is_some_and(|part| part.eq_ignore_ascii_case(name));
    let length = match depth {
        0 if is(1, "subscriptions") => 3,
        1 if is(1, "subscriptions") && is(3, "resourceGroups") => 5,
        _ => parts.len(),
    };
    parts[..length.min(parts.len())].join("/")
}

/// What the caller may do at a scope.
async fn permissions_at(
    reader: &Reader,
    common: &Common,
    scope: String,
) -> (String, String, Result<Arc<Vec<Value>>, Fault>) {
    let path = format!("{scope}/providers/Microsoft.Authorization/permissions");
    let ask = async { reader.list(&path, AUTHORIZATION, &[]).await.map(Arc::new) };
    let found = common.shared.permissions.of(&scope, ask).await;
    (scope, path, found)
}
