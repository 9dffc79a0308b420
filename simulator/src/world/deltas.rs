//! World: the states of the directory that links stand for.

use serde_json::Value;
use std::collections::BTreeMap;

/// States that links stand for are kept up to this number; who comes with an older one begins again.
const STATES_MAX: usize = 100;

/// The objects of a collection at one time: what each looked like, by id.
pub(crate) type State = BTreeMap<String, Value>;

/// The states that links stand for, by token, in the order in which they were given out.
#[derive(Default)]
pub(crate) struct States(Vec<(String, State)>);

impl States {
    pub(crate) fn of(&self, token: &str) -> Option<&State> {
        self.0.iter().find(|(known, _)| known == token).map(|(_, state)| state)
    }

    pub(crate) fn keep(&mut self, token: String, state: State) {
        if self.0.len() == STATES_MAX {
            self.0.remove(0);
        }
        self.0.push((token, state));
    }
}
