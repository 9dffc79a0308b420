//! Activities: what names an identity below resources that need not carry it, and that no index shows: policies,
//! fragments, back ends and values of API Management, authentication of sites and container apps, Dapr components, runbooks
//! and variables of Automation, and what policies are assigned with. Read once for all identities. Reads only.

use crate::azure::{
    AT_ONCE, NO_ANSWER, Reader, ResourceId, ResourceType, SubscriptionId, WEB, says_gone, says_never,
};
use crate::references::members;
use crate::references::scan::Identifiers;
use crate::references::words::{Batch, ByIdentity};
use crate::relocate::facts::{Assignment, Gap, Home, HomeKind, Host, Keeper, ManualReference, Method};
use crate::relocate::survey::accounts::accounts;
use crate::relocate::survey::common::Common;
use crate::relocate::survey::gaps::gap;
use crate::relocate::survey::parse;
use crate::surfaces::home::keepers;
use crate::surfaces::home::keepers::KEPT;
use futures_util::stream::{self, StreamExt};
use rehome_orchestrator::{Fault, FaultKind};
use serde_json::Value;
use std::collections::BTreeSet;

/// The types below which is looked.
const ROOTS: [&str; 7] = [
    "microsoft.automation/automationaccounts",
    "microsoft.apimanagement/service",
    "microsoft.web/sites",
    "microsoft.web/sites/slots",
    "microsoft.app/containerapps",
    "microsoft.app/managedenvironments",
    "microsoft.app/connectedenvironments",
];

/// How far below a service its policies are: workspaces, APIs, revisions, operations, policies.
const DEPTH_MAX: usize = 5;

/// The version of what accounts of Automation have.
const AUTOMATION: &str = "2023-11-01";

/// The version of what is assigned by Azure Policy.
const POLICY: &str = "2024-05-01";

/// What was read, as far as it matters to any of the identities.
#[derive(Default)]
pub(crate) struct Inside {
    /// What may name one of them, each thing with its version.
    found: ByIdentity<(Value, &'static str)>,
    /// Values of API Management that no read shows, with the names that people know them by.
    secrets: Vec<(ResourceId, String)>,
    /// What may keep identities where nothing shows them: ids and types.
    keepers: Vec<(ResourceId, ResourceType)>,
}

/// Something below which is looked: an id, its last type and its kind of API, where it is one.
struct Place {
    id: ResourceId,
    last: String,
    graphql: bool,
}

/// The lists right below a place of this type: their names, and the version that they are read in.
/// Sources: apimanagement/2024-05-01, app/2025-07-01, automation/2023-11-01
fn lists(place: &Place) -> (&'static [&'static str], &'static str) {
    const APIM: &str = "2024-05-01";
    match place.last.as_str() {
        "service" => (
            &["policies", "policyFragments", "backends", "namedValues", "apis", "products", "workspaces"],
            APIM,
        ),
        "workspaces" => {
            (&["policies", "policyFragments", "backends", "namedValues", "apis", "products"], APIM)
        }
        "apis" if place.graphql => (&["policies", "operations", "resolvers", "revisions"], APIM),
        "apis" => (&["policies", "operations", "revisions"], APIM),
        "revisions" if place.graphql => (&["policies", "operations", "resolvers"], APIM),
        "revisions" => (&["policies", "operations"], APIM),
        "operations" | "resolvers" | "products" => (&["policies"], APIM),
        "automationaccounts" => (&["variables", "connections", "jobSchedules", "runbooks"], AUTOMATION),
        "containerapps" => (&["authConfigs"], "2025-07-01"),
        "managedenvironments" | "connectedenvironments" => (&["daprComponents"], "2025-07-01"),
        _ => (&[], APIM),
    }
}

/// What is on the way and not itself looked at.
const WAYS: [&str; 7] =
    ["apis", "revisions", "products", "workspaces", "operations", "resolvers", "runbooks"];

/// Reads it all.
pub(crate) async fn read(reader: &Reader, common: &Common, batch: Batch<'_>) -> (Inside, Vec<Gap>) {
    let mut gaps = Vec::new();
    let types: Vec<&str> = ROOTS.into_iter().chain(KEPT.iter().map(|kept| kept.kind)).collect();
    let all = accounts(reader, &types, &mut gaps).await;
    // An account of Automation is both: some of what it keeps is shown, and some is not.
    let keepers = all.iter().filter(|(_, kind)| keepers::of(kind).is_some()).cloned().collect();
    let is_root = |kind: &ResourceType| ROOTS.iter().any(|root| *kind == *root);
    let roots: Vec<_> = all.into_iter().filter(|(_, kind)| is_root(kind)).collect();
    let mut found_below = Vec::new();
    let sites = roots.iter().filter(|(_, kind)| kind.to_ascii_lowercase().starts_with("microsoft.web/sites"));
    let sites: Vec<ResourceId> = sites.map(|(id, _)| id.clone()).collect();
    let place = |(id, kind): (ResourceId, ResourceType)| {
        let last = kind.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        Place { id, last, graphql: false }
    };
    let mut level: Vec<Place> = roots.into_iter().map(place).filter(|p| !lists(p).0.is_empty()).collect();
    let (signed_in, assigned) =
        futures_util::join!(authentication(reader, sites), assignments(reader, common));
    for (found, missed) in [signed_in, assigned] {
        found_below.extend(found);
        gaps.extend(missed);
    }
    for _ in 0..DEPTH_MAX {
        let mut asked = Vec::new();
        for place in &level {
            let (names, api) = lists(place);
            for name in names {
                let path = format!("{}/{name}", place.id);
                let under = place;
                asked.push(async move { (reader.list(&path, api, &[]).await, path, under, *name, api) });
            }
        }
        let (texts, missed) = runbooks(reader, &level).await;
        found_below.extend(texts);
        gaps.extend(missed);
        let answers: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
        let mut next = Vec::new();
        for (answer, path, under, name, api) in answers {
            match answer {
                Ok(found) if name == "revisions" => match revisions(under, &found) {
                    Some(others) => next.extend(others),
                    None => gaps.push(gap(&path, &strange())),
                },
                Ok(found) if WAYS.contains(&name) => {
                    next.extend(found.iter().filter_map(|one| way(one, name)))
                }
                Ok(found) => found_below.extend(found.into_iter().map(|one| (one, api))),
                // A list that this tier of the service does not have.
                Err(why) if says_never(&why) => {}
                Err(why) => gaps.push(gap(&path, &why)),
            }
        }
        level = next;
    }
    let secrets = found_below.iter().filter_map(|(body, _)| secret(body)).collect();
    // There is a form for each site of the tenant, and most of them name nobody.
    found_below.retain(|(body, _)| {
        let mut who = BTreeSet::new();
        batch.words.in_value(body, &mut who);
        !who.is_empty()
    });
    let found = batch.sorted(found_below, |(body, _), who| batch.words.in_value(body, who));
    (Inside { found, secrets, keepers }, gaps)
}

/// The published texts of runbooks; one that was never published has none.
/// Source: automation/2023-11-01 (`Runbook_GetContent`)
async fn runbooks(reader: &Reader, level: &[Place]) -> (Vec<(Value, &'static str)>, Vec<Gap>) {
    let mut asked = Vec::new();
    for place in level.iter().filter(|place| place.last == "runbooks") {
        let id = format!("{}/content", place.id);
        asked.push(async move { (reader.find(&id, AUTOMATION).await, id) });
    }
    let (mut found, mut gaps) = (Vec::new(), Vec::new());
    for (answer, id) in stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>().await {
        match answer {
            Ok(text) => found.extend(text.map(|text| (text, AUTOMATION))),
            Err(why) => gaps.push(gap(&id, &why)),
        }
    }
    (found, gaps)
}

/// A value that no read shows, and what people call it.
fn secret(body: &Value) -> Option<(ResourceId, String)> {
    let id: ResourceId = body["id"].as_str()?.into();
    let is_value = id.rsplit('/').nth(1).is_some_and(|list| list.eq_ignore_ascii_case("namedValues"));
    let hidden = body["properties"]["secret"] == true && body["properties"]["keyVault"].is_null();
    let place = members::text(body, "/properties/displayName").unwrap_or_default();
    (is_value && hidden).then_some((id, place))
}

/// The revisions of an API beside its current one, which callers reach as `API;rev=N`; `None` where the list has an
/// entry that does not say which revision it is.
/// Source: apimanagement/2024-05-01, `ApiRevision_ListByService`
fn revisions(api: &Place, found: &[Value]) -> Option<Vec<Place>> {
    let mut others = Vec::new();
    for one in found {
        let (number, current) = (one["apiRevision"].as_str()?, one["isCurrent"].as_bool()?);
        if !current {
            let id = format!("{};rev={number}", api.id).into();
            others.push(Place { id, last: "revisions".to_owned(), graphql: api.graphql });
        }
    }
    Some(others)
}

fn strange() -> Fault {
    Fault::new(FaultKind::Broken, NO_ANSWER, "a revision in the list does not say which one it is")
}

fn way(one: &Value, name: &str) -> Option<Place> {
    let graphql =
        members::text(one, "/properties/type").is_some_and(|kind| kind.eq_ignore_ascii_case("graphql"));
    Some(Place { id: members::id(one, "/id")?, last: name.to_owned(), graphql })
}

/// A configuration that every site has: that it is not there says nothing of it, unless the site is gone as well.
pub(super) async fn always_there(
    reader: &Reader,
    site: &str,
    id: &str,
    api: &str,
) -> Result<Option<Value>, Fault> {
    let found = reader.get(id, api).await;
    if found.as_ref().is_err_and(says_gone) && reader.find_twice(site, api).await?.is_none() {
        return Ok(None);
    }
    found.map(Some)
}

/// Who may sign in to sites and slots: a form that has the names of secrets and not their values.
/// Source: web/2023-12-01, `WebApps_GetAuthSettingsV2WithoutSecrets`
async fn authentication(reader: &Reader, sites: Vec<ResourceId>) -> (Vec<(Value, &'static str)>, Vec<Gap>) {
    let mut asked = Vec::with_capacity(sites.len());
    for site in sites {
        asked.push(async move {
            let id = format!("{site}/config/authsettingsV2");
            (always_there(reader, &site, &id, WEB).await, id)
        });
    }
    let (mut found, mut gaps) = (Vec::new(), Vec::new());
    for (answer, id) in stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>().await {
        match answer {
            Ok(one) => found.extend(one.map(|one| (one, WEB))),
            Err(why) => gaps.push(gap(&id, &why)),
        }
    }
    (found, gaps)
}

/// What is assigned by Azure Policy at, above and below each subscription.
async fn assignments(reader: &Reader, common: &Common) -> (Vec<(Value, &'static str)>, Vec<Gap>) {
    let path = |s: &SubscriptionId| {
        format!("/subscriptions/{s}/providers/Microsoft.Authorization/policyAssignments")
    };
    let lists: Vec<_> = common.subscriptions.iter().map(path).map(|path| (path, Vec::new())).collect();
    let (found, gaps) = crate::surfaces::manual_references::survey::read(reader, lists, POLICY).await;
    (found.into_iter().map(|one| (one, POLICY)).collect(), gaps)
}

impl Inside {
    /// What may keep one identity: what carries or names it, and what it may do something in.
    pub(crate) fn keepers(&self, hosts: &[Host], assignments: &[Assignment]) -> Vec<ManualReference> {
        let mut found: Vec<Keeper> = Vec::new();
        // The kubelets of a cluster have it although the cluster itself does not carry it.
        let has = |host: &&Host| host.carries || host.kind == "Microsoft.ContainerService/managedClusters";
        for host in hosts.iter().filter(has).filter(|host| keepers::of(&host.kind).is_some()) {
            found.push(Keeper { id: host.id.clone(), kind: host.kind.clone(), carries: true });
        }
        let carrying: BTreeSet<ResourceId> = found.iter().map(|keeper| keeper.id.clone()).collect();
        let by_right = |kind: &ResourceType| keepers::of(kind).is_some_and(|kept| kept.by_right);
        for (id, kind) in self.keepers.iter().filter(|(id, kind)| by_right(kind) && !carrying.contains(id)) {
            if assignments.iter().any(|a| id.is_at_or_below(&a.scope) || a.scope.is_below(id)) {
                found.push(Keeper { id: id.clone(), kind: kind.clone(), carries: false });
            }
        }
        found.into_iter().map(ManualReference::Keeper).collect()
    }

    /// Values of API Management that no read shows, of services that have the identity.
    pub(crate) fn secrets(&self, hosts: &[Host]) -> Vec<ManualReference> {
        let carries = |id: &ResourceId| hosts.iter().any(|host| host.carries && id.is_below(&host.id));
        let secret = |(id, place): &(ResourceId, String)| {
            let (id, place) = (id.clone(), place.clone());
            ManualReference::Home(Home { id, kind: HomeKind::Secret, place, of: Vec::new() })
        };
        self.secrets.iter().filter(|(id, _)| carries(id)).map(secret).collect()
    }

    /// What of it names one identity, beside what stands on that itself.
    pub(crate) fn hosts(&self, who: &Identifiers) -> Vec<Host> {
        let named = self.found.of(who).filter_map(|(body, api)| parse::host(body, api, who));
        let mut hosts: Vec<Host> = named.filter(|host| !host.id.is_below(&who.resource_id)).collect();
        for host in &mut hosts {
            host.found_by = BTreeSet::from([Method::Direct]);
        }
        hosts
    }
}
