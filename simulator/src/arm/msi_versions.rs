//! ARM: which version of Microsoft.ManagedIdentity has which property. A version that does not know a property
//! neither gives nor takes it. Pure.
//!
//! Sources: msi/ManagedIdentity.json of each version (Azure/azure-rest-api-specs); `assignmentBlocked` and
//! `federationBlocked` by its pull request 43555.

use crate::authorization::{Call, Objects};
use crate::http::Reply;
use crate::objects::ArmPath;
use crate::world::World;
use serde_json::Value;

/// A version, and what it has beside the ids of an identity, and beside issuer, subject and audiences of a credential.
struct Version {
    name: &'static str,
    identity: &'static [&'static str],
    credential: &'static [&'static str],
}

const FLEXIBLE: &[&str] = &["claimsMatchingExpression"];

macro_rules! versions {
    ($($name:literal $identity:expr, $credential:expr;)*) => {
        &[$(Version { name: $name, identity: $identity, credential: $credential }),*]
    };
}

/// Every version, the newest last.
const VERSIONS: &[Version] = versions! {
    "2015-08-31-preview" &[], &[];
    "2018-11-30" &[], &[];
    "2021-09-30-preview" &[], &[];
    "2022-01-31-preview" &[], &[];
    "2023-01-31" &[], &[];
    "2023-07-31-preview" &[], &[];
    "2024-11-30" &["isolationScope"], &[];
    "2025-01-31-preview" &["isolationScope"], FLEXIBLE;
    "2025-05-31-preview" &["isolationScope", "assignmentRestrictions"], FLEXIBLE;
    "2026-04-30" &["isolationScope", "assignmentBlocked", "federationBlocked"], &[];
    "2026-05-31" &["isolationScope", "assignmentRestrictions", "assignmentBlocked", "federationBlocked"], &[];
};

/// The names of all, the newest first, as a provider lists them.
pub(crate) fn names() -> Vec<&'static str> {
    VERSIONS.iter().rev().map(|version| version.name).collect()
}

/// What every version has.
const ALWAYS: [&str; 6] = ["tenantId", "principalId", "clientId", "issuer", "subject", "audiences"];

fn asked<'a>(call: &Call<'a>) -> &'a str {
    call.query.get("api-version").map(String::as_str).unwrap_or_default()
}

fn is_credential(kind: &str) -> bool {
    kind.to_lowercase().ends_with("/federatedidentitycredentials")
}

/// Whether the version that is asked in knows this property; what no version is known to have came with the newest.
pub(crate) fn knows(call: &Call<'_>, kind: &str, property: &str) -> bool {
    let of = |version: &Version| if is_credential(kind) { version.credential } else { version.identity };
    let newest = VERSIONS.last().is_some_and(|version| version.name == asked(call));
    let known_to_any = VERSIONS.iter().any(|version| of(version).contains(&property));
    let version = VERSIONS.iter().find(|version| version.name == asked(call));
    ALWAYS.contains(&property)
        || version.is_some_and(|version| of(version).contains(&property))
        || newest && !known_to_any
}

/// The refusal of a version that is not offered: by nobody, or not in this subscription, whose provider lists its own.
pub(crate) fn refused(world: &World, call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    let version = asked(call);
    let id = format!("/subscriptions/{}/providers/Microsoft.ManagedIdentity", path.subscription()?);
    let types = world.get(&id).and_then(|provider| provider["resourceTypes"].as_array());
    let own = types.into_iter().flatten().find(|kind| {
        kind["resourceType"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("userAssignedIdentities"))
    });
    let listed: Vec<&str> = own
        .and_then(|kind| kind["apiVersions"].as_array())
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let offered = if listed.is_empty() { names() } else { listed };
    if offered.contains(&version) {
        return None;
    }
    let message = format!(
        "No registered resource provider found for location '' and API version '{version}' for type 'userAssignedIdentities'. The supported api-versions are '{}'.",
        offered.join(", ")
    );
    Some(Reply::error(400, "NoRegisteredProviderFound", &message))
}

/// An answer with what the version that is asked in has.
pub(crate) fn shown(mut reply: Reply, call: &Call<'_>) -> Reply {
    let strip = |one: &mut Value| {
        let kind = one["type"].as_str().unwrap_or_default().to_owned();
        if let Some(properties) = one.get_mut("properties").and_then(Value::as_object_mut) {
            properties.retain(|name, _| knows(call, &kind, name));
        }
    };
    if let Some(body) = reply.body.as_mut().filter(|_| reply.status < 300) {
        body.get_mut("value").and_then(Value::as_array_mut).into_iter().flatten().for_each(strip);
        strip(body);
    }
    reply
}
