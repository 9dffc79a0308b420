//! Activities: asks the services that the batch file names what they keep inside, of those that have the identity. Reads
//! only: what they answer becomes steps, and what they do not answer is a gap.

use crate::azure::{Reader, ResourceId};
use crate::references::scan::{Identifiers, scan};
use crate::relocate::facts::{Gap, Host};
use crate::relocate::params::Params;
use crate::relocate::rights::glob;
use crate::relocate::survey::accounts::accounts;
use crate::relocate::survey::gaps::gap;
use crate::surfaces::data_plane::ask::{self, Answer};
use crate::surfaces::data_plane::facts::{Asked, Inside};
use crate::surfaces::data_plane::listed::ALL;
use crate::surfaces::data_plane::service::Service;
use std::collections::BTreeSet;

/// Asks each of them.
pub(crate) async fn read(
    reader: &Reader,
    params: &Params,
    who: &Identifiers,
    hosts: &[Host],
) -> (Vec<Asked>, Vec<Gap>) {
    let (mut asked, mut gaps) = (Vec::new(), Vec::new());
    for service in ALL.iter().copied() {
        let Some(patterns) = params.options.data_planes.get(service.word) else { continue };
        let carriers: BTreeSet<ResourceId> = hosts.iter().filter_map(|host| carrier(service, host)).collect();
        let ids = match service.kind == service.carrier || carriers.is_empty() {
            true => carriers.into_iter().collect::<Vec<_>>(),
            false => {
                accounts(reader, &[service.kind], &mut gaps).await.into_iter().map(|(id, _)| id).collect()
            }
        };
        for id in ids.into_iter().filter(|id| is_named(patterns, id)) {
            match ask::host(reader, service, &id).await {
                Ok(None) => {}
                Ok(Some(at)) => {
                    let answers = ask::all(reader, service, &id, &at, None).await;
                    asked.push(told(service, id, at.name(), &answers, who, &mut gaps));
                }
                Err(why) => gaps.push(gap(&format!("{}: {id}", service.name), &why)),
            }
        }
    }
    (asked, gaps)
}

/// What has the identity, or is around what has it: a pool of Batch has identities of its own.
fn carrier(service: &Service, host: &Host) -> Option<ResourceId> {
    let kind = host.kind.to_ascii_lowercase();
    let rest = kind.strip_prefix(service.carrier).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
    let parts = rest.split('/').count() - 1;
    let around = host.id.rsplitn(2 * parts + 1, '/').last()?;
    host.carries.then(|| around.into())
}

/// Whether the batch file names a resource.
fn is_named(patterns: &BTreeSet<String>, id: &ResourceId) -> bool {
    let name = id.name().to_ascii_lowercase();
    patterns.iter().any(|pattern| glob(&pattern.to_ascii_lowercase(), &name))
}

fn told(
    service: &'static Service,
    id: ResourceId,
    host: &str,
    answers: &[Answer],
    who: &Identifiers,
    gaps: &mut Vec<Gap>,
) -> Asked {
    let mut out = Asked {
        id,
        service: service.word.to_owned(),
        host: host.to_owned(),
        whole: !service.partial,
        unread: Vec::new(),
        objects: Vec::new(),
    };
    for answer in answers {
        let entries = match answer.entries() {
            Ok(entries) => entries,
            Err(why) => {
                out.whole = false;
                out.unread.push(answer.scope.clone());
                gaps.push(gap(&answer.scope, &why));
                continue;
            }
        };
        for (name, entry) in entries {
            let places: BTreeSet<String> = scan(entry, who).into_iter().map(|found| found.pointer).collect();
            if places.is_empty() {
                continue;
            }
            let kept = (answer.list.kept)(entry);
            out.objects.push(Inside {
                list: answer.list.what.to_owned(),
                name,
                database: answer.database.clone(),
                places: places.into_iter().collect(),
                kept: if kept.is_null() { String::new() } else { kept.to_string() },
            });
        }
    }
    out.objects.sort();
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::testing::host;

    #[test]
    fn what_is_in_a_service_has_it_for_the_service() {
        let service = ALL.iter().find(|service| service.word == "batch").unwrap();
        let around = |kind: &str, name: &str, carries: bool| {
            let mut host = host(kind, name);
            host.carries = carries;
            carrier(service, &host).map(|id| id.to_string())
        };
        let account = host("Microsoft.Batch/batchAccounts", "ba").id.to_string();
        assert_eq!(around("Microsoft.Batch/batchAccounts", "ba", true), Some(account.clone()));
        let mut pool = host("Microsoft.Batch/batchAccounts/pools", "x");
        (pool.carries, pool.id) = (true, format!("{account}/pools/p").into());
        assert_eq!(carrier(service, &pool).map(|id| id.to_string()), Some(account));
        assert_eq!(around("Microsoft.Batch/batchAccounts", "ba", false), None);
        assert_eq!(around("Microsoft.Search/searchServices", "s", true), None);
    }

    #[test]
    fn a_service_is_named_by_a_pattern_in_any_case() {
        let named = |patterns: &[&str], name: &str| {
            let patterns: BTreeSet<String> = patterns.iter().map(|text| (*text).to_owned()).collect();
            let id =
                format!("/subscriptions/s/resourceGroups/g/providers/Microsoft.Search/searchServices/{name}");
            is_named(&patterns, &id.as_str().into())
        };
        assert!(named(&["*"], "srch") && named(&["SRCH-*"], "srch-1") && named(&["a", "srch"], "srch"));
        assert!(!named(&["srch"], "srch-1") && !named(&[], "srch"));
    }
}
