//! Activities: what whoever is signed in must be allowed, as each surface says it. Pure data.

use crate::azure::ResourceId;
use crate::relocate::params::Params;
use crate::relocate::survey::graph_rights::GraphRight;
use std::collections::BTreeSet;

/// Actions, each with the scope where it is needed.
pub(crate) type Actions = BTreeSet<(String, String)>;

/// What is needed.
pub(crate) struct Rights<'a> {
    pub(crate) params: &'a Params,
    /// Where the new identity will be: what is not there yet is asked for where it will be made.
    pub(crate) home: ResourceId,
    /// Before the soak.
    pub(crate) before: Actions,
    /// In the clean-up, which may be somebody else's, and on the way back from it.
    pub(crate) later: Actions,
    /// In Entra ID, each with what it is needed for.
    pub(crate) in_graph: Vec<(&'static GraphRight, String)>,
}

impl Rights<'_> {
    /// An action that is needed before the soak.
    pub(crate) fn forward(&mut self, action: &str, scope: &str) {
        self.before.insert((action.to_owned(), scope.to_owned()));
    }

    /// An action that is needed after it.
    pub(crate) fn clean_up(&mut self, action: &str, scope: &str) {
        self.later.insert((action.to_owned(), scope.to_owned()));
    }

    /// A right in Entra ID.
    pub(crate) fn graph(&mut self, right: &'static GraphRight, scope: String) {
        self.in_graph.push((right, scope));
    }
}
