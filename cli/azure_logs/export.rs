//! CLI: an export of Azure's Activity Log or of the directory's audit log, as `az` and Graph write it. Pure; its bytes are
//! somebody else's.
//!
//! Sources: <https://learn.microsoft.com/rest/api/monitor/activity-logs/list> (`EventData`),
//! <https://learn.microsoft.com/graph/api/resources/directoryaudit>.

use chrono::{DateTime, Utc};
use rehome_activities::changes::is_reading;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Whose log it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Keeper {
    /// Resource Manager's Activity Log.
    Resources,
    /// The directory's audit log.
    Directory,
}

/// A file with entries of one of these logs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Export {
    pub(crate) keeper: Keeper,
    pub(crate) entries: Vec<Entry>,
    /// The file is one page of a list that goes on.
    pub(crate) goes_on: bool,
}

/// One entry, as far as it matters here.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) at_ms: i64,
    pub(crate) correlation: String,
    /// What a client may have named it by, in lower case.
    pub(crate) ids: BTreeSet<String>,
    pub(crate) caller: String,
    /// Every name of who did it, in lower case.
    pub(crate) who: BTreeSet<String>,
    pub(crate) operation: String,
    pub(crate) target: String,
    /// In lower case; empty in the directory.
    pub(crate) subscription: String,
    pub(crate) group: Option<String>,
    /// Whether it is of something that was changed.
    pub(crate) changed: bool,
}

/// A word with what people read for it, or the word alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Word {
    Named { value: Option<String> },
    Plain(String),
}

impl Word {
    fn text(word: Option<Self>) -> String {
        match word {
            Some(Self::Named { value: Some(text) } | Self::Plain(text)) => text,
            Some(Self::Named { value: None }) | None => String::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    event_timestamp: DateTime<Utc>,
    correlation_id: Option<String>,
    caller: Option<String>,
    operation_name: Option<Word>,
    status: Option<Word>,
    resource_id: Option<String>,
    resource_group_name: Option<String>,
    subscription_id: Option<String>,
    http_request: Option<HttpRequest>,
    claims: Option<BTreeMap<String, serde_json::Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HttpRequest {
    client_request_id: Option<String>,
}

/// The claims that name who was signed in.
const CLAIMS: [&str; 2] = ["appid", "http://schemas.microsoft.com/identity/claims/objectidentifier"];

/// How an operation ends that changed something, and how one begins that may have.
const CHANGED: [&str; 4] = ["succeeded", "accepted", "started", "success"];

fn lower(texts: impl IntoIterator<Item = Option<String>>) -> BTreeSet<String> {
    texts.into_iter().flatten().map(|text| text.to_ascii_lowercase()).filter(|t| !t.is_empty()).collect()
}

impl From<Event> for Entry {
    fn from(event: Event) -> Self {
        let (operation, status) = (Word::text(event.operation_name), Word::text(event.status));
        let target = event.resource_id.unwrap_or_default();
        let of_target = target.split('/').nth(2).map(ToOwned::to_owned);
        let claims = event.claims.unwrap_or_default();
        let claimed =
            CLAIMS.iter().map(|name| claims.get(*name).and_then(|c| c.as_str()).map(ToOwned::to_owned));
        let changed = CHANGED.iter().any(|word| status.eq_ignore_ascii_case(word)) && !is_reading(&operation);
        let caller = event.caller.unwrap_or_default();
        let correlation = event.correlation_id.unwrap_or_default();
        let request = event.http_request.and_then(|request| request.client_request_id);
        Self {
            at_ms: event.event_timestamp.timestamp_millis(),
            ids: lower([Some(correlation.clone()), request]),
            correlation,
            who: lower(std::iter::once(Some(caller.clone())).chain(claimed)),
            caller,
            operation,
            subscription: event.subscription_id.or(of_target).unwrap_or_default().to_ascii_lowercase(),
            group: event.resource_group_name.filter(|group| !group.is_empty()),
            target,
            changed,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Audit {
    activity_date_time: DateTime<Utc>,
    correlation_id: Option<String>,
    activity_display_name: Option<String>,
    result: Option<String>,
    initiated_by: Option<Initiator>,
    target_resources: Option<Vec<Target>>,
}

#[derive(Deserialize)]
struct Initiator {
    user: Option<User>,
    app: Option<App>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    id: Option<String>,
    user_principal_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct App {
    app_id: Option<String>,
    service_principal_id: Option<String>,
}

#[derive(Deserialize)]
struct Target {
    id: Option<String>,
}

impl From<Audit> for Entry {
    fn from(audit: Audit) -> Self {
        let initiator = audit.initiated_by;
        let (user, app) = initiator.map_or((None, None), |by| (by.user, by.app));
        let names = user.map(|user| [user.user_principal_name, user.id]).into_iter();
        let names = names.chain(app.map(|app| [app.app_id, app.service_principal_id]));
        let names: Vec<Option<String>> = names.flatten().collect();
        let correlation = audit.correlation_id.unwrap_or_default();
        let targets = audit.target_resources.unwrap_or_default().into_iter();
        Self {
            at_ms: audit.activity_date_time.timestamp_millis(),
            ids: lower([Some(correlation.clone())]),
            correlation,
            caller: names.iter().flatten().next().cloned().unwrap_or_default(),
            who: lower(names),
            operation: audit.activity_display_name.unwrap_or_default(),
            target: targets.filter_map(|target| target.id).collect::<Vec<_>>().join(" "),
            subscription: String::new(),
            group: None,
            changed: audit
                .result
                .is_some_and(|result| CHANGED.iter().any(|w| result.eq_ignore_ascii_case(w))),
        }
    }
}

/// A list as it stands, or as the service answers it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listed<T> {
    Bare(Vec<T>),
    Answer {
        value: Vec<T>,
        #[serde(alias = "@odata.nextLink", rename = "nextLink")]
        next: Option<String>,
    },
}

impl Export {
    /// Reads a file of so many entries; what is wrong with it, in words.
    pub(crate) fn read(keeper: Keeper, bytes: &[u8]) -> Result<Self, String> {
        match keeper {
            Keeper::Resources => Self::of::<Event>(keeper, bytes),
            Keeper::Directory => Self::of::<Audit>(keeper, bytes),
        }
    }

    fn of<'a, T: Deserialize<'a> + Into<Entry>>(keeper: Keeper, bytes: &'a [u8]) -> Result<Self, String> {
        // Some shells put a mark before the first byte.
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let listed: Listed<T> = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        let (entries, goes_on) = match listed {
            Listed::Bare(entries) => (entries, false),
            Listed::Answer { value, next } => (value, next.is_some()),
        };
        Ok(Self { keeper, entries: entries.into_iter().map(Into::into).collect(), goes_on })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_az_and_graph_write_is_read_as_a_list_or_as_an_answer_and_anything_else_is_refused() {
        let event = json!({"eventTimestamp": "2026-03-05T08:51:02.338123+00:00", "correlationId": "AB", "caller": "me",
            "operationName": {"value": "Microsoft.Web/sites/write", "localizedValue": "x"}, "status": {"value": "Succeeded"},
            "resourceId": "/subscriptions/S1/resourceGroups/g", "httpRequest": {"clientRequestId": "CD"},
            "claims": {"appid": "APP"}, "unknown": [1]});
        let bare = Export::read(Keeper::Resources, json!([event]).to_string().as_bytes()).expect("a list");
        let answer = json!({"value": [event], "nextLink": "https://x"}).to_string();
        let answer =
            Export::read(Keeper::Resources, format!("\u{feff}{answer}").as_bytes()).expect("an answer");
        assert_eq!(bare.entries, answer.entries);
        assert!(answer.goes_on && !bare.goes_on);
        let entry = &bare.entries[0];
        assert_eq!(entry.ids, BTreeSet::from(["ab".to_owned(), "cd".to_owned()]));
        assert_eq!(entry.who, BTreeSet::from(["app".to_owned(), "me".to_owned()]));
        assert!(entry.subscription == "s1" && entry.changed, "{entry:?}");
        let audit = json!([{"activityDateTime": "2026-03-05T08:51:02Z", "correlationId": "x", "result": "success",
            "activityDisplayName": "Add member to group", "initiatedBy": {"user": null, "app": {"appId": "A"}},
            "targetResources": [{"id": "1"}, {"id": "2"}]}]);
        let audits = Export::read(Keeper::Directory, audit.to_string().as_bytes()).expect("a list");
        assert_eq!((audits.entries[0].target.as_str(), audits.entries[0].caller.as_str()), ("1 2", "A"));
        for other in ["", "{}", "[{}]", "null", "[[]]", "{\"value\": 1}"] {
            assert!(Export::read(Keeper::Resources, other.as_bytes()).is_err(), "{other}");
        }
        assert!(Export::read(Keeper::Resources, audit.to_string().as_bytes()).is_err(), "another log");
    }

    #[test]
    fn a_list_of_secrets_is_logged_as_an_action_and_changes_nothing() {
        let of = |operation: &str, status: &str| {
            let event = json!([{"eventTimestamp": "2026-03-05T08:51:02Z", "operationName": operation, "status": status}]);
            Export::read(Keeper::Resources, event.to_string().as_bytes()).expect("a list").entries[0].changed
        };
        assert!(of("Microsoft.Web/sites/restart/action", "Started") && of("x/delete", "Succeeded"));
        assert!(!of("Microsoft.Web/sites/config/list/action", "Succeeded") && !of("x/write", "Failed"));
    }
}
