//! CLI: what a change board has to know of a plan: how much, when, by whom, and what nobody can see. Pure.

use crate::about::{BatchAbout, MoveAbout};
use crate::approvals;
use crate::error::CliError;
use crate::grouped::{Grouped, grouped};
use crate::least_time::{self, AtLeast, WaveEstimate};
use crate::render::terms::terms;
use rehome_activities::relocate::Facts;
use rehome_orchestrator::{Document, Node, Phase, PlannedRun, RunId, WaveRelease};
use serde::Serialize;
use std::collections::BTreeMap;

/// Tags by which people say whose something is, in lower case.
const OWNER_TAGS: [&str; 5] = ["owner", "team", "contact", "responsible", "service-owner"];

/// A plan as a change board reads it.
#[derive(Debug, Serialize)]
pub(crate) struct Board {
    pub(crate) batch: String,
    pub(crate) digest: String,
    pub(crate) cloud: String,
    pub(crate) author: Option<String>,
    pub(crate) created_at_ms: Option<i64>,
    pub(crate) expires_at_ms: Option<i64>,
    /// The files in which it was asked for, with their SHA-256.
    pub(crate) files: Vec<String>,
    pub(crate) self_declared: bool,
    /// Whose approvals count, in words.
    pub(crate) approvals: String,
    pub(crate) counts: Counts,
    /// When moves begin and when they stop: a word and what it says.
    pub(crate) terms: Vec<(&'static str, String)>,
    pub(crate) at_least: AtLeast,
    pub(crate) waves: Vec<WaveRow>,
    pub(crate) by_hand: Vec<HandRow>,
    pub(crate) left_out: Vec<LeftOutRow>,
    /// Blockers, warnings, what nobody can see and gaps, by cause.
    pub(crate) notices: Vec<Grouped>,
    pub(crate) moves: Vec<MoveRow>,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Counts {
    pub(crate) moves: usize,
    /// Writes on the way forward.
    pub(crate) changes: usize,
    pub(crate) by_hand: usize,
    /// Writes of the clean-up.
    pub(crate) removals: usize,
    pub(crate) left_out: usize,
}

#[derive(Debug, Serialize)]
pub(crate) struct WaveRow {
    #[serde(flatten)]
    pub(crate) estimate: WaveEstimate,
    pub(crate) moves: usize,
    pub(crate) after_ms: u64,
    pub(crate) by_hand: bool,
}

/// Something that a person does, in whichever moves.
#[derive(Debug, Serialize)]
pub(crate) struct HandRow {
    pub(crate) title: String,
    pub(crate) clean_up: bool,
    /// Whose it is, as tags of the identities say it.
    pub(crate) owners: Vec<String>,
    /// The moves, each with the name of the step.
    pub(crate) steps: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct LeftOutRow {
    pub(crate) identity: String,
    pub(crate) why: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct MoveRow {
    pub(crate) run: RunId,
    pub(crate) identity: String,
    pub(crate) target: String,
    pub(crate) wave: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) counts: Counts,
    pub(crate) warnings: usize,
}

impl Board {
    /// What a plan says.
    ///
    /// # Errors
    /// When it says of a move what cannot be read.
    pub(crate) fn of(document: &Document, digest: &str) -> Result<Self, CliError> {
        let about = BatchAbout::of(document)?;
        let said = document.runs.iter().map(|entry| Ok((entry, MoveAbout::of(entry)?)));
        let said = said.collect::<Result<Vec<_>, CliError>>()?;
        let estimates = least_time::waves(document);
        let moves: Vec<MoveRow> =
            said.iter().map(|(entry, about)| a_move(entry, about, &estimates)).collect();
        let mut counts = Counts::of_plan(document);
        counts.left_out = about.left_out.len();
        let left = about.left_out.iter().map(|left| LeftOutRow {
            identity: left.identity.clone(),
            why: left.blockers.iter().map(|b| format!("{} {}: {}", b.code, b.text, b.remedy)).collect(),
        });
        Ok(Self {
            batch: document.batch.clone(),
            digest: digest.to_owned(),
            cloud: about.cloud_line(),
            author: about.author.clone(),
            created_at_ms: about.created_at_ms,
            expires_at_ms: about.expires_at_ms,
            files: about.files.iter().map(|file| format!("{} sha256:{}", file.name, file.sha256)).collect(),
            self_declared: document.approval.is_none(),
            approvals: approvals::policy_line(document.approval.as_ref()),
            counts,
            terms: terms(document),
            at_least: least_time::whole(&estimates),
            by_hand: by_hand(document),
            left_out: left.collect(),
            notices: grouped(&said),
            waves: wave_rows(document, estimates),
            moves,
        })
    }
}

impl Counts {
    /// Of all moves of a plan; what it leaves out is not counted.
    pub(crate) fn of_plan(document: &Document) -> Self {
        document.runs.iter().map(Self::of).fold(Self::default(), Self::and)
    }

    fn and(self, more: Self) -> Self {
        Self {
            moves: self.moves + more.moves,
            changes: self.changes + more.changes,
            by_hand: self.by_hand + more.by_hand,
            removals: self.removals + more.removals,
            left_out: self.left_out + more.left_out,
        }
    }

    fn of(entry: &PlannedRun) -> Self {
        let mut counts = Self { moves: 1, ..Self::default() };
        for step in &entry.plan.steps {
            match (&step.node, step.phase) {
                (Node::Act { .. }, Phase::Forward) => counts.changes += 1,
                (Node::Act { .. }, Phase::CleanUp) => counts.removals += 1,
                (Node::ByHand { .. }, _) => counts.by_hand += 1,
                _ => {}
            }
        }
        counts
    }
}

fn a_move(entry: &PlannedRun, about: &MoveAbout, waves: &[WaveEstimate]) -> MoveRow {
    let wave = waves.iter().find(|wave| wave.runs.contains(&entry.run));
    MoveRow {
        run: entry.run.clone(),
        identity: about.identity.clone(),
        target: about.target.clone(),
        wave: wave.and_then(|wave| wave.wave.clone()),
        owner: owner(entry),
        counts: Counts::of(entry),
        warnings: about.warnings.len(),
    }
}

fn wave_rows(document: &Document, estimates: Vec<WaveEstimate>) -> Vec<WaveRow> {
    let waves = document.rollout.iter().flat_map(|rollout| &rollout.waves);
    let mut said = waves.map(|wave| (wave.after_ms, wave.release == WaveRelease::ByHand));
    let row = |estimate: WaveEstimate| {
        let (after_ms, by_hand) = said.next().unwrap_or_default();
        WaveRow { moves: estimate.runs.len(), after_ms, by_hand, estimate }
    };
    estimates.into_iter().map(row).collect()
}

/// Whose an identity is, where a tag of it says so.
fn owner(entry: &PlannedRun) -> Option<String> {
    let facts: Facts = serde_json::from_str(entry.facts.get()).ok()?;
    let tags = &facts.identity.tags;
    OWNER_TAGS.iter().find_map(|known| {
        let (_, value) = tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(known))?;
        Some(value.clone()).filter(|value| !value.trim().is_empty())
    })
}

/// Everything that people do, each thing once.
fn by_hand(document: &Document) -> Vec<HandRow> {
    let mut rows: BTreeMap<(Phase, &str), HandRow> = BTreeMap::new();
    for entry in &document.runs {
        let hands = entry.plan.steps.iter().filter(|step| matches!(step.node, Node::ByHand { .. }));
        let mut hands = hands.peekable();
        // Facts are large, and most moves have nothing for a person to do.
        let whose = hands.peek().and_then(|_| owner(entry));
        for step in hands {
            let row = rows.entry((step.phase, &step.title)).or_insert_with(|| HandRow {
                title: step.title.clone(),
                clean_up: step.phase == Phase::CleanUp,
                owners: Vec::new(),
                steps: Vec::new(),
            });
            row.steps.push(format!("{}:{}", entry.run, step.id));
            row.owners.extend(
                whose.iter().filter(|owner| !row.owners.contains(owner)).cloned().collect::<Vec<_>>(),
            );
        }
    }
    rows.into_values().collect()
}
