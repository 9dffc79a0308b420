//! Activities: grants inside services: read once for a batch, copied, and taken from the old identity.

use crate::activity::kit::Kind;
use crate::activity::object::{Object, Put, Remove};
use crate::azure::{AT_ONCE, Reader, ResourceId, says_never};
use crate::references::known::{self, Grants};
use crate::references::members;
use crate::references::scan::Identifiers;
use crate::references::words::{Batch, ByIdentity};
use crate::relocate::facts::{Facts, Gap, Host, Method, ServiceGrant};
use crate::relocate::plan::builder::{Builder, NewIdentity, Part, ReadyPrincipal};
use crate::relocate::plan::fresh::fresh_name;
use crate::relocate::plan::words::{StepText, place};
use crate::relocate::short::short;
use crate::relocate::survey::accounts::accounts;
use crate::relocate::survey::gaps::gap;
use crate::relocate::survey::parse::host;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::row::{Row, moved};
use crate::surfaces::service_grant::activity::{MadeGrant, OldGrant, OldGrantInput, ServiceGrantInput};
use crate::surfaces::service_grant::facts::{is_single, service_grant};
use crate::surfaces::surface::{Once, Surface};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use rehome_orchestrator::{Node, PlanValue, StepId, Template};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What services keep: the body and the version it was read with.
type Kept = Vec<(Value, &'static str)>;

/// The same, by whom it may name.
type Sorted = ByIdentity<(Value, &'static str)>;

/// The surface.
pub(crate) struct ServiceGrants;

impl Surface for ServiceGrants {
    fn rows(&self) -> Vec<Row> {
        let listed = known::grants().filter(|(known, grants)| !known.single && grants.name.is_none());
        let mut services: Vec<(&str, Vec<&str>)> = Vec::new();
        for (_, Grants { account, below, .. }) in listed {
            match services.iter_mut().find(|(known, _)| *known == account) {
                Some((_, lists)) => lists.push(below),
                None => services.push((account, vec![below])),
            }
        }
        let row = |(kind, lists): (&str, Vec<&str>)| {
            moved(&format!("grants inside {kind}: {}", lists.join(", ")), MadeGrant::NAME)
        };
        services.into_iter().map(row).collect()
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind::of::<Remove<OldGrant>>(), Kind::of::<Put<MadeGrant>>()]
    }

    fn reads(&self) -> Option<(String, Vec<String>)> {
        let listed = known::grants().map(|(_, grants)| grants).filter(|grants| grants.name.is_none());
        let lists = listed.map(|grants| (grants.account.to_lowercase(), grants.below));
        let lists: Vec<(String, &str)> = lists.collect();
        let names: Vec<String> = lists.iter().map(|(kind, below)| format!("{kind}/{below}")).collect();
        let paths = lists.iter().map(|(kind, below)| format!("*/{kind}/*/{}", below.to_lowercase()));
        Some((format!("grants that services keep: {}", names.join(", ")), paths.collect()))
    }

    fn read_once<'a>(&'a self, reader: &'a Reader, batch: Batch<'a>) -> BoxFuture<'a, Once> {
        Box::pin(async move {
            let (grants, gaps) = grants(reader).await;
            let named =
                |(grant, _): &(Value, _), found: &mut BTreeSet<usize>| batch.words.in_value(grant, found);
            Once::new(batch.sorted(grants, named), gaps)
        })
    }

    fn survey(&self, once: &Once, who: &Identifiers, facts: &mut Facts) {
        let kept = once.get::<Sorted>().into_iter().flat_map(|kept| kept.of(who));
        facts.service_grants = kept.filter_map(|(grant, api)| service_grant(grant, api, who)).collect();
    }

    fn compare(&self, facts: &Facts, put: &mut dyn FnMut(String, String)) {
        for g in &facts.service_grants {
            put(format!("grant {}", g.id.folded()), short(&g.body));
        }
    }

    fn rights(&self, facts: &Facts, wanted: &mut Rights<'_>) {
        let kind = |grant: &ServiceGrant| grant.id.kind().unwrap_or_default();
        for grant in facts.service_grants.iter().chain(facts.mapped.usable().map(|m| &m.grant)) {
            wanted.forward(&format!("{}/write", kind(grant)), grant.id.parent());
        }
        for grant in &facts.service_grants {
            wanted.clean_up(&format!("{}/delete", kind(grant)), grant.id.parent());
        }
    }

    fn grant(&self, b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Vec<StepId> {
        let (facts, mut steps) = (b.facts, Vec::new());
        let mapped = facts.mapped.usable().map(|m| (&m.grant, Some(&m.of)));
        for (grant, like) in facts.service_grants.iter().map(|grant| (grant, None)).chain(mapped) {
            let (id, body) = (grant_id(b, made.new, grant), grant_body(b, made.new, grant));
            let at = id.template().render().as_str().unwrap_or_default().into();
            let like = like.map_or_else(String::new, |of| format!(", as inside {}", service(of)));
            let text = StepText::new(format!("grant inside {}{like}", service(&grant.id)), "remove");
            let api_version = grant.api_version.clone();
            let node =
                |locks| Node::doing::<Put<MadeGrant>>(&ServiceGrantInput { id, api_version, body, locks });
            steps.push(b.make(Part::Grant, text, std::slice::from_ref(&made.known), &at, node));
        }
        steps
    }

    fn remove(&self, b: &mut Builder<'_>, _: &ReadyPrincipal<'_>, after: &StepId) -> Vec<StepId> {
        let step = |grant: &ServiceGrant| {
            let ServiceGrant { id, api_version, body } = grant.clone();
            let title = format!("old grant inside {}", service(&id));
            let input = OldGrantInput { id, api_version, expected: body.into() };
            (title, "put it back", Node::doing::<Remove<OldGrant>>(&input))
        };
        b.each(Part::CleanUp, b.facts.service_grants.iter().map(step), after)
    }
}

/// The administrators of which there is one, where that is the identity: they are hosts.
pub(crate) fn administrators(once: &Once, who: &Identifiers) -> Vec<Host> {
    let kept = once.get::<Sorted>().into_iter().flat_map(|kept| kept.of(who));
    kept.filter_map(|(grant, api)| administrator(grant, api, who)).collect()
}

async fn grants(reader: &Reader) -> (Kept, Vec<Gap>) {
    let mut gaps = Vec::new();
    let types: BTreeSet<&str> = known::grants().map(|(_, grants)| grants.account).collect();
    let types: Vec<&str> = types.into_iter().collect();
    let accounts = accounts(reader, &types, &mut gaps).await;
    let mut asked = Vec::new();
    for (id, kind) in &accounts {
        let kept = known::grants().map(|(_, grants)| grants);
        for grants in kept.filter(|grants| kind == grants.account) {
            asked.push(kept_below(reader, id.clone(), grants));
        }
    }
    let read: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    let mut grants = Vec::new();
    for (found, mut missed) in read {
        grants.extend(found);
        gaps.append(&mut missed);
    }
    (grants, gaps)
}

/// What an account keeps at one place: in lists, or as the one of its name.
async fn kept_below(reader: &Reader, account: ResourceId, grants: Grants) -> (Kept, Vec<Gap>) {
    let Grants { below, name: Some(name), version, .. } = grants else {
        return grants_below(reader, account, grants.below, grants.version).await;
    };
    let id = format!("{account}/{below}/{name}");
    match reader.find(&id, version).await {
        Ok(found) => (found.into_iter().map(|one| (one, version)).collect(), Vec::new()),
        Err(why) => (Vec::new(), vec![gap(&id, &why)]),
    }
}

/// Everything at the end of these lists below an account: `databases/principalAssignments`.
async fn grants_below(
    reader: &Reader,
    account: ResourceId,
    below: &str,
    api: &'static str,
) -> (Kept, Vec<Gap>) {
    let (mut level, mut gaps) = (vec![json!({ "id": account })], Vec::new());
    for list in below.split('/') {
        let mut next = Vec::new();
        for id in level.iter().filter_map(|one| members::text(one, "/id")) {
            let path = format!("{id}/{list}");
            match reader.list(&path, api, &[]).await {
                Ok(found) => next.extend(found),
                // A kind of grant that this account cannot have.
                Err(why) if says_never(&why) => {}
                Err(why) => gaps.push(gap(&path, &why)),
            }
        }
        level = next;
    }
    (level.into_iter().map(|grant| (grant, api)).collect(), gaps)
}

/// What the new one is granted; where users have names, under its own: both are there for a while.
fn grant_body(b: &Builder<'_>, new: &NewIdentity, grant: &ServiceGrant) -> PlanValue<Value> {
    let mut body = grant.body.clone();
    let kind = grant.id.kind().unwrap_or_default();
    if let Some((member, max)) = known::of(&kind).and_then(|known| known.user) {
        let name = body["properties"].get_mut(member);
        if let Some(name) = name.filter(|name| name.as_str().is_some_and(|n| b.old().in_text(n).is_empty())) {
            *name = Value::String(fresh_name(b, new, max));
        }
    }
    b.renamed(new, &body)
}

/// The account that a grant belongs to.
fn service(id: &str) -> String {
    id.rsplit('/').nth(2).map_or_else(|| place(id), ToOwned::to_owned)
}

/// Where the new grant stands: named after the new principal, by a GUID, or by the old name and a mark.
fn grant_id(b: &Builder<'_>, new: &NewIdentity, grant: &ServiceGrant) -> PlanValue<ResourceId> {
    let (parent, name) = grant.id.rsplit_once('/').unwrap_or(("", &grant.id));
    if let Some(identifier) = b.old().in_text(name).first() {
        let parts = vec![Template::known(format!("{parent}/")), new.name(*identifier)];
        return PlanValue::from_template(Template::Text(parts));
    }
    let derived = b.derived_name(&["grant", &grant.id]);
    let fresh =
        if uuid::Uuid::try_parse(name).is_ok() { derived } else { format!("{name}-{}", &derived[..8]) };
    ResourceId::from(format!("{parent}/{fresh}")).into()
}

/// The one administrator of a server, where that is the identity: it is re-pointed like any reference.
pub(crate) fn administrator(body: &Value, api_version: &str, who: &Identifiers) -> Option<Host> {
    let mut host = host(body, api_version, who).filter(|host| is_single(&host.id))?;
    host.found_by = BTreeSet::from([Method::Direct]);
    Some(host)
}
