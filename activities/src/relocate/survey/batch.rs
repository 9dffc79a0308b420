//! Activities: reads the facts of one or many identities, in as few requests as Azure allows. Reads only.
//!
//! Discovery is a union: Resource Graph by the map of identities and by any text, Azure's own list of what
//! uses an identity, and the resources themselves. What one method sees and another should have seen is
//! a gap in the plan, and so is everything that may not be read.

use crate::azure::{NO_ANSWER, ReadAction, Reader, ResourceId};
use crate::references::members;
use crate::references::scan::Identifiers;
use crate::references::words::{Batch, Words};
use crate::relocate::facts::*;
use crate::relocate::map::survey as mapped;
use crate::relocate::params::Params;
use crate::relocate::peers::Peers;
use crate::relocate::survey::common::Common;
use crate::relocate::survey::directory::{Directory, Had};
use crate::relocate::survey::gaps::gap;
use crate::relocate::survey::{once, parse, rights};
use crate::surfaces::ALL;
use crate::surfaces::cluster::survey as bindings;
use crate::surfaces::data_plane::facts as planes;
use crate::surfaces::data_plane::survey as data_planes;
use crate::surfaces::deny_assignment::denied;
use crate::surfaces::deny_assignment::survey as denials;
use crate::surfaces::federated_credential as credentials;
use crate::surfaces::home::sources;
use crate::surfaces::home::survey as homes;
use crate::surfaces::host::candidates::Candidates;
use crate::surfaces::host::inside;
use crate::surfaces::host::survey as hosts;
use crate::surfaces::host::users::UsersLists;
use crate::surfaces::identity::create::MSI;
use crate::surfaces::identity::survey as itself;
use crate::surfaces::identity_extensions::survey as extensions;
use crate::surfaces::lock::which;
use crate::surfaces::manual_references::survey as named;
use crate::surfaces::service_grant;
use crate::surfaces::sign_ins::survey as sign_ins;
use crate::surfaces::surface::Heard;
use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt};
use rehome_orchestrator::{Fault, FaultKind};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::future::ready;

/// Identities that are read at the same time.
const AT_ONCE: usize = 64;

/// Identities of which everything else is read at the same time: enough that Azure is never short of questions, and so few that
/// the first are told, and begin to write, long before the last. Azure counts reads and writes in buckets of their own.
const TOLD_AT_ONCE: usize = 16;

/// Lists of what uses an identity that are waited for at the same time. Azure gives one a second in a whole tenant, and nothing
/// else is so slow: they are asked for first.
const LISTS_AT_ONCE: usize = 32;

/// What may be of any of the identities, read once for all of them.
struct ForAll<'a> {
    /// What the index says that it mentions one of them.
    mentioned: Candidates,
    /// Deny assignments, of whomever.
    denials: Vec<Value>,
    /// What is below resources that need not carry any of them.
    inside: inside::Inside,
    /// What would put one of them back from outside.
    homes: homes::Homes,
    /// All moves of the batch.
    peers: Peers,
    /// What uses each of them, by Azure's own list.
    users: &'a UsersLists,
}

impl ForAll<'_> {
    /// What of all this names one identity.
    fn named(&self, common: &Common, who: &Identifiers) -> Vec<ManualReference> {
        let mut named = named::resources(&self.mentioned, who);
        named.extend(common.opaque.closed.iter().cloned());
        named
    }
}

/// Reads the facts of all these identities; one that cannot be read does not hinder the others.
///
/// # Errors
/// When nothing at all can be read.
pub async fn survey(reader: &Reader, params: &[Params]) -> Result<Vec<Result<Facts, Fault>>, Fault> {
    survey_each(reader, params, |_, facts| facts).await
}

/// The same, where something smaller is made of the facts of each identity as soon as they are read.
///
/// # Errors
/// As [`survey`].
pub async fn survey_each<T: Send>(
    reader: &Reader,
    params: &[Params],
    mut each: impl FnMut(&Params, Result<Facts, Fault>) -> T + Send,
) -> Result<Vec<T>, Fault> {
    let mut all = BTreeMap::new();
    let each = |nth: usize, facts| drop(all.insert(nth, each(&params[nth], facts)));
    survey_as_read(reader, params, each).await?;
    Ok(all.into_values().collect())
}

/// The same, where `each` is told the facts of an identity as soon as they are read, under its number.
///
/// # Errors
/// As [`survey`].
pub(crate) async fn survey_as_read(
    reader: &Reader,
    params: &[Params],
    mut each: impl FnMut(usize, Result<Facts, Fault>) + Send,
) -> Result<(), Fault> {
    let (mut asked, order) = (Vec::with_capacity(params.len()), in_turn(params));
    for &nth in &order {
        asked.push(itself::identity(reader, &params[nth].identity));
    }
    let identities: Vec<Result<(Value, Identity), Fault>> =
        stream::iter(asked).buffered(AT_ONCE).collect().await;
    let identities: Vec<Asked<'_>> = order
        .into_iter()
        .zip(identities)
        .map(|(nth, found)| Asked { nth, params: &params[nth], found })
        .collect();
    let users = UsersLists::default();
    let rest = Box::pin(survey_read(reader, &identities, &users, &mut each));
    let mut lists = Vec::with_capacity(identities.len());
    for asked in &identities {
        if asked.found.is_ok() {
            lists.push(users.of(reader, &asked.params.identity));
        }
    }
    let ahead = stream::iter(lists).buffer_unordered(LISTS_AT_ONCE).for_each(|_| ready(())).map(Ok);
    futures_util::try_join!(rest, ahead).map(drop)
}

/// One identity of those that are read.
struct Asked<'a> {
    /// Its number among them.
    nth: usize,
    params: &'a Params,
    found: Result<(Value, Identity), Fault>,
}

/// The numbers of these moves, their subscriptions by turns: Azure counts what it is asked for each of them.
fn in_turn(params: &[Params]) -> Vec<usize> {
    let mut before: BTreeMap<String, usize> = BTreeMap::new();
    let turn = |(nth, params): (usize, &Params)| {
        let turn = before.entry(params.identity.subscription().unwrap_or_default().to_string()).or_default();
        *turn += 1;
        (*turn, nth)
    };
    let mut order: Vec<(usize, usize)> = params.iter().enumerate().map(turn).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, nth)| nth).collect()
}

/// Reads everything else of identities that were read themselves.
async fn survey_read(
    reader: &Reader,
    identities: &[Asked<'_>],
    users: &UsersLists,
    each: &mut (impl FnMut(usize, Result<Facts, Fault>) + Send),
) -> Result<(), Fault> {
    let read: Vec<(&Value, &Identifiers)> = identities
        .iter()
        .filter_map(|asked| asked.found.as_ref().ok())
        .map(|(body, i)| (body, &i.identifiers))
        .collect();
    let who: Vec<&Identifiers> = read.iter().map(|(_, who)| *who).collect();
    let words = Words::of(who.iter().copied());
    let batch = Batch { identities: &who, words: &words };
    let mut common = Box::pin(once::common(reader, batch)).await?;
    // The index gives three answers a second, which are waited for while resources are read.
    let ((denials, unread), (inside, missed), (homes, unseen), (indexed, unasked)) = futures_util::join!(
        denials::list(reader, &common),
        Box::pin(inside::read(reader, &common, batch)),
        Box::pin(homes::read(reader, &common)),
        hosts::indexed(reader, batch),
    );
    let (mentioned, behind) = hosts::mentioned(reader, &common, batch, &read, indexed).await;
    common.gaps.extend([unread, missed, unseen, unasked, behind].into_iter().flatten());
    let peers = peers(identities);
    let (common, all) = (&common, &ForAll { mentioned, denials, inside, homes, peers, users });
    let directory = &Directory::new(&who);
    let (mut facts, mut read) = (Vec::with_capacity(identities.len()), 0);
    for Asked { nth, params, found } in identities {
        let own = (directory, read);
        read += usize::from(found.is_ok());
        facts.push(async move {
            let facts = match found {
                Ok((_, identity)) => Box::pin(one(reader, common, all, params, identity.clone(), own)).await,
                Err(why) => Err(why.clone()),
            };
            (*nth, facts)
        });
    }
    let mut facts = stream::iter(facts).buffer_unordered(TOLD_AT_ONCE);
    while let Some((nth, facts)) = facts.next().await {
        each(nth, facts);
    }
    Ok(())
}

/// All moves, in the order in which they were named.
fn peers(identities: &[Asked<'_>]) -> Peers {
    let moving = |Asked { nth, params, found }: &Asked<'_>| {
        let principal_id =
            found.as_ref().map(|(_, i)| i.identifiers.principal_id.clone()).unwrap_or_default();
        (*nth, Moving { from: params.identity.clone(), to: params.target.id(), principal_id })
    };
    let moving: BTreeMap<usize, Moving> = identities.iter().map(moving).collect();
    Peers::new(moving.into_values().collect())
}

async fn one(
    reader: &Reader,
    common: &Common,
    all: &ForAll<'_>,
    params: &Params,
    identity: Identity,
    (directory, nth): (&Directory<'_>, usize),
) -> Result<Facts, Fault> {
    let who = identity.identifiers.clone();
    let mut gaps = common.gaps.clone();
    let (target, credentials, had, hosts, (mut named, unread), signs_in, own) = futures_util::join!(
        target(reader, common, params, &identity),
        credentials::read(reader, &who.resource_id),
        directory.of(reader, common, &all.denials, nth),
        hosts::read(reader, common, (&all.mentioned, all.users), &who),
        named::eligible(reader, common, &who),
        signs_in(reader, params, &who),
        extensions::read(reader, &all.mentioned, &who),
    );
    let (signs_in_to, unlogged) = signs_in;
    gaps.extend(unread.into_iter().chain(unlogged).chain(own.gaps));
    named.extend(all.named(common, &who).into_iter().chain(own.by_hand));
    let taken = || Fault::new(FaultKind::Bug, "Twice", "what an identity has is asked for once");
    let Had { mut assignments, heard, orphaned_principals, unasked } = had.ok_or_else(taken)?;
    let Heard { directory, manual_references: eligible, gaps: missed, .. } = heard;
    gaps.extend(missed.into_iter().chain(unasked));
    named.extend(eligible);
    let (target, unasked) = target?;
    gaps.extend(unasked.into_iter().chain(unlisted_home(common, &who)));
    let (mut hosts, host_gaps) = hosts;
    let (credentials, unread) = credentials;
    gaps.extend(unread);
    let (bindings, unlisted) = bindings::read(reader, &credentials, &who).await;
    gaps.extend(unlisted);
    let administrators = common.once.iter().flat_map(|once| service_grant::administrators(once, &who));
    add(&mut hosts, administrators.chain(bindings).chain(all.inside.hosts(&who)));
    gaps.append(&mut assignments.gaps);
    gaps.extend(host_gaps);
    let (mut counterparts, unread) = hosts::counterparts(reader, common, params, &hosts).await;
    gaps.extend(unread);
    let written = hosts.iter_mut().chain(counterparts.iter_mut().map(|c| &mut c.host));
    gaps.extend(hosts::find_dead(reader, common, written).await);
    let mut facts = Facts {
        target,
        graph: reader.graph_for_people(),
        credentials,
        assignments_of: assignments.of,
        assignments_on: assignments.on,
        orphaned_principals,
        conditions_naming: assignments.naming,
        directory,
        access_policies: Vec::new(),
        service_grants: Vec::new(),
        hosts,
        counterparts,
        mapped: Mapped::default(),
        manual_references: named,
        signs_in_to,
        identity_extensions: own.copied,
        locks: Vec::new(),
        moving: Vec::new(),
        rights: Vec::new(),
        denied: Vec::new(),
        assignment_counts: BTreeMap::new(),
        others: BTreeMap::new(),
        gaps,
        identity,
    };
    facts.moving = all.peers.beside(&facts);
    follow(reader, common, all, params, &mut facts).await;
    sort(&mut facts);
    Ok(facts)
}

/// What depends on the rest: homes and keepers of hosts, counterparts of what was granted, locks, the caller's rights
/// and who denies them.
async fn follow(reader: &Reader, common: &Common, all: &ForAll<'_>, params: &Params, facts: &mut Facts) {
    let own = facts.identity.identifiers.clone();
    for (surface, once) in ALL.iter().zip(&common.once) {
        surface.survey(once, &own, facts);
    }
    let who = &facts.identity.identifiers;
    let homes = all.homes.of(who, &all.mentioned, &facts.hosts, &facts.credentials);
    let by_name = hosts::settings_by_name(common, who);
    let (sources, unread) = sources::read(reader, &facts.hosts).await;
    facts.gaps.extend(unread);
    let kept = all.inside.keepers(&facts.hosts, &facts.assignments_of);
    let secrets = all.inside.secrets(&facts.hosts);
    facts.manual_references.extend([homes, by_name, sources, kept, secrets].into_iter().flatten());
    let (inside, unread) = data_planes::read(reader, params, &own, &facts.hosts).await;
    facts.keep(planes::NAME, inside);
    facts.gaps.extend(unread);
    let (mapped, unread) = mapped::read(reader, common, params, facts).await;
    facts.mapped = mapped;
    facts.gaps.extend(unread);
    facts.locks = which::bearing(&common.locks, facts);
    let wanted = rights::wanted(params, facts);
    let (held, unread) = rights::in_azure(reader, common, &wanted).await;
    facts.rights = held;
    facts.gaps.extend(unread);
    facts.denied = denied::of(&all.denials, &common.held.caller(reader.caller()), &facts.rights);
    facts.rights.extend(rights::in_entra(common, &wanted));
    facts.assignment_counts = once::counts(common, facts);
}

/// Each host once.
fn add(hosts: &mut Vec<Host>, more: impl Iterator<Item = Host>) {
    for one in more {
        if !hosts.iter().any(|host| host.id == one.id) {
            hosts.push(one);
        }
    }
}

/// Where it has signed in, if anybody wants to know.
async fn signs_in(
    reader: &Reader,
    params: &Params,
    who: &Identifiers,
) -> (Option<Vec<Audience>>, Option<Gap>) {
    if params.options.quiet_ms == 0 {
        return (None, None);
    }
    sign_ins::read(reader, &who.principal_id).await
}

/// The same world gives the same facts, in whatever order it answered.
fn sort(facts: &mut Facts) {
    facts.credentials.sort();
    facts.assignments_of.sort();
    facts.assignments_on.sort();
    facts.conditions_naming.sort();
    facts.access_policies.sort_by(|a, b| (&a.vault, &a.application_id).cmp(&(&b.vault, &b.application_id)));
    facts.service_grants.sort_by(|a, b| a.id.cmp(&b.id));
    facts.hosts.sort_by(|a, b| a.id.cmp(&b.id));
    facts.mapped.places.sort();
    facts.mapped.grants.sort_by(|a, b| a.of.cmp(&b.of));
    facts.manual_references.sort();
    facts.manual_references.dedup();
    facts.identity_extensions.sort_by(|a, b| a.id.cmp(&b.id));
    facts.locks.sort();
    facts.rights.sort();
    facts.gaps.sort();
    facts.gaps.dedup();
}

async fn target(
    reader: &Reader,
    common: &Common,
    params: &Params,
    was: &Identity,
) -> Result<(TargetFacts, Vec<Gap>), Fault> {
    let target = &params.target;
    let provider_id = format!("/subscriptions/{}/providers/Microsoft.ManagedIdentity", target.subscription);
    let (group, identity) = (target.group_id(), target.id());
    let (group, there, provider, denied) = futures_util::join!(
        common.shared.find(reader, &group, "2024-07-01"),
        reader.find(&identity, MSI),
        common.shared.find(reader, &provider_id, "2021-04-01"),
        policies(reader, params, was),
    );
    let group = group?;
    let (policies, mut gaps) = match denied {
        Ok(policies) => (policies, Vec::new()),
        // In a group that is not there nothing can be asked.
        Err(_) if group.is_none() => (Vec::new(), Vec::new()),
        Err(why) => (Vec::new(), vec![gap("Azure Policy at the target", &why)]),
    };
    // In a group that is not there nothing is.
    let taken = group.is_some() && there?.is_some();
    // Every subscription knows this provider, registered or not.
    let none = || {
        let what = "the subscription does not know the provider of identities";
        Fault::new(FaultKind::Missing, "NoProvider", what)
    };
    let provider = match provider.and_then(|found| found.ok_or_else(none)) {
        Ok(found) => Some(found),
        Err(why) => {
            gaps.push(gap(&provider_id, &why));
            None
        }
    };
    let state = provider.as_ref().and_then(|p| members::text(p, "/registrationState"));
    let facts = TargetFacts {
        id: target.id(),
        group_location: group.as_ref().and_then(|g| members::text(g, "/location")),
        taken,
        region_offered: provider.as_ref().and_then(|p| offered(p, &target.location)),
        registered: state.map(|state| state.eq_ignore_ascii_case("Registered")),
        policies,
    };
    Ok((facts, gaps))
}

/// The assignments of policies that would deny the new identity.
async fn policies(reader: &Reader, params: &Params, was: &Identity) -> Result<Vec<ResourceId>, Fault> {
    let mut tags = was.tags.clone();
    tags.extend(params.options.add_tags.clone());
    let mut properties = json!({"isolationScope": was.isolation_scope.as_deref().unwrap_or("None")});
    let restrictions = was.assignment_restrictions.iter().map(|value| ("assignmentRestrictions", value));
    for (name, value) in was.more.iter().map(|(name, value)| (name.as_str(), value)).chain(restrictions) {
        properties[name] = value.clone();
    }
    let content = json!({"type": "Microsoft.ManagedIdentity/userAssignedIdentities", "name": params.target.name,
        "location": params.target.location, "tags": tags, "properties": properties});
    let version = was.api_version.as_deref().unwrap_or(MSI);
    let body = json!({"resourceDetails": {"resourceContent": content, "apiVersion": version}});
    let group = params.target.group_id();
    let found = reader.post_question(ReadAction::CheckPolicyRestrictions, &group, &body).await?;
    items_at(&found, "/contentEvaluationResult/policyEvaluations", &group)?;
    Ok(parse::denying(&found))
}

/// A list inside an answer, which is one or a failure.
fn items_at<'a>(body: &'a Value, pointer: &str, place: &str) -> Result<&'a Vec<Value>, Fault> {
    let none = || Fault::new(FaultKind::Broken, NO_ANSWER, format!("the answer has no list in {pointer}"));
    body.pointer(pointer).and_then(Value::as_array).ok_or_else(|| none().at(place))
}

pub(crate) fn offered(provider: &Value, location: &str) -> Option<bool> {
    let plain = |text: &str| text.replace(' ', "").to_lowercase();
    let types = provider["resourceTypes"].as_array()?;
    let kind = types.iter().find(|t| {
        t["resourceType"].as_str().is_some_and(|k| k.eq_ignore_ascii_case("userAssignedIdentities"))
    })?;
    let regions = kind["locations"].as_array()?;
    Some(regions.iter().filter_map(Value::as_str).any(|r| plain(r) == plain(location)))
}

/// The subscription of an identity is one of those that may be seen: a list without it is not the whole one.
fn unlisted_home(common: &Common, who: &Identifiers) -> Option<Gap> {
    let home = who.resource_id.subscription().unwrap_or_default();
    let listed = common.subscriptions.contains(&home);
    let why =
        || "the list of subscriptions does not have it: other subscriptions may be missing, too".to_owned();
    (!listed).then(|| Gap { code: GapCode::Unreadable, scope: format!("/subscriptions/{home}"), why: why() })
}
