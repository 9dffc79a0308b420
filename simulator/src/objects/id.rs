//! Objects: a path taken apart. Pure.

/// A request path: what is asked of which type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ArmPath {
    /// The whole path, without a slash at its end.
    pub(crate) path: String,
    /// Everything before the last `/providers/`.
    pub(crate) scope: String,
    /// `Namespace/type/childType`, as written; empty where the path names no provider.
    pub(crate) kind: String,
    /// The names of the types, as written; one fewer than the types when a collection is asked.
    pub(crate) names: Vec<String>,
    /// The last segment where it is neither type nor name: `POST …/listKeys`.
    pub(crate) verb: Option<String>,
}

impl ArmPath {
    /// Takes a path apart. With an odd number of segments behind the namespace the last one is a
    /// collection, or the verb of an action.
    pub(crate) fn parse(path: &str) -> Self {
        let path = path.trim_end_matches('/').to_owned();
        let parts: Vec<&str> = path.split('/').collect();
        let Some(at) = parts.iter().rposition(|p| p.eq_ignore_ascii_case("providers")) else {
            return Self { scope: path.clone(), path, kind: String::new(), names: Vec::new(), verb: None };
        };
        let scope = parts[..at].join("/");
        let rest = parts.get(at + 2..).unwrap_or_default();
        let namespace = parts.get(at + 1).copied().unwrap_or_default();
        let types: Vec<&str> = rest.iter().step_by(2).copied().collect();
        let names: Vec<String> = rest.iter().skip(1).step_by(2).map(|n| (*n).to_owned()).collect();
        let verb = (types.len() > names.len() && !names.is_empty()).then(|| types.last().copied()).flatten();
        let kind =
            std::iter::once(namespace).chain(types).filter(|p| !p.is_empty()).collect::<Vec<_>>().join("/");
        Self { path: path.clone(), scope, kind, names, verb: verb.map(ToOwned::to_owned) }
    }

    /// Whether one thing is named, rather than a collection or an action.
    pub(crate) fn is_instance(&self) -> bool {
        !self.kind.is_empty() && self.kind.split('/').count() == self.names.len() + 1
    }

    /// The type without the last segment: of the thing that an action is done to.
    pub(crate) fn parent_kind(&self) -> &str {
        self.kind.rsplit_once('/').map_or("", |(parent, _)| parent)
    }

    /// The path without the last segment.
    pub(crate) fn parent_path(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(parent, _)| parent)
    }

    /// The name of the thing itself.
    pub(crate) fn name(&self) -> &str {
        self.names.last().map(String::as_str).unwrap_or_default()
    }

    /// The names with slashes between, as ARM writes the `name` of children in messages.
    pub(crate) fn full_name(&self) -> String {
        self.names.join("/")
    }

    /// The subscription, if there is one.
    pub(crate) fn subscription(&self) -> Option<&str> {
        let mut parts = self.path.split('/').skip(1);
        let first = parts.next()?;
        first.eq_ignore_ascii_case("subscriptions").then(|| parts.next()).flatten()
    }

    /// The resource group, if there is one.
    pub(crate) fn group(&self) -> Option<&str> {
        let mut parts = self.path.split('/').skip(3);
        let third = parts.next()?;
        third.eq_ignore_ascii_case("resourceGroups").then(|| parts.next()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_collections_and_actions_are_told_apart() {
        let site = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a";
        assert!(ArmPath::parse(site).is_instance());
        let slots = ArmPath::parse(&format!("{site}/slots"));
        assert!(!slots.is_instance());
        assert_eq!((slots.kind.as_str(), slots.names.len()), ("Microsoft.Web/sites/slots", 1));
        let list = ArmPath::parse(&format!("{site}/config/appsettings/list"));
        assert_eq!(list.verb.as_deref(), Some("list"));
        assert_eq!(list.parent_kind(), "Microsoft.Web/sites/config");
        assert_eq!(list.group(), Some("g"));
    }
}
