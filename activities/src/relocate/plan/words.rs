//! Activities: how places and people are called in a plan. Pure.

use crate::azure::ResourceId;
use crate::relocate::facts::{Assignment, Identity};
use std::borrow::Cow;

/// What one step says beside what it does.
pub(crate) struct StepText {
    pub(crate) title: String,
    pub(crate) undo: Cow<'static, str>,
}

impl StepText {
    pub(crate) fn new(title: impl Into<String>, undo: &'static str) -> Self {
        Self { title: title.into(), undo: Cow::Borrowed(undo) }
    }
}

/// What a place is called: the last name of a resource, or its kind and name.
pub(crate) fn place(scope: &str) -> String {
    let parts: Vec<&str> = scope.split('/').filter(|p| !p.is_empty()).collect();
    match parts.as_slice() {
        [] => "the whole tenant".into(),
        [subscriptions, id] if subscriptions.eq_ignore_ascii_case("subscriptions") => {
            format!("subscription {id}")
        }
        [_, provider, kind, id]
            if provider.eq_ignore_ascii_case("Microsoft.Management")
                && kind.eq_ignore_ascii_case("managementGroups") =>
        {
            format!("management group {id}")
        }
        // Of a configuration the name says nothing without what it is of.
        [.., sites, site, config, name] if config.eq_ignore_ascii_case("config") => {
            format!("{sites}/{site}/{config}/{name}")
        }
        [.., last] => (*last).to_owned(),
    }
}

/// A resource with its group: `rg-pay/id-pay`.
pub(crate) fn grouped(id: &ResourceId) -> String {
    match id.resource_group() {
        Some(group) => format!("{group}/{}", place(id)),
        None => place(id),
    }
}

/// A resource by the names from that of its first level on: `apim/apis/orders/policies/policy`.
pub(crate) fn inside(id: &str) -> String {
    let at = id.to_ascii_lowercase().rfind("/providers/").map_or(0, |at| at + "/providers/".len());
    let parts: Vec<&str> = id[at..].split('/').skip(2).collect();
    if parts.is_empty() { place(id) } else { parts.join("/") }
}

/// What a new identity is made with.
pub(crate) fn equipment(identity: &Identity, tags: usize) -> String {
    let isolation = identity.isolation_scope.as_deref().unwrap_or("None");
    let noun = if tags == 1 { "tag" } else { "tags" };
    format!("{tags} {noun}, isolation {isolation}")
}

/// A role at a place.
pub(crate) fn role_at(assignment: &Assignment, scope: &str) -> String {
    let condition = if assignment.condition.is_some() { " (with condition)" } else { "" };
    let from = assignment.from.as_ref().map_or_else(String::new, |from| format!(", from {from}"));
    format!("{}{condition} on {}{from}", assignment.role, place(scope))
}

/// When an assignment begins and ends.
pub(crate) fn times(assignment: &Assignment) -> String {
    let from = assignment.from.as_ref().map(|from| format!("begins {from}"));
    let until = assignment.until.as_ref().map(|until| format!("ends {until}"));
    from.into_iter().chain(until).collect::<Vec<_>>().join(", ")
}

/// A length of time in its largest whole unit.
pub(crate) fn length(ms: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    // A day is said in hours, as people do: 24h, but 14d.
    let fits = |(unit, name): &&(u64, &str)| {
        ms >= *unit && ms.is_multiple_of(*unit) && (*name != "d" || ms > 2 * unit)
    };
    match UNITS.iter().find(fits) {
        Some((unit, name)) => format!("{}{name}", ms / unit),
        None if ms == 0 => "0s".to_owned(),
        None => format!("{ms}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_the_names_that_people_use() {
        assert_eq!(place("/"), "the whole tenant");
        assert_eq!(place("/subscriptions/s"), "subscription s");
        assert_eq!(place("/providers/Microsoft.Management/managementGroups/mg"), "management group mg");
        assert_eq!(place("/subscriptions/s/resourceGroups/rg"), "rg");
        let vault = "/subscriptions/s/resourcegroups/rg/providers/Microsoft.KeyVault/vaults/kv";
        assert_eq!((place(vault), grouped(&vault.into())), ("kv".into(), "rg/kv".into()));
        let web = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Web/sites/app/config/web";
        assert_eq!(grouped(&web.into()), "rg/sites/app/config/web");
    }
}
