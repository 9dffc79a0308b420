//! CLI: what a runner says, in the record, of the world that it works on. Pure.
//!
//! The engine keeps it as a map; its keys stand here and nowhere else.

use crate::cloud::Cloud;
use rehome_orchestrator::Opened;
use std::collections::BTreeMap;

const CLOUD: &str = "cloud";
const TENANT: &str = "tenant";
const PRINCIPAL: &str = "principal";
const APPLICATION: &str = "application";
const SETTINGS_KEY: &str = "settings_key";
const CHECKPOINT_KEY: &str = "checkpoint_key";

/// What a program says of the world that it works on; `key` is the mark of the key of its settings, and `signer` the public one
/// that ends of the log are signed with.
pub(crate) fn of(cloud: &Cloud, key: String, signer: Option<String>) -> BTreeMap<String, String> {
    let caller = cloud.azure.caller();
    let world = [
        (CLOUD, cloud.url.clone()),
        (TENANT, cloud.azure.tenant().to_owned()),
        (PRINCIPAL, caller.object_id.clone()),
        (APPLICATION, caller.app_id.clone()),
        (SETTINGS_KEY, key),
    ];
    let signer = signer.map(|signer| (CHECKPOINT_KEY, signer));
    world.into_iter().chain(signer).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The address of the Resource Manager that it worked with.
pub(crate) fn cloud(opened: &Opened) -> Option<&str> {
    opened.world.get(CLOUD).map(String::as_str)
}

/// The tenant that it was signed in to.
pub(crate) fn tenant(opened: &Opened) -> Option<&str> {
    opened.world.get(TENANT).map(String::as_str)
}

/// By which names the cloud knows who it was signed in as.
pub(crate) fn principals(opened: &Opened) -> impl Iterator<Item = &str> {
    [PRINCIPAL, APPLICATION].into_iter().filter_map(|name| opened.world.get(name)).map(String::as_str)
}

/// The mark of the key of its settings.
pub(crate) fn settings_key(opened: &Opened) -> Option<&str> {
    opened.world.get(SETTINGS_KEY).map(String::as_str)
}

/// The public key that ends of the log are signed with; nothing of an older program.
pub(crate) fn checkpoint_key(opened: &Opened) -> Option<&str> {
    opened.world.get(CHECKPOINT_KEY).map(String::as_str)
}

/// Whether two programs work on the same world as the same caller; otherwise what differs.
pub(crate) fn same(one: &Opened, other: &Opened) -> Result<(), String> {
    for name in [CLOUD, TENANT, PRINCIPAL, APPLICATION] {
        let of = |opened: &Opened| opened.world.get(name).cloned().unwrap_or_default();
        let (one, other) = (of(one), of(other));
        if !one.eq_ignore_ascii_case(&other) {
            return Err(format!("{name} {one:?} and {other:?}"));
        }
    }
    Ok(())
}
