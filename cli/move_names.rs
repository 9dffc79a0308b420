//! CLI: the names of the moves of a batch: made of what is moved and of when it was planned, so that a plan is made again
//! under the same names, and as short as tells its moves apart. Pure.

use rehome_orchestrator::{RunId, digest};
use serde_json::json;
use std::collections::BTreeSet;

/// So many hexadecimal digits have the names of nearly every batch.
const SHORT: usize = 6;

/// How the moves of one batch are called.
pub(crate) struct MoveNames<'a> {
    batch: &'a str,
    created_at_ms: i64,
    digits: usize,
}

impl<'a> MoveNames<'a> {
    /// The names of the moves of these identities.
    pub(crate) fn new<I: AsRef<str>>(
        batch: &'a str,
        created_at_ms: i64,
        identities: impl IntoIterator<Item = I>,
    ) -> Self {
        let mut names = Self { batch, created_at_ms, digits: SHORT };
        let all: BTreeSet<String> =
            identities.into_iter().map(|identity| names.whole(identity.as_ref())).collect();
        let apart = |digits: &usize| {
            all.iter().map(|name| &name[..*digits]).collect::<BTreeSet<_>>().len() == all.len()
        };
        let longest = all.first().map_or(SHORT, String::len);
        names.digits = (SHORT..=longest).find(apart).unwrap_or(SHORT);
        names
    }

    /// What the move of one of them is called.
    pub(crate) fn of(&self, identity: &str) -> RunId {
        RunId::new(format!("m-{}", &self.whole(identity)[..self.digits]))
    }

    /// What the rehearsal of a move is called.
    pub(crate) fn rehearsal(run: &RunId) -> RunId {
        RunId::new(format!("{run}-rehearsal"))
    }

    fn whole(&self, identity: &str) -> String {
        let name = digest(&json!([self.batch, identity.to_lowercase(), self.created_at_ms]));
        name.trim_start_matches("sha256:").to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_of_one_batch_have_names_of_their_own_however_many_they_are() {
        let identities: Vec<String> = (0..20_000).map(|n| format!("/id-{n}")).collect();
        for (count, digits) in [(1, 6), (20, 6), (20_000, 7)] {
            let names = MoveNames::new("exit", 7, &identities[..count]);
            let all: BTreeSet<RunId> = identities[..count].iter().map(|id| names.of(id)).collect();
            assert_eq!((all.len(), names.digits), (count, digits), "of {count}");
            assert_eq!(names.of("/ID-0"), names.of("/id-0"));
        }
        assert_eq!(MoveNames::new("exit", 7, ["/id-0", "/id-0"]).digits, SHORT, "the same one twice");
    }
}
