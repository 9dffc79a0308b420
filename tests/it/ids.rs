//! No id of Azure is a text: read from the sources of what plans and logs are read back into.

use std::path::Path;

/// Members that are ids wherever they stand, beside all that end in `_id`.
const NAMES: [&str; 25] = [
    "application",
    "assignment",
    "at",
    "attach",
    "attached",
    "batch_peers",
    "dead",
    "delegated_identity",
    "detach",
    "groups",
    "id",
    "identity",
    "leaves",
    "of",
    "orphaned_principals",
    "pinned",
    "policies",
    "principal",
    "records",
    "roles_in",
    "scope",
    "scope_map",
    "site",
    "subscription",
    "vault",
];

/// Members of one of these names that are no id of one kind, and what they are.
const NOT_ONE: [(&str, &str, &str); 6] = [
    ("DelegatedGrant", "scope", "permissions of OAuth, with blanks between"),
    ("DelegatedGrantInput", "scope", "permissions of OAuth, with blanks between"),
    ("Gap", "scope", "a place of Azure, a list of Entra ID or a table of the index, as people read it"),
    ("Pim", "at", "a scope of Azure or of Entra ID, or a group"),
    ("PimInput", "at", "a scope of Entra ID, or a group"),
    ("Right", "scope", "a scope of Azure, or something of Entra ID by its name"),
];

/// Each member of each struct that is read back, with its type: struct, member, type.
fn members(source: &str) -> Vec<(String, String, String)> {
    let (mut found, mut read_back, mut inside) = (Vec::new(), false, None);
    for line in source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().lines() {
        let words = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
        if line.starts_with("#[derive(") {
            read_back = line.contains("Deserialize");
        } else if let Some(rest) = words.strip_prefix("struct ") {
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
            inside = (read_back && line.ends_with('{')).then_some(name);
        } else if line.starts_with('}') {
            (inside, read_back) = (None, false);
        } else if let (Some(of), Some((name, kind))) = (&inside, line.trim().split_once(": ")) {
            let name = name.rsplit(' ').next().unwrap_or_default().to_owned();
            if !line.trim().starts_with(['/', '#']) {
                found.push((of.clone(), name, kind.trim_end_matches(',').to_owned()));
            }
        }
    }
    found
}

fn is_id(of: &str, name: &str) -> bool {
    NAMES.contains(&name) || name.ends_with("_id") || of == "Moving" && ["from", "to"].contains(&name)
}

fn all() -> Vec<(String, String, String)> {
    let mut paths = Vec::new();
    crate::rooms::files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("activities/src"), &mut paths);
    paths.iter().flat_map(|path| members(&std::fs::read_to_string(path).expect("text"))).collect()
}

#[test]
fn no_id_of_azure_is_a_text() {
    let ids: Vec<_> = all().into_iter().filter(|(of, name, _)| is_id(of, name)).collect();
    assert!(ids.len() > 100, "only {} ids were found", ids.len());
    let but = |of: &str, name: &str| NOT_ONE.iter().any(|(o, n, _)| *o == of && *n == name);
    let texts = ids.iter().filter(|(of, name, kind)| kind.contains("String") && !but(of, name));
    assert_eq!(texts.collect::<Vec<_>>(), Vec::<&(String, String, String)>::new());
    for (of, name, what) in NOT_ONE {
        let there = ids.iter().any(|(o, n, kind)| o == of && n == name && kind.contains("String"));
        assert!(there, "{of}::{name} is no text any more, or not there: take it off the list ({what})");
    }
}

#[test]
fn an_id_that_is_a_text_is_seen() {
    let source = "#[derive(Clone, Deserialize)]\npub struct Host {\n    /// Its id.\n    pub id: String,\n    name: String,\n}\n\
                  pub struct Other {\n    id: String,\n}\n#[cfg(test)]\nmod tests {\n}\n";
    let found: Vec<_> = members(source).into_iter().filter(|(of, name, _)| is_id(of, name)).collect();
    assert_eq!(found, [("Host".to_owned(), "id".to_owned(), "String".to_owned())]);
}
