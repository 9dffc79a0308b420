//! Workload room of the local Azure: the sign-ins that workloads cause. The platform keeps a token for a day, and only
//! a new one is a sign-in. Pure.

use super::estate::{Need, Workload};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// The log shows a sign-in this long after it happened.
const LATE: TimeDelta = TimeDelta::minutes(5);

/// Services that tokens are for, with the ids of their applications.
const MANAGEMENT: (&str, &str) =
    ("797f4846-ba00-4fd7-ba43-dac1f8f63013", "Windows Azure Service Management API");
const STORAGE: (&str, &str) = ("e406a681-f3d4-42a8-90b6-c2b029497af1", "Azure Storage");
const VAULT: (&str, &str) = ("cfa8b339-82a2-471a-a3c9-0fc0be7a4093", "Azure Key Vault");

/// Every token that was made for a workload.
#[derive(Debug, Default)]
pub(super) struct SignIns {
    /// When a token for a service was last made for a principal.
    last: BTreeMap<(String, String), DateTime<Utc>>,
    log: Vec<SignIn>,
}

/// One token that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignIn {
    pub(crate) principal: String,
    pub(crate) at: DateTime<Utc>,
    /// The application id of the service, and its name.
    pub(crate) resource: (String, String),
}

impl SignIns {
    /// A workload that gets tokens now.
    pub(super) fn note(&mut self, workload: &Workload, principal: &str, now: DateTime<Utc>, kept: TimeDelta) {
        for resource in resources(workload) {
            let key = (principal.to_owned(), resource.0.clone());
            if self.last.get(&key).is_some_and(|made| now < *made + kept) {
                continue;
            }
            self.last.insert(key, now);
            self.log.push(SignIn { principal: principal.to_owned(), at: now, resource });
        }
    }

    /// Tokens that were made so far are worth nothing.
    pub(super) fn forget(&mut self, principal: &str) {
        self.last.retain(|(of, _), _| of != principal);
    }

    /// What the log shows at this moment, the newest first.
    pub(super) fn shown(&self, now: DateTime<Utc>) -> Vec<SignIn> {
        self.log.iter().rev().filter(|one| one.at + LATE <= now).cloned().collect()
    }
}

fn resources(workload: &Workload) -> BTreeSet<(String, String)> {
    let needed = workload.needs.iter().map(|need| match need {
        Need::Action { action, .. } if action.to_lowercase().starts_with("microsoft.storage/") => {
            owned(STORAGE)
        }
        Need::Vault { .. } => owned(VAULT),
        Need::AppRole { resource, .. } => (resource.clone(), resource.clone()),
        Need::Action { .. } | Need::Group(_) => owned(MANAGEMENT),
    });
    let all: BTreeSet<(String, String)> = needed.collect();
    if all.is_empty() { BTreeSet::from([owned(MANAGEMENT)]) } else { all }
}

fn owned(service: (&str, &str)) -> (String, String) {
    (service.0.to_owned(), service.1.to_owned())
}
