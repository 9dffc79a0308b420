//! Activities: what is known about resource types: versions, and where they name identities.
//!
//! The table holds facts from the resource schemas that Azure publishes (Azure/bicep-types-az,
//! 2026-08-20). It guides where to look (how to write stands in `writes`); what is found is decided by the resource
//! itself, so a type that is missing here is still handled.

use super::scan::Identifier;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// How a resource is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Only what changes is sent.
    Patch,
    /// The whole resource is sent.
    Put,
}

/// One resource type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeRow {
    /// `Microsoft.Web/sites/slots`.
    pub name: &'static str,
    /// The newest stable version known; `None` when it must be asked for.
    pub api_version: Option<&'static str>,
    /// Whether it has a writable map of identities.
    pub identity_map: bool,
    /// The properties that may name an identity, as `properties.a[].b` paths.
    pub references: Vec<(Identifier, &'static str)>,
}

static ROWS: LazyLock<BTreeMap<String, TypeRow>> = LazyLock::new(|| {
    let rows = include_str!("types.csv").lines().skip(1).filter_map(parse);
    rows.map(|row| (row.name.to_ascii_lowercase(), row)).collect()
});

fn parse(line: &'static str) -> Option<TypeRow> {
    let mut cells = line.split(',');
    let (name, version, map) = (cells.next()?, cells.next()?, cells.next()?);
    let references = cells.next()?;
    Some(TypeRow {
        name,
        api_version: (!version.is_empty()).then_some(version),
        identity_map: map == "map",
        references: references.split_ascii_whitespace().filter_map(reference).collect(),
    })
}

fn reference(cell: &'static str) -> Option<(Identifier, &'static str)> {
    let (kind, path) = cell.split_once(':')?;
    let identifier = match kind {
        "rid" => Identifier::ResourceId,
        "cid" => Identifier::ClientId,
        "oid" => Identifier::PrincipalId,
        _ => return None,
    };
    Some((identifier, path))
}

/// Everything that is known, in the order of lower-case names.
pub fn rows() -> impl Iterator<Item = &'static TypeRow> {
    ROWS.values()
}

/// What is known about a type; letter case does not matter.
pub fn row(type_name: &str) -> Option<&'static TypeRow> {
    ROWS.get(&type_name.to_ascii_lowercase())
}

/// The types at any depth below one that may name an identity or carry one.
pub fn below(type_name: &str) -> impl Iterator<Item = &'static TypeRow> {
    let prefix = format!("{}/", type_name.to_ascii_lowercase());
    let start = prefix.clone();
    ROWS.range(start..).take_while(move |(name, _)| name.starts_with(&prefix)).map(|(_, row)| row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_line_of_the_table_is_read() {
        assert_eq!(ROWS.len(), include_str!("types.csv").lines().count() - 1);
        for row in ROWS.values() {
            assert!(row.identity_map || !row.references.is_empty(), "{} says nothing", row.name);
        }
    }

    #[test]
    fn types_are_found_in_any_case_and_know_their_children() {
        let site = row("microsoft.web/SITES").unwrap();
        assert!(site.identity_map);
        assert!(site.references.contains(&(Identifier::ResourceId, "properties.keyVaultReferenceIdentity")));
        let children: Vec<_> = below("Microsoft.Web/sites").map(|r| r.name).collect();
        assert!(children.contains(&"Microsoft.Web/sites/slots"), "{children:?}");
        assert!(children.contains(&"Microsoft.Web/sites/slots/config"), "{children:?}");
        assert!(!children.contains(&"Microsoft.Web/sites"), "{children:?}");
    }

    /// The published facts, where they are at hand, must all be in the table.
    #[test]
    fn the_table_agrees_with_the_published_schemas() {
        let facts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/azure/reference-paths.json");
        let Ok(text) = std::fs::read_to_string(&facts) else {
            eprintln!("SKIPPED: {} is not here, the table is compared with nothing", facts.display());
            return;
        };
        let facts: serde_json::Value = serde_json::from_str(&text).unwrap();
        for (name, version) in facts["identity_map_types"].as_object().unwrap() {
            let known = row(name).unwrap_or_else(|| panic!("{name} is missing"));
            assert!(known.identity_map, "{name} carries identities");
            assert_eq!(known.api_version, version.as_str(), "{name}");
        }
    }
}
