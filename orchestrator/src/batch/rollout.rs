//! Engine: in which order and when the runs of a batch are let loose: its waves. A part of the document that is approved. Pure.

use crate::batch::window::Window;
use crate::ids::{RunId, is_name};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How the runs of a batch are let loose. A batch without one lets them all loose at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rollout {
    /// The waves, in their order. Each run of the document is in one of them.
    pub waves: Vec<Wave>,
    /// What becomes of the other runs of a wave when one of it fails.
    #[serde(default, skip_serializing_if = "WaveFailure::is_stop")]
    pub on_failure: WaveFailure,
    /// How many runs may fail.
    #[serde(default, skip_serializing_if = "Budget::is_endless")]
    pub budget: Budget,
    /// How many runs are at work at once; any number where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel: Option<u64>,
    /// Which part of the limits that the world publishes may be used, in percent: others work there too. All of them where it
    /// is absent. Whoever makes requests keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<u64>,
    /// When runs begin something new; always where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Box<Window>>,
}

/// What becomes of the other runs of a wave when one of it fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaveFailure {
    /// They go on.
    #[default]
    Stop,
    /// They begin nothing new until a person says so.
    Pause,
    /// They are taken back.
    RollBack,
}

impl WaveFailure {
    fn is_stop(&self) -> bool {
        *self == Self::Stop
    }
}

/// How many runs may fail before nothing new is begun. So that never more of them do, no more are at work than may still
/// fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// In each wave; any number where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave: Option<u64>,
    /// In the batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<u64>,
}

impl Budget {
    fn is_endless(&self) -> bool {
        *self == Self::default()
    }
}

/// Runs that are let loose together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wave {
    /// Its name in the batch.
    pub name: String,
    /// Its runs.
    pub runs: Vec<RunId>,
    /// How long the wave before it has to have been through, in unscaled milliseconds.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub after_ms: u64,
    /// Who lets it loose, once the wave before it is through for so long.
    #[serde(default, skip_serializing_if = "WaveRelease::is_auto")]
    pub release: WaveRelease,
    /// Its runs are a rehearsal: as soon as one is through it is taken back, and the wave is through when all are, and the
    /// world is as it was before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rehearsal: bool,
}

/// Who lets a wave loose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaveRelease {
    /// The engine, by itself.
    #[default]
    Auto,
    /// A person, who asks for it.
    ByHand,
}

impl WaveRelease {
    fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}

fn is_nothing(ms: &u64) -> bool {
    *ms == 0
}

/// Checks that a part of limits is one, in percent.
///
/// # Errors
/// Why it is none, in words.
pub(super) fn check_share(percent: u64) -> Result<(), String> {
    match percent {
        1..=100 => Ok(()),
        _ => Err(format!("{percent} % is no part of the limits: 1 to 100 are")),
    }
}

impl Rollout {
    /// These waves, with no other rule.
    pub fn of(waves: Vec<Wave>) -> Self {
        let (on_failure, budget) = (WaveFailure::default(), Budget::default());
        Self { waves, on_failure, budget, parallel: None, share: None, window: None }
    }

    /// Checks that the waves have names of their own and share out the runs of the document.
    ///
    /// # Errors
    /// The first rule that is broken, in words.
    pub(crate) fn check<'a>(&self, runs: impl Iterator<Item = &'a RunId>) -> Result<(), String> {
        if [self.budget.wave, self.budget.batch].contains(&Some(0)) {
            return Err("a budget of no failures lets nothing begin".to_owned());
        }
        if self.parallel == Some(0) {
            return Err("no run may be at work".to_owned());
        }
        self.share.map_or(Ok(()), check_share)?;
        self.window.as_ref().map_or(Ok(()), |window| window.check())?;
        let mut names = BTreeSet::new();
        if let Some(wave) = self.waves.iter().find(|w| !is_name(&w.name) || !names.insert(&w.name)) {
            return Err(format!("{:?} is the name of two waves, or none", wave.name));
        }
        let mut left: BTreeSet<&RunId> = runs.collect();
        let mut all = self.waves.iter().flat_map(|wave| &wave.runs);
        if let Some(run) = all.find(|run| !left.remove(run)) {
            return Err(format!("{run} is in two waves, or not in the batch"));
        }
        match left.first() {
            None => Ok(()),
            Some(run) => Err(format!("{run} is in no wave")),
        }
    }

    /// The wave that a run is in, by its place.
    pub(crate) fn wave_of(&self, run: &RunId) -> Option<usize> {
        self.waves.iter().position(|wave| wave.runs.contains(run))
    }
}
