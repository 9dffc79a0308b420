//! ARM: the status with which each type answers a write that succeeded. Pure. The table is made by
//! `simulator/tools/tables.py` out of descriptions; a type that is not in it answers as Resource Manager's guidelines say.

use std::collections::BTreeMap;
use std::sync::LazyLock;

struct Row {
    put: Vec<u16>,
    patch: Vec<u16>,
    delete: Vec<u16>,
}

static ROWS: LazyLock<BTreeMap<String, Row>> = LazyLock::new(|| {
    let rows = include_str!("statuses.csv").lines().skip(1).filter_map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let [kind, put, patch, delete, _source] = cells[..] else { return None };
        let all = |cell: &str| cell.split_ascii_whitespace().filter_map(|s| s.parse().ok()).collect();
        Some((kind.to_lowercase(), Row { put: all(put), patch: all(patch), delete: all(delete) }))
    });
    rows.collect()
});

/// The first of these that is described; the first of all where none is, or nothing is described.
fn chosen(described: Option<&Vec<u16>>, wanted: [u16; 2]) -> u16 {
    let described = described.map(Vec::as_slice).unwrap_or_default();
    wanted.into_iter().find(|status| described.contains(status)).unwrap_or(wanted[0])
}

/// Of a PUT that is done: 201 for what is new, where the type has that, else 200.
pub(super) fn put(kind: &str, is_new: bool) -> u16 {
    let row = ROWS.get(&kind.to_lowercase());
    chosen(row.map(|row| &row.put), if is_new { [201, 200] } else { [200, 201] })
}

/// Of a PATCH that is done.
pub(super) fn patch(kind: &str) -> u16 {
    chosen(ROWS.get(&kind.to_lowercase()).map(|row| &row.patch), [200, 201])
}

/// Of a DELETE that is done.
pub(super) fn delete(kind: &str) -> u16 {
    chosen(ROWS.get(&kind.to_lowercase()).map(|row| &row.delete), [200, 204])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_answers_with_a_status_that_is_described() {
        assert_eq!(ROWS.len(), include_str!("statuses.csv").lines().count() - 1);
        assert_eq!((put("Microsoft.Web/sites", true), put("microsoft.web/SITES", false)), (200, 200));
        let policy = "Microsoft.Authorization/policyDefinitions";
        assert_eq!((put(policy, true), put(policy, false)), (201, 201));
        assert_eq!(
            (put("Not/described", true), patch("Not/described"), delete("Not/described")),
            (201, 200, 200)
        );
        assert_eq!(patch("Microsoft.EventGrid/topics/eventSubscriptions"), 201);
    }
}
