//! Simulator: Azure's limits: which token buckets a request draws from, and what is left in them. Pure.
//!
//! They fill in simulated time. Sources: Azure Resource Manager's published limits since 2024, the limits of the
//! managed identity provider, Resource Graph's quota, Microsoft Graph's throttling limits. Where a rate is
//! published without a size, the bucket holds twenty seconds of it: the time over which creation is counted.

use crate::http::{Reply, Request};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How large a bucket is, and how fast it fills.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    holds: f64,
    per_second: f64,
}

const fn size(holds: f64, per_second: f64) -> Size {
    Size { holds, per_second }
}

/// A published rate.
fn rate(per_second: f64) -> Size {
    size((per_second * 20.0).max(1.0), per_second)
}

const READS: Size = size(250.0, 25.0);
/// Writes, and deletes in a bucket of their own.
const WRITES: Size = size(200.0, 10.0);
/// All regions together take this many times what one takes.
const GLOBAL: f64 = 15.0;
/// Fifteen queries in five seconds.
const QUERIES: Size = size(15.0, 3.0);
/// Resource units of a small tenant, in ten seconds.
const UNITS: Size = size(3_500.0, 350.0);
/// Writes of one application in one tenant, in 150 seconds.
const DIRECTORY_WRITES: Size = size(3_000.0, 20.0);

/// Reports and logs, of one application in one tenant: five in ten seconds.
const REPORTS: Size = size(5.0, 0.5);

/// Who set a limit, and how what is left is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Whose {
    /// Resource Manager; the header.
    Arm(String),
    /// A provider, which does not show it.
    Provider,
    /// Resource Graph.
    Index,
    /// Microsoft Graph.
    Directory,
}

/// One bucket that a request draws from.
pub(crate) struct Limit {
    bucket: String,
    size: Size,
    cost: f64,
    whose: Whose,
}

/// The buckets of a request to Resource Manager.
pub(crate) fn arm(caller: &str, request: &Request) -> Vec<Limit> {
    let path = request.path.to_lowercase();
    if path.trim_end_matches('/') == "/providers/microsoft.resourcegraph/resources" {
        return vec![one(format!("index {caller}"), QUERIES, Whose::Index)];
    }
    let (word, size) = match request.method.as_str() {
        "GET" | "HEAD" => ("reads", READS),
        "DELETE" => ("deletes", WRITES),
        // Reads that Azure spells as POST do not empty the bucket of writes.
        "POST" if is_read(&path) => ("reads", READS),
        _ => ("writes", WRITES),
    };
    let subscription = path.strip_prefix("/subscriptions/").and_then(|rest| rest.split('/').next());
    let scope = if subscription.is_some() { "subscription" } else { "tenant" };
    let header = |global: &str| Whose::Arm(format!("x-ms-ratelimit-remaining-{scope}{global}-{word}"));
    let bucket = format!("arm {caller} {} {word}", subscription.unwrap_or_default());
    let all = self::size(size.holds * GLOBAL, size.per_second * GLOBAL);
    let global = one(format!("{bucket} everywhere"), all, header("-global"));
    let mut limits = vec![one(bucket, size, header("")), global];
    limits.extend(identities(&request.method, &path));
    limits
}

/// The buckets of the managed identity provider: of the tenant, the subscription, and the identity.
fn identities(method: &str, path: &str) -> Vec<Limit> {
    let Some((scope, rest)) = path.split_once("/providers/microsoft.managedidentity/userassignedidentities")
    else {
        return Vec::new();
    };
    let parts: Vec<&str> = rest.split('/').filter(|p| !p.is_empty()).collect();
    let (word, rates) = match (method, &parts[..]) {
        ("POST", [_, "listassociatedresources"]) => ("users", [1.0, f64::INFINITY, f64::INFINITY]),
        ("PUT" | "PATCH", [_]) => ("writes", [10.0, 2.0, 0.25]),
        // One credential in four seconds.
        ("PUT" | "DELETE", [_, "federatedidentitycredentials", _]) => {
            ("credentials", [f64::INFINITY, f64::INFINITY, 0.25])
        }
        ("GET", [_]) => ("reads", [30.0, 10.0, 0.5]),
        ("GET", []) => ("lists", [15.0, 5.0, 0.25]),
        ("DELETE", [_]) => ("deletes", [10.0, 2.0, 0.25]),
        _ => return Vec::new(),
    };
    let subscription = scope.split('/').nth(2).unwrap_or_default();
    let identity = format!("{scope} {}", parts.first().unwrap_or(&""));
    let names = [String::new(), subscription.to_owned(), identity];
    let limits = names.into_iter().zip(rates).filter(|(_, rate)| rate.is_finite());
    limits.map(|(name, at)| one(format!("identities {word} {name}"), rate(at), Whose::Provider)).collect()
}

/// The buckets of one question to Microsoft Graph; a batch has those of its parts.
pub(crate) fn graph(caller: &str, method: &str, path: &str, query: &BTreeMap<String, String>) -> Vec<Limit> {
    let path = path.to_lowercase();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let mut units = match last {
        "$batch" => return Vec::new(),
        "transitivemembers" => 5.0,
        "getbyids" | "members" => 3.0,
        "getmembergroups" | "memberof" | "oauth2permissiongrants" | "approleassignments" => 2.0,
        _ => 1.0,
    };
    if query.contains_key("$select") {
        units -= 1.0;
    }
    if query.contains_key("$expand") {
        units += 1.0;
    }
    if query.get("$top").and_then(|top| top.parse::<u32>().ok()).is_some_and(|top| top < 20) {
        units -= 1.0;
    }
    let mut limits = vec![Limit {
        bucket: format!("units {caller}"),
        size: UNITS,
        cost: f64::max(units, 1.0),
        whose: Whose::Directory,
    }];
    if method != "GET" && !is_read(&path) {
        limits.push(one(format!("directory writes {caller}"), DIRECTORY_WRITES, Whose::Directory));
    }
    if path.split('/').any(|part| part == "auditlogs") {
        limits.push(one(format!("reports {caller}"), REPORTS, Whose::Directory));
    }
    limits
}

fn one(bucket: String, size: Size, whose: Whose) -> Limit {
    Limit { bucket, size, cost: 1.0, whose }
}

/// Whether a POST to this path, in lower case, only reads.
pub(crate) fn is_read(path: &str) -> bool {
    let ends = [
        "/list",
        "/listkeys",
        "/listassociatedresources",
        "microsoft.resourcegraph/resources",
        "getmemberobjects",
        "getmembergroups",
        "getbyids",
        "/checkpolicyrestrictions",
    ];
    ends.iter().any(|end| path.ends_with(end))
}

/// All buckets, by name.
#[derive(Default)]
pub(crate) struct Buckets(BTreeMap<String, Bucket>);

struct Bucket {
    size: Size,
    left: f64,
    at: DateTime<Utc>,
    /// All that was ever drawn from it.
    drawn: f64,
    /// How often it was found empty.
    refused: u64,
}

impl Buckets {
    /// Draws from all of these or from none: what is left in each, or which is empty and for how long.
    pub(crate) fn draw<'a>(
        &mut self,
        limits: &'a [Limit],
        now: DateTime<Utc>,
    ) -> Result<Vec<f64>, (&'a Limit, TimeDelta)> {
        for limit in limits {
            let bucket = self.filled(limit, now);
            if bucket.left < limit.cost {
                // Coming back too early makes it longer: what would be one token away is a whole second more.
                let missing = (limit.cost - bucket.left) / limit.size.per_second + 1.0;
                bucket.left = (bucket.left - limit.cost / 2.0).max(-limit.size.per_second.max(1.0));
                bucket.refused += 1;
                #[expect(clippy::cast_possible_truncation, reason = "at most a few seconds")]
                return Err((limit, TimeDelta::milliseconds((missing * 1_000.0) as i64)));
            }
        }
        let taken = limits.iter().map(|limit| {
            let bucket = self.filled(limit, now);
            bucket.left -= limit.cost;
            bucket.drawn += limit.cost;
            bucket.left
        });
        Ok(taken.collect())
    }

    /// How large each is, how fast it fills, and what was asked of it so far.
    pub(crate) fn told(&self) -> Value {
        let told = |bucket: &Bucket| {
            let Size { holds, per_second } = bucket.size;
            json!({"holds": holds, "per_second": per_second, "drawn": bucket.drawn, "refused": bucket.refused})
        };
        self.0.iter().map(|(name, bucket)| (name.clone(), told(bucket))).collect()
    }

    fn filled(&mut self, limit: &Limit, now: DateTime<Utc>) -> &mut Bucket {
        let full = Bucket { size: limit.size, left: limit.size.holds, at: now, drawn: 0.0, refused: 0 };
        let bucket = self.0.entry(limit.bucket.clone()).or_insert(full);
        let passed = (now - bucket.at).as_seconds_f64().max(0.0);
        bucket.left = (bucket.left + passed * limit.size.per_second).min(limit.size.holds);
        bucket.at = now;
        bucket
    }
}

impl Limit {
    /// Shows in an answer what is left.
    pub(crate) fn show(&self, reply: Reply, left: f64) -> Reply {
        match &self.whose {
            Whose::Arm(header) => reply.with(header, whole(left)),
            Whose::Provider => reply,
            Whose::Index => {
                let resets = (self.size.holds - left) / self.size.per_second;
                reply
                    .with("x-ms-user-quota-remaining", whole(left))
                    .with("x-ms-user-quota-resets-after", format!("00:00:{:0>2}", whole(resets.ceil())))
                    .with("x-ms-ratelimit-remaining-tenant-resource-requests", whole(left))
            }
            Whose::Directory => {
                let used = 1.0 - left / self.size.holds;
                if used < 0.8 {
                    reply
                } else {
                    reply.with("x-ms-throttle-limit-percentage", format!("{used:.2}"))
                }
            }
        }
    }

    /// What is answered while this bucket is empty.
    pub(crate) fn refusal(&self, seconds: u64) -> Reply {
        let wait = seconds.to_string();
        let reply = match &self.whose {
            Whose::Arm(header) => {
                let word = header.rsplit('-').next().unwrap_or_default();
                let message = format!(
                    "Number of requests for subscription and operation type '{word}' exceeded the limit. Please try again after '{wait}' seconds."
                );
                Reply::error(429, "SubscriptionRequestsThrottled", &message)
            }
            Whose::Provider => {
                Reply::error(429, "TooManyRequests", "The request rate of this operation exceeds its limit.")
            }
            Whose::Index => {
                let message = "Please provide below info when asking for support: client was throttled.";
                self.show(Reply::error(429, "RateLimiting", message), 0.0)
            }
            Whose::Directory => Reply::error(429, "TooManyRequests", "Too many requests.")
                .with("x-ms-throttle-scope", "Tenant_Application/ReadWrite"),
        };
        reply.with("retry-after", wait)
    }
}

/// A whole number of what is left, as a header says it.
fn whole(number: f64) -> String {
    format!("{:.0}", number.floor().max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, path: &str) -> Request {
        let target = path.to_owned();
        let (path, query, headers) = (path.to_owned(), BTreeMap::new(), BTreeMap::new());
        Request { method: method.to_owned(), path, target, query, headers, body: Vec::new() }
    }

    /// How many of these are answered at once.
    fn at_once(limits: &[Limit]) -> usize {
        let mut buckets = Buckets::default();
        let drawn = (0..10_000).take_while(|_| buckets.draw(limits, DateTime::UNIX_EPOCH).is_ok());
        drawn.count()
    }

    #[test]
    fn a_bucket_empties_fills_and_punishes_those_who_do_not_wait() {
        let (mut buckets, start) = (Buckets::default(), DateTime::UNIX_EPOCH);
        let limits = arm("me", &request("PUT", "/subscriptions/s/resourceGroups/g"));
        for left in (0..200).rev() {
            assert_eq!(buckets.draw(&limits, start).ok().map(|all| all[0]), Some(f64::from(left)));
        }
        let wait = buckets.draw(&limits, start).expect_err("it is empty").1;
        let longer = buckets.draw(&limits, start).expect_err("it is still empty").1;
        assert!(longer > wait);
        assert!(buckets.draw(&limits, start + TimeDelta::seconds(10)).is_ok());
    }

    #[test]
    fn every_class_of_operation_has_its_own_limit() {
        let machine = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm";
        let identity =
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i";
        for (method, path, holds) in [
            ("GET", machine.to_owned(), 250),
            ("PATCH", machine.to_owned(), 200),
            ("DELETE", machine.to_owned(), 200),
            ("POST", "/providers/Microsoft.ResourceGraph/resources".to_owned(), 15),
            ("GET", identity.to_owned(), 10),
            ("PUT", identity.to_owned(), 5),
            ("PUT", format!("{identity}/federatedIdentityCredentials/f"), 5),
            ("POST", format!("{identity}/listAssociatedResources"), 20),
        ] {
            assert_eq!(at_once(&arm("me", &request(method, &path))), holds, "{method} {path}");
        }
        let none = BTreeMap::new();
        assert_eq!(at_once(&graph("me", "GET", "/v1.0/servicePrincipals/s/memberOf", &none)), 1_750);
        assert_eq!(at_once(&graph("me", "POST", "/v1.0/groups/g/members/$ref", &none)), 3_000);
    }
}
