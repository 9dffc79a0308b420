//! ARM: which resource types there are, and the newest version of each that is known. What is not here is not played:
//! a question about it has an answer of the simulator's own, never an empty list.
//!
//! Source: the types and versions of Azure/bicep-types-az of 2026-08-20 that carry or name identities, and those that
//! everyday clients ask for. A type without a version is known by its name alone.

use crate::world::World;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const TABLE: &str = include_str!("types.csv");

/// Type in lower case, type as written, version.
static TYPES: LazyLock<BTreeMap<String, (&str, &str)>> = LazyLock::new(|| {
    let rows = TABLE.lines().skip(1).filter_map(|line| line.split_once(','));
    rows.map(|(kind, version)| (kind.to_lowercase(), (kind, version))).collect()
});

/// The types of a namespace as written, below it, each with its newest version where that is known.
pub(super) fn of(namespace: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let start = format!("{}/", namespace.to_lowercase());
    let length = start.len();
    TYPES
        .range(start.clone()..)
        .take_while(move |(kind, _)| kind.starts_with(&start))
        .map(move |(_, (kind, version))| (kind.get(length..).unwrap_or_default(), *version))
}

/// Every namespace, as written.
pub(super) fn namespaces() -> Vec<&'static str> {
    let mut all: Vec<&str> = TYPES.values().filter_map(|(kind, _)| kind.split('/').next()).collect();
    all.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    all
}

/// Whether a type is played: it is in the table, a provider of the estate describes it, or there is one of it.
pub(super) fn knows(world: &World, kind: &str) -> bool {
    use crate::objects::{Key, Objects};
    let kind = kind.to_lowercase();
    if TYPES.contains_key(&kind) {
        return true;
    }
    let namespace = kind.split('/').next().unwrap_or_default().to_owned();
    world.count(&Key::Kind(kind.clone())) > 0
        || world.found(&Key::Kind(namespace)).into_iter().any(|object| describes(object, &kind))
}

/// Whether this is a provider that describes a type.
fn describes(object: &Value, kind: &str) -> bool {
    let Some((namespace, rest)) = kind.split_once('/') else { return false };
    let id = object["id"].as_str().unwrap_or_default().to_lowercase();
    let types = object["resourceTypes"].as_array();
    id.ends_with(&format!("/providers/{namespace}"))
        && types
            .into_iter()
            .flatten()
            .any(|t| t["resourceType"].as_str().is_some_and(|t| t.eq_ignore_ascii_case(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_has_its_own_types_and_every_row_is_well_formed() {
        let compute: Vec<_> = of("microsoft.compute").collect();
        assert!(
            compute.iter().any(|(kind, version)| *kind == "virtualMachines" && version.starts_with("20"))
        );
        assert!(of("Microsoft.Comput").next().is_none());
        assert!(namespaces().contains(&"Microsoft.ManagedIdentity"));
        for line in TABLE.lines().skip(1) {
            let (kind, version) = line.split_once(',').expect("two columns");
            assert!(kind.contains('/') && (version.is_empty() || version.len() >= 10), "{line}");
        }
    }
}
