//! Activities: what must hold for every body that Azure answers with; `tests/fuzz` looks for one where it does
//! not. Pure.

use crate::azure::fuzz::body;
use crate::references::fuzz::{CLIENTS, OLD, PRINCIPALS};
use crate::references::scan::Identifiers;
use crate::relocate::rights::allows;
use crate::relocate::survey::{offered, parse, versions};
use crate::surfaces::deny_assignment::survey as denials;
use crate::surfaces::identity_extensions::survey as extensions;
use crate::surfaces::manual_references::survey as named;
use crate::surfaces::pim::requests::schedule;
use crate::surfaces::{
    app_credential, app_role, delegated_grant, directory_role, federated_credential, group_member,
    key_vault_policy, lock, owner, role_assignment, security_attributes, service_grant, service_principal,
};
use rehome_orchestrator::Json;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A body, by itself and as a list: every reader takes it for what it reads, or for nothing; and what is made
/// of it can be read back from a plan and from an event.
pub fn resource(data: &[u8]) {
    let Some(body) = body(data) else { return };
    let who = Identifiers {
        resource_id: OLD.into(),
        client_id: CLIENTS.0.into(),
        principal_id: PRINCIPALS.0.into(),
    };
    assert_eq!(offered(&body, "westeurope"), offered(&body, "West Europe"));
    drop(versions::newest(&body));
    let items = body["value"].as_array().or_else(|| body["data"].as_array());
    let items: Vec<Value> = items.map_or_else(|| vec![body.clone()], Clone::clone);
    let may = |blocks: &[Value]| allows(blocks, "Microsoft.Authorization/roleAssignments/write");
    assert_eq!(may(&items), items.iter().any(|item| may(std::slice::from_ref(item))));
    drop(app_credential::with_ids(items.clone()));
    for item in items.iter().take(8) {
        one(item, &who);
    }
}

fn one(item: &Value, who: &Identifiers) {
    let none = BTreeMap::new();
    kept(parse::identity(item, &OLD.into(), "2026-05-31"));
    kept(federated_credential::credential(item));
    kept(role_assignment::facts::assignment(item, &none));
    kept(lock::facts::lock(item));
    kept(Some(key_vault_policy::facts::access_policies(item, &PRINCIPALS.0.into())));
    kept(service_grant::facts::service_grant(item, "1", who));
    kept(app_role::app_role(item));
    kept(owner::owned_object(item));
    kept(directory_role::directory_role(item));
    kept(Some(app_credential::trusted_by(item, &PRINCIPALS.0.into())));
    kept(group_member::not_copied(item));
    kept(denials::denial(item, who, &denials::Held::default()));
    kept(Some(security_attributes::facts::security_attributes(item)));
    kept(Some(delegated_grant::delegated_grants(item)));
    kept(service_principal::facts::principal_settings(item));
    kept(named::named(item, who));
    let own = extensions::policy(item, "1", who);
    kept(own.as_ref().and_then(|own| own.as_ref().ok().cloned()));
    kept(own.and_then(Result::err));
    kept(extensions::diagnostic(item, who));
    kept(schedule(item, PRINCIPALS.0, true).ok().flatten());
    if let Some(host) = parse::host(item, "1", who) {
        for reference in &host.references {
            assert!(item.pointer(&reference.pointer).is_some(), "{} leads nowhere", reference.pointer);
        }
        kept(Some(host));
    }
}

/// What goes into a plan, some levels down, comes out of it again.
fn kept<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(found: Option<T>) {
    let Some(found) = found else { return };
    let wrapped = json!({"moves": [{"facts": {"list": [found]}}]});
    let read: Value = Json::of(&wrapped).read("facts").expect("it can be read back");
    let inner = read["moves"][0]["facts"]["list"][0].clone();
    assert_eq!(serde_json::from_value::<T>(inner).expect("the same form"), found);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_that_are_no_resources_are_nothing() {
        for data in [
            "[]",
            "{\"value\":[\"x\",{\"id\":\"y\"},7]}",
            "{\"id\":\"/providers/\",\"properties\":{\"level\":\"x\"}}",
            "{\"id\":\"/PROVIDERS/microsoft.authorization/\u{130}\",\"properties\":{\"level\":\"x\"}}",
        ] {
            resource(data.as_bytes());
        }
    }
}
