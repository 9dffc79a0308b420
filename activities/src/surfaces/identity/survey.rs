//! Activities: reads the identity itself, in the newest version that this Azure has: an
//! older one does not tell what it does not know, and a copy without that would be another identity.

use crate::azure::{Reader, says_no_version};
use crate::relocate::facts::Identity;
use crate::relocate::survey::{MSI, parse};
use rehome_orchestrator::{Fault, FaultKind};
use serde_json::Value;

/// Versions of Microsoft.ManagedIdentity, the one that tells most first. Source: msi/ of Azure/azure-rest-api-specs.
const VERSIONS: [&str; 4] = ["2026-05-31", "2026-04-30", "2025-05-31-preview", MSI];

/// The identity, in the newest version that is not refused as a version.
pub(crate) async fn identity(reader: &Reader, id: String) -> Result<(Value, Identity), Fault> {
    let id = id.as_str();
    let mut answer = (Err(refused(id)), MSI);
    for version in VERSIONS {
        answer = (reader.find(id, version).await, version);
        if !answer.0.as_ref().is_err_and(says_no_version) {
            break;
        }
    }
    let body = answer.0?.ok_or_else(|| {
        Fault::new(FaultKind::Missing, "NoIdentity", "there is no such identity, or you may not see it")
            .at(id)
    })?;
    let identity = parse::identity(&body, id, answer.1).ok_or_else(|| {
        Fault::new(FaultKind::Invalid, "NoIdentity", "Azure's answer is not an identity").at(id)
    })?;
    Ok((body, identity))
}

fn refused(id: &str) -> Fault {
    Fault::new(FaultKind::Invalid, "NoVersion", "this Azure has none of the known versions").at(id)
}
