//! Activities: reads once what is the same for every identity of a batch.

use crate::azure::{AT_ONCE, DirectoryId, Reader, ResourceId, SubscriptionId};
use crate::references::members;
use crate::references::words::Batch;
use crate::relocate::facts::{Facts, Gap, Lock};
use crate::relocate::survey::common::{Common, Shared};
use crate::relocate::survey::gaps::{gap, understood};
use crate::relocate::survey::versions::Versions;
use crate::relocate::survey::{granted, graph_rights};
use crate::surfaces::ALL;
use crate::surfaces::host::survey as hosts;
use crate::surfaces::lock::facts::lock;
use crate::surfaces::role_assignment::activity::AUTHORIZATION;
use crate::surfaces::role_assignment::facts::custom_role;
use crate::surfaces::role_assignment::preflight::counted_at;
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use rehome_orchestrator::Fault;
use std::collections::BTreeMap;

/// Reads once what is the same for every identity.
pub(crate) async fn common(reader: &Reader, batch: Batch<'_>) -> Result<Common, Fault> {
    let found = reader.list(SUBSCRIPTIONS, "2022-12-01", &[]).await?;
    let mut gaps = Vec::new();
    let subscriptions: Vec<SubscriptionId> =
        understood(SUBSCRIPTIONS, &found, |s| members::id(s, "/subscriptionId"), &mut gaps);
    let inside: Vec<_> = subscriptions.iter().map(|s| subscription(reader, s)).collect();
    let granted = async {
        let groups = management_groups(reader).await;
        let granted = granted::read(reader, &subscriptions, &groups.0, batch).await;
        (groups.1, granted)
    };
    let (read, once, sites, (unseen, granted), held) = futures_util::join!(
        stream::iter(inside).buffered(AT_ONCE).collect::<Vec<_>>(),
        join_all(ALL.iter().map(|surface| surface.read_once(reader, batch))),
        hosts::sites(reader, batch),
        granted,
        graph_rights::held(reader),
    );
    let (mut roles, mut custom_roles) = (BTreeMap::new(), BTreeMap::new());
    let mut locks = Vec::new();
    for mut one in read {
        roles.append(&mut one.roles);
        custom_roles.append(&mut one.custom_roles);
        locks.append(&mut one.locks);
        gaps.append(&mut one.gaps);
    }
    gaps.extend(once.iter().flat_map(|once| once.gaps.iter().cloned()));
    gaps.extend(sites.1.into_iter().chain(unseen));
    gaps.extend(held.1);
    Ok(Common {
        subscriptions,
        roles,
        custom_roles,
        once,
        opaque: sites.0,
        locks,
        granted,
        versions: Versions::default(),
        shared: Shared::default(),
        living: batch.identities.iter().map(|who| who.resource_id.clone()).collect(),
        held: held.0,
        gaps,
    })
}

/// What the caller may see at all.
const SUBSCRIPTIONS: &str = "/subscriptions";

/// What is read once in each subscription.
#[derive(Default)]
struct Inside {
    roles: BTreeMap<DirectoryId, String>,
    custom_roles: BTreeMap<DirectoryId, Vec<ResourceId>>,
    locks: Vec<Lock>,
    gaps: Vec<Gap>,
}

async fn subscription(reader: &Reader, subscription: &str) -> Inside {
    let scope = format!("/subscriptions/{subscription}");
    let path = |list: &str| format!("{scope}/providers/Microsoft.Authorization/{list}");
    let (definitions, locked) = (path("roleDefinitions"), path("locks"));
    let (roles, locks) = futures_util::join!(
        reader.list(&definitions, AUTHORIZATION, &[]),
        reader.list(&locked, "2020-05-01", &[]),
    );
    let mut inside = Inside::default();
    match roles {
        Ok(found) => {
            inside.custom_roles.extend(found.iter().filter_map(custom_role));
            inside.roles.extend(found.iter().filter_map(|role| {
                Some((members::id(role, "/name")?, members::text(role, "/properties/roleName")?))
            }));
        }
        Err(why) => inside.gaps.push(gap(&definitions, &why)),
    }
    match locks {
        Ok(found) => inside.locks.extend(found.iter().filter_map(lock)),
        Err(why) => inside.gaps.push(gap(&locked, &why)),
    }
    inside
}

/// How many role assignments there are where more are to be made, by where they count.
pub(crate) fn counts(common: &Common, facts: &Facts) -> BTreeMap<String, u64> {
    let all = facts.assignments_of.iter().chain(&facts.assignments_on).map(|a| &a.scope);
    let mapped = facts.mapped.places_of(facts.assignments_of.iter().map(|a| &a.scope));
    let known = |at: String| common.granted.counts.get(&at).copied().map(|count| (at, count));
    all.chain(mapped).filter_map(counted_at).filter_map(known).collect()
}

/// The management groups that may be seen: an assignment on one of them shows up below it, but not where
/// it has no subscription that may be seen.
/// Source: <https://learn.microsoft.com/rest/api/managementgroups/management-groups/list>
async fn management_groups(reader: &Reader) -> (Vec<ResourceId>, Vec<Gap>) {
    const PATH: &str = "/providers/Microsoft.Management/managementGroups";
    match reader.list(PATH, "2020-05-01", &[]).await {
        Ok(found) => {
            let mut gaps = Vec::new();
            (understood(PATH, &found, |group| members::id(group, "/id"), &mut gaps), gaps)
        }
        Err(why) => (Vec::new(), vec![gap(PATH, &why)]),
    }
}
