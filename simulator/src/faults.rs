//! Simulator: what goes wrong, as data. Repeatable: it depends on the seed, on what is asked and on how
//! often it was asked, never on the order in which requests of others arrive.

use crate::altered_write::AlteredWrite;
use crate::http::Host;
use crate::http::Reply;
use chrono::Utc;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A file of rules; the first that applies to a request decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Faults {
    /// The rules.
    pub rules: Vec<Rule>,
    #[serde(skip)]
    seen: BTreeMap<String, u64>,
    #[serde(skip)]
    fired: BTreeMap<usize, u64>,
}

/// One rule: which requests, how often, and what happens to them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `arm`, `graph`, `login` or `plane`; any where it is absent.
    pub host: Option<String>,
    /// An HTTP method; any where it is absent.
    pub method: Option<String>,
    /// A part of the path, without regard to case; any where it is absent. `*` stands for anything between slashes.
    pub path: Option<String>,
    /// The whole path, and not a part of it.
    #[serde(default)]
    pub exact: bool,
    /// Only the n-th time that the same method and path is asked, from 1.
    pub nth: Option<u64>,
    /// Only from the n-th time on.
    pub from: Option<u64>,
    /// How likely it is each time; certain where it is absent.
    pub probability: Option<f64>,
    /// At most this often in all.
    pub times: Option<u64>,
    /// What happens.
    pub what: FaultEffect,
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultEffect {
    /// The answer comes this much later, in simulated milliseconds.
    LatencyMs(u64),
    /// This is the answer, in the shape in which the server that was asked says it.
    Answer(CannedReply),
    /// The connection is cut before the request has an effect.
    CutBefore,
    /// The request has its effect, and the connection is cut instead of an answer.
    CutAfter,
    /// It has another effect than what was sent asks for.
    #[serde(rename = "otherwise")]
    AlteredWrite(AlteredWrite),
}

/// An answer that was made beforehand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CannedReply {
    /// The HTTP status.
    pub status: u16,
    /// Azure's code; of the sign-in server `AADSTS` and a number.
    #[serde(default)]
    pub code: String,
    /// The words.
    #[serde(default)]
    pub message: Option<String>,
    /// Wall seconds in a `Retry-After` header.
    #[serde(default)]
    pub retry_after_s: Option<u64>,
    /// More headers; `{arm}` in one stands for the URL of Resource Manager.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The whole body instead of code and words; a text is sent as it is.
    #[serde(default)]
    pub body: Option<Value>,
    /// The request has its effect all the same.
    #[serde(default)]
    pub after: bool,
}

impl CannedReply {
    pub(crate) fn reply(&self, host: Host, arm: &str) -> Reply {
        let message = self.message.as_deref().unwrap_or("This was asked for.");
        let body = self.body.clone().unwrap_or_else(|| match host {
            Host::Arm | Host::Graph | Host::Plane => {
                json!({"error": {"code": self.code, "message": message}})
            }
            Host::Login => refusal(self.status, &self.code, message),
        });
        let mut reply = Reply::json(self.status, body);
        if let Some(seconds) = self.retry_after_s {
            reply = reply.with("retry-after", seconds.to_string());
        }
        self.headers.iter().fold(reply, |reply, (name, value)| reply.with(name, value.replace("{arm}", arm)))
    }
}

/// A refusal as OAuth writes it, with Entra ID's own additions.
fn refusal(status: u16, code: &str, message: &str) -> Value {
    let error = match status {
        401 => "invalid_client",
        400 => "invalid_request",
        _ => "temporarily_unavailable",
    };
    let number = code.trim_start_matches("AADSTS").parse::<u64>().unwrap_or_default();
    json!({
        "error": error, "error_description": format!("{code}: {message}"), "error_codes": [number],
        "timestamp": Utc::now().to_rfc3339(),
    })
}

/// Why a file of rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FaultsError {
    /// It is not JSON, or not a list of rules.
    #[error("the faults are not ones: {0}")]
    Json(#[from] serde_json::Error),
    /// No server can answer with such a status.
    #[error("rules[{index}] answers with status {status}, and a last answer has 200 to 599")]
    Status {
        /// Its place in the list, from 0.
        index: usize,
        /// The status.
        status: u16,
    },
}

impl Faults {
    /// Reads a file of rules.
    ///
    /// # Errors
    /// When it is not JSON, or a rule wants what cannot be.
    pub fn parse(text: &str) -> Result<Self, FaultsError> {
        let faults: Self = serde_json::from_str(text)?;
        for (index, rule) in faults.rules.iter().enumerate() {
            if let FaultEffect::Answer(CannedReply { status, .. }) = rule.what
                && !(200..600).contains(&status)
            {
                return Err(FaultsError::Status { index, status });
            }
        }
        Ok(faults)
    }

    /// What happens to this request, if anything.
    pub(crate) fn inject(&mut self, seed: u64, host: &str, method: &str, path: &str) -> Option<FaultEffect> {
        let place = format!("{method} {}", path.to_lowercase());
        let seen = self.seen.entry(place.clone()).or_default();
        *seen += 1;
        let nth = *seen;
        for (index, rule) in self.rules.iter().enumerate() {
            let fired = self.fired.get(&index).copied().unwrap_or(0);
            let fits = rule.host.as_deref().is_none_or(|h| h == host)
                && rule.method.as_deref().is_none_or(|m| m.eq_ignore_ascii_case(method))
                && rule
                    .path
                    .as_deref()
                    .is_none_or(|p| fits(&path.to_lowercase(), &p.to_lowercase(), rule.exact))
                && rule.nth.is_none_or(|n| n == nth)
                && rule.from.is_none_or(|n| n <= nth)
                && rule.times.is_none_or(|times| fired < times)
                && rule.probability.is_none_or(|p| chance(seed, index, &place, nth) < p);
            if fits {
                *self.fired.entry(index).or_default() += 1;
                return Some(rule.what.clone());
            }
        }
        None
    }
}

/// Whether a path is, or has, what a rule says.
fn fits(path: &str, rule: &str, exact: bool) -> bool {
    let ends = |rest: &str| !exact || rest.is_empty();
    let Some((head, tail)) = rule.split_once('*') else {
        return if exact { path == rule } else { path.contains(rule) };
    };
    let starts = path.match_indices(head).filter(|(at, _)| !exact || *at == 0);
    starts.into_iter().any(|(at, _)| {
        let rest = &path[at + head.len()..];
        let free = rest.find('/').unwrap_or(rest.len());
        let after = (0..=free).filter(|n| rest.is_char_boundary(*n)).map(|n| &rest[n..]);
        after.into_iter().any(|rest| match tail {
            "" => ends(rest),
            _ if exact => fits(rest, tail, true),
            _ if tail.contains('*') => fits(rest, tail, false),
            _ => rest.starts_with(tail),
        })
    })
}

/// A number from 0 to 1 that is a function of its arguments.
fn chance(seed: u64, rule: usize, place: &str, nth: u64) -> f64 {
    let hash = Sha256::digest(format!("{seed}\n{rule}\n{place}\n{nth}"));
    let first = hash.iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    f64::from(first) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(rule: &str) -> Faults {
        serde_json::from_str(&format!("{{\"rules\":[{rule}]}}")).expect("a rule")
    }

    #[test]
    fn the_example_is_read_and_its_first_rule_cuts_the_answer_to_the_first_grant() {
        let mut example: Faults =
            serde_json::from_str(include_str!("../../examples/faults.json")).expect("legal");
        let grant = "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/n";
        assert_eq!(example.inject(1, "arm", "PUT", grant), Some(FaultEffect::CutAfter));
        assert_eq!(example.inject(1, "arm", "PUT", grant), None);
    }

    #[test]
    fn a_star_stands_for_one_part_of_a_path_and_exact_for_the_whole_of_it() {
        assert!(fits("/v1.0/groups/g/members", "/groups/*/members", false));
        assert!(!fits("/v1.0/groups/g/x/members", "/groups/*/members", false));
        assert!(
            fits("/a/b/c", "/a/*/c", true)
                && !fits("/a/b/c/d", "/a/*/c", true)
                && !fits("/x/a/b/c", "/a/*/c", true)
        );
        assert!(fits("/a/b/c", "/a/*/*", true) && fits("/a/b", "/a/b", true) && !fits("/a/b", "/a", true));
    }

    #[test]
    fn a_rule_applies_the_nth_time_and_so_often() {
        let mut nth = faults(r#"{"method":"put","path":"/x","nth":2,"what":"cut_after"}"#);
        let injected: Vec<_> = (0..3).map(|_| nth.inject(1, "arm", "PUT", "/a/X").is_some()).collect();
        assert_eq!(injected, [false, true, false]);
        let mut later = faults(r#"{"from":3,"what":"cut_before"}"#);
        let injected: Vec<_> = (0..4).map(|_| later.inject(1, "arm", "GET", "/").is_some()).collect();
        assert_eq!(injected, [false, false, true, true]);
        let mut twice = faults(r#"{"times":2,"what":{"answer":{"status":503,"code":"Busy"}}}"#);
        let injected = (0..5).filter(|_| twice.inject(1, "arm", "GET", "/").is_some()).count();
        assert_eq!(injected, 2);
    }

    #[test]
    fn chance_is_the_same_for_the_same_seed_and_differs_between_seeds() {
        let rule = r#"{"probability":0.5,"what":"cut_before"}"#;
        let pattern = |seed| {
            let mut faults = faults(rule);
            (0..64).map(|n| faults.inject(seed, "arm", "GET", &format!("/{n}")).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(pattern(7), pattern(7));
        assert_ne!(pattern(7), pattern(8));
        let share = pattern(7).iter().filter(|injected| **injected).count();
        assert!((16..48).contains(&share), "{share} of 64");
    }

    #[test]
    fn each_server_says_an_error_in_its_own_shape() {
        let rule = r#"{"what":{"answer":{"status":401,"code":"AADSTS7000215","message":"Invalid.","retry_after_s":3,
            "headers":{"location":"{arm}/x"}}}}"#;
        let Some(FaultEffect::Answer(canned)) = faults(rule).inject(1, "login", "POST", "/t") else {
            panic!("it applies")
        };
        let arm = canned.reply(Host::Arm, "http://a");
        assert_eq!(arm.body.expect("a body")["error"]["code"], "AADSTS7000215");
        assert!(arm.headers.contains(&("retry-after".to_owned(), "3".to_owned())));
        assert!(arm.headers.contains(&("location".to_owned(), "http://a/x".to_owned())));
        let login = canned.reply(Host::Login, "").body.expect("a body");
        assert_eq!(
            (&login["error"], &login["error_codes"][0]),
            (&json!("invalid_client"), &json!(7_000_215))
        );
        assert_eq!(login["error_description"], "AADSTS7000215: Invalid.");
    }
}
