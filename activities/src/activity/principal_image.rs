//! Activities: what a service principal is beside what a step writes of it (msgraph, v1.0). Pure.
//!
//! Source: <https://learn.microsoft.com/graph/api/serviceprincipal-update>: what can be written. What Entra ID fills in by
//! itself, sooner or later, is no change.

use crate::references::rest::{Lens, Rest, Spill};
use crate::references::settings_key::SettingsKey;
use serde_json::{Map, Value};

/// What can be written, as a read asks for it.
pub(crate) const WRITABLE: &str = "accountEnabled,appRoleAssignmentRequired,description,homepage,loginUrl,logoutUrl,notes,\
    notificationEmailAddresses,preferredSingleSignOnMode,replyUrls,tags";

/// The image of what can be written, but for these places.
pub(crate) fn rest(principal: &Value, key: &SettingsKey, id: &str, places: &[String]) -> Rest {
    let wanted =
        |name: &str| name == "customSecurityAttributes" || WRITABLE.split(',').any(|one| one == name);
    let members = principal.as_object().into_iter().flatten().filter(|(name, _)| wanted(name));
    let plain: Map<String, Value> = members.map(|(name, value)| (name.clone(), value.clone())).collect();
    Rest::of(&Value::Object(plain), &Lens { key, id, places, identities: Vec::new() })
}

/// Adds to a request what it has to say beside our places to put back what a write has changed.
pub(crate) fn put_back(body: &mut Value, principal: &Value, lost: &[Spill]) {
    let mut target = principal.clone();
    for spill in lost {
        spill.put_back(&mut target);
        if let Some(name) = spill.pointer.split('/').nth(1) {
            // A list of none is written as one.
            let none = if principal[name].is_array() { Value::Array(Vec::new()) } else { Value::Null };
            body[name] = target.get(name).cloned().unwrap_or(none);
        }
    }
}
