//! Every error that Azure may answer a write with: for each row of the table one small move in one large batch,
//! whose write meets that answer, with the real code and status. What is written here says what must come of it;
//! what the table says is not asked.

use crate::errors::world::{Cell, Surface, World};
use crate::support::rehome::{Rehome, text};
use Surface::{Credential, Grant, Host, Link};
use Then::{Elsewhere, Looked, Parks, ReadBack, Retried, Settles};
use rehome_activities::azure::errors::TABLE;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What must come of an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Then {
    /// It is sent again until it works; the move ends as planned.
    Retried,
    /// The same for a while; what does not end by then is shown to a person.
    Settles,
    /// Sent once, never again; shown to a person, and everything else goes on.
    Parks,
    /// Looked at before anything is sent again: sent again without an effect, and never with one.
    Looked,
    /// It says that it is there: believed when it is seen, and not before.
    ReadBack,
    /// Another test here does it.
    Elsewhere,
}

/// Whose answer, status, code, words, where it strikes, and what then.
type Case = (&'static str, u16, &'static str, &'static str, Surface, Then);

const CASES: &[Case] = &[
    ("Any", 429, "RetryableErrorDueToAnotherOperation", "", Host, Retried),
    ("Any", 429, "TooManyRequests", "", Link, Retried),
    ("Any", 429, "SubscriptionRequestsThrottled", "", Grant, Retried),
    ("Any", 429, "RateLimiting", "", Host, Retried),
    ("Any", 429, "*", "", Credential, Retried),
    ("Any", 408, "*", "", Grant, Looked),
    ("SignIn", 401, "AADSTS7000215", "", Grant, Elsewhere),
    ("SignIn", 401, "AADSTS7000222", "", Grant, Elsewhere),
    ("SignIn", 400, "AADSTS700016", "", Grant, Elsewhere),
    ("SignIn", 400, "AADSTS90002", "", Grant, Elsewhere),
    ("SignIn", 400, "AADSTS70003", "", Grant, Elsewhere),
    ("SignIn", 400, "AADSTS70021", "", Grant, Elsewhere),
    ("SignIn", 400, "AADSTS700212", "", Grant, Elsewhere),
    ("SignIn", 429, "*", "", Grant, Elsewhere),
    ("SignIn", 408, "*", "", Grant, Elsewhere),
    ("SignIn", 500, "*", "", Grant, Elsewhere),
    ("SignIn", 400, "*", "", Grant, Elsewhere),
    ("Delete", 404, "ResourceNotFound", "", Grant, Elsewhere),
    ("Delete", 404, "ParentResourceNotFound", "", Grant, Elsewhere),
    ("Delete", 404, "ResourceGroupNotFound", "", Grant, Elsewhere),
    ("Delete", 404, "NotFound", "", Grant, Elsewhere),
    ("Delete", 404, "Request_ResourceNotFound", "", Link, Elsewhere),
    ("Any", 400, "PrincipalNotFound", "", Grant, Settles),
    ("Any", 400, "RoleDefinitionDoesNotExist", "", Grant, Settles),
    ("Any", 409, "RoleAssignmentExists", "", Grant, Parks),
    ("Any", 400, "RoleAssignmentUpdateNotPermitted", "", Grant, Parks),
    ("Any", 409, "HashConflictOnDifferentRoleAssignmentIds", "", Grant, Retried),
    ("Any", 400, "UnmatchedPrincipalType", "", Grant, Parks),
    ("Any", 400, "RoleAssignmentLimitExceeded", "", Grant, Parks),
    ("Any", 403, "AuthorizationFailed", "", Grant, Parks),
    ("Any", 403, "LinkedAuthorizationFailed", "", Host, Parks),
    ("Any", 403, "DenyAssignmentAuthorizationFailed", "", Grant, Parks),
    ("Any", 403, "Authorization_RequestDenied", "", Link, Parks),
    ("Any", 401, "AuthenticationFailed", "", Grant, Parks),
    ("Any", 401, "InvalidAuthenticationToken", "", Host, Parks),
    ("Any", 401, "InvalidAuthenticationTokenTenant", "", Grant, Parks),
    ("Any", 401, "ExpiredAuthenticationToken", "", Grant, Retried),
    ("Any", 409, "ScopeLocked", "", Grant, Parks),
    ("Any", 403, "RequestDisallowedByPolicy", "", Host, Parks),
    ("Any", 409, "ReadOnlyDisabledSubscription", "", Grant, Parks),
    ("Any", 400, "FailedIdentityOperation", "", Host, Settles),
    ("Any", 400, "InvalidIdentityValues", "", Host, Parks),
    ("Any", 400, "InvalidIdentityRegion", "", Host, Parks),
    ("Any", 400, "*", "does not have access to identity", Host, Parks),
    (
        "Any",
        409,
        "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
        "",
        Credential,
        Retried,
    ),
    ("Credential", 400, "*", "combination already exists", Credential, Parks),
    ("Credential", 400, "*", "exactly one audience", Credential, Parks),
    ("Credential", 400, "*", "empty properties", Credential, Parks),
    ("Any", 404, "MsGraphResourceNotFoundOnFederatedIdentityCredentialCreation", "", Credential, Settles),
    ("Credential", 404, "*", "", Credential, Settles),
    ("Credential", 405, "*", "", Credential, Parks),
    ("Any", 409, "AnotherOperationInProgress", "", Host, Retried),
    ("Any", 409, "OperationNotAllowed", "", Host, Parks),
    ("Any", 409, "ResourceGroupBeingDeleted", "", Grant, Retried),
    ("Any", 412, "PreconditionFailed", "", Host, Retried),
    ("Any", 409, "Conflict", "", Host, Retried),
    ("Any", 409, "MissingSubscriptionRegistration", "", Host, Parks),
    ("Any", 409, "MissingRegistrationForLocation", "", Host, Parks),
    ("Any", 409, "NoRegisteredProviderFound", "", Host, Parks),
    ("Any", 400, "LocationNotAvailableForResourceType", "", Host, Parks),
    ("Any", 409, "InvalidResourceLocation", "", Host, Parks),
    ("Any", 409, "InvalidResourceGroupLocation", "", Host, Parks),
    ("Any", 404, "ResourceGroupNotFound", "", Grant, Parks),
    ("Any", 404, "SubscriptionNotFound", "", Grant, Parks),
    ("Any", 404, "ResourceNotFound", "", Grant, Settles),
    ("Any", 404, "ParentResourceNotFound", "", Grant, Settles),
    ("Any", 400, "InvalidResourceName", "", Host, Parks),
    ("Any", 400, "InvalidRequestContent", "", Host, Parks),
    ("Any", 400, "MissingApiVersionParameter", "", Grant, Parks),
    ("Any", 400, "InvalidApiVersionParameter", "", Grant, Parks),
    ("Any", 400, "BadRequest", "", Host, Parks),
    ("Any", 404, "Request_ResourceNotFound", "", Link, Settles),
    ("Any", 404, "Directory_ObjectNotFound", "", Link, Settles),
    ("Any", 400, "Request_BadRequest", "not a valid reference update", Link, Settles),
    ("Any", 400, "Request_BadRequest", "already exist", Link, ReadBack),
    ("Any", 400, "Request_BadRequest", "a conflicting object", Link, ReadBack),
    ("Any", 409, "Request_MultipleObjectsWithSameKeyValue", "", Link, ReadBack),
    ("Any", 400, "SubjectNotFound", "", Link, Settles),
    ("Any", 400, "PendingRoleAssignmentRequest", "", Link, Retried),
    ("Any", 400, "RoleAssignmentRequestPolicyValidationFailed", "", Link, Parks),
    ("Any", 400, "Request_BadRequest", "", Link, Parks),
    ("Any", 503, "ServerBusy", "", Grant, Looked),
    ("Any", 503, "ServiceUnavailable", "", Host, Looked),
    ("Any", 500, "InternalServerError", "", Credential, Looked),
    ("Any", 504, "GatewayTimeout", "", Grant, Looked),
    ("Any", 500, "*", "", Link, Looked),
    ("Any", 401, "*", "", Link, Parks),
    ("Any", 403, "*", "", Link, Parks),
    ("Any", 404, "*", "", Host, Parks),
    ("Any", 405, "*", "", Link, Parks),
    ("Any", 409, "*", "", Grant, Parks),
    ("Any", 412, "*", "", Host, Retried),
    ("Any", 423, "*", "", Host, Parks),
    ("Any", 400, "*", "", Grant, Parks),
    ("Any", 300, "*", "", Grant, Parks),
    ("Any", 0, "*", "", Host, Elsewhere),
];

#[test]
fn every_row_of_the_table_has_a_case_and_every_case_a_row() {
    let key = |on: &str, status: u16, code: &str, says: &str| format!("{on} {status} {code} {says:?}");
    let rows: BTreeSet<String> =
        TABLE.iter().map(|r| key(&format!("{:?}", r.on), r.status, r.code, r.says)).collect();
    let cases: BTreeSet<String> = CASES.iter().map(|c| key(c.0, c.1, c.2, c.3)).collect();
    assert_eq!((rows.len(), cases.len()), (TABLE.len(), CASES.len()), "each is listed once");
    assert_eq!(rows.symmetric_difference(&cases).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// How often and how an answer strikes, and what must come of it.
#[derive(Clone, Copy, Debug)]
enum Scene {
    /// So often, without an effect; then it works. The move ends as planned.
    Passes { times: u64 },
    /// Once, and the request has its effect all the same. The move ends as planned, without a second one.
    HadEffect,
    /// For ever; at least so many attempts were made.
    Stays { tries: usize },
}

fn scenes(then: Then) -> Vec<Scene> {
    match then {
        Retried => vec![Scene::Passes { times: 2 }],
        Settles => vec![Scene::Passes { times: 2 }, Scene::Stays { tries: 3 }],
        Parks => vec![Scene::Stays { tries: 1 }],
        Looked => vec![Scene::Passes { times: 1 }, Scene::HadEffect, Scene::Stays { tries: 2 }],
        ReadBack => vec![Scene::HadEffect, Scene::Stays { tries: 3 }],
        Elsewhere => Vec::new(),
    }
}

fn answer(case: &Case, scene: Scene) -> Value {
    let &(_, status, code, says, _, _) = case;
    let code = if code == "*" { "Unheard" } else { code };
    let message = if says.is_empty() { "This was asked for." } else { says };
    // A full hundred of redirections is none of them.
    let status = if status == 300 { 307 } else { status };
    let mut answer = json!({"status": status, "code": code, "message": format!("The words: {message}.")});
    if code == "SubscriptionRequestsThrottled" {
        answer["retry_after_s"] = json!(1);
    }
    answer["after"] = json!(matches!(scene, Scene::HadEffect));
    answer
}

fn rule(cell: &Cell, case: &Case, scene: Scene) -> Value {
    let (method, path) = cell.strikes();
    let mut rule = json!({"method": method, "path": path, "what": {"answer": answer(case, scene)}});
    match scene {
        Scene::Passes { times } => rule["times"] = json!(times),
        Scene::HadEffect => rule["times"] = json!(1),
        Scene::Stays { .. } => {}
    }
    rule
}

/// What is wrong with how a move ended, in words.
fn judge(cell: &Cell, case: &Case, scene: Scene, view: &Value, requests: &[Value]) -> Vec<String> {
    let (method, path) = cell.strikes();
    let sent: Vec<&Value> = requests
        .iter()
        .filter(|r| r["method"] == method && text(&r["path"]).to_lowercase().contains(&path.to_lowercase()))
        .collect();
    let worked = sent.iter().filter(|r| r["changed"] == true).count();
    let waits: Vec<&Value> = view["waiting_for"].as_array().into_iter().flatten().collect();
    let failed: Vec<&&Value> = waits.iter().filter(|w| w["kind"] == "failed").collect();
    let mut wrong = Vec::new();
    let mut must = |holds: bool, what: String| {
        if !holds {
            wrong.push(format!("{} {:?} {scene:?} at {:?}: {what}\n{view:#}", cell.name, case, cell.surface));
        }
    };
    match scene {
        Scene::Passes { times } => {
            must(sent.len() as u64 == times + 1, format!("sent {} times", sent.len()));
            must(worked == 1 && failed.is_empty(), format!("worked {worked} times"));
        }
        Scene::HadEffect => {
            must(sent.len() == 1 && worked == 1, format!("sent {} times, worked {worked}", sent.len()));
            must(failed.is_empty(), "it failed".to_owned());
        }
        Scene::Stays { tries } => {
            // A refused token is renewed once, within the attempt.
            let most = if case.1 == 401 { 2 } else { 1 };
            let fits = if tries == 1 { sent.len() <= most } else { sent.len() >= tries };
            must(fits && worked == 0, format!("sent {} times, worked {worked}", sent.len()));
            must(failed.len() == 1, format!("{} steps failed", failed.len()));
            for wait in failed {
                let why = &wait["why"];
                let code = if case.2 == "*" { "Unheard" } else { case.2 };
                must(text(&why["code"]) == code, format!("says {}", why["code"]));
                must(text(&why["message"]).contains("The words"), "lost Azure's words".to_owned());
                let target = text(&why["target"]).to_lowercase();
                must(
                    path.to_lowercase().split('/').all(|p| target.contains(p)),
                    "names another place".to_owned(),
                );
                must(!text(&wait["left"]).is_empty(), "does not say what was left".to_owned());
                let next = text(&wait["unblock_with"][0]);
                must(next.starts_with("rehome retry "), "does not say what to do next".to_owned());
            }
        }
    }
    wrong
}

#[test]
fn what_azure_answers_is_tried_again_looked_at_or_shown_and_everything_else_goes_on() {
    let mut world = World::new("answers");
    let mut played: Vec<(Cell, &Case, Scene)> = Vec::new();
    for case in CASES {
        for scene in scenes(case.5) {
            played.push((world.cell(case.4), case, scene));
        }
    }
    let rules = played.iter().map(|(cell, case, scene)| rule(cell, case, *scene)).collect();
    let mut rehome = Rehome::offline();
    let azure = world.serve(&mut rehome, rules);
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 10, "some steps wait for a person");
    let status = rehome.json(&["status"]);
    let requests = azure.requests();
    let mut wrong = Vec::new();
    for (cell, case, scene) in &played {
        let moves = status["moves"].as_array().into_iter().flatten();
        let view = moves.into_iter().find(|m| text(&m["identity"]).ends_with(&format!("/{}", cell.name)));
        let view = view.unwrap_or_else(|| panic!("no move of {}", cell.name));
        wrong.extend(judge(cell, case, *scene, view, &requests));
    }
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), played.len(), wrong.join("\n"));
    shown(&rehome, &played);
}

/// Every refusal is shown with its place, its advice, what was left and Azure's names for the exchange.
fn shown(rehome: &Rehome, played: &[(Cell, &Case, Scene)]) {
    let said = rehome.say(&["status", "--all"]).expect(0).out;
    let failures: Vec<&str> = said.split("\n\n").flat_map(|part| part.split("\nm-")).collect();
    let failures: Vec<&&str> = failures.iter().filter(|part| part.contains(" FAILED ")).collect();
    let stays = played.iter().filter(|(_, _, scene)| matches!(scene, Scene::Stays { .. })).count();
    assert_eq!(failures.len(), stays);
    for failure in failures {
        let lines: Vec<&str> = failure.lines().collect();
        let has = |word: &str| lines.iter().any(|line| line.trim_start().starts_with(word));
        let all = ["why ", "where ", "azure ", "state ", "next "].iter().all(|word| has(word));
        let advice = lines.iter().position(|l| l.trim_start().starts_with("why ")).map(|at| lines[at + 1]);
        assert!(all && advice.is_some_and(|a| a.starts_with("            ")), "{failure}");
    }
}

#[test]
fn what_is_to_be_removed_and_is_gone_is_removed() {
    let mut world = World::new("gone");
    let codes: Vec<&Case> = CASES.iter().filter(|case| case.0 == "Delete").collect();
    let mut rules = Vec::new();
    for case in &codes {
        let cell = world.cell(case.4);
        let (_, path) = cell.strikes();
        // Removing a link names the member behind the list.
        let path = path.trim_end_matches("$ref");
        let answer = json!({"status": case.1, "code": case.2, "after": true});
        rules.push(json!({"method": "DELETE", "path": path, "what": {"answer": answer}}));
    }
    let mut rehome = Rehome::offline();
    let azure = world.serve(&mut rehome, rules);
    let before = crate::support::oracle::plain(&azure.estate());
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0);
    rehome.say(&["rollback", "gone", "--reason", "a test", "--yes"]).expect(0);
    let after = crate::support::oracle::plain(&azure.estate());
    assert_eq!(crate::support::oracle::differences(&before, &after, ""), Vec::<String>::new());
    let removed = azure.requests();
    let struck = removed.iter().filter(|r| r["method"] == "DELETE" && r["status"] != 404);
    assert!(struck.count() >= codes.len(), "the removals were sent");
}
