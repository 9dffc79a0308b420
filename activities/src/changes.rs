//! Activities: who changed a resource last, as the Activity Log of its subscription says. Reads only.
//!
//! Source: <https://learn.microsoft.com/rest/api/monitor/activity-logs/list>. The log lags by minutes and keeps ninety days;
//! what is in the directory is not in it.

use crate::azure::Reader;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rehome_orchestrator::{Fault, FaultKind};
use serde_json::Value;
use std::collections::BTreeSet;

/// The version of the log's list.
const API: &str = "2015-04-01";

/// So far back it is looked: the log keeps ninety days.
const DAYS: i64 = 89;

/// What is asked for of each entry.
const SELECT: &str = "caller,correlationId,eventTimestamp,httpRequest,operationName,resourceId,status";

/// A change of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Who: the name of a person, or the id of an application.
    pub caller: String,
    /// `Microsoft.Compute/virtualMachines/write`
    pub operation: String,
    /// When, as the log spells it.
    pub at: String,
    /// Azure's name for everything that was done with it.
    pub correlation: Option<String>,
}

/// The last change of a resource that was carried out and is none of `ours` (the ids of our own requests), if the log has
/// one that is newer than ours.
///
/// # Errors
/// When the resource is in no subscription, or the log cannot be read.
pub async fn last_change(
    reader: &Reader,
    id: &str,
    ours: &BTreeSet<String>,
    now: DateTime<Utc>,
) -> Result<Option<Change>, Fault> {
    let mut parts = id.split('/');
    let (Some(""), Some(word), Some(subscription)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(no_log(id));
    };
    if !word.eq_ignore_ascii_case("subscriptions") {
        return Err(no_log(id));
    }
    let date = |date: DateTime<Utc>| date.to_rfc3339_opts(SecondsFormat::Millis, true);
    let (from, until) = (date(now - TimeDelta::days(DAYS)), date(now + TimeDelta::days(1)));
    let of = id.replace('\'', "''");
    let filter =
        format!("eventTimestamp ge '{from}' and eventTimestamp le '{until}' and resourceUri eq '{of}'");
    let path =
        format!("/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values");
    let entries = reader.list(&path, API, &[("$filter", &filter), ("$select", SELECT)]).await?;
    Ok(newest(&entries, ours))
}

fn no_log(id: &str) -> Fault {
    let what = "it is in no subscription, and so in no Activity Log that is read here";
    Fault::new(FaultKind::Invalid, "NoActivityLog", what).at(id)
}

/// Whether an operation of the Activity Log only reads: some lists are spelled as actions
/// (`Microsoft.Web/sites/config/list/action`), and are logged as writes are.
pub fn is_reading(operation: &str) -> bool {
    let operation = operation.to_ascii_lowercase();
    let Some(name) = operation.strip_suffix("/action").and_then(|action| action.rsplit('/').next()) else {
        return operation.ends_with("/read");
    };
    ["list", "get", "check", "validate", "whatif", "query"].iter().any(|word| name.starts_with(word))
}

/// The newest entry that changed anything, where that is not one of ours: then nobody else's is in the log yet.
fn newest(entries: &[Value], ours: &BTreeSet<String>) -> Option<Change> {
    let text = |entry: &Value, at: &str| entry.pointer(at).and_then(Value::as_str).map(ToOwned::to_owned);
    let date = |entry: &&Value| {
        let at = text(entry, "/eventTimestamp").unwrap_or_default();
        at.parse::<DateTime<Utc>>().unwrap_or_default()
    };
    let carried_out = |entry: &&Value| {
        text(entry, "/status/value").is_some_and(|status| status.eq_ignore_ascii_case("Succeeded"))
            && !text(entry, "/operationName/value").is_some_and(|operation| is_reading(&operation))
    };
    let last = entries.iter().filter(carried_out).max_by_key(date)?;
    let request = text(last, "/httpRequest/clientRequestId").unwrap_or_default();
    if ours.contains(&request.to_ascii_lowercase()) {
        return None;
    }
    Some(Change {
        caller: text(last, "/caller")?,
        operation: text(last, "/operationName/value").unwrap_or_default(),
        at: text(last, "/eventTimestamp")?,
        correlation: text(last, "/correlationId"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_newest_change_that_is_not_ours_is_somebody_elses_and_nobody_is_made_up() {
        let entry = |at: &str, caller: &str, status: &str, request: &str| {
            json!({"eventTimestamp": at, "caller": caller, "status": {"value": status},
                "operationName": {"value": "x/write"}, "httpRequest": {"clientRequestId": request}})
        };
        let own = entry("2026-01-01T00:00:01Z", "us", "Succeeded", "AB");
        let other = entry("2026-01-01T00:00:02Z", "them", "Succeeded", "");
        let failed = entry("2026-01-01T00:00:03Z", "nobody", "Failed", "");
        let ours = BTreeSet::from(["ab".to_owned()]);
        let caller = |entries: &[&Value]| {
            let entries: Vec<Value> = entries.iter().map(|entry| (*entry).clone()).collect();
            newest(&entries, &ours).map(|change| change.caller)
        };
        assert_eq!(caller(&[&other, &own, &failed]).as_deref(), Some("them"));
        assert_eq!(caller(&[&own, &failed]), None, "theirs is not in the log yet");
        assert_eq!(caller(&[]), None);
    }
}
