//! Activities: finds and reads the resources that carry or name an identity.

use crate::azure::{AT_ONCE, ReadAction, Reader, ResourceId, ResourceType};
use crate::references::scan::Identifiers;
use crate::references::words::Batch;
use crate::references::{by_name, members};
use crate::relocate::facts::*;
use crate::relocate::params::Params;
use crate::relocate::survey::accounts::accounts;
use crate::relocate::survey::common::Common;
use crate::relocate::survey::gaps::{gap, understood};
use crate::relocate::survey::parse;
use crate::relocate::survey::query;
use crate::relocate::survey::query::RESOURCE_GRAPH;
use crate::surfaces::database::servers as databases;
use crate::surfaces::host::candidates::{Candidate, Candidates, behind};
use crate::surfaces::host::opaque::{Opaque, SettingText, Site};
use crate::surfaces::host::users::UsersLists;
use crate::surfaces::identity::create::MSI;
use crate::surfaces::key_vault_policy::surface as vaults;
use crate::surfaces::manual_references::manual_only_types;
use futures_util::stream::{self, StreamExt};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The lists of settings that a site has.
const LISTS: [(&str, ReadAction); 2] =
    [("appsettings", ReadAction::ListAppSettings), ("connectionstrings", ReadAction::ListConnectionStrings)];

/// Types that keep roles of their own, which no list of Azure shows.
const CLOSED: [&str; 2] = ["microsoft.keyvault/managedhsms", "microsoft.synapse/workspaces"];

/// Reads the settings and connection strings of every site and slot, and which keepers of roles there are.
pub(crate) async fn sites(reader: &Reader, batch: Batch<'_>) -> (Opaque, Vec<Gap>) {
    let mut gaps = Vec::new();
    let [hsm, workspace] = CLOSED;
    let kinds = ["microsoft.web/sites", "microsoft.web/sites/slots", hsm, workspace];
    let ids = accounts(reader, &kinds, &mut gaps).await;
    let (closed, ids): (Vec<_>, Vec<_>) =
        ids.into_iter().partition(|(_, kind)| CLOSED.iter().any(|closed| kind == closed));
    let named = |(id, kind): (ResourceId, ResourceType)| match kind == hsm {
        true => ManualReference::Hsm(id),
        false => ManualReference::Workspace(id),
    };
    let mut asked = Vec::new();
    for (id, _) in &ids {
        for (list, action) in LISTS {
            asked.push(async move { (id, list, reader.post_read(action, id).await) });
        }
    }
    let mut sites: Vec<Site> = Vec::new();
    for (id, list, found) in stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>().await {
        let settings = match found {
            Ok(found) => texts(list, &found),
            Err(why) => {
                gaps.push(gap(&format!("{id}/config/{list}"), &why));
                continue;
            }
        };
        // The answers come in the order of the questions.
        match sites.last_mut() {
            Some(site) if &site.id == id => site.settings.extend(settings),
            _ => sites.push(Site { id: id.clone(), settings }),
        }
    }
    (Opaque::new(sites, closed.into_iter().map(named).collect(), batch), gaps)
}

/// What a list holds: texts, or texts with the type of what they lead to.
fn texts(list: &'static str, found: &Value) -> Vec<SettingText> {
    let entries = found["properties"].as_object().into_iter().flatten();
    let text = |(name, entry): (&String, &Value)| {
        let text = entry.as_str().or_else(|| entry["value"].as_str())?;
        Some(SettingText { name: name.clone(), list, text: text.to_owned() })
    };
    entries.filter_map(text).collect()
}

/// Settings of sites that give the identity by its name and its group, side by side.
pub(crate) fn settings_by_name(common: &Common, who: &Identifiers) -> Vec<ManualReference> {
    let named = |site: &Site| {
        let texts = site.settings.iter().filter(|setting| setting.list == "appsettings");
        let map = texts.map(|setting| (setting.name.clone(), Value::from(setting.text.as_str()))).collect();
        let mut names: Vec<String> = by_name::pairs(&Value::Object(map), who)
            .iter()
            .map(|place| place.pointer.trim_start_matches('/').to_owned())
            .collect();
        names.sort();
        names.dedup();
        let (id, place) = (site.id.clone(), names.join(", "));
        (!names.is_empty())
            .then(|| ManualReference::Home(Home { id, kind: HomeKind::Settings, place, of: Vec::new() }))
    };
    common.opaque.sites.of(who).filter_map(named).collect()
}

fn settings_of(common: &Common, id: &ResourceId, who: &Identifiers) -> Vec<Setting> {
    let settings = common.opaque.site(id).into_iter().flat_map(|s| &s.settings);
    let naming = settings.filter_map(|s| {
        let identifiers = who.in_text(&s.text);
        let name = s.name.clone();
        (!identifiers.is_empty()).then(|| Setting { name, list: s.list.to_owned(), identifiers })
    });
    let mut settings: Vec<Setting> = naming.collect();
    settings.sort();
    settings
}

/// The database servers that the settings of a site name, whatever else they hold.
fn databases_of(common: &Common, id: &ResourceId) -> BTreeSet<String> {
    let settings = common.opaque.site(id).into_iter().flat_map(|s| &s.settings);
    settings.flat_map(|s| databases::named_in_text(&format!("{} {}", s.name, s.text))).collect()
}

/// What the index says mentions one of the identities, by its id.
pub(crate) type Indexed = BTreeMap<ResourceId, (ResourceId, ResourceType)>;

/// Asks the index what mentions one of the identities.
pub(crate) async fn indexed(reader: &Reader, batch: Batch<'_>) -> (Indexed, Vec<Gap>) {
    let mut gaps = Vec::new();
    let chunks = batch.identities.chunks(query::IDENTITIES_PER_QUERY);
    let queries = chunks.flat_map(|some| query::TABLES.map(|table| (table, query::mentions(table, some))));
    let asked: Vec<_> = queries
        .map(|(table, query)| async move { (table, reader.resource_graph(&query, &[]).await) })
        .collect();
    let mut found = BTreeMap::new();
    for (table, rows) in stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>().await {
        match rows {
            Ok(rows) => {
                let place = format!("{RESOURCE_GRAPH}: {table}");
                let rows = understood(&place, &rows, members::id_and_type, &mut gaps);
                found.extend(rows.into_iter().map(|(id, kind)| (id.clone(), (id, kind))));
            }
            Err(why) if query::lacks_table(&why, table) => {}
            Err(why) => gaps.push(gap(&format!("{RESOURCE_GRAPH}: {table}"), &why)),
        }
    }
    (found, gaps)
}

/// What the index says mentions one of the identities, each read from itself.
pub(crate) async fn mentioned(
    reader: &Reader,
    common: &Common,
    batch: Batch<'_>,
    identities: &[(&Value, &Identifiers)],
    mut found: Indexed,
) -> (Candidates, Vec<Gap>) {
    // The identities themselves have been read, and one may name another.
    found.retain(|id, _| !common.living.contains(id));
    let mut candidates = fetch(reader, common, found.into_values().collect()).await;
    let gaps = behind(&candidates, batch);
    candidates.extend(identities.iter().map(|(body, who)| {
        let (id, kind) = (who.resource_id.clone(), who.resource_id.kind().unwrap_or_default());
        let found = Ok(Some((*body).clone()));
        (id.clone(), Candidate::new(id, kind, MSI.to_owned(), found))
    }));
    (Candidates::new(candidates, batch), gaps)
}

/// Reads each of these from itself, in the version that its type has.
async fn fetch(
    reader: &Reader,
    common: &Common,
    wanted: Vec<(ResourceId, ResourceType)>,
) -> BTreeMap<ResourceId, Candidate> {
    let mut asked = Vec::with_capacity(wanted.len());
    for (id, kind) in wanted {
        asked.push(async move {
            let (api, found) = match vaults::read_before(&common.once, &id) {
                Some(vault) => (vaults::version().to_owned(), Ok(Some(vault.clone()))),
                None => {
                    let api = common.versions.of(reader, &id, &kind).await;
                    let found = reader.find_twice(&id, &api).await;
                    (api, found)
                }
            };
            (id.clone(), Candidate::new(id, kind, api, found))
        });
    }
    stream::iter(asked).buffered(AT_ONCE).collect().await
}

/// What each way of looking says about one identity.
struct Ways {
    ids: BTreeMap<ResourceId, (ResourceType, BTreeSet<Method>)>,
}

impl Ways {
    fn add(&mut self, id: &ResourceId, kind: ResourceType, method: Method) {
        let entry = self.ids.entry(id.clone()).or_insert_with(|| (kind, BTreeSet::new()));
        entry.1.insert(method);
    }
}

/// The resources that carry or name one identity.
pub(crate) async fn read(
    reader: &Reader,
    common: &Common,
    (mentioned, users): (&Candidates, &UsersLists),
    who: &Identifiers,
) -> (Vec<Host>, Vec<Gap>) {
    let associated = users.of(reader, &who.resource_id).await;
    let mut gaps = associated.gaps.clone();
    let asked = Asked { index: !mentioned.all.is_empty(), azure: associated.found.is_some() };
    let mut ways = Ways { ids: BTreeMap::new() };
    let unread = mentioned.unread.iter().filter_map(|id| mentioned.all.get(id));
    for candidate in mentioned.of(who).chain(unread) {
        ways.add(&candidate.id, candidate.kind.clone(), Method::GraphText);
    }
    for site in common.opaque.sites.of(who).filter(|site| !settings_of(common, &site.id, who).is_empty()) {
        ways.add(&site.id, site.id.kind().unwrap_or_default(), Method::Direct);
    }
    for (id, kind) in associated.found.iter().flatten() {
        ways.add(id, kind.clone(), Method::Associated);
    }
    for (id, (_, methods)) in &mut ways.ids {
        // The index may show it for another identity: it shows it.
        if mentioned.all.contains_key(id) {
            methods.insert(Method::GraphText);
        }
    }
    let unread = ways.ids.iter().filter(|(id, _)| !mentioned.all.contains_key(*id));
    let unread = unread.map(|(id, (kind, _))| (id.clone(), kind.clone())).collect();
    let more = fetch(reader, common, unread).await;
    let mut hosts = Vec::new();
    for (id, (_, methods)) in ways.ids {
        let Some(candidate) = mentioned.all.get(&id).or_else(|| more.get(&id)) else { continue };
        let by_azure = methods.contains(&Method::Associated);
        let host = match candidate.found() {
            Ok(Some(body)) => {
                let host = judge(common, &body, candidate, who, &methods);
                gaps.extend(disagreements(&candidate.id, host.as_ref(), &methods, asked));
                host
            }
            // An index lags: what it names may be gone.
            Ok(None) if !by_azure => None,
            Ok(None) => {
                let why = "you may not see it".to_owned();
                gaps.push(Gap { code: GapCode::Unseen, scope: candidate.id.to_string(), why });
                Some(parse::hidden_host(&candidate.id, &candidate.kind, Method::Associated))
            }
            Err(why) => {
                gaps.push(gap(&candidate.id, why));
                by_azure.then(|| parse::hidden_host(&candidate.id, &candidate.kind, Method::Associated))
            }
        };
        hosts.extend(host);
    }
    let children = crate::surfaces::host::children::read(reader, &hosts, who, &mut gaps).await;
    for child in &children {
        gaps.extend(disagreements(&child.id, Some(child), &child.found_by, asked));
    }
    hosts.extend(children);
    (hosts, gaps)
}

/// Which ways of looking gave an answer.
#[derive(Clone, Copy)]
struct Asked {
    index: bool,
    azure: bool,
}

/// What one way of looking says and another, which should have, does not. Settings are in no index, so
/// only what carries the identity can be compared.
fn disagreements(id: &str, host: Option<&Host>, seen: &BTreeSet<Method>, asked: Asked) -> Vec<Gap> {
    let carries = host.is_some_and(|host| host.carries);
    let (indexed, by_azure) = (seen.contains(&Method::GraphText), seen.contains(&Method::Associated));
    let mut whys = Vec::new();
    if carries && asked.azure && !by_azure {
        whys.push("it carries the identity, and listAssociatedResources does not name it");
    }
    if carries && asked.index && !indexed {
        whys.push("it carries the identity, and Resource Graph does not show it");
    }
    if !carries && by_azure {
        whys.push("listAssociatedResources names it, and it does not carry the identity");
    }
    let gap = |why: &str| Gap { code: GapCode::Disagreement, scope: id.to_owned(), why: why.to_owned() };
    whys.into_iter().map(gap).collect()
}

/// Finds the identities beside the moving one that are gone: while one is in its map, a host can not be written.
pub(crate) async fn find_dead<'a>(
    reader: &Reader,
    common: &Common,
    hosts: impl Iterator<Item = &'a mut Host>,
) -> Vec<Gap> {
    let mut hosts: Vec<&mut Host> = hosts.collect();
    let attached = hosts.iter().flat_map(|host| &host.attached).cloned();
    let beside: BTreeSet<ResourceId> = attached.filter(|id| !common.living.contains(id)).collect();
    let mut asked = Vec::with_capacity(beside.len());
    for id in beside {
        asked.push(async move {
            let look = async { Ok(reader.find_twice(&id, MSI).await?.is_some()) };
            (common.shared.there.of(&id, look).await, id)
        });
    }
    let (mut gone, mut gaps) = (BTreeSet::new(), Vec::new());
    for (found, id) in stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>().await {
        match found {
            Ok(true) => {}
            Ok(false) => {
                gone.insert(id);
            }
            Err(why) => gaps.push(gap(&id, &why)),
        }
    }
    for host in &mut hosts {
        let attached = host.attached.iter().filter(|id| gone.contains(*id));
        host.dead = attached.cloned().collect();
    }
    gaps
}

/// Those counterparts of hosts that are there; what the map names and is not there is left out.
pub(crate) async fn counterparts(
    reader: &Reader,
    common: &Common,
    params: &Params,
    hosts: &[Host],
) -> (Vec<Counterpart>, Vec<Gap>) {
    let mut wanted = Vec::new();
    for host in hosts {
        wanted.extend(params.options.counterpart(&host.id).map(|id| (id, host.kind.clone())));
    }
    let found = fetch(reader, common, wanted).await;
    let of = |host: &Host| {
        let id = params.options.counterpart(&host.id)?;
        let candidate = found.get(&id)?;
        Some(Counterpart {
            of: host.id.clone(),
            host: parse::counterpart(&candidate.body()?, &candidate.api)?,
        })
    };
    let unread = found.values().filter_map(|c| Some(gap(&c.id, c.found().err()?))).collect();
    (hosts.iter().filter_map(of).collect(), unread)
}

fn judge(
    common: &Common,
    body: &Value,
    candidate: &Candidate,
    who: &Identifiers,
    methods: &BTreeSet<Method>,
) -> Option<Host> {
    let (id, api) = (&candidate.id, candidate.api.as_str());
    // The identity itself, and what belongs to it, are moved by steps of their own.
    if id.is_at_or_below(&who.resource_id) || manual_only_types::of(&candidate.kind).is_some() {
        return None;
    }
    let settings = settings_of(common, id, who);
    let mut host = match parse::host(body, api, who) {
        Some(host) => host,
        None if settings.is_empty() => return None,
        None => {
            let mut host = parse::hidden_host(id, &id.kind()?, Method::Direct);
            host.carries = false;
            host.readable = true;
            host.api_version = api.to_owned();
            host
        }
    };
    host.found_by.extend(methods.iter().copied());
    host.settings = settings;
    host.databases.extend(databases::named_in(body));
    host.databases.extend(databases_of(common, id));
    Some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::testing;

    #[test]
    fn every_difference_between_the_ways_of_looking_is_said() {
        let carrier = testing::host("Microsoft.Web/sites", "a");
        let all = Asked { index: true, azure: true };
        let said = |host: Option<&Host>, seen: &[Method], asked| {
            disagreements("/x", host, &seen.iter().copied().collect(), asked).len()
        };
        let (index, azure) = (Method::GraphText, Method::Associated);
        assert_eq!(said(Some(&carrier), &[index, azure], all), 0);
        assert_eq!(said(Some(&carrier), &[index], all), 1);
        assert_eq!(said(Some(&carrier), &[azure], all), 1);
        assert_eq!(said(Some(&carrier), &[Method::Direct], all), 2);
        assert_eq!(said(None, &[azure], all), 1);
        assert_eq!(said(None, &[index], all), 0, "the index is asked for many identities at once");
        let none = Asked { index: false, azure: false };
        assert_eq!(said(Some(&carrier), &[Method::Direct], none), 0, "what was not answered cannot differ");
    }
}
