//! Activities: whether the old identity is still used, by the log of sign-ins. Reads only.
//!
//! The platform keeps a token for a day, so that a day without a new one is the least that proves something. What is
//! long ago is told by the clock of whoever keeps the log, because only that one wrote the dates.

use crate::azure::{NO_ANSWER, PrincipalId, Reader};
use crate::surfaces::sign_ins::log::{LOG, path};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rehome_orchestrator::{Condition, ConditionResult, Fault, FaultKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// More than the time in question is asked for, because clocks differ.
const MORE_MS: u64 = 86_400_000;

/// Nobody has signed in as this principal for so long.
pub(crate) struct NoRecentSignIns(pub(crate) Reader);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoRecentSignInsInput {
    pub(crate) principal_id: PrincipalId,
    pub(crate) for_ms: u64,
}

/// The last sign-in: when, and to which service. One without a date may be the last.
fn last(found: &[Value]) -> Result<Option<(DateTime<Utc>, &str)>, Fault> {
    let undated = || Fault::new(FaultKind::Broken, NO_ANSWER, "a sign-in in the log has no date").at(LOG);
    let one = |body: &'_ Value| body["createdDateTime"].as_str()?.parse::<DateTime<Utc>>().ok();
    let dated =
        found.iter().map(|body| Ok((one(body).ok_or_else(undated)?, body["resourceDisplayName"].as_str())));
    let dated = dated.collect::<Result<Vec<_>, Fault>>()?;
    let last = dated.into_iter().max_by_key(|(at, _)| *at);
    Ok(last.map(|(at, name)| (at, name.unwrap_or("a service without a name"))))
}

impl Condition for NoRecentSignIns {
    const NAME: &'static str = "principal.quiet/1";
    type Input = NoRecentSignInsInput;

    async fn check(&self, input: &NoRecentSignInsInput) -> ConditionResult {
        let asked = path(&input.principal_id, input.for_ms.saturating_add(MORE_MS));
        let (found, now) = match self.0.graph_log(&asked).await {
            Ok(found) => found,
            Err(why) => return ConditionResult::NotYet { after: None, why },
        };
        let (at, name) = match last(&found) {
            Ok(Some(last)) => last,
            Ok(None) => return ConditionResult::Yes,
            Err(why) => return ConditionResult::NotYet { after: None, why },
        };
        let quiet = at + TimeDelta::milliseconds(i64::try_from(input.for_ms).unwrap_or(i64::MAX / 2));
        if quiet <= now {
            return ConditionResult::Yes;
        }
        let left = u64::try_from((quiet - now).num_milliseconds()).unwrap_or_default();
        let date = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let what = format!(
            "somebody signed in as the old identity at {}, to {name}: find out who; without another it is quiet at {}",
            date(at),
            date(quiet)
        );
        let why = Fault::new(FaultKind::NotReady, "StillUsed", what).at(input.principal_id.clone());
        ConditionResult::NotYet { after: Some(self.0.wall(left)), why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_last_sign_in_counts_in_whatever_order_the_log_is() {
        let one = |at: &str, to: &str| json!({"createdDateTime": at, "resourceDisplayName": to});
        let log = [one("2026-03-01T10:00:00Z", "a"), one("2026-03-01T12:00:00Z", "b")];
        let found = last(&log).unwrap().map(|(at, name)| (at.timestamp(), name));
        assert_eq!(found, Some((1_772_366_400, "b")));
        assert!(last(&[]).unwrap().is_none());
        for undated in [json!({}), one("nonsense", "c")] {
            assert!(last(&[log[0].clone(), undated]).is_err(), "it may be the last");
        }
    }
}
