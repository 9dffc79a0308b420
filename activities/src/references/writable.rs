//! Activities: what a write of a type leaves out because Azure computes it, and what it must carry although
//! nothing there changes. Pure.
//!
//! What is computed is read out of descriptions by `activities/tools/computed.py`; what a PATCH must carry are facts from
//! the API descriptions of these types. Microsoft's validator of traffic is held against both by `tests/judge/run`.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What Azure computes inside a resource, by type in lower case: `[]` is every item, `*` every member.
static COMPUTED: LazyLock<BTreeMap<String, Vec<Vec<&str>>>> = LazyLock::new(|| {
    let rows = include_str!("computed.csv").lines().skip(1).filter_map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let [kind, places, _source] = cells[..] else { return None };
        let places = places.split_ascii_whitespace().map(|place| place.split('.').collect());
        Some((kind.to_ascii_lowercase(), places.collect()))
    });
    rows.collect()
});

fn computed(kind: &str) -> impl Iterator<Item = &'static Vec<&'static str>> {
    COMPUTED.get(&kind.to_ascii_lowercase()).into_iter().flatten()
}

/// What a PATCH must carry wherever it says anything about what is around it.
const REQUIRED: [(&str, &str, &str); 11] = [
    // The settings of an extension are one value: a part would take the place of the whole.
    ("microsoft.compute/virtualmachines/extensions", "/properties", "settings"),
    ("microsoft.compute/virtualmachinescalesets/extensions", "/properties", "settings"),
    ("microsoft.compute/virtualmachinescalesets/virtualmachines/extensions", "/properties", "settings"),
    ("microsoft.hybridcompute/machines/extensions", "/properties", "settings"),
    // Whether it has secrets that no read shows, its type tells.
    ("microsoft.compute/virtualmachines/extensions", "/properties", "type"),
    ("microsoft.compute/virtualmachinescalesets/extensions", "/properties", "type"),
    ("microsoft.compute/virtualmachinescalesets/virtualmachines/extensions", "/properties", "type"),
    ("microsoft.hybridcompute/machines/extensions", "/properties", "type"),
    ("microsoft.app/containerapps", "", "location"),
    ("microsoft.app/jobs", "/properties/configuration", "replicaTimeout"),
    ("microsoft.app/jobs", "/properties/configuration", "triggerType"),
];

/// Takes out of a whole resource what Azure computes.
pub(crate) fn without_computed(kind: &str, body: &mut Value) {
    for path in computed(kind) {
        remove(body, path);
    }
}

/// Whether Azure computes what is at a pointer, so that nobody can write it.
pub(crate) fn is_computed(kind: &str, pointer: &str) -> bool {
    let at: Vec<&str> = pointer.split('/').skip(1).collect();
    computed(kind).any(|path| {
        let parts = path.iter().flat_map(|part| {
            let (name, list) = part.strip_suffix("[]").map_or((*part, false), |name| (name, true));
            std::iter::once(name).chain(list.then_some("*"))
        });
        let mut rest = at.iter();
        let fits = |part: &str, at: &&str| part == "*" || part.eq_ignore_ascii_case(at);
        parts.into_iter().all(|part| rest.next().is_some_and(|at| fits(part, at)))
    })
}

fn remove(value: &mut Value, path: &[&str]) {
    let (Some((part, rest)), Some(members)) = (path.split_first(), value.as_object_mut()) else { return };
    let (name, list) = part.strip_suffix("[]").map_or((*part, false), |name| (name, true));
    if rest.is_empty() {
        members.remove(name);
        return;
    }
    for (key, member) in members.iter_mut().filter(|(key, _)| name == "*" || *key == name) {
        match member.as_array_mut() {
            Some(items) if list => items.iter_mut().for_each(|item| remove(item, rest)),
            None if !list => remove(member, rest),
            Some(_) | None => tracing::trace!(key, "not of the described shape"),
        }
    }
}

/// Puts into a PATCH what its type requires, as it is in the resource.
pub(crate) fn with_required(kind: &str, resource: &Value, patch: &mut Value) {
    for (_, around, name) in REQUIRED.iter().filter(|(name, _, _)| name.eq_ignore_ascii_case(kind)) {
        let value = resource.pointer(&format!("{around}/{name}")).cloned();
        if let (Some(value), Some(place)) = (value, patch.pointer_mut(around).filter(|p| p.is_object())) {
            place[*name] = json!(value);
        }
    }
}

/// Whether a change or a removal of this resource has to name the state that it was made for, be it any:
/// what is inside an API Management service.
pub(crate) fn is_guarded(id: &str) -> bool {
    let id = id.to_ascii_lowercase();
    let inside = id.split_once("/providers/microsoft.apimanagement/service/");
    inside.is_some_and(|(_, rest)| rest.split('/').count() > 2 && !rest.contains("/providers/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        assert_eq!(COMPUTED.len(), include_str!("computed.csv").lines().count() - 1);
    }

    #[test]
    fn what_azure_computes_is_left_out_at_any_depth_and_nothing_else_is() {
        let mut gateway = json!({"properties": {
            "operationalState": "Running", "enableHttp2": true,
            "urlPathMaps": [{"name": "m", "etag": "e", "properties": {"provisioningState": "Succeeded",
                "pathRules": [{"name": "r", "type": "t", "properties": {"paths": ["/a"]}}]}}],
        }});
        without_computed("Microsoft.Network/ApplicationGateways", &mut gateway);
        let rules = json!([{"name": "r", "properties": {"paths": ["/a"]}}]);
        let maps = json!([{"name": "m", "properties": {"pathRules": rules}}]);
        assert_eq!(gateway, json!({"properties": {"enableHttp2": true, "urlPathMaps": maps}}));
        let mut other = json!({"properties": {"operationalState": "Running"}});
        without_computed("Microsoft.Storage/storageAccounts", &mut other);
        assert_eq!(other["properties"]["operationalState"], "Running");
    }

    #[test]
    fn a_place_below_what_azure_computes_is_computed_and_one_beside_it_is_not() {
        let cluster = |at: &str| is_computed("Microsoft.ContainerService/ManagedClusters", at);
        assert!(cluster("/properties/addonProfiles/omsagent/identity/resourceId"));
        assert!(cluster("/properties/podIdentityProfile/userAssignedIdentities/0/provisioningInfo/error"));
        assert!(!cluster("/properties/podIdentityProfile/userAssignedIdentities/0/resourceId"));
        assert!(!cluster("/properties/addonProfiles/omsagent/config"));
        assert!(!is_computed("Microsoft.Web/sites", "/properties/addonProfiles/omsagent/identity"));
    }

    #[test]
    fn a_patch_carries_what_its_type_requires_and_only_where_it_speaks_of_it() {
        let job =
            json!({"properties": {"configuration": {"triggerType": "Manual", "replicaTimeout": 10, "x": 1}}});
        let mut patch = json!({"properties": {"configuration": {"registries": []}}});
        with_required("Microsoft.App/jobs", &job, &mut patch);
        let configuration = json!({"registries": [], "triggerType": "Manual", "replicaTimeout": 10});
        assert_eq!(patch["properties"]["configuration"], configuration);
        let mut patch = json!({"identity": {"type": "UserAssigned"}});
        with_required("Microsoft.App/jobs", &job, &mut patch);
        assert_eq!(patch, json!({"identity": {"type": "UserAssigned"}}));
        with_required("Microsoft.App/containerApps", &json!({"location": "westeurope"}), &mut patch);
        assert_eq!(patch["location"], "westeurope");
    }
}
