//! The table, read as data.

use super::TABLE;
use super::row::{Meaning, On};
use super::verdict::*;
use Meaning::{Doubt, Later, Never, Rights, Settles, There};
use rehome_orchestrator::FaultKind;
use serde_json::Value;
use serde_json::json;

const PUT: Asked<'static> = Asked { method: "PUT", path: "/subscriptions/s/providers/A.B/c/d" };

fn meaning(status: u16, code: &str) -> Meaning {
    find(PUT, status, code, "").meaning
}

#[test]
fn every_row_can_be_reached_says_what_it_means_and_has_advice() {
    for row in TABLE {
        assert!(!row.advice.is_empty() && row.says == row.says.to_lowercase(), "{row:?}");
        let asked = match row.on {
            On::Any => PUT,
            On::Delete => Asked { method: "DELETE", path: PUT.path },
            On::Credential => {
                Asked { method: "PUT", path: "/x/userAssignedIdentities/i/federatedIdentityCredentials/f" }
            }
            On::SignIn => SIGN_IN,
        };
        let status = if row.status == 0 { 100 } else { row.status + u16::from(row.status == 300) };
        let code = if row.code == "*" { "Unheard" } else { row.code };
        let found = find(asked, status, code, row.says);
        assert_eq!((found.code, found.says, found.status), (row.code, row.says, row.status), "{row:?}");
    }
}

#[test]
fn a_servers_failure_is_always_a_doubt_and_too_many_requests_are_never_one() {
    for row in TABLE.iter().filter(|row| row.on != On::SignIn) {
        let code = if row.code == "*" { "Unheard" } else { row.code };
        for status in 500..=599 {
            assert_eq!(find(PUT, status, code, row.says).meaning, Doubt, "{status} {row:?}");
        }
        if row.code == "*" {
            assert_eq!(meaning(429, code), Later, "{row:?}");
        }
    }
    assert_eq!(meaning(418, "Teapot"), Never);
    assert_eq!(meaning(302, "Http302"), Never);
}

#[test]
fn every_status_of_a_sign_in_has_an_answer_and_none_of_them_is_a_doubt() {
    for status in 300..=599 {
        let meaning = find(SIGN_IN, status, "Unheard", "").meaning;
        let wanted = match status {
            500..=599 => Later,
            400..=499 if status != 408 && status != 429 => Never,
            408 | 429 => Later,
            _ => Never,
        };
        assert_eq!(meaning, wanted, "{status}");
    }
}

#[test]
fn the_same_code_means_another_thing_elsewhere_and_in_other_words() {
    let delete = Asked { method: "DELETE", path: "/x" };
    assert_eq!(find(delete, 404, "ResourceNotFound", "").meaning, There);
    assert_eq!(meaning(404, "ResourceNotFound"), Settles { within_s: 120 });
    let graph = |message: &str| find(PUT, 400, "Request_BadRequest", message).meaning;
    assert_eq!(graph("Not a valid reference update."), Settles { within_s: 300 });
    assert_eq!(graph("One or more added object references already exist for …"), There);
    assert_eq!(graph("Permission being assigned already exists on the object"), There);
    assert_eq!(graph("Invalid filter"), Never);
    assert_eq!(meaning(403, "AuthorizationFailed"), Rights { within_s: 600 });
    let of_credential = "MsGraphResourceNotFoundOnFederatedIdentityCredentialCreation";
    assert_eq!(meaning(404, of_credential), Settles { within_s: 300 });
    // What failed after it was accepted comes with the status of the poll.
    assert_eq!(find(PUT, 200, "RequestDisallowedByPolicy", "").kind, FaultKind::Blocked);
}

#[test]
fn patience_is_counted_in_the_pauses_of_the_plans_rule() {
    let tries = |within_s: u32| (1..).find(|tries| is_spent(*tries, within_s)).expect("an end");
    assert_eq!([tries(120), tries(300), tries(600)], [7, 10, 15]);
}

#[test]
fn a_fault_names_the_missing_right_the_policy_and_the_reasons_below_it() {
    let message =
        "The client does not have authorization to perform action 'A.B/c/write' over scope '/x'\u{1b}[2J";
    let denied =
        fault(PUT, 403, &json!({"error": {"code": "AuthorizationFailed", "message": message}}), None);
    assert_eq!(denied.needs.as_deref(), Some("A.B/c/write"));
    assert!(!denied.message.contains('\u{1b}'));
    let policy = json!({"error": {"code": "RequestDisallowedByPolicy", "message": "no", "additionalInfo": [
        {"type": "PolicyViolation", "info": {"policyAssignmentId": "/p/1"}}]}});
    assert_eq!(fault(PUT, 403, &policy, None).message, "no (policy /p/1)");
    let details = json!({"error": {"code": "BadRequest", "message": "ask support",
        "details": [{"code": "InvalidQuery", "message": "it is no query"}]}});
    assert_eq!(fault(PUT, 400, &details, None).message, "ask support (InvalidQuery: it is no query)");
}

#[test]
fn every_shape_of_an_error_is_read() {
    let read = |body: Value| {
        let fault = fault(PUT, 409, &body, None);
        (fault.code.clone(), fault.message.clone())
    };
    let wanted = ("Conflict".to_owned(), "busy".to_owned());
    for body in [
        json!({"error": {"code": "Conflict", "message": "busy"}}),
        json!({"code": "Conflict", "message": "busy"}),
        json!({"Code": "Conflict", "Message": "busy", "Target": null, "Details": [{"Message": null}]}),
        json!({"odata.error": {"code": "Conflict", "message": {"lang": "en", "value": "busy"}}}),
    ] {
        assert_eq!(read(body.clone()), wanted, "{body}");
    }
    for body in [json!("<html>"), json!(null), json!({"error": {}}), json!([1]), json!({"error": "x"})] {
        assert_eq!(read(body.clone()).0, "Http409", "{body}");
    }
}

#[test]
fn a_refused_sign_in_says_which_of_its_parts_is_wrong() {
    let text = "AADSTS7000215: Invalid client secret provided. Trace ID: 1";
    let body = json!({"error": "invalid_client", "error_description": text, "error_codes": [7_000_215]});
    let listed = sign_in_fault(401, &body, "");
    assert_eq!((listed.code.as_str(), listed.kind), ("AADSTS7000215", FaultKind::Denied));
    assert!(listed.message.starts_with("Invalid client secret"), "{}", listed.message);
    assert!(advice(&listed).is_some_and(|advice| advice.contains("AZURE_CLIENT_SECRET")));
    assert_eq!(sign_in_fault(401, &Value::Null, text).code, "AADSTS7000215");
    assert_eq!(sign_in_fault(503, &Value::Null, "").code, "Http503");
}
