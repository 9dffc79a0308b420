//! CLI: the waves of a batch file, and which identity is in which. Pure.

use super::meaning::Row;
use super::mistakes::Mistakes;
use super::section::Section;
use rehome_activities::azure::ResourceId;
use rehome_orchestrator::WaveRelease;
use std::collections::BTreeSet;

/// A wave as it was asked for.
#[derive(Debug)]
pub(crate) struct WaveAsked {
    pub(crate) name: String,
    pub(crate) after_ms: u64,
    pub(crate) release: WaveRelease,
    /// The identities that say that they are in it; who says nothing is in the last one.
    pub(crate) identities: BTreeSet<ResourceId>,
}

/// The waves in their order; none where all begin at once.
pub(super) fn waves(file: Section<'_>, rows: &[Row], found: &mut Mistakes) -> Vec<WaveAsked> {
    let mut waves: Vec<WaveAsked> = Vec::new();
    for said in file.sections("wave") {
        let Some(name) = said.owned("name") else { continue };
        if waves.iter().any(|wave| wave.name == name) {
            let what = format!("two waves are called {name:?}");
            found.add(said.place("name"), what, "give each its own name");
        }
        let (after_ms, release) = (said.duration("after"), said.choice("release"));
        waves.push(WaveAsked {
            name,
            after_ms: after_ms.unwrap_or(0),
            release: release.unwrap_or_default(),
            identities: BTreeSet::new(),
        });
    }
    for row in rows {
        let Some(name) = &row.wave else { continue };
        match waves.iter_mut().find(|wave| wave.name == *name) {
            Some(wave) => {
                wave.identities.insert(row.id.clone());
            }
            None => {
                let known = waves.iter().map(|wave| wave.name.as_str());
                found.unknown(row.at, format!("there is no wave {name:?}"), name, known);
            }
        }
    }
    waves
}
