//! Activities: finds and reads the resources that carry or name an identity.

use super::{Common, access, gap, parse, query};
use crate::azure::{ReadAction, Reader};
use crate::references::scan::Identifiers;
use crate::references::settings::SettingsKey;
use crate::references::table;
use crate::relocate::facts::*;
use futures_util::stream::{self, StreamExt};
use rehome_orchestrator::FaultKind;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Requests at the same time.
const AT_ONCE: usize = 8;

/// A type that the table does not have is read in this version, and if that fails, in none.
const FALLBACK: &str = "2024-01-01";

/// A site or slot, with the names, marks and identifiers-to-be of its settings; values are not kept.
pub(super) struct Site {
    pub(super) id: String,
    /// Each setting with a text that is searched for identifiers and then forgotten.
    settings: Vec<SettingText>,
}

struct SettingText {
    name: String,
    mark: String,
    /// Dropped with the survey; never written anywhere.
    text: String,
}

/// Reads the settings of every site and slot: no index shows them.
pub(super) async fn sites(reader: &Reader, key: &SettingsKey, gaps: &mut Vec<Gap>) -> Vec<Site> {
    let ids = access::accounts(reader, &["microsoft.web/sites", "microsoft.web/sites/slots"], gaps).await;
    let read: Vec<_> = ids
        .into_iter()
        .map(|(id, _)| async move { (reader.post_read(ReadAction::ListAppSettings, &id).await, id) })
        .collect();
    let mut sites = Vec::new();
    for (found, id) in stream::iter(read).buffered(AT_ONCE).collect::<Vec<_>>().await {
        match found {
            Ok(found) => {
                let settings = found["properties"].as_object().into_iter().flatten();
                let settings = settings.filter_map(|(name, value)| {
                    let text = value.as_str()?.to_owned();
                    Some(SettingText { name: name.clone(), mark: key.mark(&id, name, &text), text })
                });
                sites.push(Site { settings: settings.collect(), id: id.clone() });
            }
            Err(why) => gaps.push(gap(&format!("{id}/config/appsettings"), &why)),
        }
    }
    sites
}

fn settings_of(common: &Common, id: &str, who: &Identifiers) -> Vec<Setting> {
    let site = common.sites.iter().find(|s| s.id.eq_ignore_ascii_case(id));
    let settings = site.into_iter().flat_map(|s| &s.settings);
    let naming = settings.filter_map(|s| {
        let identifiers = who.in_text(&s.text);
        let (name, mark) = (s.name.clone(), s.mark.clone());
        (!identifiers.is_empty()).then(|| Setting { name, list: "appsettings".to_owned(), identifiers, mark })
    });
    let mut settings: Vec<Setting> = naming.collect();
    settings.sort();
    settings
}

/// Ids of everything that the index says mentions one of the identities, with its type.
pub(super) async fn mentioned(
    reader: &Reader,
    identities: &[&Identifiers],
    gaps: &mut Vec<Gap>,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for some in identities.chunks(query::IDENTITIES_PER_QUERY) {
        for table in query::TABLES {
            match reader.resource_graph(&query::mentions(table, some), &[]).await {
                Ok(rows) => found.extend(
                    rows.iter().filter_map(|r| Some((parse::text(r, "/id")?, parse::text(r, "/type")?))),
                ),
                // Not every cloud has every table.
                Err(why) if table != "resources" && why.kind == FaultKind::Invalid => {}
                Err(why) => gaps.push(gap(&format!("Resource Graph: {table}"), &why)),
            }
        }
    }
    found
}

/// Reads every resource that may carry or name one identity.
pub(super) async fn read(
    reader: &Reader,
    common: &Common,
    mentioned: &BTreeMap<String, String>,
    who: &Identifiers,
) -> (Vec<Host>, Vec<Gap>) {
    let mut gaps = Vec::new();
    let mut candidates: BTreeMap<String, (String, String, BTreeSet<Method>)> = BTreeMap::new();
    let mut add = |id: String, kind: String, method: Method| {
        let entry = candidates.entry(id.to_lowercase()).or_insert_with(|| (id, kind, BTreeSet::new()));
        entry.2.insert(method);
    };
    for (id, kind) in mentioned {
        add(id.clone(), kind.clone(), Method::GraphText);
    }
    for site in &common.sites {
        if !settings_of(common, &site.id, who).is_empty() {
            let kind = parse::type_of(&site.id).unwrap_or_default();
            add(site.id.clone(), kind, Method::Direct);
        }
    }
    let associated = reader.post_read(ReadAction::ListAssociatedResources, &who.resource_id).await;
    let mut seen = BTreeSet::new();
    match associated {
        Ok(list) => {
            for user in list["value"].as_array().into_iter().flatten() {
                let (Some(id), Some(kind)) = (parse::text(user, "/id"), parse::text(user, "/type")) else {
                    continue;
                };
                seen.insert(id.to_lowercase());
                add(id, kind, Method::Associated);
            }
        }
        Err(why) => gaps.push(gap(&format!("{}/listAssociatedResources", who.resource_id), &why)),
    }
    let mut read = Vec::with_capacity(candidates.len());
    for (id, kind, methods) in candidates.into_values() {
        let api = table::row(&kind).and_then(|r| r.api_version).unwrap_or(FALLBACK);
        read.push(async move { (reader.find(&id, api).await, id, kind, methods, api) });
    }
    let mut hosts = Vec::new();
    for (found, id, kind, methods, api) in stream::iter(read).buffered(AT_ONCE).collect::<Vec<_>>().await {
        let by_azure = methods.contains(&Method::Associated);
        match found {
            Ok(Some(body)) => {
                if let Some(host) = judge(common, &body, &id, api, who, methods) {
                    if host.carries && !seen.is_empty() && !by_azure {
                        let why = "it carries the identity, and listAssociatedResources does not name it";
                        gaps.push(Gap { code: GapCode::Disagreement, scope: id, why: why.to_owned() });
                    }
                    hosts.push(host);
                }
            }
            // An index lags: what it names may be gone.
            Ok(None) if !by_azure => {}
            Ok(None) => {
                gaps.push(Gap {
                    code: GapCode::Unseen,
                    scope: id.clone(),
                    why: "you may not see it".to_owned(),
                });
                hosts.push(parse::hidden_host(&id, &kind, Method::Associated));
            }
            Err(why) => {
                gaps.push(gap(&id, &why));
                if by_azure {
                    hosts.push(parse::hidden_host(&id, &kind, Method::Associated));
                }
            }
        }
    }
    let children = super::children::read(reader, &hosts, who, &mut gaps).await;
    hosts.extend(children);
    (hosts, gaps)
}

fn judge(
    common: &Common,
    body: &Value,
    id: &str,
    api: &str,
    who: &Identifiers,
    methods: BTreeSet<Method>,
) -> Option<Host> {
    // The identity itself, and what belongs to it, are moved by steps of their own.
    let (lower, own) = (id.to_lowercase(), who.resource_id.to_lowercase());
    if lower == own || lower.starts_with(&format!("{own}/")) {
        return None;
    }
    let settings = settings_of(common, id, who);
    let mut host = match parse::host(body, api, who) {
        Some(host) => host,
        None if settings.is_empty() => return None,
        None => {
            let mut host = parse::hidden_host(id, &parse::type_of(id)?, Method::Direct);
            host.carries = false;
            host.readable = true;
            host.api_version = api.to_owned();
            host
        }
    };
    host.found_by.extend(methods);
    host.settings = settings;
    Some(host)
}
