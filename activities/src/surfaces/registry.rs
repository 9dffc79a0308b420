//! Activities: every kind of change and every condition that a plan may name.

use crate::activity::kit::{Kind, Kit};
use crate::azure::Azure;
use crate::conditions::alike::IdentityAlike;
use crate::conditions::equal_access::EqualAccess;
use crate::conditions::known::{IdentityKnown, PrincipalEntitled, PrincipalKnown};
use crate::conditions::not_attached::NotAttached;
use crate::references::settings_key::SettingsKey;
use crate::surfaces::ALL;
use rehome_orchestrator::Registry;

/// Every kind of change.
pub(crate) fn kinds() -> impl Iterator<Item = Kind> {
    ALL.iter().flat_map(|surface| surface.kinds())
}

/// Adds every kind of change and every condition to a registry.
pub(crate) fn register(registry: Registry, azure: &Azure, key: SettingsKey) -> Registry {
    let kit = Kit::new(azure, key);
    let registry = kinds().fold(registry, |registry, kind| (kind.register)(registry, &kit));
    ALL.iter()
        .fold(registry, |registry, surface| surface.conditions(registry, &kit))
        .condition(PrincipalKnown(kit.reader()))
        .condition(PrincipalEntitled(kit.reader()))
        .condition(IdentityKnown(kit.reader()))
        .condition(IdentityAlike(kit.reader()))
        .condition(EqualAccess(kit.reader()))
        .condition(NotAttached(kit.reader()))
}

/// The names of what is waited for.
#[cfg(test)]
pub(crate) fn condition_names() -> [&'static str; 9] {
    use crate::surfaces::data_plane::unnamed::PlaneUnnamed;
    use crate::surfaces::host::repointed::HostRepointed;
    use crate::surfaces::sign_ins::no_recent_sign_ins::NoRecentSignIns;
    use rehome_orchestrator::Condition;
    [
        IdentityAlike::NAME,
        PrincipalKnown::NAME,
        PrincipalEntitled::NAME,
        IdentityKnown::NAME,
        EqualAccess::NAME,
        NoRecentSignIns::NAME,
        HostRepointed::NAME,
        PlaneUnnamed::NAME,
        NotAttached::NAME,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, into);
            } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
                into.push(path);
            }
        }
    }

    /// Whether a text is the name of a kind of change or of a condition.
    fn is_name(text: &str) -> bool {
        let Some((name, version)) = text.split_once('/') else { return false };
        let parts: Vec<&str> = name.split('.').collect();
        let plain =
            |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        parts.len() == 2 && parts.iter().all(plain) && version.parse::<u8>().is_ok()
    }

    #[test]
    fn each_name_stands_in_one_file_and_nowhere_else() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (mut all, mut found) = (Vec::new(), BTreeMap::<String, Vec<PathBuf>>::new());
        sources(&root.join("src"), &mut all);
        sources(&root.join("../cli"), &mut all);
        for path in all {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            for name in code.split('"').filter(|text| is_name(text)) {
                found.entry(name.to_owned()).or_default().push(path.clone());
            }
        }
        let many: Vec<_> = found.iter().filter(|(_, files)| files.len() > 1).collect();
        assert!(many.is_empty(), "these are named in several places: {many:#?}");
        let known: Vec<&str> = kinds().map(|kind| kind.name).chain(condition_names()).collect();
        let lost: Vec<&&str> = known.iter().filter(|name| !found.contains_key(**name)).collect();
        assert!(lost.is_empty() && known.len() == found.len(), "{lost:?} of {known:?}, beside {found:#?}");
    }
}
