//! Activities: finds what binds an identity to Kubernetes clusters. No index shows it, and a cluster need not name
//! the identity; so it is looked for only where AKS has left its mark on the identity.

use crate::azure::{AT_ONCE, Reader, says_never};
use crate::references::scan::Identifiers;
use crate::references::table;
use crate::relocate::facts::{FederatedCredential, Gap, Host, Method};
use crate::relocate::survey::accounts::accounts;
use crate::relocate::survey::gaps::gap;
use crate::relocate::survey::parse;
use crate::surfaces::cluster::bindings::{BINDINGS, is_made_by_aks};
use futures_util::stream::{self, StreamExt};
use std::collections::BTreeSet;

/// The bindings of this identity, on every cluster that the index shows.
pub(crate) async fn read(
    reader: &Reader,
    credentials: &[FederatedCredential],
    who: &Identifiers,
) -> (Vec<Host>, Vec<Gap>) {
    let (mut hosts, mut gaps) = (Vec::new(), Vec::new());
    if !credentials.iter().any(|credential| is_made_by_aks(credential, &who.client_id)) {
        return (hosts, gaps);
    }
    let api = table::row(BINDINGS).and_then(|row| row.api_version).unwrap_or("2026-05-01");
    let clusters = accounts(reader, &["microsoft.containerservice/managedclusters"], &mut gaps).await;
    let mut asked = Vec::with_capacity(clusters.len());
    for (cluster, _) in clusters {
        let path = format!("{cluster}/identityBindings");
        asked.push(async move { (reader.list(&path, api, &[]).await, path) });
    }
    for (found, path) in stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>().await {
        match found {
            Ok(found) => hosts.extend(found.iter().filter_map(|one| parse::host(one, api, who))),
            // A cluster, or a cloud, that knows no bindings.
            Err(why) if says_never(&why) => {}
            Err(why) => gaps.push(gap(&path, &why)),
        }
    }
    for host in &mut hosts {
        host.found_by = BTreeSet::from([Method::Direct]);
    }
    (hosts, gaps)
}
