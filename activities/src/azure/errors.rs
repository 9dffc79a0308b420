//! Azure: what each error code means for what may be done next. Pure data.
//!
//! Sources: domain knowledge of section "Failure modes and retry rules", Resource Manager's and Graph's
//! error references, recorded exchanges.

use rehome_orchestrator::{Fault, FaultKind};
use serde_json::Value;
use std::time::Duration;

/// What an error answer to a write means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Certainly not applied; the same request may succeed later.
    Later,
    /// Certainly not applied; the same request will not succeed.
    Never,
    /// It may have been applied.
    Doubt,
}

/// One row: a code, what it means, and what a person can do.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Azure's code.
    pub code: &'static str,
    /// What sort of trouble it is.
    pub kind: FaultKind,
    /// What it means for the request.
    pub meaning: Meaning,
    /// What a person can do.
    pub advice: &'static str,
}

const fn row(code: &'static str, kind: FaultKind, meaning: Meaning, advice: &'static str) -> Row {
    Row { code, kind, meaning, advice }
}

use FaultKind::{Blocked, Conflict, Denied, Invalid, Missing, NotReady, Throttled, Unavailable};
use Meaning::{Doubt, Later, Never};

/// Every code that is known, in the order of topics.
pub const TABLE: [Row; 47] = [
    row("PrincipalNotFound", NotReady, Later, "the new principal is not known everywhere yet"),
    row("Request_ResourceNotFound", NotReady, Later, "Graph does not know the object yet, or it is gone"),
    row("ParentResourceNotFound", NotReady, Later, "the parent is not known everywhere yet"),
    row("RoleDefinitionDoesNotExist", Missing, Never, "the role is gone: restore it, or leave the step out"),
    row("HashConflictOnDifferentRoleAssignmentIds", Conflict, Later, "two writers met; it is tried again"),
    row("RoleAssignmentExists", Conflict, Never, "the same grant exists under another name"),
    row(
        "RoleAssignmentUpdateNotPermitted",
        Conflict,
        Never,
        "the name of the assignment is taken by another grant",
    ),
    row("UnmatchedPrincipalType", Invalid, Never, "the principal is not of the type that was said"),
    row("RoleAssignmentLimitExceeded", Blocked, Never, "remove assignments that nobody needs, then retry"),
    row(
        "AuthorizationFailed",
        Denied,
        Never,
        "get a role with the action that the message names, then retry",
    ),
    row(
        "LinkedAuthorizationFailed",
        Denied,
        Never,
        "you need assign/action on every identity of the host, and each must exist",
    ),
    row(
        "Authorization_RequestDenied",
        Denied,
        Never,
        "get the Graph permission or directory role, then retry",
    ),
    row("AuthenticationFailed", Denied, Never, "sign in again"),
    row("InvalidAuthenticationToken", Denied, Never, "sign in again"),
    row("ExpiredAuthenticationToken", Denied, Later, "a new token is asked for"),
    row(
        "FailedIdentityOperation",
        Blocked,
        Never,
        "an identity in the host's list is gone: remove the dead entry, then retry",
    ),
    row(
        "InvalidIdentityValues",
        Invalid,
        Never,
        "the identity block was refused: this is a fault of the program",
    ),
    row("InvalidIdentityRegion", Blocked, Never, "the identity is bound to its own region"),
    row(
        "ScopeLocked",
        Blocked,
        Never,
        "remove the lock that the message names, or set lift_locks, then retry",
    ),
    row(
        "RequestDisallowedByPolicy",
        Blocked,
        Never,
        "ask for an exemption from the policy that the message names",
    ),
    row(
        "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
        Conflict,
        Later,
        "credentials of one identity are written one at a time",
    ),
    row("AnotherOperationInProgress", Conflict, Later, "the resource is busy; it is tried again"),
    row("RetryableErrorDueToAnotherOperation", Conflict, Later, "the resource is busy; it is tried again"),
    row("OperationNotAllowed", Conflict, Never, "the resource is in a state that does not allow it"),
    row("PreconditionFailed", Conflict, Later, "somebody changed it meanwhile; it is read again"),
    row("Conflict", Conflict, Later, "somebody else works on it; it is tried again"),
    row(
        "MissingSubscriptionRegistration",
        Blocked,
        Never,
        "az provider register --namespace Microsoft.ManagedIdentity",
    ),
    row("NoRegisteredProviderFound", Blocked, Never, "register the provider, or the region does not have it"),
    row("LocationNotAvailableForResourceType", Blocked, Never, "choose a region that has managed identities"),
    row(
        "InvalidResourceLocation",
        Blocked,
        Never,
        "the name is taken in another region: choose another name or group",
    ),
    row(
        "InvalidResourceGroupLocation",
        Blocked,
        Never,
        "the group exists in another region: use it, or choose another name",
    ),
    row(
        "ResourceGroupNotFound",
        Missing,
        Never,
        "make the resource group, or set create_resource_group = true",
    ),
    row("SubscriptionNotFound", Missing, Never, "check the subscription and your access to it"),
    row("ResourceNotFound", Missing, Never, "it is gone: leave the step out, or plan again"),
    row("InvalidResourceName", Invalid, Never, "choose another name"),
    row("InvalidRequestContent", Invalid, Never, "the request was refused: this is a fault of the program"),
    row("Request_BadRequest", Invalid, Never, "Graph refused the request; the message says why"),
    row("BadRequest", Invalid, Never, "the service refused the request; the message says why"),
    row("MissingApiVersionParameter", Invalid, Never, "this is a fault of the program"),
    row("InvalidApiVersionParameter", Invalid, Never, "this is a fault of the program"),
    row("TooManyRequests", Throttled, Later, "it goes on by itself"),
    row("SubscriptionRequestsThrottled", Throttled, Later, "it goes on by itself"),
    row("RateLimiting", Throttled, Later, "it goes on by itself"),
    row("ServerBusy", Unavailable, Doubt, "the service is overloaded; it is looked at and goes on"),
    row("ServiceUnavailable", Unavailable, Doubt, "the service is out of order; it is looked at and goes on"),
    row("InternalServerError", Unavailable, Doubt, "the service failed; it is looked at and goes on"),
    row("GatewayTimeout", Unavailable, Doubt, "the service took too long; it is looked at and goes on"),
];

/// What a person can do about a code.
pub fn advice(code: &str) -> Option<&'static str> {
    find(code).map(|row| row.advice)
}

fn find(code: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.code.eq_ignore_ascii_case(code))
}

/// What an error answer means. The status decides what the code does not, and a server's failure is
/// always a doubt: nobody knows how far it came.
pub fn meaning(status: u16, code: &str) -> (FaultKind, Meaning) {
    if status == 429 {
        return (Throttled, Later);
    }
    if status >= 500 || status == 408 {
        return (Unavailable, Doubt);
    }
    match find(code) {
        Some(row) => (row.kind, row.meaning),
        None => match status {
            401 | 403 => (Denied, Never),
            404 => (Missing, Never),
            409 => (Conflict, Never),
            412 => (Conflict, Later),
            423 => (Blocked, Never),
            _ => (Invalid, Never),
        },
    }
}

/// A message from outside is at most this long in a log.
const MESSAGE_MAX: usize = 600;

/// Text from outside, cut to a length and without control characters.
pub(crate) fn plain(text: &str) -> String {
    let clean: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MESSAGE_MAX).collect();
    clean.trim().to_owned()
}

/// The fault that an error answer tells of.
pub(crate) fn fault(status: u16, body: &Value, target: &str, correlation: Option<String>) -> Fault {
    let error = body.get("error").unwrap_or(body);
    let text = |name: &str| error[name].as_str().map(plain).filter(|t| !t.is_empty());
    let code = text("code").or_else(|| text("Code")).unwrap_or_else(|| format!("Http{status}"));
    let message = text("message").or_else(|| text("Message")).unwrap_or_else(|| format!("status {status}"));
    let (kind, _) = meaning(status, &code);
    let mut fault = Fault::new(kind, code, message).at(target);
    fault.needs = needs(&fault.message);
    fault.status = Some(status);
    fault.correlation = correlation;
    fault
}

/// The action that a refusal names: `… to perform action 'X/write' over scope …`.
fn needs(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("action '")?;
    let (action, _) = rest.split_once('\'')?;
    Some(action.to_owned()).filter(|a| a.contains('/') && a.len() < 200)
}

/// A fault of the way there.
pub(crate) fn broken(what: &str, target: &str) -> Fault {
    Fault::new(FaultKind::Broken, "NoAnswer", plain(what)).at(target)
}

/// How long to leave the other side alone, if it said so.
pub(crate) type Wish = Option<Duration>;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn codes_are_listed_once_and_each_has_advice() {
        let mut codes: Vec<String> = TABLE.iter().map(|row| row.code.to_lowercase()).collect();
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), TABLE.len());
        assert!(TABLE.iter().all(|row| !row.advice.is_empty()));
    }

    #[test]
    fn every_row_means_what_it_says_and_a_servers_failure_is_always_a_doubt() {
        for row in TABLE {
            let status = if row.meaning == Doubt { 503 } else { 400 };
            assert_eq!(meaning(status, row.code), (row.kind, row.meaning), "{}", row.code);
            assert_eq!(meaning(500, row.code).1, Doubt, "{}", row.code);
            assert_eq!(meaning(429, row.code), (Throttled, Later), "{}", row.code);
        }
        assert_eq!(meaning(418, "Teapot"), (Invalid, Never));
    }

    #[test]
    fn a_fault_names_the_missing_right_and_hostile_text_is_made_plain() {
        let message =
            "The client does not have authorization to perform action 'A.B/c/write' over scope '/x'\u{1b}[2J";
        let body = json!({"error": {"code": "AuthorizationFailed", "message": message}});
        let fault = fault(403, &body, "/x", None);
        assert_eq!(fault.needs.as_deref(), Some("A.B/c/write"));
        assert!(!fault.message.contains('\u{1b}'));
        assert_eq!(super::fault(502, &json!("<html>"), "/x", None).code, "Http502");
    }
}
