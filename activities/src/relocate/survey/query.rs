//! Activities: the questions that Resource Graph is asked, as text. Pure.
//!
//! One question covers several identities and both the map of identities and every other text, so
//! that a batch costs a handful of requests. What is found is only a hint: the resource itself decides.

use crate::references::scan::Identifiers;
use rehome_orchestrator::Fault;

/// Azure advises to ask for at most three hundred names in one query, and an identity has four spellings.
/// Source: <https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests>
pub(crate) const IDENTITIES_PER_QUERY: usize = 75;

/// The tables whose types may name an identity; in the others none does, by their schemas.
/// Source: <https://learn.microsoft.com/azure/governance/resource-graph/reference/supported-tables-resources>.
/// One question for each: `union` takes tables other than `resources` and `resourcecontainers` only by themselves.
/// Source: <https://learn.microsoft.com/azure/governance/resource-graph/concepts/query-language>
pub(crate) const TABLES: [&str; 11] = [
    "resources",
    "policyresources",
    "appserviceresources",
    "computeresources",
    "kubernetesconfigurationresources",
    "guestconfigurationresources",
    // Pools, connections of databases, groups of volumes.
    "batchresources",
    "kustoresources",
    "elasticsanresources",
    // What excludes principals from denials, and what lets other tenants in.
    "deploymentresources",
    "managedserviceresources",
];

/// Everything in a table that mentions one of the identities.
pub(crate) fn mentions(table: &str, identities: &[&Identifiers]) -> String {
    let mut clauses = Vec::new();
    for identity in identities {
        let rid = identity.resource_id.to_ascii_lowercase();
        // An id inside a URL has its slashes escaped.
        let escaped = rid.replace('/', "%2f");
        for name in [rid, escaped, identity.client_id.to_lowercase(), identity.principal_id.to_lowercase()] {
            clauses.push(format!("text contains '{}'", literal(&name)));
        }
    }
    // What exempts an identity from a policy stands below it, and need not name it otherwise.
    let own = if table == "policyresources" { "id, ' ', " } else { "" };
    format!(
        "{table} | extend text = tolower(strcat({own}tostring(identity), ' ', tostring(properties), ' ', tostring(tags))) \
         | where {} | project id, type, location",
        clauses.join(" or ")
    )
}

/// What gaps call the index.
pub(crate) const RESOURCE_GRAPH: &str = "Resource Graph";

/// Everything in a table whose block of identities mentions one.
pub(crate) fn carriers(table: &str, identity: &str) -> String {
    let id = literal(&identity.to_ascii_lowercase());
    format!(
        "{table} | extend text = tolower(tostring(identity)) | where text contains '{id}' | project id, type, location"
    )
}

/// Whether the index says that it has no such table, which not every cloud has.
/// Source: <https://learn.microsoft.com/azure/governance/resource-graph/troubleshoot/general>
pub(crate) fn lacks_table(why: &Fault, table: &str) -> bool {
    let said = why.message.to_lowercase();
    let names = said.contains(&format!("table {}", table.to_lowercase()));
    let words = ["not found", "unsupported", "disallowed", "invalid"];
    why.status == Some(400) && table != "resources" && names && words.iter().any(|w| said.contains(w))
}

/// The accounts whose own lists of grants must be read one by one.
pub(crate) fn accounts(types: &[&str]) -> String {
    let types: Vec<String> = types.iter().map(|t| format!("type =~ '{}'", literal(t))).collect();
    format!("resources | where {} | project id, type, location", types.join(" or "))
}

/// The text of a KQL string literal between single quotes.
fn literal(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_inside_their_literal() {
        let who = Identifiers {
            resource_id: "/a/x' or 1==1 //".into(),
            client_id: "C".into(),
            principal_id: "p\\".into(),
        };
        let query = mentions("resources", &[&who]);
        assert!(query.contains("text contains '/a/x\\' or 1==1 //' or"), "{query}");
        assert!(query.contains("'%2fa%2fx\\'"), "{query}");
        assert!(query.contains("text contains 'c' or text contains 'p\\\\'"), "{query}");
    }
}
