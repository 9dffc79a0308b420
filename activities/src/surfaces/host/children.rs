//! Activities: the children of hosts, which no index shows: credentials of factories, extensions of machines,
//! named values, administrators. Each kind of child that may name an identity is listed and read.

use crate::azure::{AT_ONCE, Reader, ResourceId, ResourceType, says_never};
use crate::references::scan::Identifiers;
use crate::references::{known, members, table};
use crate::relocate::facts::{Gap, Host, Method};
use crate::relocate::survey::gaps::gap;
use crate::relocate::survey::parse;
use crate::surfaces::host::inside::always_there;
use futures_util::stream::{self, StreamExt};
use rehome_orchestrator::Fault;
use std::collections::BTreeSet;

/// Children that may name an identity in places that their schema leaves open.
const OPEN: [(&str, &str); 4] = [
    ("Microsoft.Compute/virtualMachines", "extensions"),
    ("Microsoft.Compute/virtualMachineScaleSets", "extensions"),
    ("Microsoft.Sql/servers", "administrators"),
    ("Microsoft.Web/sites", "slots"),
];

/// What Service Connector connects: its connections stand on the resource, and no index shows them.
/// Source: servicelinker/2024-04-01 (`Linker_List`), <https://learn.microsoft.com/azure/service-connector/overview>
const CONNECTED: [&str; 4] = [
    "Microsoft.App/containerApps",
    "Microsoft.ContainerService/managedClusters",
    "Microsoft.Web/sites",
    "Microsoft.Web/sites/slots",
];
const LINKERS: &str = "Microsoft.ServiceLinker/linkers";

/// Grants that services keep as children: they are copied by steps of their own, not rewritten. One that there is only
/// one of is re-pointed like any other reference.
fn is_grant(kind: &str) -> bool {
    let listed = |known: &known::Known| known.grants.is_some_and(|grants| grants.name.is_none());
    known::of(kind).is_some_and(|known| !known.single && listed(known))
}

/// Something below which children may name an identity.
#[derive(Clone)]
struct Parent {
    id: ResourceId,
    kind: ResourceType,
    api: String,
}

/// How far below a host children are looked for: as far as any published type goes.
const DEPTH_MAX: usize = 4;

/// The lists right below a parent that are worth reading: path, version, and the type of what is in it.
fn lists(parent: &Parent) -> Vec<(String, String, ResourceType)> {
    let rows = table::below(&parent.kind).filter(|r| !r.references.is_empty() && !is_grant(r.name));
    let segment = |row: &'static table::TypeRow| row.name[parent.kind.len() + 1..].split('/').next();
    // Configurations are read one by one.
    let mut names: BTreeSet<&str> = rows.filter_map(segment).filter(|name| *name != "config").collect();
    names.extend(OPEN.iter().filter(|(kind, _)| parent.kind == *kind).map(|(_, name)| *name));
    let list = |name: &str| {
        let kind = format!("{}/{name}", parent.kind);
        let api = table::row(&kind).and_then(|r| r.api_version).unwrap_or(&parent.api);
        (format!("{}/{name}", parent.id), api.to_owned(), kind.into())
    };
    let mut lists: Vec<_> = names.into_iter().map(list).collect();
    if CONNECTED.iter().any(|kind| parent.kind == *kind) {
        let api = table::row(LINKERS).and_then(|row| row.api_version).unwrap_or(&parent.api);
        lists.push((format!("{}/providers/{LINKERS}", parent.id), api.to_owned(), LINKERS.into()));
    }
    lists
}

/// Whether the provider of connections is not registered in the subscription: then there is none, as a provider cannot be
/// unregistered while it has resources.
/// Source: <https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-register-resource-provider>
fn is_unregistered(why: &Fault, kind: &ResourceType) -> bool {
    *kind == LINKERS
        && matches!(why.code.as_str(), "MissingSubscriptionRegistration" | "SubscriptionNotRegistered")
}

/// The configuration of a site or slot that no list and no index shows: the identity that pulls its images.
fn configuration(parent: &Parent) -> Option<[String; 3]> {
    let sites = ["microsoft.web/sites", "microsoft.web/sites/slots"];
    let api = table::row(&format!("{}/config", parent.kind)).and_then(|r| r.api_version);
    sites.iter().any(|site| parent.kind == *site).then(|| {
        [parent.id.to_string(), format!("{}/config/web", parent.id), api.unwrap_or(&parent.api).to_owned()]
    })
}

/// The children of these hosts, at any depth, that name the identity and are not known yet.
pub(crate) async fn read(
    reader: &Reader,
    hosts: &[Host],
    who: &Identifiers,
    gaps: &mut Vec<Gap>,
) -> Vec<Host> {
    let parent = |h: &Host| Parent { id: h.id.clone(), kind: h.kind.clone(), api: h.api_version.clone() };
    let mut parents: Vec<Parent> = hosts.iter().filter(|h| h.readable).map(parent).collect();
    let mut children: Vec<Host> = Vec::new();
    // One level more than lists go: the configurations of what is on the last.
    for _ in 0..=DEPTH_MAX {
        let mut asked = Vec::new();
        for (path, api, kind) in parents.iter().flat_map(lists) {
            asked.push(async move { (reader.list(&path, &api, &[]).await, path, api, kind) });
        }
        let (listed, (configured, missed)) = futures_util::join!(
            stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>(),
            configurations(reader, &parents, who),
        );
        children.extend(configured);
        gaps.extend(missed);
        let mut deeper = Vec::new();
        for (found, path, api, kind) in listed {
            match found {
                Ok(found) => {
                    children.extend(found.iter().filter_map(|child| parse::host(child, &api, who)));
                    let ids = found.iter().filter_map(|child| members::id(child, "/id"));
                    deeper.extend(ids.map(|id| Parent { id, kind: kind.clone(), api: api.clone() }));
                }
                // A kind of child that this resource cannot have.
                Err(why) if says_never(&why) || is_unregistered(&why, &kind) => {}
                Err(why) => gaps.push(gap(&path, &why)),
            }
        }
        parents = deeper;
    }
    let mut seen: BTreeSet<ResourceId> = hosts.iter().map(|h| h.id.clone()).collect();
    children.retain(|child| seen.insert(child.id.clone()));
    for child in &mut children {
        child.found_by = BTreeSet::from([Method::Direct]);
    }
    children
}

async fn configurations(reader: &Reader, parents: &[Parent], who: &Identifiers) -> (Vec<Host>, Vec<Gap>) {
    let (mut asked, mut gaps) = (Vec::new(), Vec::new());
    for [site, path, api] in parents.iter().filter_map(configuration) {
        asked.push(async move { (always_there(reader, &site, &path, &api).await, path, api) });
    }
    let mut found = Vec::new();
    for (read, path, api) in stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>().await {
        match read {
            Ok(body) => found.extend(body.and_then(|body| parse::host(&body, &api, who))),
            Err(why) => gaps.push(gap(&path, &why)),
        }
    }
    (found, gaps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rehome_orchestrator::FaultKind;

    #[test]
    fn sites_are_asked_for_their_connections_and_a_provider_that_nobody_registered_has_none() {
        let parent = |kind: &str| Parent { id: "/s".into(), kind: kind.into(), api: "2024-04-01".into() };
        let asks = |kind: &str| lists(&parent(kind)).iter().any(|(path, ..)| path.ends_with("/linkers"));
        assert!(asks("microsoft.web/sites") && asks("Microsoft.App/containerApps"));
        assert!(!asks("Microsoft.Compute/virtualMachines"));
        let why = Fault::new(FaultKind::Broken, "MissingSubscriptionRegistration", "not registered");
        assert!(
            is_unregistered(&why, &LINKERS.into()) && !is_unregistered(&why, &"Microsoft.Web/sites".into())
        );
    }
}
