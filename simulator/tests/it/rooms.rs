//! The simulator's own house: which room may name which, and where logic may stand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push(path);
        }
    }
}

/// Every file below `src`, by its path there.
fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    files(&root, &mut all);
    let named = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("text");
        (path.strip_prefix(&root).expect("below src").to_string_lossy().into_owned(), text)
    };
    all.into_iter().map(named).collect()
}

#[test]
fn no_two_rooms_use_each_other_however_long_the_way_round_is() {
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in sources() {
        let room = path.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
        let named = text.split("crate::").skip(1);
        let words = named
            .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>());
        uses.entry(room.clone()).or_default().extend(words.filter(|word| !word.is_empty() && *word != room));
    }
    let rooms: Vec<String> = uses.keys().cloned().collect();
    assert!(rooms.len() > 15, "{rooms:?}");
    uses.values_mut().for_each(|named| named.retain(|room| rooms.contains(room)));
    // Whatever uses nothing that is left goes; a circle stays.
    while let Some(last) = uses.iter().find(|(_, named)| named.is_empty()).map(|(room, _)| room.clone()) {
        uses.remove(&last);
        uses.values_mut().for_each(|named| {
            named.remove(&last);
        });
    }
    assert_eq!(uses, BTreeMap::new(), "these use each other");
}

#[test]
fn what_a_folder_is_says_its_mod_rs_which_has_no_logic_and_no_file_of_its_name_beside_it() {
    let all = sources();
    for (path, text) in &all {
        if path.ends_with("/mod.rs") {
            assert!(!text.contains("fn "), "{path} has logic");
            let beside = format!("{}.rs", path.trim_end_matches("/mod.rs"));
            assert!(!all.contains_key(&beside), "{beside} stands beside its folder");
        } else if let Some((folder, _)) = path.rsplit_once('/') {
            assert!(all.contains_key(&format!("{folder}/mod.rs")), "{folder} has no mod.rs");
        }
    }
}
