//! Activities: what a write of a resource would do or need beside what is written, as far as a read of it tells. Pure.

use crate::references::table::Verb;
use crate::references::{hidden, runs};
use crate::relocate::facts::Writing;
use crate::surfaces::host::rewrite::would_send;
use serde_json::Value;

/// Looks at the body that a write of these places would send.
pub(crate) fn of(kind: &str, verb: Verb, body: &Value, pointers: &[&str]) -> Writing {
    let run = runs::of(kind, body, pointers);
    let holes = hidden::holes(kind, &would_send(verb, body, pointers));
    let (given, hidden): (Vec<String>, Vec<String>) =
        holes.into_iter().partition(|hole| hidden::is_given(kind, hole));
    let by = (!given.is_empty()).then(|| hidden::given(kind)).flatten();
    Writing {
        ended: matches!(run, Some(runs::Run::Ended(_))),
        runs: run.map(|(runs::Run::Ended(what) | runs::Run::Again(what))| what.to_owned()),
        hidden,
        given_by: by.map(|(_, action)| action),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_would_be_sent_is_looked_at_and_a_list_is_sent_whole() {
        let secrets =
            json!([{"name": "sql", "keyVaultUrl": "https://kv", "identity": "/id"}, {"name": "key"}]);
        let body = json!({"type": "Microsoft.App/containerApps", "location": "westeurope", "properties": {
            "configuration": {"secrets": secrets, "registries": [{"identity": "/id"}]}}});
        let at = |pointers: &[&str]| of("Microsoft.App/containerApps", Verb::Patch, &body, pointers);
        assert!(at(&[]).is_plain(), "attaching sends the identity alone");
        assert!(at(&["/properties/configuration/registries/0/identity"]).is_plain());
        let switched = at(&["/properties/configuration/secrets/0/identity"]);
        assert_eq!(switched.given_by.as_deref(), Some("Microsoft.App/containerApps/listSecrets/action"));
        assert!(switched.hidden.is_empty() && switched.runs.is_none());
        let extension = |kind: &str| {
            let settings = json!({"authentication": {"managedIdentity": {"identifier-value": "/id"}}});
            let body = json!({"type": "Microsoft.Compute/virtualMachines/extensions", "properties": {"type": kind, "settings": settings}});
            let at = "/properties/settings/authentication/managedIdentity/identifier-value";
            of("Microsoft.Compute/virtualMachines/extensions", Verb::Patch, &body, &[at]).hidden.len()
        };
        assert_eq!((extension("AzureMonitorLinuxAgent"), extension("CustomScript")), (0, 1));
        let hub = json!({"connectionString": "HostName=h;SharedAccessKey=****"});
        let service = json!({"properties": {"iotHubs": [{"id": "/id"}, hub]}});
        let kind = "Microsoft.Devices/provisioningServices";
        assert!(of(kind, Verb::Patch, &service, &[]).is_plain());
        assert_eq!(of(kind, Verb::Patch, &service, &["/properties/iotHubs/0/id"]).hidden.len(), 1);
        assert_eq!(of(kind, Verb::Put, &service, &[]).hidden, ["/properties/iotHubs/1/connectionString"]);
    }
}
