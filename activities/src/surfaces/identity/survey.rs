//! Activities: reads the identity itself, in the newest version that this Azure has: an
//! older one does not tell what it does not know, and a copy without that would be another identity.

use crate::azure::{Reader, ResourceId, says_no_version};
use crate::references::members;
use crate::references::scan::Identifiers;
use crate::relocate::facts::Identity;
use crate::relocate::survey::parse;
use crate::surfaces::identity::create::MSI;
use rehome_orchestrator::{Fault, FaultKind};
use serde_json::Value;

/// Versions of Microsoft.ManagedIdentity, the one that tells most first. Source: msi/ of Azure/azure-rest-api-specs.
const VERSIONS: [&str; 4] = ["2026-05-31", "2026-04-30", "2025-05-31-preview", MSI];

/// The identity, in the newest version that is not refused as a version.
pub(crate) async fn identity(reader: &Reader, id: &ResourceId) -> Result<(Value, Identity), Fault> {
    let mut answer = (Err(refused(id)), MSI);
    for version in VERSIONS {
        answer = (reader.find(id, version).await, version);
        if !answer.0.as_ref().is_err_and(says_no_version) {
            break;
        }
    }
    let body = answer.0?.ok_or_else(|| {
        Fault::new(FaultKind::Missing, "NoIdentity", "there is no such identity, or you may not see it")
            .at(id.as_str())
    })?;
    let identity = parse::identity(&body, id, answer.1).ok_or_else(|| {
        Fault::new(FaultKind::Invalid, "NoIdentity", "Azure's answer is not an identity").at(id.as_str())
    })?;
    Ok((body, identity))
}

/// The three ids of an identity.
///
/// # Errors
/// When it cannot be read, or is not there.
pub async fn identifiers(reader: &Reader, id: &ResourceId) -> Result<Identifiers, Fault> {
    identity(reader, id).await.map(|(_, identity)| identity.identifiers)
}

/// A list below the identity in the newest version that this Azure has and that tells more than the usual one.
pub(crate) async fn newest_list(reader: &Reader, path: &str) -> Result<Vec<Value>, Fault> {
    for version in VERSIONS.iter().filter(|version| !version.ends_with("-preview") && **version != MSI) {
        match reader.list(path, version, &[]).await {
            Err(why) if says_no_version(&why) => {}
            found => return found,
        }
    }
    Ok(Vec::new())
}

/// The same things as two versions tell them: each with the properties of both.
pub(crate) fn together(mut told: Vec<Value>, newest: Vec<Value>) -> Vec<Value> {
    let same = |one: &Value, other: &Value| {
        let name = |body: &Value| members::text(body, "/name").map(|name| name.to_lowercase());
        name(one).is_some() && name(one) == name(other)
    };
    for newer in newest {
        let Some(known) = told.iter_mut().find(|known| same(known, &newer)) else {
            told.push(newer);
            continue;
        };
        for at in ["", "/properties"] {
            let (Some(Value::Object(known)), Some(Value::Object(newer))) =
                (known.pointer_mut(at), newer.pointer(at))
            else {
                continue;
            };
            for (name, value) in newer {
                known.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
    }
    told
}

fn refused(id: &str) -> Fault {
    Fault::new(FaultKind::Invalid, "NoVersion", "this Azure has none of the known versions").at(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_two_versions_tell_of_one_thing_is_put_together() {
        let told = vec![
            json!({"name": "A", "properties": {"issuer": "i", "claimsMatchingExpression": {"value": "x"}}}),
        ];
        let newest = vec![
            json!({"name": "a", "properties": {"issuer": "i", "later": 1}}),
            json!({"name": "b", "properties": {"issuer": "j"}}),
        ];
        let both = together(told, newest);
        assert_eq!(
            both[0]["properties"],
            json!({"issuer": "i", "claimsMatchingExpression": {"value": "x"}, "later": 1})
        );
        assert_eq!((both.len(), &both[1]["name"]), (2, &json!("b")));
    }
}
