//! CLI: whether those who wrote, approved, ran and cleaned up were different people, and approved in time. Pure.
//!
//! Names are what people call themselves; only a signature says more. So where nobody signs, nothing here is called proven.

use serde::Serialize;
use std::collections::BTreeSet;

/// Who did what, as they call themselves.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct People {
    pub(crate) authors: BTreeSet<String>,
    pub(crate) approvers: BTreeSet<String>,
    pub(crate) runners: BTreeSet<String>,
    /// Who approved that the old identities are deleted.
    pub(crate) cleaners: BTreeSet<String>,
    /// The principals that the cloud was reached as.
    pub(crate) principals: BTreeSet<String>,
}

/// Whether a duty was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Held {
    Yes,
    No,
    /// It is as people say, and nobody signed it.
    SelfDeclared,
    /// There was nothing of the kind yet.
    NotYet,
}

impl Held {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "NO",
            Self::SelfDeclared => "as they say",
            Self::NotYet => "not yet",
        }
    }
}

/// One duty.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Duty {
    pub(crate) duty: &'static str,
    pub(crate) held: Held,
    pub(crate) words: String,
}

/// What was approved and changed, in the order of the log.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Order {
    /// Moves that were changed.
    pub(crate) changed: usize,
    /// Moves that were changed before enough people had approved them.
    pub(crate) early: usize,
}

/// All duties; `signed` where the plan names whose approvals count.
pub(crate) fn duties(people: &People, signed: bool, order: Order) -> Vec<Duty> {
    let People { authors, approvers, runners, cleaners, .. } = people;
    let apart = |duty, these: &BTreeSet<String>, those: &BTreeSet<String>, signed: bool| {
        let both = shared(these, those);
        let (held, words) = if these.is_empty() || those.is_empty() {
            (Held::NotYet, "nobody has done that yet".to_owned())
        } else if !both.is_empty() {
            (Held::No, format!("{} did both", both.join(", ")))
        } else {
            let words = format!("{} / {}", list(these), list(those));
            (if signed { Held::Yes } else { Held::SelfDeclared }, words)
        };
        Duty { duty, held, words }
    };
    let in_time = match order {
        Order { changed: 0, .. } => (Held::NotYet, "nothing was changed yet".to_owned()),
        Order { early: 0, changed } => {
            let held = if signed { Held::Yes } else { Held::SelfDeclared };
            (
                held,
                format!(
                    "in each of {changed} moves that were changed the approval stands before the first change"
                ),
            )
        }
        Order { early, changed } => (Held::No, format!("{early} of {changed} moves were changed first")),
    };
    let by_signature = if signed {
        (Held::Yes, "the plan names whose approvals count, and each is signed".to_owned())
    } else {
        (Held::No, crate::approvals::SELF_DECLARED.to_owned())
    };
    vec![
        Duty { duty: "approvals are signed", held: by_signature.0, words: by_signature.1 },
        Duty { duty: "approved before the first change", held: in_time.0, words: in_time.1 },
        apart("whoever approved did not write the plan", approvers, authors, signed),
        apart("whoever ran it did not approve it", runners, approvers, signed),
        apart("whoever let the old identities go did not write the plan", cleaners, authors, signed),
        apart("whoever let the old identities go did not run it", cleaners, runners, signed),
    ]
}

fn list(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Who is among both; names of people differ by more than case.
fn shared(these: &BTreeSet<String>, those: &BTreeSet<String>) -> Vec<String> {
    let known: BTreeSet<String> = those.iter().map(|name| name.to_lowercase()).collect();
    these.iter().filter(|name| known.contains(&name.to_lowercase())).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::Held::{No, NotYet, Yes};
    use super::*;

    fn people(authors: &[&str], approvers: &[&str], runners: &[&str], cleaners: &[&str]) -> People {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        People {
            authors: set(authors),
            approvers: set(approvers),
            runners: set(runners),
            cleaners: set(cleaners),
            principals: BTreeSet::new(),
        }
    }

    #[test]
    fn one_person_in_two_roles_is_named_whatever_the_case_and_nothing_is_proven_that_nobody_signed() {
        let held = |people: &People, signed, order| -> Vec<Held> {
            duties(people, signed, order).into_iter().map(|duty| duty.held).collect()
        };
        let all = Order { changed: 2, early: 0 };
        let apart = people(&["mira"], &["jonas", "lena"], &["ops"], &["sven"]);
        assert!(held(&apart, true, all).iter().all(|held| *held == Held::Yes));
        assert_eq!(held(&apart, false, all)[0], Held::No);
        assert!(held(&apart, false, all)[1..].iter().all(|held| *held == Held::SelfDeclared));
        let one = people(&["mira"], &["Mira"], &["mira"], &[]);
        assert_eq!(held(&one, true, Order { changed: 2, early: 1 }), [Yes, No, No, No, NotYet, NotYet]);
        assert!(duties(&one, true, all)[2].words.contains("Mira did both"));
    }
}
