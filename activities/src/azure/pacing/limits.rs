//! Azure: the limits that it publishes, and which of them a question counts against. Pure.
//!
//! Sources: Resource Manager <https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling>,
//! identities <https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/known-issues> and
//! `managed-identity-limits`, Resource Graph <https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests>,
//! Microsoft Graph <https://learn.microsoft.com/graph/throttling-limits>. Where a rate is published without a size, twenty
//! seconds of it are taken, over which creation is counted.

use crate::azure::recording::ApiEndpoint;
use crate::azure::transport::Answer;
use serde_json::Value;

/// How large a bucket is, and how fast it fills.
type Size = (f64, f64);

const READS: Size = (250.0, 25.0);
/// Writes, and deletes in a bucket of their own.
const WRITES: Size = (200.0, 10.0);
/// Fifteen queries in five seconds.
const QUERIES: Size = (15.0, 3.0);
/// Resource units of a small tenant, in ten seconds.
const UNITS: Size = (3_500.0, 350.0);
/// Writes of one application in one tenant, in 150 seconds.
const DIRECTORY_WRITES: Size = (3_000.0, 20.0);
/// Reports and logs: five in ten seconds.
const REPORTS: Size = (5.0, 0.5);

/// How long so many writes of Resource Manager take at least, in milliseconds, of whom so much of its limits may be used, in
/// percent.
pub fn least_ms_of_writes(writes: u64, percent: u64) -> u64 {
    let (held, per_second) = WRITES;
    let share = percent.clamp(1, 100) as f64 / 100.0;
    ((writes as f64 - held * share).max(0.0) / (per_second * share) * 1_000.0) as u64
}

/// Who set a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// Resource Manager, which says in each answer what is left.
    Manager,
    /// The provider of identities, which does not.
    Identities,
    /// Resource Graph.
    Index,
    /// Microsoft Graph.
    Directory,
}

/// One limit that a question counts against.
#[derive(Clone, Debug)]
pub(crate) struct Limit {
    pub(super) bucket: String,
    pub(super) holds: f64,
    pub(super) per_second: f64,
    pub(super) cost: f64,
    /// Whether all clients of a subscription or a tenant draw on it. What one identity allows is drawn on by the one that moves it.
    pub(super) is_shared: bool,
    whose: Whose,
    /// The end of the header that says what is left.
    word: &'static str,
}

/// What is to be sent.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) side: ApiEndpoint,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) body: Option<&'a Value>,
}

impl Question<'_> {
    /// What it counts against.
    pub(crate) fn limits(self) -> Vec<Limit> {
        match self.side {
            ApiEndpoint::Arm => arm(self.method, self.path),
            ApiEndpoint::Graph => graph(self.method, self.path, self.body),
            // No service publishes one for so few reads.
            ApiEndpoint::Plane { .. } => Vec::new(),
        }
    }
}

fn limit(bucket: String, (holds, per_second): Size, whose: Whose, word: &'static str) -> Limit {
    Limit { bucket, holds, per_second, cost: 1.0, is_shared: true, whose, word }
}

pub(super) fn arm(method: &str, path: &str) -> Vec<Limit> {
    let path = path.to_ascii_lowercase();
    if path.ends_with("/providers/microsoft.resourcegraph/resources") {
        return vec![limit("index".to_owned(), QUERIES, Whose::Index, "")];
    }
    let (word, size) = match method {
        "GET" | "HEAD" => ("reads", READS),
        "DELETE" => ("deletes", WRITES),
        "POST" if is_read(&path) => ("reads", READS),
        _ => ("writes", WRITES),
    };
    let subscription = path.strip_prefix("/subscriptions/").and_then(|rest| rest.split('/').next());
    let own = limit(format!("{word} {}", subscription.unwrap_or_default()), size, Whose::Manager, word);
    std::iter::once(own).chain(identities(method, &path)).collect()
}

/// Reads that Azure spells as POST.
fn is_read(path: &str) -> bool {
    ["/list", "/listsecrets", "/listassociatedresources", "/checkpolicyrestrictions"]
        .iter()
        .any(|end| path.ends_with(end))
}

/// What the provider of identities counts: for the tenant, the subscription and the identity.
fn identities(method: &str, path: &str) -> Vec<Limit> {
    let Some((scope, rest)) = path.split_once("/providers/microsoft.managedidentity/userassignedidentities")
    else {
        return Vec::new();
    };
    let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    let (word, rates) = match (method, &parts[..]) {
        ("POST", [_, "listassociatedresources"]) => ("users", [Some(1.0), None, None]),
        ("PUT" | "PATCH", [_]) => ("writes", [Some(10.0), Some(2.0), Some(0.25)]),
        ("PUT" | "DELETE", [_, "federatedidentitycredentials", _]) => {
            ("credentials", [None, None, Some(0.25)])
        }
        ("GET", [_]) => ("reads", [Some(30.0), Some(10.0), Some(0.5)]),
        ("GET", []) => ("lists", [Some(15.0), Some(5.0), Some(0.25)]),
        ("DELETE", [_]) => ("deletes", [Some(10.0), Some(2.0), Some(0.25)]),
        _ => return Vec::new(),
    };
    let subscription = scope.split('/').nth(2).unwrap_or_default();
    let identity = format!("{scope} {}", parts.first().unwrap_or(&""));
    let all =
        rates.into_iter().zip([(String::new(), true), (subscription.to_owned(), true), (identity, false)]);
    let limits = all.filter_map(|(rate, (of, is_shared))| {
        let rate: f64 = rate?;
        let size = ((rate * 20.0).max(1.0), rate);
        let one = limit(format!("identities {word} {of}"), size, Whose::Identities, "");
        Some(Limit { is_shared, ..one })
    });
    limits.collect()
}

pub(super) fn graph(method: &str, path: &str, body: Option<&Value>) -> Vec<Limit> {
    if path.ends_with("/$batch") {
        let parts = body.and_then(|body| body["requests"].as_array()).into_iter().flatten();
        let part = |part: &Value| {
            let text = |name: &str| part[name].as_str().unwrap_or_default().to_owned();
            graph(&text("method"), &text("url"), None)
        };
        return parts.flat_map(part).collect();
    }
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let path = path.to_ascii_lowercase();
    let units = match path.trim_end_matches('/').rsplit('/').next().unwrap_or_default() {
        "transitivemembers" => 5.0,
        "getbyids" | "members" => 3.0,
        "getmembergroups" | "memberof" | "oauth2permissiongrants" | "approleassignments" => 2.0,
        _ => 1.0,
    };
    let select = if query.contains("$select") { 1.0 } else { 0.0 };
    let mut units_of = limit("units".to_owned(), UNITS, Whose::Directory, "");
    units_of.cost = f64::max(units - select, 1.0);
    let mut limits = vec![units_of];
    let reads = ["getmemberobjects", "getmembergroups", "getbyids"].iter().any(|end| path.ends_with(end));
    if method != "GET" && !reads {
        limits.push(limit("directory writes".to_owned(), DIRECTORY_WRITES, Whose::Directory, ""));
    }
    if path.split('/').any(|part| part == "auditlogs") {
        limits.push(limit("reports".to_owned(), REPORTS, Whose::Directory, ""));
    }
    limits
}

impl Limit {
    /// What an answer says is left.
    pub(super) fn left(&self, answer: &Answer) -> Option<f64> {
        let number = |name: &str| answer.header(name)?.trim().parse::<f64>().ok().filter(|n| n.is_finite());
        match self.whose {
            Whose::Manager => ["subscription", "tenant"]
                .iter()
                .find_map(|scope| number(&format!("x-ms-ratelimit-remaining-{scope}-{}", self.word))),
            Whose::Index => number("x-ms-user-quota-remaining"),
            Whose::Directory => {
                let used = number("x-ms-throttle-limit-percentage")?;
                Some((1.0 - used).max(0.0) * self.holds)
            }
            Whose::Identities => None,
        }
    }

    /// Whether a refusal says that this limit is reached: a provider may also refuse because one resource is busy.
    pub(super) fn is_meant_by(&self, answer: &Answer) -> bool {
        match self.whose {
            Whose::Manager => is_of_manager(answer),
            Whose::Identities => !is_of_manager(answer),
            Whose::Index | Whose::Directory => true,
        }
    }
}

/// `SubscriptionRequestsThrottled`, `TenantRequestsThrottled`: Resource Manager refuses before a provider is asked.
fn is_of_manager(answer: &Answer) -> bool {
    let body = answer.json().unwrap_or_default();
    body["error"]["code"].as_str().is_some_and(|code| code.ends_with("RequestsThrottled"))
}
