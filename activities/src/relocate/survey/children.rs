//! Activities: the children of hosts, which no index shows: credentials of factories, extensions of machines,
//! named values, administrators. Each kind of child that may name an identity is listed and read.

use super::{gap, parse};
use crate::azure::Reader;
use crate::references::scan::Identifiers;
use crate::references::table;
use crate::relocate::facts::{Gap, Host, Method};
use futures_util::stream::{self, StreamExt};
use std::collections::BTreeSet;

/// Requests at the same time.
const AT_ONCE: usize = 8;

/// Children that may name an identity in places that their schema leaves open.
const OPEN: [(&str, &str); 4] = [
    ("Microsoft.Compute/virtualMachines", "extensions"),
    ("Microsoft.Compute/virtualMachineScaleSets", "extensions"),
    ("Microsoft.Sql/servers", "administrators"),
    ("Microsoft.Web/sites", "slots"),
];

/// Grants that services keep as children: they are copied by steps of their own, not rewritten.
fn is_grant(kind: &str) -> bool {
    let folded = kind.to_lowercase();
    ["roleassignments", "/principalassignments", "/accesspolicyassignments", "/accesspolicies"]
        .iter()
        .any(|ending| folded.ends_with(ending))
        || folded == "microsoft.dbforpostgresql/flexibleservers/administrators"
}

/// The lists below one host that are worth reading: path and version.
fn lists(host: &Host) -> Vec<(String, String)> {
    let rows = table::children_of(&host.kind);
    let named = rows.iter().filter(|r| !r.references.is_empty() && !is_grant(r.name));
    // Configurations are read as lists of settings.
    let mut names: BTreeSet<&str> = named.map(|r| parse::last(r.name)).filter(|n| *n != "config").collect();
    names
        .extend(OPEN.iter().filter(|(kind, _)| kind.eq_ignore_ascii_case(&host.kind)).map(|(_, name)| *name));
    let list = |name: &str| {
        let row = table::row(&format!("{}/{name}", host.kind));
        let api = row.and_then(|r| r.api_version).unwrap_or(&host.api_version);
        (format!("{}/{name}", host.id), api.to_owned())
    };
    names.into_iter().map(list).collect()
}

/// The children of these hosts that name the identity and are not known yet.
pub(super) async fn read(
    reader: &Reader,
    hosts: &[Host],
    who: &Identifiers,
    gaps: &mut Vec<Gap>,
) -> Vec<Host> {
    let mut asked = Vec::new();
    for (path, api) in hosts.iter().filter(|h| h.readable).flat_map(lists) {
        asked.push(async move { (reader.list(&path, &api, &[]).await, path, api) });
    }
    let mut children: Vec<Host> = Vec::new();
    for (found, path, api) in stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>().await {
        match found {
            Ok(found) => children.extend(found.iter().filter_map(|child| parse::host(child, &api, who))),
            // A kind of child that this resource cannot have.
            Err(why) if matches!(why.status, Some(400 | 404 | 405)) => {}
            Err(why) => gaps.push(gap(&path, &why)),
        }
    }
    children.retain(|child| !hosts.iter().any(|h| h.id.eq_ignore_ascii_case(&child.id)));
    for child in &mut children {
        child.found_by = BTreeSet::from([Method::Direct]);
    }
    children
}
