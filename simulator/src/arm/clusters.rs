//! ARM: what AKS does by itself when somebody writes a cluster or an identity binding.
//!
//! Another identity for kubelets replaces every node. A binding keeps the identity that it was made with, and the
//! first one of an identity leaves a federated credential on it, which nobody takes away with the binding.
//! Sources: <https://learn.microsoft.com/azure/aks/pre-created-kubelet-managed-identity>,
//! <https://learn.microsoft.com/azure/aks/identity-bindings>, the client library of containerservice (the identity
//! of a binding can be given at creation only). The subject of that credential and the words of the refusal are
//! not published.

use super::identity_block;
use crate::authorization::{Objects, canonical, text};
use crate::http::Reply;
use crate::objects::ArmPath;
use crate::world::World;
use serde_json::{Value, json};

const CLUSTERS: &str = "microsoft.containerservice/managedclusters";
const BINDINGS: &str = "microsoft.containerservice/managedclusters/identitybindings";
const KUBELET: &str = "/properties/identityProfile/kubeletidentity/resourceId";
const BOUND: &str = "/properties/managedIdentity/resourceId";

/// The refusal of another identity for a binding that is there.
pub(crate) fn refused(world: &World, path: &ArmPath, body: &Value) -> Option<Reply> {
    if !path.kind.eq_ignore_ascii_case(BINDINGS) {
        return None;
    }
    let was = text(world.get(&path.path)?, BOUND)?;
    let same = text(body, BOUND).is_some_and(|wished| canonical(wished) == canonical(was));
    let message = "Changing property 'properties.managedIdentity.resourceId' is not allowed.";
    (!same).then(|| Reply::error(400, "PropertyChangeNotAllowed", message))
}

/// What follows from a write, in other resources and in the one that was written.
pub(crate) fn follow(world: &mut World, path: &ArmPath, before: Option<&Value>, body: &mut Value) {
    if path.kind.eq_ignore_ascii_case(CLUSTERS) {
        replace_nodes(world, path, before, body);
    }
    if path.kind.eq_ignore_ascii_case(BINDINGS) && before.is_none() {
        bind(world, body);
    }
}

/// Nodes are made anew, with the identity that kubelets have now.
fn replace_nodes(world: &mut World, path: &ArmPath, before: Option<&Value>, body: &Value) {
    let kubelets = |of: &Value| text(of, KUBELET).map(ToOwned::to_owned);
    let (Some(was), Some(is)) = (before.and_then(kubelets), kubelets(body)) else { return };
    let Some(group) = text(body, "/properties/nodeResourceGroup") else { return };
    if canonical(&was) == canonical(&is) {
        return;
    }
    let group = format!("/subscriptions/{}/resourceGroups/{group}", path.subscription().unwrap_or_default());
    let prefix = format!("{}/", canonical(&group));
    let pools: Vec<Value> = world.below(&prefix).into_iter().cloned().collect();
    for mut pool in pools {
        let Some(map) = pool.pointer("/identity/userAssignedIdentities").and_then(Value::as_object) else {
            continue;
        };
        let Some(key) = map.keys().find(|key| canonical(key) == canonical(&was)) else { continue };
        let sent =
            json!({"type": pool["identity"]["type"], "userAssignedIdentities": {key: null, is.as_str(): {}}});
        let id = pool["id"].as_str().unwrap_or_default().to_owned();
        let block = identity_block::write(world, &id, pool.get("identity"), &sent, true);
        if let Ok(Some(block)) = block {
            pool["identity"] = block;
            world.put(&id, pool);
        }
    }
}

/// What is computed in a binding, and the credential that it needs.
fn bind(world: &mut World, body: &mut Value) {
    let Some(identity) = text(body, BOUND).and_then(|id| world.get(id)).cloned() else { return };
    let of = |name: &str| identity["properties"][name].as_str().unwrap_or_default().to_owned();
    let (client, tenant) = (of("clientId"), of("tenantId"));
    let issuer = format!("https://ib.oic.prod-aks.azure.com/{tenant}/{client}");
    let managed = &mut body["properties"]["managedIdentity"];
    managed["clientId"] = Value::from(client);
    managed["objectId"] = Value::from(of("principalId"));
    managed["tenantId"] = Value::from(tenant);
    body["properties"]["oidcIssuer"] = json!({ "oidcIssuerUrl": issuer });
    let name = "aks-identity-binding";
    let id = format!("{}/federatedIdentityCredentials/{name}", identity["id"].as_str().unwrap_or_default());
    if world.get(&id).is_none() {
        let kind = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials";
        let properties =
            json!({"issuer": issuer, "subject": name, "audiences": ["api://AzureADTokenExchange"]});
        world.put(&id, json!({"id": id, "name": name, "type": kind, "properties": properties}));
    }
}
