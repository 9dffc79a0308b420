//! CLI: what is said of many moves, by cause: how often, of how many, and the first of each in full. Pure.

use crate::about::MoveAbout;
use rehome_activities::relocate::preflight::Notice;
use rehome_orchestrator::{PlannedRun, RunId};
use serde::Serialize;
use std::collections::BTreeMap;

/// Something that is said of a move, of whichever kind.
#[derive(Clone, Copy)]
struct Said<'a> {
    code: &'a str,
    place: &'a str,
    text: &'a str,
    remedy: &'a str,
}

impl<'a> From<&'a Notice> for Said<'a> {
    fn from(Notice { code, target, text, remedy }: &'a Notice) -> Self {
        Self { code, place: target, text, remedy }
    }
}

/// Everything of one kind that is said of a move.
type Of = fn(&MoveAbout) -> Vec<Said<'_>>;

/// What keeps a move from being approved.
pub(crate) const BLOCKERS: &str = "Blockers";

/// What is said of moves, in the order in which it matters, and what that is called.
const KINDS: [(&str, Of); 4] = [
    (BLOCKERS, |about| about.blockers.iter().map(Said::from).collect()),
    ("Warnings", |about| about.warnings.iter().map(Said::from).collect()),
    ("Cannot see (look at these before the clean-up: whoever approves it answers for them)", |about| {
        let said = about.cannot_see.iter();
        said.map(|unseen| Said { code: &unseen.code, place: "", text: &unseen.what, remedy: "" }).collect()
    }),
    ("Gaps", |about| {
        let said = about.gaps.iter();
        said.map(|gap| Said { code: gap.code.word(), place: &gap.scope, text: &gap.why, remedy: "" })
            .collect()
    }),
];

/// One cause: how often it is said, of how many moves, and the first in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Grouped {
    /// What its kind is called.
    pub(crate) kind: &'static str,
    pub(crate) code: String,
    pub(crate) count: usize,
    pub(crate) moves: usize,
    /// The first move of which it is said.
    pub(crate) first: RunId,
    /// Where; empty where there is no place.
    pub(crate) place: String,
    pub(crate) text: String,
    pub(crate) remedy: String,
    #[serde(skip)]
    last: RunId,
}

/// Everything that is said of any move: by its kind, and in that by its code.
pub(crate) fn grouped(moves: &[(&PlannedRun, MoveAbout)]) -> Vec<Grouped> {
    let mut all = Vec::new();
    for (kind, of) in KINDS {
        let mut causes: BTreeMap<String, Grouped> = BTreeMap::new();
        for (entry, about) in moves {
            for Said { code, place, text, remedy } in of(about) {
                let new = || Grouped {
                    kind,
                    code: code.to_owned(),
                    count: 0,
                    moves: 0,
                    first: entry.run.clone(),
                    place: place.to_owned(),
                    text: text.to_owned(),
                    remedy: remedy.to_owned(),
                    last: RunId::new(""),
                };
                let cause = causes.entry(code.to_owned()).or_insert_with(new);
                cause.count += 1;
                if cause.last != entry.run {
                    cause.moves += 1;
                    cause.last = entry.run.clone();
                }
            }
        }
        all.extend(causes.into_values());
    }
    all
}
