//! Azure: the table of errors. Pure data: who said it, with which status, code and words, and what then.
//!
//! Sources: Resource Manager's, Microsoft Graph's and Entra ID's error references, recorded exchanges, and the
//! rules for trying again that the official clients follow.

use super::row::{Meaning, On, Row};
use Meaning::{Doubt, Later, Never, Rights, Settles, There};
use rehome_orchestrator::FaultKind;

/// Regional replication.
const MINUTES_2: Meaning = Settles { within_s: 120 };
/// Replication of the directory.
const MINUTES_5: Meaning = Settles { within_s: 300 };
/// Replication of principals to role assignments.
const MINUTES_10: Meaning = Settles { within_s: 600 };
/// A new grant works everywhere after this long.
const NEW_RIGHTS: Meaning = Rights { within_s: 600 };

macro_rules! table {
    ($($on:ident $status:literal $code:literal $says:literal $kind:ident $meaning:ident $advice:literal)*) => {
        &[$(Row {
            on: On::$on, status: $status, code: $code, says: $says,
            kind: FaultKind::$kind, meaning: $meaning, advice: $advice,
        }),*]
    };
}

/// Every answer that is known; the first row that fits decides, and the last ones fit everything.
pub const TABLE: &[Row] = table! {
    // Asked too often, or not heard in time.
    Any 429 "RetryableErrorDueToAnotherOperation" "" Conflict Later "the resource is busy; the step is tried again"
    Any 429 "TooManyRequests" "" Throttled Later "the step is tried again by itself; where it has parked, retry it, and run with a smaller --parallel"
    Any 429 "SubscriptionRequestsThrottled" "" Throttled Later "the step is tried again by itself; where it has parked, retry it, and run with a smaller --parallel"
    Any 429 "RateLimiting" "" Throttled Later "the step is tried again by itself; where it has parked, retry it, and run with a smaller --parallel"
    Any 429 "*" "" Throttled Later "the step is tried again by itself; where it has parked, retry it, and run with a smaller --parallel"
    Any 408 "*" "" Unavailable Doubt "the service gave up waiting; Azure is read, and the step goes on"

    // Signing in: whatever is answered there, the request itself was not sent.
    SignIn 401 "AADSTS7000215" "" Denied Never "the client secret is wrong: set AZURE_CLIENT_SECRET, then retry"
    SignIn 401 "AADSTS7000222" "" Denied Never "the client secret has expired: make a new one, then retry"
    SignIn 400 "AADSTS700016" "" Denied Never "no such application: check AZURE_CLIENT_ID and AZURE_TENANT_ID"
    SignIn 400 "AADSTS90002" "" Denied Never "no such tenant: check AZURE_TENANT_ID"
    SignIn 400 "AADSTS70003" "" Denied Never "this way to sign in is not allowed: use another credential"
    SignIn 400 "AADSTS70021" "" NotReady Later "the federated credential is not known everywhere yet"
    SignIn 400 "AADSTS700212" "" NotReady Later "no federated credential with this audience is known yet"
    SignIn 429 "*" "" Throttled Later "too many sign-ins; nothing was sent, and the step is tried again"
    SignIn 408 "*" "" Unavailable Later "the sign-in server gave up waiting; nothing was sent, and the step is tried again"
    SignIn 500 "*" "" Unavailable Later "the sign-in server failed; nothing was sent, and the step is tried again"
    SignIn 400 "*" "" Denied Never "sign in again: az login, or the AZURE_ variables; then retry"

    // What is to be removed is not there.
    Delete 404 "ResourceNotFound" "" Missing There "it is gone already"
    Delete 404 "ParentResourceNotFound" "" Missing There "it went with its parent"
    Delete 404 "ResourceGroupNotFound" "" Missing There "it went with its resource group"
    Delete 404 "NotFound" "" Missing There "it is gone already"
    Delete 404 "Request_ResourceNotFound" "" Missing There "the link is gone already"

    // Role assignments.
    Any 400 "PrincipalNotFound" "" NotReady MINUTES_10 "the new principal is not known everywhere yet: retry later"
    Any 400 "RoleDefinitionDoesNotExist" "" Missing MINUTES_2 "the role is gone: restore it, or leave the step out"
    Any 409 "RoleAssignmentExists" "" Conflict There "the same grant exists under another name: compare the two"
    Any 400 "RoleAssignmentUpdateNotPermitted" "" Conflict Never "the name of the assignment is taken by another grant"
    Any 409 "HashConflictOnDifferentRoleAssignmentIds" "" Conflict Later "two writers collided; the step is tried again"
    Any 400 "UnmatchedPrincipalType" "" Invalid Never "the principal is of another type than the step says"
    Any 400 "RoleAssignmentLimitExceeded" "" Blocked Never "remove assignments that nobody needs, then retry"

    // Rights, locks, policies.
    Any 403 "AuthorizationFailed" "" Denied NEW_RIGHTS "get a role with the action that the message names, then retry"
    Any 403 "LinkedAuthorizationFailed" "" Denied NEW_RIGHTS "you need assign/action on every identity of the host, and each must exist: remove those that do not"
    Any 403 "DenyAssignmentAuthorizationFailed" "" Denied Never "a deny assignment forbids it: ask its owner to exclude you, then retry"
    Any 403 "Authorization_RequestDenied" "" Denied Never "get the Graph permission or directory role, then retry"
    Any 401 "AuthenticationFailed" "" Denied Never "sign in again, then retry"
    Any 401 "InvalidAuthenticationToken" "" Denied Never "sign in again, then retry"
    Any 401 "InvalidAuthenticationTokenTenant" "" Denied Never "sign in to the tenant of the subscription, then retry"
    Any 401 "ExpiredAuthenticationToken" "" Denied Later "a new token is asked for"
    Any 409 "ScopeLocked" "" Blocked Never "remove the lock that the message names, or set lift_locks, then retry"
    Any 403 "RequestDisallowedByPolicy" "" Blocked Never "ask for an exemption from the policy that the message names, then retry"
    Any 409 "ReadOnlyDisabledSubscription" "" Blocked Never "the subscription is disabled: have it enabled, then retry"

    // Identities on hosts.
    Any 400 "FailedIdentityOperation" "" Blocked MINUTES_2 "an identity in the host's list does not exist any more: remove the entry, then retry"
    Any 400 "InvalidIdentityValues" "" Invalid Never "the identity block was refused: this is a fault of the program"
    Any 400 "InvalidIdentityRegion" "" Blocked Never "the identity is bound to its own region"
    Any 400 "*" "does not have access to identity" Blocked Never "the service has lost the identity: detach it and attach it again, then retry"

    // Federated credentials.
    Any 409 "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity" "" Conflict Later "credentials of one identity are written one at a time"
    Credential 400 "*" "combination already exists" Conflict Never "the same issuer and subject are there under another name: remove that one, or leave the step out"
    Credential 400 "*" "exactly one audience" Invalid Never "leave one audience, then plan again"
    Credential 400 "*" "empty properties" Invalid Never "this is a fault of the program"
    Any 404 "MsGraphResourceNotFoundOnFederatedIdentityCredentialCreation" "" NotReady MINUTES_5 "the directory does not know the new principal yet: retry later"
    Credential 404 "*" "" NotReady MINUTES_5 "the new identity is not known everywhere yet: retry later"
    Credential 405 "*" "" Blocked Never "this region takes no federated credentials: choose another one"

    // Somebody else is at work.
    Any 409 "AnotherOperationInProgress" "" Conflict Later "the resource is busy; the step is tried again"
    Any 409 "OperationNotAllowed" "" Conflict Never "the resource is in a state that does not allow it: the message says which"
    Any 409 "ResourceGroupBeingDeleted" "" Conflict Later "the resource group is being deleted; the step waits for that"
    Any 412 "PreconditionFailed" "" Conflict Later "somebody changed the resource meanwhile; it is read again"
    Any 409 "Conflict" "" Conflict Later "another operation is under way; the step is tried again"

    // Providers, regions, names.
    Any 409 "MissingSubscriptionRegistration" "" Blocked Never "az provider register --namespace with the namespace that the message names, then retry"
    Any 409 "MissingRegistrationForLocation" "" Blocked Never "register the provider for this region again, or choose another region"
    Any 409 "NoRegisteredProviderFound" "" Blocked Never "register the provider, or choose a region that has it"
    Any 400 "LocationNotAvailableForResourceType" "" Blocked Never "choose a region that has managed identities"
    Any 409 "InvalidResourceLocation" "" Blocked Never "the name is taken in another region: choose another name or group"
    Any 409 "InvalidResourceGroupLocation" "" Blocked Never "the group exists in another region: use it, or choose another name"
    Any 404 "ResourceGroupNotFound" "" Missing Never "make the resource group, or set create_resource_group = true"
    Any 404 "SubscriptionNotFound" "" Missing Never "check the subscription and your access to it"
    Any 404 "ResourceNotFound" "" Missing MINUTES_2 "it is gone: leave the step out, or plan again"
    Any 404 "ParentResourceNotFound" "" NotReady MINUTES_2 "its parent is not known everywhere yet, or is gone"
    Any 400 "InvalidResourceName" "" Invalid Never "choose another name"

    // Requests that are wrong.
    Any 400 "InvalidRequestContent" "" Invalid Never "the request was refused: this is a fault of the program"
    Any 400 "MissingApiVersionParameter" "" Invalid Never "this is a fault of the program"
    Any 400 "InvalidApiVersionParameter" "" Invalid Never "this is a fault of the program"
    Any 400 "BadRequest" "" Invalid Never "the service refused the request; the message says why"

    // The directory.
    Any 404 "Request_ResourceNotFound" "" NotReady MINUTES_5 "the directory does not know the object yet, or it is gone"
    Any 404 "Directory_ObjectNotFound" "" NotReady MINUTES_5 "the directory does not know the new principal yet: retry later"
    Any 400 "Request_BadRequest" "not a valid reference update" NotReady MINUTES_5 "the directory does not know the new principal yet: retry later"
    Any 400 "Request_BadRequest" "already exist" Conflict There "it exists already, though it is not listed yet"
    Any 400 "Request_BadRequest" "a conflicting object" Conflict There "it exists already, though it is not listed yet"
    Any 409 "Request_MultipleObjectsWithSameKeyValue" "" Conflict There "it exists already, though it is not listed yet"
    Any 400 "SubjectNotFound" "" NotReady MINUTES_5 "privileged identity management does not know the new principal yet: retry later"
    Any 400 "PendingRoleAssignmentRequest" "" Conflict Later "a request for the same is under way; the step waits for that"
    Any 400 "RoleAssignmentRequestPolicyValidationFailed" "" Blocked Never "the settings of the role or group in privileged identity management refuse it: the message names the rule; change it, then retry"
    Any 400 "Request_BadRequest" "" Invalid Never "Graph refused the request; the message says why"

    // The service failed: nobody knows how far it came.
    Any 503 "ServerBusy" "" Unavailable Doubt "the service is overloaded; Azure is read, and the step goes on"
    Any 503 "ServiceUnavailable" "" Unavailable Doubt "the service is out of order; Azure is read, and the step goes on"
    Any 500 "InternalServerError" "" Unavailable Doubt "the service failed; Azure is read, and the step goes on"
    Any 504 "GatewayTimeout" "" Unavailable Doubt "the service took too long; Azure is read, and the step goes on"
    Any 500 "*" "" Unavailable Doubt "the service failed; Azure is read, and the step goes on"

    // Codes that nobody has written down: the status has to do.
    Any 401 "*" "" Denied Never "sign in again, then retry"
    Any 403 "*" "" Denied Never "you lack a right, or a policy forbids it: the message says which"
    Any 404 "*" "" Missing Never "the resource is not there: leave the step out, or plan again"
    Any 405 "*" "" Invalid Never "the service does not offer this here"
    Any 409 "*" "" Conflict Never "the resource is in a state that does not allow it: the message says which"
    Any 412 "*" "" Conflict Later "somebody changed the resource meanwhile; it is read again"
    Any 423 "*" "" Blocked Never "it is locked: the message says by what"
    Any 400 "*" "" Invalid Never "the request was refused; the message says why"
    Any 300 "*" "" Invalid Never "the answer redirects to another address, where no token may go: check --cloud"
    Any 0 "*" "" Invalid Never "the message says why"
};

/// What a person can do about codes of this program's own.
pub(super) const OWN: &[(&str, &str)] = &[
    ("NoAnswer", "no answer came; Azure is read to see what happened, and the step goes on"),
    (
        "NotAnAnswer",
        "the answer is not one of Azure: look whether a proxy stands between you and Azure, then retry",
    ),
    ("GoneAndListed", "two answers contradict each other: wait some minutes, then retry"),
    ("NotSent", "nothing was sent: check the connection to Azure; the step is tried again"),
    ("NotSignedIn", "sign in again: az login, or the AZURE_ variables; then retry"),
    ("SignInUnavailable", "the sign-in server did not answer; nothing was sent, and the step is tried again"),
    ("StillAttached", "detach it there, then retry"),
    ("Foreign", "look at what somebody else changed: put it back and retry, or leave the step out"),
];
