//! Activities: what stands in the way of every write of a host. Pure.

use crate::commands::shell::quoted;
use crate::references::states::is_busy;
use crate::relocate::facts::{Host, Reference};
use crate::relocate::preflight::code::NoticeCode;
use crate::relocate::preflight::notice::{Preflight, notice};
use serde_json::{Value, json};

/// The backup in the paired region is encrypted by an identity of that region.
/// Source: mysql and postgresql flexibleServers, `dataEncryption.geoBackupUserAssignedIdentityId`.
const GEO_BACKUP: &str = "/geobackupuserassignedidentityid";

/// What stands in the way of every write of a host.
pub(crate) fn obstacles(host: &Host, out: &mut Preflight) {
    busy(host, out);
    for gone in &host.dead {
        let mut body = json!({"identity": {"type": host.identity_type, "userAssignedIdentities": {}}});
        body["identity"]["userAssignedIdentities"][gone.as_str()] = Value::Null;
        let url = quoted(&format!("{}?api-version={}", host.id, host.api_version));
        let body = quoted(&body.to_string());
        let remedy = format!("take it out: az rest --method patch --url {url} --body {body}");
        let text = format!("its identity {gone} is gone: Azure refuses every write while that is attached");
        out.blockers.push(notice(NoticeCode::B124, &host.id, text, remedy));
    }
    let backup = |r: &&Reference| r.pointer.to_ascii_lowercase().ends_with(GEO_BACKUP);
    if host.references.iter().any(|r| backup(&r)) {
        let text = "the identity encrypts its geo-redundant backup, and must be in the region of that backup";
        let remedy = "give the backup another identity of its region first, then plan again";
        out.blockers.push(notice(NoticeCode::B123, &host.id, text, remedy));
    }
}

fn busy(host: &Host, out: &mut Preflight) {
    if let Some(state) = host.state.as_deref().filter(|state| is_busy(state)) {
        let text = format!("somebody else is at work on this host: {state}");
        out.blockers.push(notice(NoticeCode::B109, &host.id, text, "wait until it is done, then plan again"));
    }
}
