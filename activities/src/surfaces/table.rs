//! Activities: every surface on which an identity may be something to somebody, and what becomes of it. Pure.
//!
//! `docs/surfaces.md` is made of this: each surface gives its own rows; what belongs to none stands here.

use crate::references::table;
use crate::relocate::cannot_see::GENERAL;
use crate::surfaces::ALL;
use crate::surfaces::row::{Row, named, not_visible};

/// What is found and said of no surface alone.
const NAMED: [(&str, &str); 2] = [
    ("differences between the ways of looking", "W351, W352"),
    (
        "lists, scopes, parts of the index that may not be read, or do not answer",
        "B133 until the batch file answers for each by name; all of them are in docs/fail-closed.md",
    ),
];

/// What the survey does not look for, though there are lists of it.
const NOT_READ: [(&str, &str); 6] = [
    ("clients of Event Grid namespaces", "service by service"),
    ("billing roles", "rare"),
    (
        "access packages, access reviews, conditional access, roles of entitlement management",
        "of Entra ID governance",
    ),
    ("user data of machines", "Azure shows it to nobody who does not ask for it, encoded"),
    ("secrets of hosts that Azure does not give back", "protected settings, secure environments"),
    ("what is below a resource that neither names it nor keeps grants", "no index shows children"),
];

/// Every surface, what is moved first.
pub fn surfaces() -> Vec<Row> {
    let mut out: Vec<Row> = ALL.iter().flat_map(|surface| surface.rows()).collect();
    out.extend(NAMED.map(|(what, by)| named(what, by)));
    out.extend(GENERAL.map(|(code, what)| {
        let what = what.replace("{client}", "its client id").replace("{principal}", "its principal id");
        not_visible(&what, &format!("{code} of every plan"))
    }));
    out.extend(NOT_READ.map(|(what, why)| not_visible(what, why)));
    out.sort_by_key(|row| row.handling);
    out
}

/// The page `docs/surfaces.md`.
pub fn text() -> String {
    let maps = table::rows().filter(|row| row.identity_map).count();
    let named: Vec<usize> = table::rows().map(|row| row.references.len()).filter(|n| *n > 0).collect();
    let mut out = format!(
        "# Every surface, and what becomes of it\n\n\
         A surface is a place where an identity is granted something, is carried, or is named. This page is made from the \
         code, and a\ntest holds it to the code. After a change: \
         `REHOME_WRITE=1 cargo test --workspace --lib surfaces`.\n\n\
         {maps} types that carry an identity and {} places in {} types that may name one are known by their\n\
         schemas; a type that is not known is found by its text like the others.\n\n\
         | surface | what becomes of it | how, or what to know |\n|---|---|---|\n",
        named.iter().sum::<usize>(),
        named.len()
    );
    for surface in surfaces() {
        out.push_str(&format!("| {} | {} | {} |\n", surface.what, surface.handling.word(), surface.by));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_the_code_makes() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/surfaces.md");
        if std::env::var_os("REHOME_WRITE").is_some() {
            std::fs::write(path, text()).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap();
        assert!(found == text(), "the page is behind the code; make it again: the command is in it");
    }
}
